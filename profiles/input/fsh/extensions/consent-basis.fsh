Extension: ConsentBasis
Id: consent-basis
Title: "On what a consent rests (grund för samtycke)"
Description: "Given by the person, by a guardian, or a plan made for a person who cannot consent. Without it, the person has given it."
Context: Consent
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 4:2"
* value[x] 1..1
* value[x] only CodeableConcept
* value[x] from ConsentBasisValueSet (required)
* value[x] obeys con-unable

Invariant: con-unable
Description: "Where the person cannot consent, the text shall document why a plan is made nevertheless."
Severity: #error
Expression: "coding.where(code = 'unable').exists() implies text.exists()"
