CodeSystem: ExperienceCodeSystem
Id: experience
Title: "Answers about an experience (svar om upplevelse)"
Description: "Answers of the questionnaire own-experience. The codes are this project's own: no published code system was found for them."
* insert Codes
* #yes "yes"
* #yes insert Swedish([[ja]])
* #partly "partly"
* #partly insert Swedish([[delvis]])
* #no "no"
* #no insert Swedish([[nej]])
* #not-relevant "not relevant"
* #not-relevant insert Swedish([[inte aktuellt]])
* #do-not-know "do not know"
* #do-not-know insert Swedish([[vet inte]])

ValueSet: ExperienceValueSet
Id: experience
Title: "Answers about an experience (svar om upplevelse)"
Description: "All codes of the code system: answers about an experience."
* insert Published
* include codes from system ExperienceCodeSystem
