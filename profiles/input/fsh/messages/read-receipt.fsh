Profile: HeaderReadReceipt
Parent: DischargeHeader
Id: header-read-receipt
Title: "Header of the read receipt"
Description: "Huvud för kvittens: it has no focus; what was read is named by the message's own Provenance."
* insert HeaderOf(read-receipt)
* focus 0..0

Profile: MessageReadReceipt
Parent: DischargeMessage
Id: message-read-receipt
Title: "Read receipt"
Description: "Kvittens: a person at the receiver has read the message that the own Provenance names (role source), at the time that it states (occurredDateTime). Not the technical acknowledgement, and no acceptance."
* insert MessageOf(read-receipt)
* obeys bundle-answers and bundle-when

Instance: definition-read-receipt
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(read-receipt)
* title = "Read receipt (kvittens)"
* name = "ReadReceipt"
* description = "A person at the receiver has read the message that is answered."
* purpose = "Not in the law: kvittera in the shared planning tools means has read. Sent by the receiver of a message, to its sender."
* insert Sent(municipality)
* insert Sent(open-care)
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert To(inpatient-care)
* insert Acknowledged
