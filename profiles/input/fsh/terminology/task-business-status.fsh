CodeSystem: TaskBusinessStatusCodeSystem
Id: task-business-status
Title: "How far a request has come (handläggningsläge)"
Description: "What the status of the Task alone does not say. The codes are this project's own: no published code system was found for them."
* insert Codes
* #awaiting-information "awaiting information" "Received; the owner cannot decide before the requester has answered what statusReason asks."
* #awaiting-information insert Swedish([[inväntar uppgifter]])
* #planning "planning" "A receiving unit has begun its planning (LAW 2:6)."
* #planning insert Swedish([[planering pågår]])
* #forwarded "forwarded" "The receiving unit has passed the request on within its own organisation."
* #forwarded insert Swedish([[vidarebefordrad]])
* #alternative-proposed "alternative proposed" "Rejected as asked; Task.output says what the owner proposes instead."
* #alternative-proposed insert Swedish([[alternativ föreslaget]])

ValueSet: TaskBusinessStatusValueSet
Id: task-business-status
Title: "How far a request has come (handläggningsläge)"
Description: "All codes of the code system: how far a request has come."
* insert Published
* include codes from system TaskBusinessStatusCodeSystem
