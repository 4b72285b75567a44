Profile: HeaderDelayCause
Parent: DischargeHeader
Id: header-delay-cause
Title: "Header of the cause of delay"
Description: "Huvud för orsak till fördröjning."
* insert HeaderOf(delay-cause)
* focus 1..*
* focus only Reference(Observation)

Profile: MessageDelayCause
Parent: DischargeMessage
Id: message-delay-cause
Title: "Cause of delay"
Description: "Orsak till fördröjning: why a person who is ready for discharge is still in hospital, coded; one statement for each cause."
* insert MessageOf(delay-cause)
* entry contains stay 1..1 and statement 1..*
* entry[stay].resource only hospital-stay
* entry[statement].resource only delay-cause

Instance: definition-delay-cause
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(delay-cause)
* title = "Cause of delay (orsak till fördröjning)"
* name = "DelayCause"
* description = "Why a person who is ready for discharge is still in hospital."
* purpose = "Not in the law: the parties' follow-up of how persons are taken home. Sent by the party that knows the cause, to the others."
* insert Sent(municipality)
* insert Sent(open-care)
* insert Sent(inpatient-care)
* insert To(inpatient-care)
* insert To(open-care)
* insert To(municipality)
* insert Focus(Observation, delay-cause, 1, *)
* insert Acknowledged
* insert ReadReceipt
