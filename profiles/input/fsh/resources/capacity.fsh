Profile: Capacity
Parent: Observation
Id: capacity
Title: "Ability to receive"
Description: "Möjlighet att ta emot: from when a receiving unit can take the person, or that it cannot."
* insert Statement(capacity)
* obeys cap-from and cap-why
* valueCodeableConcept from CapacityValueSet (required)
* effective[x] only dateTime
* effective[x] ^short = "When the unit answered"
* component MS
* component ^slicing.discriminator.type = #pattern
* component ^slicing.discriminator.path = "code"
* component ^slicing.rules = #open
* component contains availableFrom 0..1 MS
* component[availableFrom].code = $statement#available-from
* component[availableFrom].value[x] 1..1 MS
* component[availableFrom].value[x] only dateTime
* component[availableFrom].value[x] obeys stay-day-known
* component[availableFrom] ^short = "From when: a date, or a time with offset"

Invariant: cap-from
Description: "A unit that can receive shall say from when, and one that cannot shall not: component available-from."
Severity: #error
Expression: "value.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/capacity' and code = 'can-receive').exists() = component.where(code.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/statement' and code = 'available-from').exists()).exists()"

Invariant: cap-why
Description: "A unit that cannot receive shall say why: note."
Severity: #error
Expression: "value.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/capacity' and code = 'cannot-receive').empty() or note.exists()"
