Instance: follow-up-adherence
InstanceOf: Measure
Usage: #definition
* insert FollowUpMeasure(adherence, [[Adherence to the agreement (följsamhet)]])
* name = "FollowUpAdherence"
* description = "How often the duties of law and agreement were met in time. One of the four parts of Region Örebro län's yearly follow-up; docs/explanation tells what each measure counts."
* insert Share(notice-in-time, [[Admission notice in time]])
* insert Share(open-care-told, [[Open care told of the admission]])
* insert Share(estimate-told, [[Changed estimate told]])
* insert Share(planning-begun, [[Planning begun]])
* insert Share(care-contact, [[Fast vårdkontakt before the discharge]])
* insert Share(invitation-in-time, [[SIP invitation in time]])
* insert Share(discharge-told, [[Discharge told on its day]])
* insert Share(notice-read, [[Admission notice read in time]])
* insert Share(ready-read, [[Ready notice read in time]])
