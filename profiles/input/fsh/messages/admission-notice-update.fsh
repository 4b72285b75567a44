Profile: HeaderAdmissionNoticeUpdate
Parent: DischargeHeader
Id: header-admission-notice-update
Title: "Header of the changed admission notice"
Description: "Huvud för ändrat inskrivningsmeddelande."
* insert HeaderOf(admission-notice-update)
* insert MinimumHeader
* focus 1..1
* focus only Reference(Encounter)

Profile: MessageAdmissionNoticeUpdate
Parent: DischargeMessage
Id: message-admission-notice-update
Title: "Admission notice, changed"
Description: "Ändrat inskrivningsmeddelande (LAW 2:4): the new estimate of the discharge. Holds what the first notice held, and no more."
* insert MessageOf(admission-notice-update)
* insert Minimum
* obeys bundle-follows

Instance: definition-admission-notice-update
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(admission-notice-update)
* title = "Admission notice, changed (ändrat inskrivningsmeddelande)"
* name = "AdmissionNoticeUpdate"
* description = "The estimated time of discharge has changed."
* purpose = "LAW 2:4: sent by inpatient care, as soon as possible, to the units that had the admission notice. Follows the message before it in the case."
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert Focus(Encounter, admission-stay, 1, 1)
* insert Acknowledged
* insert ReadReceipt
