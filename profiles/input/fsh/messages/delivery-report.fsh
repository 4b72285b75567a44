Profile: HeaderDeliveryReport
Parent: DischargeHeader
Id: header-delivery-report
Title: "Header of the delivery report"
Description: "Huvud för leveransrapport."
* insert PublishedStructure
* eventCoding = $event#delivery-report
* destination 1..1
* destination.receiver 1..1
* response 0..0
* focus 1..*
* focus only Reference(Communication)

Profile: DeliveryStatus
Parent: Communication
Id: delivery-status
Title: "What became of a delivery"
Description: "Leveransstatus: what became of one message at one destination. Written by the adapter."
* insert PublishedStructure
* obeys delivery-reason and delivery-received
* status from DeliveryStatusValueSet (required)
* status ^comment = "completed: delivered, the receiver's system has acknowledged it. not-done: failed, it will not arrive without someone's help. on-hold: not there yet, because someone has to release it or the receiver's system does not take it; it is tried on."
* statusReason.text 1..1
* statusReason ^short = "Why it failed or is held, in words"
* subject 0..0
* subject ^comment = "The report names no person: the message that it is about does."
* encounter 0..0
* payload 0..0
* about 1..1
* about.identifier 1..1
* about.identifier.system 1..1
* about.identifier.system = $uri
* about.identifier.value 1..1
* about ^short = "The message: urn:uuid: and its MessageHeader.id"
* recipient 1..1
* recipient only Reference(Organization)
* insert Named(recipient)
* recipient ^short = "The destination"
* recipient ^comment = "Of a message about a person with skyddad folkbokföring the identifier is the place of the destination in its header (sid/destination, from 1): it says nothing to who has not the message."
* sent 1..1
* sent ^short = "When this became so"
* received ^short = "When the receiver's system had acknowledged it"

ValueSet: DeliveryStatusValueSet
Id: delivery-status
Title: "What became of a delivery (leveransstatus)"
Description: "Delivered (completed), failed (not-done) or held (on-hold)."
* insert Published
* http://hl7.org/fhir/event-status#completed
* http://hl7.org/fhir/event-status#not-done
* http://hl7.org/fhir/event-status#on-hold

Invariant: delivery-reason
Description: "What failed or is held says why"
Severity: #error
Expression: "status = 'completed' or statusReason.exists()"

Invariant: delivery-received
Description: "What was delivered says when; what was not has no such time"
Severity: #error
Expression: "(status = 'completed') = received.exists()"

Profile: MessageDeliveryReport
Parent: DischargeMessage
Id: message-delivery-report
Title: "Delivery report"
Description: "Leveransrapport: what became of a message, one entry for each destination: delivered, failed or held. Names no person."
* insert PublishedStructure
* insert NothingElse
* entry contains delivery 1..*
* entry[header].resource only header-delivery-report
* entry[patient] 0..0
* entry[practitionerRole] 0..0
* entry[task] 0..0
* entry[delivery].resource only delivery-status

Instance: definition-delivery-report
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(delivery-report)
* title = "Delivery report (leveransrapport)"
* name = "DeliveryReport"
* description = "What became of a message at each destination: delivered, failed or held."
* purpose = "The adapter's own: sent by the adapter to the sender of a message, where the directory says that it wants reports."
* useContext[+].code = $message-role#sender
* useContext[=].valueCodeableConcept.text = "the adapter"
* useContext[+].code = $message-role#receiver
* useContext[=].valueCodeableConcept.text = "the sender of the message"
* insert Focus(Communication, delivery-status, 1, *)
* insert Acknowledged
