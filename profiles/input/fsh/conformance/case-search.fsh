Instance: search-case
InstanceOf: SearchParameter
Usage: #definition
* id = "case"
* url = "https://discharge-adapter.example/fhir/SearchParameter/case"
* version = "1.0.0"
* name = "CaseSearch"
* status = #active
* experimental = false
* date = "2026-11-22"
* publisher = "discharge-adapter"
* jurisdiction = urn:iso:std:iso:3166#SE "Sweden"
* description = "The case (ärende) that the message belongs to with which the resource came, as system|value. A Task names it itself in groupIdentifier; a stay or a plan is in the case of its message, which is why there is no expression."
* code = #case
* base[0] = #Task
* base[+] = #Encounter
* base[+] = #CarePlan
* type = #token
