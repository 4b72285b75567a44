CodeSystem: ConsentBasisCodeSystem
Id: consent-basis
Title: "On what a consent rests (grund för samtycke)"
Description: "Who consented, or why a plan is made without consent. The codes are this project's own: no published code system was found for them."
* insert Codes
* #person "given by the person"
* #person insert Swedish([[lämnat av personen]])
* #guardian "given by the guardian" "The person is under 18."
* #guardian insert Swedish([[lämnat av vårdnadshavare]])
* #unable "the person cannot consent" "A plan is made nevertheless; why is documented in the text."
* #unable insert Swedish([[personen kan inte samtycka]])

ValueSet: ConsentBasisValueSet
Id: consent-basis
Title: "On what a consent rests (grund för samtycke)"
Description: "All codes of the code system: on what a consent rests."
* insert Published
* include codes from system ConsentBasisCodeSystem
