Profile: AbortTask
Parent: ParticipationTask
Id: abort-task
Title: "Request to stop"
Description: "Begäran om avbrott: asks the owner of a Task that has begun to stop it. The owner accepts or rejects. What has not begun is cancelled by its requester instead."
* insert PublishedStructure
* status from AbortStatusValueSet (required)
* code = $task-code#abort
* focus 1..1
* focus only Reference(Task)
* focus ^short = "The Task that is to stop"
* insert Named(focus)
* reasonCode 1..1 MS
* reasonCode from TaskStatusReasonValueSet (extensible)
* reasonCode ^short = "Why it is to stop"
