Profile: ExperienceResponse
Parent: QuestionnaireResponse
Id: experience-response
Title: "The person's own experience"
Description: "Personens egen upplevelse av utskrivningen, for the follow-up of the agreement."
* insert Answers
* source 1..1 MS
* source only Reference(Patient or RelatedPerson)
* source ^short = "Who answered: the person, or a relative for the person"
