Profile: HeaderReadyForDischargeWithdrawn
Parent: DischargeHeader
Id: header-ready-for-discharge-withdrawn
Title: "Header of the withdrawal of ready for discharge"
Description: "Huvud för avbrott i utskrivningsklar."
* insert HeaderOf(ready-for-discharge-withdrawn)
* focus 1..1
* focus only Reference(Encounter)

Profile: NotReadyStay
Parent: hospital-stay
Id: not-ready-stay
Title: "Stay of a person who is no longer ready for discharge"
Description: "Vårdtillfälle för en patient som inte längre är utskrivningsklar: it goes on, and holds no assessment of readiness."
* insert PublishedStructure
* extension[readyAssessed] 0..0
* status from OngoingStayValueSet (required)

Profile: MessageReadyForDischargeWithdrawn
Parent: DischargeMessage
Id: message-ready-for-discharge-withdrawn
Title: "Ready for discharge withdrawn"
Description: "Avbrott i utskrivningsklar: the physician has changed the assessment. A statement of its own, neither a correction nor a retraction: the earlier notice was right when it was sent. Since when is said by the message's own Provenance (occurredDateTime), why by its reason."
* insert MessageOf(ready-for-discharge-withdrawn)
* obeys bundle-follows and bundle-when
* entry contains stay 1..1
* entry[stay].resource only not-ready-stay

Instance: definition-ready-for-discharge-withdrawn
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(ready-for-discharge-withdrawn)
* title = "Ready for discharge withdrawn (avbrott i utskrivningsklar)"
* name = "ReadyForDischargeWithdrawn"
* description = "The physician has changed the assessment: the person needs inpatient care again."
* purpose = "Not in the law: practice of the shared planning tools. Sent by inpatient care, at once, to all that had the notice that the person was ready. A new notice restarts the days of LAW 5:4."
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert Focus(Encounter, not-ready-stay, 1, 1)
* insert Acknowledged
* insert ReadReceipt
