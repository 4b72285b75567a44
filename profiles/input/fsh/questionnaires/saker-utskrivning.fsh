Instance: SakerUtskrivning
InstanceOf: Questionnaire
Usage: #definition
* insert OwnQuestionnaire(saker-utskrivning, Säker utskrivning)
* name = "SakerUtskrivning"
* description = "Decision support before discharge, as in the collaboration model ViSam: what the person needs, and the colour track that it leads to. No schema of ViSam is published: the questions are this project's own, in plain words. A region replaces them by a Questionnaire of its own."
* subjectType = #Patient
* insert Question(condition-stable, boolean, [[Är hälsotillståndet så stabilt att personen kan vårdas hemma?]], [[Is the person's condition stable enough for care at home?]])
* insert Question(new-needs, boolean, [[Har personen fått nya eller större behov under vårdtiden?]], [[Does the person have new or greater needs since the admission?]])
* insert Question(personal-care, choice, [[Klarar personen sin personliga vård?]], [[Does the person manage personal care?]])
* insert From(help-needed)
* insert Question(mobility, choice, [[Klarar personen att förflytta sig?]], [[Does the person manage to move about?]])
* insert From(help-needed)
* insert Question(medication-handling, choice, [[Klarar personen sina läkemedel?]], [[Does the person manage the medication?]])
* insert From(help-needed)
* insert Question(health-care-at-home, boolean, [[Behöver personen hälso- och sjukvård i hemmet?]], [[Does the person need health care at home?]])
* insert Question(several-providers, boolean, [[Behöver insatser från flera samordnas?]], [[Must services of several providers be coordinated?]])
* insert Question(identified-risk, boolean, [[Finns en risk som behöver bevakas efter utskrivningen?]], [[Is there a risk to be watched after the discharge?]])
* insert Question(identified-risk-text, text, [[Vilken risk, och vem bevakar den?]], [[Which risk, and who watches it?]])
* item[=].enableWhen.question = "identified-risk"
* item[=].enableWhen.operator = #=
* item[=].enableWhen.answerBoolean = true
* insert Question(colour-track, choice, [[Vilket spår leder bedömningen till?]], [[Which track does the assessment lead to?]])
* item[=].required = true
* insert From(colour-track)
