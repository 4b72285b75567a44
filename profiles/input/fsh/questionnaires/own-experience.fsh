Instance: OwnExperience
InstanceOf: Questionnaire
Usage: #definition
* insert OwnQuestionnaire(own-experience, Din utskrivning)
* name = "OwnExperience"
* description = "The person's own experience of the discharge, for the yearly follow-up of an agreement. The questions are this project's own, in plain words."
* subjectType = #Patient
* insert Question(involved, choice, [[Fick du vara med och bestämma om det som planerades?]], [[Did you have a say in what was planned?]])
* insert From(experience)
* insert Question(understood, choice, [[Förstod du den information du fick när du skrevs ut?]], [[Did you understand the information you got at discharge?]])
* insert From(experience)
* insert Question(whom-to-contact, choice, [[Visste du vem du kunde kontakta när du kommit hem?]], [[Did you know whom to contact once you were home?]])
* insert From(experience)
* insert Question(help-came, choice, [[Fick du den hjälp som ni hade kommit överens om?]], [[Did you get the help that was agreed?]])
* insert From(experience)
* insert Question(worked-together, choice, [[Samarbetade de som gav dig vård och stöd?]], [[Did those who gave you care and support work together?]])
* insert From(experience)
* insert Question(safe, choice, [[Kände du dig trygg hemma den första tiden?]], [[Did you feel safe at home in the beginning?]])
* insert From(experience)
* insert Question(own-words, text, [[Berätta gärna med egna ord.]], [[Tell us more in your own words.]])
