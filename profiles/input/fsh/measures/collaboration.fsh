Instance: follow-up-collaboration
InstanceOf: Measure
Usage: #definition
* insert FollowUpMeasure(collaboration, [[Collaboration (samverkan)]])
* name = "FollowUpCollaboration"
* description = "Disagreements, escalations, and answers in time. One of the four parts of Region Örebro län's yearly follow-up; docs/explanation tells what each measure counts."
* insert Share(disagreement, [[Stays with a disagreement]])
* insert Share(disagreement-settled, [[Disagreements that are settled]])
* insert Share(escalation, [[Stays with an escalation]])
* insert Share(answer-in-time, [[Answered within the agreed time]])
* insert Days(answer-time, [[Time to the answer]])
