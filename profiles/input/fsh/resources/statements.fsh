// What a party states about the case: simple assertions, so Observations.

RuleSet: Statement(code)
* insert PublishedStructure
* status MS
* status from StatementStatusValueSet (required)
* code = $statement#{code}
* subject 1..1 MS
* subject only Reference(Patient)
* encounter MS
* effective[x] 1..1 MS
* performer 1..* MS
* insert Named(performer)
* performer ^short = "The unit that states it"
* value[x] 1..1 MS
* value[x] only CodeableConcept
* dataAbsentReason 0..0
* note MS
