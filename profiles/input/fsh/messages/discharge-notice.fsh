Profile: HeaderDischargeNotice
Parent: DischargeHeader
Id: header-discharge-notice
Title: "Header of the discharge notice"
Description: "Huvud för utskrivningsmeddelande."
* insert HeaderOf(discharge-notice)
* focus 1..1
* focus only Reference(Encounter)

Profile: DischargedStay
Parent: hospital-stay
Id: discharged-stay
Title: "Stay that has ended"
Description: "Avslutat vårdtillfälle: when the person was discharged."
* insert PublishedStructure
* status = #finished
* period 1..1
* period.end 1..1

Profile: MessageDischargeNotice
Parent: DischargeMessage
Id: message-discharge-notice
Title: "Discharge notice"
Description: "Utskrivningsmeddelande: the person has left the hospital, with what the receiving units need from that day (LAW 3:2)."
* insert MessageOf(discharge-notice)
* entry contains stay 1..1 and section 0..*
* entry[stay].resource only discharged-stay
* entry[section].resource only planning-section

Instance: definition-discharge-notice
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(discharge-notice)
* title = "Discharge notice (utskrivningsmeddelande)"
* name = "DischargeNotice"
* description = "The person has left the hospital."
* purpose = "LAW 3:2: the information that is needed is transferred at latest the same day as the discharge. The name of the message is practice, not law. Sent by inpatient care to the units concerned."
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert Focus(Encounter, discharged-stay, 1, 1)
* insert Acknowledged
* insert ReadReceipt
