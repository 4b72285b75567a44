Profile: DelayCause
Parent: Observation
Id: delay-cause
Title: "Cause of delay"
Description: "Orsak till fördröjning: why a person who is ready for discharge is still in hospital; one statement for each cause."
* insert Statement(delay-cause)
* obeys delay-other
* valueCodeableConcept from DelayCauseValueSet (required)
* effective[x] only dateTime or Period
* effective[x] ^short = "Since when, or from when to when"

Invariant: delay-other
Description: "A cause that has no code of its own (other) shall be told in words: value.text."
Severity: #error
Expression: "value.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/delay-cause' and code = 'other').empty() or value.text.exists()"
