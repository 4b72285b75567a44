Profile: HeaderCareRequest
Parent: DischargeHeader
Id: header-care-request
Title: "Header of the care request"
Description: "Huvud för vårdbegäran."
* insert HeaderOf(care-request)
* focus 1..*
* focus only Reference(ServiceRequest or Task)

Profile: MessageCareRequest
Parent: DischargeMessage
Id: message-care-request
Title: "Care request"
Description: "Vårdbegäran: a municipality or open care asks inpatient care to take a person in."
* insert MessageOf(care-request)
* entry[task] 1..*
* entry contains request 1..1 and section 0..*
* entry[request].resource only care-request
* entry[section].resource only planning-section

Instance: definition-care-request
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(care-request)
* title = "Care request (vårdbegäran)"
* name = "CareRequest"
* description = "A municipality or open care asks inpatient care to take a person in."
* purpose = "Not in the law: practice of the shared planning tools. Sent by the municipality or by open care, to inpatient care."
* insert Sent(municipality)
* insert Sent(open-care)
* insert To(inpatient-care)
* insert Focus(ServiceRequest, care-request, 1, 1)
* insert Acknowledged
* insert ReadReceipt
* insert Answered
