Profile: HeaderHomeCareReferral
Parent: DischargeHeader
Id: header-home-care-referral
Title: "Header of the referral to health care at home"
Description: "Huvud för överföring till hälso- och sjukvård i hemmet."
* insert HeaderOf(home-care-referral)
* focus 1..*
* focus only Reference(ServiceRequest or Task)

Profile: MessageHomeCareReferral
Parent: DischargeMessage
Id: message-home-care-referral
Title: "Referral to health care at home"
Description: "Överföring till hälso- och sjukvård i hemmet without a stay in hospital: from primary care or from specialised outpatient care, with the criteria of enrolment that are met. No stay stands in it; the case is named by the Task."
* insert MessageOf(home-care-referral)
* entry[task] 1..*
* entry contains stay 0..0 and request 1..1 and section 0..* and response 0..* and consent 0..*
* entry[stay].resource only Encounter
* entry[request].resource only home-care-referral
* entry[section].resource only planning-section
* entry[response].resource only decision-support-response
* entry[consent].resource only sharing-consent

Instance: definition-home-care-referral
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(home-care-referral)
* title = "Referral to health care at home (överföring till hälso- och sjukvård i hemmet)"
* name = "HomeCareReferral"
* description = "A person is to be taken over into municipal health care at home without a stay in hospital."
* purpose = "Agreement between region and municipalities (Region Örebro län): the ways in from regional primary care and from specialised outpatient care. Sent by the responsible health centre or clinic, to the municipality."
* insert Sent(open-care)
* insert To(municipality)
* insert Focus(ServiceRequest, home-care-referral, 1, 1)
* insert Acknowledged
* insert ReadReceipt
* insert Answered
