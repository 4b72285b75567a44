Profile: MessageOutcome
Parent: OperationOutcome
Id: message-outcome
Title: "What was found in a message"
Description: "Utfall: each finding names its rule by a lasting code, the location, and says in words what was found and what was expected. It holds no personal data."
* insert PublishedStructure
* issue.details 1..1 MS
* issue.details.text 1..1 MS
* issue.details.coding ^slicing.discriminator.type = #value
* issue.details.coding ^slicing.discriminator.path = "system"
* issue.details.coding ^slicing.rules = #open
* issue.details.coding contains rule 0..1 MS
* issue.details.coding[rule].system 1..1
* issue.details.coding[rule].system = $rule
* issue.details.coding[rule].code 1..1
* issue.details.coding[rule] ^short = "The rule: a code of the code system rule"
* issue.diagnostics MS
* issue.expression MS
