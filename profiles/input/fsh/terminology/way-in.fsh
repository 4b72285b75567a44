CodeSystem: WayInCodeSystem
Id: way-in
Title: "Way in to health care at home (väg in till hälso- och sjukvård i hemmet)"
Description: "From where a person comes into municipal health care at home: the three ways in of the agreement in Region Örebro län. The codes are this project's own: no published code system was found for them."
* insert Codes
* #primary-care "from primary care"
* #primary-care insert Swedish([[från regionens primärvård]])
* #specialised-outpatient "from specialised outpatient care"
* #specialised-outpatient insert Swedish([[från specialiserad öppenvård]])
* #inpatient-discharge "from inpatient care, at discharge"
* #inpatient-discharge insert Swedish([[från slutenvård vid utskrivning]])

ValueSet: WayInValueSet
Id: way-in
Title: "Way in to health care at home (väg in till hälso- och sjukvård i hemmet)"
Description: "All codes of the code system: way in to health care at home."
* insert Published
* include codes from system WayInCodeSystem
