CodeSystem: DisagreementKindCodeSystem
Id: disagreement-kind
Title: "What a disagreement is about (vad oenigheten gäller)"
Description: "What the parties disagree over. The codes are this project's own: no published code system was found for them."
* insert Codes
* #readiness "whether the person is ready for discharge"
* #readiness insert Swedish([[bedömningen utskrivningsklar]])
* #responsibility "who is responsible"
* #responsibility insert Swedish([[ansvar för insats]])
* #recipient "which municipality or unit is concerned"
* #recipient insert Swedish([[berörd kommun eller enhet]])
* #days "the days counted"
* #days insert Swedish([[antal dagar]])
* #plan "the plan"
* #plan insert Swedish([[planen]])
* #other "other" "Said in the text."
* #other insert Swedish([[annat]])

ValueSet: DisagreementKindValueSet
Id: disagreement-kind
Title: "What a disagreement is about (vad oenigheten gäller)"
Description: "All codes of the code system: what a disagreement is about."
* insert Published
* include codes from system DisagreementKindCodeSystem
