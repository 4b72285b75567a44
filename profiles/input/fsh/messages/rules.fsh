// What the header, the Bundle and the definition of every event have in common.

Alias: $message-role = https://discharge-adapter.example/fhir/CodeSystem/message-role

// Header: an event that one party sends to others.
RuleSet: HeaderOf(event)
* insert PublishedStructure
* eventCoding = $event#{event}
* destination.receiver 1..1
* sender 1..1
* response 0..0

// Bundle: the same. Every such message is about one person, and says where it stands in the chain of its case.
RuleSet: MessageOf(event)
* insert PublishedStructure
* entry[header].resource only header-{event}
* entry[patient] 1..1
* entry[provenance] 1..*
* obeys bundle-own-provenance and bundle-activity and bundle-case

// Bundle: nothing but the entries that are named.
RuleSet: NothingElse
* entry ^slicing.rules = #closed

// Definition. `title` and the rest are written where the event is.
RuleSet: Definition(event)
* id = "{event}"
* url = "https://discharge-adapter.example/fhir/MessageDefinition/{event}"
* version = "1.0.0"
* status = #active
* experimental = false
* date = "2026-11-22"
* publisher = "discharge-adapter"
* jurisdiction = urn:iso:std:iso:3166#SE "Sweden"
* eventCoding = $event#{event}
* category = #consequence

RuleSet: Sent(by)
* useContext[+].code = $message-role#sender
* useContext[=].valueCodeableConcept = $unit-kind#{by}

RuleSet: To(unit)
* useContext[+].code = $message-role#receiver
* useContext[=].valueCodeableConcept = $unit-kind#{unit}

RuleSet: Focus(type, profile, min, max)
* focus[+].code = #{type}
* focus[=].profile = "https://discharge-adapter.example/fhir/StructureDefinition/{profile}"
* focus[=].min = {min}
* focus[=].max = "{max}"

RuleSet: Acknowledged
* responseRequired = #always
* allowedResponse[+].message = "https://discharge-adapter.example/fhir/MessageDefinition/acknowledgement"
* allowedResponse[=].situation = "Always, from the system that took the message in or refused it."

RuleSet: ReadReceipt
* allowedResponse[+].message = "https://discharge-adapter.example/fhir/MessageDefinition/read-receipt"
* allowedResponse[=].situation = "When a person at the receiver has read it."

RuleSet: Answered
* allowedResponse[+].message = "https://discharge-adapter.example/fhir/MessageDefinition/acceptance-answer"
* allowedResponse[=].situation = "When the receiver takes on, turns down or changes the Task that it owns."
