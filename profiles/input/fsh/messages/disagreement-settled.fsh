Profile: HeaderDisagreementSettled
Parent: DischargeHeader
Id: header-disagreement-settled
Title: "Header of the disagreement settled"
Description: "Huvud för oenighet avgjord."
* insert HeaderOf(disagreement-settled)
* focus 1..1
* focus only Reference(Communication)

Profile: MessageDisagreementSettled
Parent: DischargeMessage
Id: message-disagreement-settled
Title: "Disagreement settled"
Description: "Oenighet avgjord: how a disagreement ended. Its own Provenance names the message that raised it (role source)."
* insert MessageOf(disagreement-settled)
* obeys bundle-answers
* entry contains stay 0..1 and settlement 1..1
* entry[stay].resource only hospital-stay
* entry[settlement].resource only settlement

Instance: definition-disagreement-settled
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(disagreement-settled)
* title = "Disagreement settled (oenighet avgjord)"
* name = "DisagreementSettled"
* description = "The parties have settled a disagreement."
* purpose = "Not in the law: the agreements' own order for disagreements. Sent by either party, to the other."
* insert Sent(municipality)
* insert Sent(open-care)
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert To(inpatient-care)
* insert Focus(Communication, settlement, 1, 1)
* insert Acknowledged
* insert ReadReceipt
