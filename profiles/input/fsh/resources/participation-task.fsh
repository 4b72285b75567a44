Profile: ParticipationTask
Parent: Task
Id: participation-task
Title: "Request to take part"
Description: "Begäran om deltagande: what one unit asks of another, and what became of it; the request to stop (abort-task) is one kind. Requester and owner move the status; owner, requester, for and focus never change."
* insert PublishedStructure
* obeys task-parties and task-rejected
* extension ^comment = "Where a discharge leads to health care at home, the criteria of enrolment that are met stand here (enrolment-criterion), never in an admission notice."
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
* obeys task-stopped and task-awaiting and task-alternative and task-abort
* ^purpose = "Legal ground: LAW 2:6: a unit that has received the notice begins its planning"
* status from ParticipationStatusValueSet (required)
* code from TaskCodeValueSet (required)
* businessStatus MS
* businessStatus from TaskBusinessStatusValueSet (extensible)
* output MS
* output ^short = "What the owner proposes instead"

Invariant: task-stopped
Description: "What has failed or is on hold shall say why: statusReason."
Severity: #error
Expression: "(status = 'failed' or status = 'on-hold') implies statusReason.exists()"

Invariant: task-awaiting
Description: "Awaiting information: status shall be received, and statusReason shall say what is asked for."
Severity: #error
Expression: "businessStatus.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/task-business-status' and code = 'awaiting-information').empty() or (status = 'received' and statusReason.exists())"

Invariant: task-alternative
Description: "An alternative that is proposed: status shall be rejected, and output shall say what is proposed."
Severity: #error
Expression: "businessStatus.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/task-business-status' and code = 'alternative-proposed').empty() or (status = 'rejected' and output.exists())"

Invariant: task-abort
Description: "A request to stop (abort) shall name the Task that is to stop, focus, and say why, reasonCode."
Severity: #error
Expression: "code.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/task-code' and code = 'abort').empty() or (focus.exists() and reasonCode.exists())"

Invariant: task-parties
Description: "Owner and requester shall be two: nobody answers a request of one's own."
Severity: #error
Expression: "(owner.reference | owner.identifier.value).intersect(requester.reference | requester.identifier.value).empty()"

Invariant: task-rejected
Description: "A rejection shall say why: statusReason."
Severity: #error
Expression: "status = 'rejected' implies statusReason.exists()"
