CodeSystem: RequestKindCodeSystem
Id: request-kind
Title: "Kind of request (typ av begäran)"
Description: "What a ServiceRequest asks for. The codes are this project's own: no published code system was found for them."
* insert Codes
* #care-request "care request"
* #care-request insert Swedish([[vårdbegäran]])
* #home-care "health care at home"
* #home-care insert Swedish([[hälso- och sjukvård i hemmet]])

ValueSet: RequestKindValueSet
Id: request-kind
Title: "Kind of request (typ av begäran)"
Description: "All codes of the code system: kind of request."
* insert Published
* include codes from system RequestKindCodeSystem
