Instance: follow-up-quantity
InstanceOf: Measure
Usage: #definition
* insert FollowUpMeasure(quantity, [[Quantitative measures (kvantitativa mått)]])
* name = "FollowUpQuantity"
* description = "Take-home time, days after ready, causes of delay, SIP and re-admission. One of the four parts of Region Örebro län's yearly follow-up; docs/explanation tells what each measure counts."
* insert Days(take-home-time, [[Take-home time]])
* insert Days(days-after-ready, [[Days after ready]])
* insert Coded(delay-cause, [[Cause of delay]])
* insert Share(sip-called, [[Called to a SIP]])
* insert Share(sip, [[SIP drawn up]])
* insert Share(readmitted-7, [[Re-admitted within 7 days]])
* insert Share(readmitted-30, [[Re-admitted within 30 days]])
