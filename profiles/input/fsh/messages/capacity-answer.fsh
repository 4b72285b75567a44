Profile: HeaderCapacityAnswer
Parent: DischargeHeader
Id: header-capacity-answer
Title: "Header of the capacity answer"
Description: "Huvud för svar om mottagande."
* insert HeaderOf(capacity-answer)
* focus 1..1
* focus only Reference(Observation)

Profile: MessageCapacityAnswer
Parent: DischargeMessage
Id: message-capacity-answer
Title: "Capacity answer"
Description: "Svar om mottagande: from when a receiving unit can take the person, or that it cannot and why. Says what is possible; whether the Task is taken on is the acceptance answer's."
* insert MessageOf(capacity-answer)
* entry contains stay 0..1 and statement 1..1
* entry[stay].resource only hospital-stay
* entry[statement].resource only capacity

Instance: definition-capacity-answer
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(capacity-answer)
* title = "Capacity answer (svar om mottagande)"
* name = "CapacityAnswer"
* description = "A receiving unit says from when it can take the person, or that it cannot."
* purpose = "Not in the law: what escalation begins from when the capacity in the municipality is not enough. Sent by the municipality, or by open care for its own services, to inpatient care."
* insert Sent(municipality)
* insert Sent(open-care)
* insert To(inpatient-care)
* insert To(open-care)
* insert Focus(Observation, capacity, 1, 1)
* insert Acknowledged
* insert ReadReceipt
