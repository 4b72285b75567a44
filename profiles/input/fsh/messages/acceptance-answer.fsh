Profile: HeaderAcceptanceAnswer
Parent: DischargeHeader
Id: header-acceptance-answer
Title: "Header of the answer to a request"
Description: "Huvud för svar på förfrågan."
* insert HeaderOf(acceptance-answer)
* focus 1..1
* focus only Reference(Task)

Profile: MessageAcceptanceAnswer
Parent: DischargeMessage
Id: message-acceptance-answer
Title: "Answer to a request"
Description: "Svar på förfrågan: the Task that was asked, with the same identifier and groupIdentifier, in the status that its owner gives it. A rejection says why. The own Provenance names the message that asked (role source)."
* insert MessageOf(acceptance-answer)
* obeys bundle-answers and bundle-answered
* entry[task] 1..1
* entry contains stay 0..1
* entry[stay].resource only hospital-stay

Invariant: bundle-answered
Description: "The Task has a status that answers what was asked: received, accepted, rejected, in-progress, on-hold, completed, failed or cancelled"
Severity: #error
Expression: "entry.resource.ofType(Task).all(status = 'accepted' or status = 'rejected' or status = 'received' or status = 'in-progress' or status = 'on-hold' or status = 'completed' or status = 'failed' or status = 'cancelled')"

Instance: definition-acceptance-answer
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(acceptance-answer)
* title = "Answer to a request (svar på förfrågan)"
* name = "AcceptanceAnswer"
* description = "The owner of a Task answers: received, accepted, rejected with reason, in progress, completed."
* purpose = "LAW 2:6: a receiving unit begins planning. Sent by the owner of a Task, to its requester; a cancellation by the requester, to the owner."
* insert Sent(municipality)
* insert Sent(open-care)
* insert Sent(inpatient-care)
* insert To(inpatient-care)
* insert To(open-care)
* insert To(municipality)
* insert Focus(Task, participation-task, 1, 1)
* insert Acknowledged
* insert ReadReceipt
