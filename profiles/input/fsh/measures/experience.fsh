Instance: follow-up-experience
InstanceOf: Measure
Usage: #definition
* insert FollowUpMeasure(experience, [[The person's own experience (den enskildes upplevelse)]])
* name = "FollowUpExperience"
* description = "What persons answered to the questionnaire own-experience. One of the four parts of Region Örebro län's yearly follow-up; docs/explanation tells what each measure counts."
* insert Share(involved, [[Had a say in what was planned]])
* insert Share(understood, [[Understood the information]])
* insert Share(whom-to-contact, [[Knew whom to contact]])
* insert Share(help-came, [[Got the help that was agreed]])
* insert Share(worked-together, [[Found that they worked together]])
* insert Share(safe, [[Felt safe at home]])
