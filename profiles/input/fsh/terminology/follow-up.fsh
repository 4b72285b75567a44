CodeSystem: FollowUpCodeSystem
Id: follow-up
Title: "Follow-up (uppföljning)"
Description: "What the follow-up of an agreement measures, and by what it is broken down. The codes are this project's own; docs/explanation tells what each counts."
* insert Codes
* #involved "Had a say in what was planned"
* #involved insert Swedish([[Var med och bestämde]])
* #understood "Understood the information"
* #understood insert Swedish([[Förstod informationen]])
* #whom-to-contact "Knew whom to contact"
* #whom-to-contact insert Swedish([[Visste vem att kontakta]])
* #help-came "Got the help that was agreed"
* #help-came insert Swedish([[Fick hjälpen som avtalats]])
* #worked-together "Found that they worked together"
* #worked-together insert Swedish([[Upplevde samarbete]])
* #safe "Felt safe at home"
* #safe insert Swedish([[Kände sig trygg hemma]])
* #disagreement "Stays with a disagreement"
* #disagreement insert Swedish([[Vårdtillfällen med oenighet]])
* #disagreement-settled "Disagreements that are settled"
* #disagreement-settled insert Swedish([[Oenigheter som är avgjorda]])
* #escalation "Stays with an escalation"
* #escalation insert Swedish([[Vårdtillfällen med eskalering]])
* #answer-in-time "Answered within the agreed time"
* #answer-in-time insert Swedish([[Svar inom avtalad tid]])
* #answer-time "Time to the answer"
* #answer-time insert Swedish([[Tid till svar]])
* #notice-in-time "Admission notice in time"
* #notice-in-time insert Swedish([[Inskrivningsmeddelande i tid]])
* #open-care-told "Open care told of the admission"
* #open-care-told insert Swedish([[Öppenvården underrättad]])
* #estimate-told "Changed estimate told"
* #estimate-told insert Swedish([[Ändrad beräkning meddelad]])
* #planning-begun "Planning begun"
* #planning-begun insert Swedish([[Planering påbörjad]])
* #care-contact "Fast vårdkontakt before the discharge"
* #care-contact insert Swedish([[Fast vårdkontakt före utskrivning]])
* #invitation-in-time "SIP invitation in time"
* #invitation-in-time insert Swedish([[Kallelse till SIP i tid]])
* #discharge-told "Discharge told on its day"
* #discharge-told insert Swedish([[Utskrivning meddelad samma dag]])
* #notice-read "Admission notice read in time"
* #notice-read insert Swedish([[Inskrivning kvitterad i tid]])
* #ready-read "Ready notice read in time"
* #ready-read insert Swedish([[Utskrivningsklar kvitterad i tid]])
* #take-home-time "Take-home time"
* #take-home-time insert Swedish([[Hemtagningstid]])
* #days-after-ready "Days after ready"
* #days-after-ready insert Swedish([[Dagar som utskrivningsklar]])
* #delay-cause "Cause of delay"
* #delay-cause insert Swedish([[Orsak till fördröjning]])
* #sip-called "Called to a SIP"
* #sip-called insert Swedish([[Kallad till SIP]])
* #sip "SIP drawn up"
* #sip insert Swedish([[SIP upprättad]])
* #readmitted-7 "Re-admitted within 7 days"
* #readmitted-7 insert Swedish([[Åter inskriven inom 7 dagar]])
* #readmitted-30 "Re-admitted within 30 days"
* #readmitted-30 insert Swedish([[Åter inskriven inom 30 dagar]])
* #unit-and-month "By unit and month"
* #unit-and-month insert Swedish([[Per enhet och månad]])
* #cause-unit-and-month "By cause, unit and month"
* #cause-unit-and-month insert Swedish([[Per orsak, enhet och månad]])
* #municipality "Municipality"
* #municipality insert Swedish([[Kommun]])
* #sender "Sending unit"
* #sender insert Swedish([[Sändande enhet]])
* #month "Month"
* #month insert Swedish([[Månad]])
* #cause "Cause"
* #cause insert Swedish([[Orsak]])
