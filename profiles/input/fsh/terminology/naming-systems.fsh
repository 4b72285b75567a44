// The identifier systems of this package.

RuleSet: OwnSystem(id, name)
* id = "{id}"
* name = "{name}"
* status = #active
* kind = #identifier
* date = "2026-11-22"
* publisher = "discharge-adapter"
* jurisdiction = urn:iso:std:iso:3166#SE "Sweden"
* uniqueId.type = #uri
* uniqueId.value = "https://discharge-adapter.example/fhir/sid/{id}"
* uniqueId.preferred = true

Instance: CaseIdentifier
InstanceOf: NamingSystem
Usage: #definition
* insert OwnSystem(case, CaseIdentifier)
* description = "The case (ärende): made by who opens it, a UUID, the same in all messages of the case to all parties (Task.groupIdentifier)."

Instance: StayIdentifier
InstanceOf: NamingSystem
Usage: #definition
* insert OwnSystem(stay, StayIdentifier)
* description = "The stay in hospital (vårdtillfälle): made by inpatient care, a UUID, the same in all messages about the stay (Encounter.identifier). A re-admission is another stay."

Instance: TaskIdentifier
InstanceOf: NamingSystem
Usage: #definition
* insert OwnSystem(task, TaskIdentifier)
* description = "What is asked of one unit (uppgift): made by the requester, a UUID; an answer carries the same (Task.identifier)."

Instance: KommunkodIdentifier
InstanceOf: NamingSystem
Usage: #definition
* insert OwnSystem(kommunkod, KommunkodIdentifier)
* description = "The kommunkod of a municipality: four digits, leading zeros kept (0980 Gotland). The codes are the official ones; the system is this project's own, for no published one was found."
