Profile: HeaderPlanningInformation
Parent: DischargeHeader
Id: header-planning-information
Title: "Header of the planning information"
Description: "Huvud för planeringsunderlag."
* insert HeaderOf(planning-information)
* focus 1..*

Profile: MessagePlanningInformation
Parent: DischargeMessage
Id: message-planning-information
Title: "Planning information"
Description: "Planeringsunderlag, section by section: needs such as rehabilitation, self-care, nutrition, assistive devices, ventilator or tracheostomy, and the medical treatment plan; with the decision support where it was used."
* insert MessageOf(planning-information)
* entry contains stay 0..1 and section 1..* and response 0..*
* entry[stay].resource only hospital-stay
* entry[section].resource only planning-section
* entry[response].resource only decision-support-response

Instance: definition-planning-information
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(planning-information)
* title = "Planning information (planeringsunderlag)"
* name = "PlanningInformation"
* description = "What the receiving units need in order to plan, section by section."
* purpose = "LAW 2:6: a receiving unit begins planning. LAW 3:2: what is needed is transferred at latest the same day as the discharge. Sent by inpatient care; open care and the municipality may add what they know."
* insert Sent(inpatient-care)
* insert Sent(open-care)
* insert Sent(municipality)
* insert To(municipality)
* insert To(open-care)
* insert To(inpatient-care)
* insert Focus(Communication, planning-section, 1, *)
* insert Acknowledged
* insert ReadReceipt
