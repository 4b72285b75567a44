Profile: DecisionSupportResponse
Parent: QuestionnaireResponse
Id: decision-support-response
Title: "Answers of a decision support"
Description: "Svar på beslutsstöd (Säker utskrivning in ViSam, Hemgångsklar), carried with the case. The colour track is what the assessment led to."
* insert Answers
* author 1..1 MS
* author ^short = "Who assessed"
* insert Named(author)
* item ^slicing.discriminator.type = #value
* item ^slicing.discriminator.path = "linkId"
* item ^slicing.rules = #open
* item contains colourTrack 0..1 MS
* item[colourTrack].linkId = "colour-track"
* item[colourTrack].answer 1..1
* item[colourTrack].answer.value[x] 1..1
* item[colourTrack].answer.value[x] only Coding
* item[colourTrack].answer.valueCoding from ColourTrackValueSet (required)
* item[colourTrack] ^short = "Colour track: blue, green, yellow or red"
