Profile: HeaderReadyForDischarge
Parent: DischargeHeader
Id: header-ready-for-discharge
Title: "Header of the notice that the person is ready for discharge"
Description: "Huvud för meddelande om utskrivningsklar."
* insert HeaderOf(ready-for-discharge)
* focus 1..1
* focus only Reference(Encounter)

Profile: ReadyStay
Parent: hospital-stay
Id: ready-stay
Title: "Stay of a person who is ready for discharge"
Description: "Vårdtillfälle för en utskrivningsklar patient: who assessed it, and when (LAW 1:3 p 5)."
* insert PublishedStructure
* extension[readyAssessed] 1..1
* status from OngoingStayValueSet (required)

ValueSet: OngoingStayValueSet
Id: ongoing-stay
Title: "Status of a stay that goes on (pågående vårdtillfälle)"
Description: "The person is in the care of the hospital: in a bed, or on leave from it."
* insert Published
* http://hl7.org/fhir/encounter-status#in-progress
* http://hl7.org/fhir/encounter-status#onleave

Profile: MessageReadyForDischarge
Parent: DischargeMessage
Id: message-ready-for-discharge
Title: "Ready for discharge"
Description: "Meddelande om utskrivningsklar (LAW 3:1): the treating physician has assessed that the person no longer needs inpatient care. Its sending, not the assessment, starts the days of LAW 5:4."
* insert MessageOf(ready-for-discharge)
* entry contains stay 1..1 and section 0..*
* entry[stay].resource only ready-stay
* entry[section].resource only planning-section

Instance: definition-ready-for-discharge
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(ready-for-discharge)
* title = "Ready for discharge (meddelande om utskrivningsklar)"
* name = "ReadyForDischarge"
* description = "The treating physician has assessed that the person no longer needs inpatient care."
* purpose = "LAW 3:1: sent by inpatient care as soon as possible to the units that had the admission notice, if secrecy does not prevent it. LAW 1:3 p 5: the assessment is the treating physician's. LAW 5:4: liable three days after it was sent, four if sent after 12.00, without agreement."
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert Focus(Encounter, ready-stay, 1, 1)
* insert Acknowledged
* insert ReadReceipt
