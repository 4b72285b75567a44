// What the request to take part and the request to stop have in common.

RuleSet: Request
* insert PublishedStructure
* obeys task-parties and task-rejected
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains task 1..1 MS
* identifier[task].system = $sid-task
* identifier[task].value 1..1
* identifier[task] ^short = "The Task: an answer has the same"
* groupIdentifier 1..1 MS
* groupIdentifier.system 1..1
* groupIdentifier.value 1..1
* groupIdentifier ^short = "The case (ärende): the same in all of its messages, also where there is no stay"
* status MS
* statusReason MS
* statusReason from TaskStatusReasonValueSet (preferred)
* statusReason ^comment = "The text is what a person reads; the code is what is counted."
* intent = #order
* code 1..1 MS
* focus MS
* for 1..1 MS
* for only Reference(Patient)
* encounter MS
* authoredOn 1..1 MS
* lastModified MS
* requester 1..1 MS
* requester only Reference(Organization or PractitionerRole)
* insert Named(requester)
* owner 1..1 MS
* owner only Reference(Organization)
* insert Named(owner)
* owner ^short = "The unit that is asked"
* restriction.period MS
* restriction.period ^short = "Its end: answer at the latest by"

Invariant: task-parties
Description: "Owner and requester shall be two: nobody answers a request of one's own."
Severity: #error
Expression: "(owner.reference | owner.identifier.value).intersect(requester.reference | requester.identifier.value).empty()"

Invariant: task-rejected
Description: "A rejection shall say why: statusReason."
Severity: #error
Expression: "status = 'rejected' implies statusReason.exists()"
