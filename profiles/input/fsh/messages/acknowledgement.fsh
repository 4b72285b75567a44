Profile: HeaderAcknowledgement
Parent: DischargeHeader
Id: header-acknowledgement
Title: "Header of the technical acknowledgement"
Description: "Huvud för teknisk kvittens: which message it answers, and whether the system took it in."
* insert PublishedStructure
* eventCoding = $event#acknowledgement
* destination 1..1
* focus 0..0
* extension[case] 0..0
* response 1..1
* response obeys header-details
* response.identifier ^short = "MessageHeader.id of the message that is answered"
* response.code ^comment = "ok: committed, it will not be asked for again. transient-error: send the same message again. fatal-error: do not send it again as it is."
* response.details only Reference(OperationOutcome)

Invariant: header-details
Description: "What is not ok has details: an OperationOutcome that says what was wrong"
Severity: #error
Expression: "code = 'ok' or details.exists()"

Profile: MessageAcknowledgement
Parent: DischargeMessage
Id: message-acknowledgement
Title: "Technical acknowledgement"
Description: "Teknisk kvittens: the receiving system has taken the message in, or not. The synchronous answer to a message, or posted to the sender's address. It says nothing of whether a person has read it (read-receipt), or of what the receiver answers (acceptance-answer), names no person, and is never acknowledged itself."
* insert PublishedStructure
* insert NothingElse
* obeys bundle-outcome and bundle-ok
* entry contains outcome 0..1
* entry[header].resource only header-acknowledgement
* entry[patient] 0..0
* entry[organization] 0..2
* entry[practitionerRole] 0..0
* entry[task] 0..0
* entry[provenance] 0..0
* entry[outcome].resource only message-outcome

Invariant: bundle-outcome
Description: "What is not ok has an OperationOutcome in the message with an issue that is an error"
Severity: #error
Expression: "entry.first().resource.response.code = 'ok' or entry.resource.ofType(OperationOutcome).issue.where(severity = 'error' or severity = 'fatal').exists()"

Invariant: bundle-ok
Description: "What is ok has warnings and information at most"
Severity: #error
Expression: "entry.first().resource.response.code != 'ok' or entry.resource.ofType(OperationOutcome).issue.where(severity = 'error' or severity = 'fatal').empty()"

Instance: definition-acknowledgement
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(acknowledgement)
* title = "Technical acknowledgement (teknisk kvittens)"
* name = "Acknowledgement"
* description = "The receiving system has taken the message in, or not."
* purpose = "FHIR R4 messaging: MessageHeader.response. Sent by the system that received a message, to the one that sent it. Never acknowledged itself."
* useContext[+].code = $message-role#sender
* useContext[=].valueCodeableConcept.text = "the adapter, and each receiving system"
* useContext[+].code = $message-role#receiver
* useContext[=].valueCodeableConcept.text = "the system that sent the message"
* insert Focus(OperationOutcome, message-outcome, 0, 1)
* responseRequired = #never
