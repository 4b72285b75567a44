Profile: HeaderGeneralMessage
Parent: DischargeHeader
Id: header-general-message
Title: "Header of the general message"
Description: "Huvud för generellt meddelande."
* insert HeaderOf(general-message)
* focus 1..1
* focus only Reference(Communication)

Profile: MessageGeneralMessage
Parent: DischargeMessage
Id: message-general-message
Title: "General message"
Description: "Generellt meddelande: free text about the case, for what no other event says."
* insert MessageOf(general-message)
* entry contains stay 0..1 and note 1..1
* entry[stay].resource only hospital-stay
* entry[note].resource only general-message

Instance: definition-general-message
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(general-message)
* title = "General message (generellt meddelande)"
* name = "GeneralMessage"
* description = "Free text about the case."
* purpose = "Not in the law: practice of the shared planning tools. Sent by any party, to any other that takes part in the case."
* insert Sent(municipality)
* insert Sent(open-care)
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert To(inpatient-care)
* insert Focus(Communication, general-message, 1, 1)
* insert Acknowledged
* insert ReadReceipt
