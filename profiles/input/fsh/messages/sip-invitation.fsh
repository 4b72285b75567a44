Profile: HeaderSipInvitation
Parent: DischargeHeader
Id: header-sip-invitation
Title: "Header of the summons to coordinated individual planning"
Description: "Huvud för kallelse till samordnad individuell planering."
* insert HeaderOf(sip-invitation)
* focus 1..*
* focus only Reference(Appointment or Task)

Profile: MessageSipInvitation
Parent: DischargeMessage
Id: message-sip-invitation
Title: "Summons to coordinated individual planning"
Description: "Kallelse till samordnad individuell planering (LAW 4:3): the meeting, and a Task for each party that is summoned (kallad). Others are invited (inbjuden): they stand among the meeting's participants, and no Task asks them."
* insert MessageOf(sip-invitation)
* entry[task] 1..*
* entry contains stay 0..1 and meeting 1..1 and consent 0..*
* entry[stay].resource only hospital-stay
* entry[meeting].resource only sip-meeting
* entry[consent].resource only discharge-consent

Instance: definition-sip-invitation
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(sip-invitation)
* title = "Summons to coordinated individual planning (kallelse)"
* name = "SipInvitation"
* description = "The parties are summoned to coordinated individual planning."
* purpose = "LAW 4:3: sent by the fast vårdkontakt in region-financed open care, not by the ward, at latest three days after the notice that the person is ready. Where there is no stay in hospital, the responsible clinic or health centre calls. Under LPT 7 a § or LRV 12 a § the meeting is for a coordinated care plan (samordnad vårdplan) instead."
* insert Sent(open-care)
* insert To(municipality)
* insert To(inpatient-care)
* insert Focus(Appointment, sip-meeting, 1, 1)
* insert Acknowledged
* insert ReadReceipt
* insert Answered
