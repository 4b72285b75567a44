Profile: HeaderDisagreementRaised
Parent: DischargeHeader
Id: header-disagreement-raised
Title: "Header of the disagreement raised"
Description: "Huvud för oenighet anmäld."
* insert HeaderOf(disagreement-raised)
* focus 1..1
* focus only Reference(Communication)

Profile: MessageDisagreementRaised
Parent: DischargeMessage
Id: message-disagreement-raised
Title: "Disagreement raised"
Description: "Oenighet anmäld: one party disagrees with another over the case. Changes no status and stops no clock: what follows is the agreement's."
* insert MessageOf(disagreement-raised)
* entry contains stay 0..1 and disagreement 1..1
* entry[stay].resource only hospital-stay
* entry[disagreement].resource only disagreement

Instance: definition-disagreement-raised
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(disagreement-raised)
* title = "Disagreement raised (oenighet anmäld)"
* name = "DisagreementRaised"
* description = "One party disagrees with another over the case."
* purpose = "Not in the law: the agreements' own order for disagreements. Sent by any party, to the one it disagrees with."
* insert Sent(municipality)
* insert Sent(open-care)
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert To(inpatient-care)
* insert Focus(Communication, disagreement, 1, 1)
* insert Acknowledged
* insert ReadReceipt
* allowedResponse[+].message = "https://discharge-adapter.example/fhir/MessageDefinition/disagreement-settled"
* allowedResponse[=].situation = "When the parties have agreed, or it was decided between them."
