// Answers to questionnaires.

RuleSet: Answers
* insert PublishedStructure
* questionnaire 1..1 MS
* status MS
* status from ResponseStatusValueSet (required)
* subject 1..1 MS
* subject only Reference(Patient)
* authored 1..1 MS
* item 1..* MS
* item.answer MS
