// Inskrivningsmeddelande (LAW 2:1-3): the statutory minimum, and nothing else. What a region with a legal basis may say
// beyond it is message-admission-notice-extended.

Profile: HeaderAdmissionNotice
Parent: DischargeHeader
Id: header-admission-notice
Title: "Header of the admission notice"
Description: "Huvud för inskrivningsmeddelande: what is technical, and no reason."
* insert HeaderOf(admission-notice)
* insert MinimumHeader
* focus 1..1
* focus only Reference(Encounter)

Profile: MessageAdmissionNotice
Parent: DischargeMessage
Id: message-admission-notice
Title: "Admission notice"
Description: "Inskrivningsmeddelande. The person's name, personnummer and folkbokföringsadress, and the estimated time of discharge (LAW 2:2). Beside these only the technical envelope: who sends, to whom, about which stay and Task, and the instants that the 24 hours of LAW 2:3 are counted from, which the receivers do not get."
* insert MessageOf(admission-notice)
* insert Minimum

Instance: definition-admission-notice
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(admission-notice)
* title = "Admission notice (inskrivningsmeddelande)"
* name = "AdmissionNotice"
* description = "Inpatient care tells the units concerned that a person has been admitted who may need services after discharge."
* purpose = "LAW 2:1: sent by inpatient care to the units concerned in the municipality; also to region-financed open care if municipal health care is judged needed. LAW 2:2: the content. LAW 2:3: at latest 24 hours after admission, or after the need was assessed if that came later."
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert Focus(Encounter, admission-stay, 1, 1)
* insert Acknowledged
* insert ReadReceipt
* insert Answered
