Profile: MessageAdmissionNoticeExtended
Parent: DischargeMessage
Id: message-admission-notice-extended
Title: "Admission notice, extended"
Description: "Utökat inskrivningsmeddelande: more than LAW 2:2 names, for a region that has a legal basis for it. Accepted only where the installation's settings name the basis, and the message claims this profile in Bundle.meta.profile."
* meta 1..1
* meta.profile 1..*
* insert MessageOf(admission-notice)
* entry contains stay 1..1 and section 0..*
* entry[stay].resource only hospital-stay
* entry[section].resource only planning-section
