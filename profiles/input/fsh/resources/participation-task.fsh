Profile: ParticipationTask
Parent: Task
Id: participation-task
Title: "Request to take part"
Description: "Begäran om deltagande: what one unit asks of another, and what became of it. Requester and owner move the status; owner, requester, for and focus never change."
* insert Request
* obeys task-stopped and task-awaiting and task-alternative
* insert Ground(., [[LAW 2:6: a unit that has received the notice begins its planning]])
* status from ParticipationStatusValueSet (required)
* code from ParticipationCodeValueSet (required)
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
