Profile: HeaderRetraction
Parent: DischargeHeader
Id: header-retraction
Title: "Header of the retraction"
Description: "Huvud för makulering: it has no focus; what is taken back is named by the message's own Provenance."
* insert HeaderOf(retraction)
* focus 0..0

Profile: MessageRetraction
Parent: DischargeMessage
Id: message-retraction
Title: "Retraction"
Description: "Makulering: an earlier message should not have been sent. The own Provenance names it (role revision) and says why (reason). Not a correction, which is the same event again with the right content and the role revision; not the withdrawal of ready for discharge; not the receiver's rejection."
* insert MessageOf(retraction)
* obeys bundle-revises and bundle-why

Instance: definition-retraction
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(retraction)
* title = "Retraction (makulering)"
* name = "Retraction"
* description = "An earlier message is taken back: it should not have been sent."
* purpose = "Not in the law: practice of the shared planning tools (makulering, felsänt meddelande, återtag). Sent by the one who sent the message, to those that it reached."
* insert Sent(municipality)
* insert Sent(open-care)
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert To(inpatient-care)
* insert Acknowledged
* insert ReadReceipt
