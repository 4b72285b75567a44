CodeSystem: EventCodeSystem
Id: event
Title: "Event (händelse)"
Description: "What a message says. The category of every event is consequence: a resend keeps both ids, and follows from it nothing twice. LAW is Lag (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård. The codes are this project's own: no published code system was found for them."
* insert Codes
* #care-request "care request" "A municipality or open care asks inpatient care to take a person in."
* #care-request insert Swedish([[vårdbegäran]])
* #admission-notice "admission notice" "Inpatient care tells the units concerned that a person was admitted who may need services after discharge (LAW 2:1-3)."
* #admission-notice insert Swedish([[inskrivningsmeddelande]])
* #admission-notice-update "admission notice, changed" "The estimated time of discharge has changed (LAW 2:4)."
* #admission-notice-update insert Swedish([[ändrat inskrivningsmeddelande]])
* #planning-information "planning information" "What the planning of the discharge needs, section by section (LAW 2:6, 3:2)."
* #planning-information insert Swedish([[planeringsunderlag]])
* #ready-for-discharge "ready for discharge" "The treating physician has assessed that the person no longer needs inpatient care (LAW 1:3, 3:1)."
* #ready-for-discharge insert Swedish([[meddelande om utskrivningsklar]])
* #ready-for-discharge-withdrawn "ready for discharge withdrawn" "The physician has changed the assessment: the person needs inpatient care again. Not in the law."
* #ready-for-discharge-withdrawn insert Swedish([[avbrott i utskrivningsklar]])
* #open-care-availability "open-care services available, not available or unknown" "Whether the region-financed open-care services that the person needs can be had (LAW 5:5)."
* #open-care-availability insert Swedish([[öppenvårdens insatser]])
* #capacity-answer "capacity answer" "A receiving unit says from when it can take the person, or that it cannot. Not in the law."
* #capacity-answer insert Swedish([[svar om mottagande]])
* #delay-cause "cause of delay" "Why a person who is ready for discharge is still in hospital. Not in the law."
* #delay-cause insert Swedish([[orsak till fördröjning]])
* #sip-invitation "summons to coordinated individual planning" "The fast vårdkontakt in region-financed open care summons to coordinated individual planning (LAW 4:3)."
* #sip-invitation insert Swedish([[kallelse samordnad individuell planering]])
* #sip "coordinated individual plan" "The coordinated individual plan, or a party's contribution to it (LAW 4:1-2)."
* #sip insert Swedish([[samordnad individuell plan]])
* #discharge-notice "discharge notice" "The person has left hospital, with what is needed on the day of discharge (LAW 3:2)."
* #discharge-notice insert Swedish([[utskrivningsmeddelande]])
* #patient-information "information to the patient" "The summary that the person gets at discharge (LAW 3:3)."
* #patient-information insert Swedish([[information till patienten]])
* #home-care-referral "referral to health care at home" "A person is to be taken over into municipal health care at home without a stay in hospital, or after one."
* #home-care-referral insert Swedish([[överföring till hälso- och sjukvård i hemmet]])
* #disagreement-raised "disagreement raised" "One party disagrees with another over the case."
* #disagreement-raised insert Swedish([[oenighet anmäld]])
* #disagreement-settled "disagreement settled" "The parties have settled a disagreement."
* #disagreement-settled insert Swedish([[oenighet avgjord]])
* #general-message "general message" "Free text about the case."
* #general-message insert Swedish([[generellt meddelande]])
* #read-receipt "read receipt" "A person at the receiver has read the message that is answered."
* #read-receipt insert Swedish([[kvittens]])
* #acceptance-answer "answer to a request" "The owner of a Task answers: received, accepted, rejected with reason, in progress, completed."
* #acceptance-answer insert Swedish([[svar på förfrågan]])
* #retraction "retraction" "An earlier message is taken back: it should not have been sent."
* #retraction insert Swedish([[makulering]])
* #acknowledgement "technical acknowledgement" "The receiving system has taken the message in, or not. Never acknowledged itself."
* #acknowledgement insert Swedish([[teknisk kvittens]])
* #delivery-report "delivery report" "What became of the delivery to one destination: delivered, failed or held."
* #delivery-report insert Swedish([[leveransrapport]])

ValueSet: EventValueSet
Id: event
Title: "Event (händelse)"
Description: "All codes of the code system: event."
* insert Published
* include codes from system EventCodeSystem
