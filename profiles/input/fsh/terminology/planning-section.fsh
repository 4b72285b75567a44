CodeSystem: PlanningSectionCodeSystem
Id: planning-section
Title: "Section of the planning information (avsnitt i planeringsunderlag)"
Description: "What a part of the planning information is about. The codes are this project's own: no published code system was found for them."
* insert Codes
* #reason-for-care "reason for care"
* #reason-for-care insert Swedish([[vårdorsak]])
* #care-needs "care needs"
* #care-needs insert Swedish([[omvårdnadsbehov]])
* #medication "medication"
* #medication insert Swedish([[läkemedel]])
* #home-situation "home situation"
* #home-situation insert Swedish([[hemsituation]])
* #assistive-devices "assistive devices"
* #assistive-devices insert Swedish([[hjälpmedel]])
* #rehabilitation "rehabilitation"
* #rehabilitation insert Swedish([[rehabilitering]])
* #self-care "self-care" "Health care measures that the person does, alone or with help, after an assessment by a licensed professional."
* #self-care insert Swedish([[egenvård]])
* #nutrition "nutrition"
* #nutrition insert Swedish([[nutrition]])
* #ventilator "ventilator"
* #ventilator insert Swedish([[ventilator]])
* #tracheostomy "tracheostomy"
* #tracheostomy insert Swedish([[trakeostomi]])
* #medical-treatment-plan "medical treatment plan"
* #medical-treatment-plan insert Swedish([[medicinsk behandlingsplan]])
* #follow-up "follow-up after discharge"
* #follow-up insert Swedish([[uppföljning efter utskrivning]])
* #other "other"
* #other insert Swedish([[övrigt]])

ValueSet: PlanningSectionValueSet
Id: planning-section
Title: "Section of the planning information (avsnitt i planeringsunderlag)"
Description: "All codes of the code system: section of the planning information."
* insert Published
* include codes from system PlanningSectionCodeSystem
