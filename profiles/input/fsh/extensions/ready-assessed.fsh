Extension: ReadyAssessed
Id: ready-assessed
Title: "Assessed as ready for discharge (bedömd utskrivningsklar)"
Description: "When and by whom it was assessed that the person no longer needs inpatient care. The time of the assessment is another than the time when the notice was sent."
Context: Encounter
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 1:3 p 5"
* extension contains
    time 1..1 MS and
    assessor 1..1 MS
* extension[time] ^short = "When the assessment was made: date, time and offset"
* extension[time].value[x] 1..1
* extension[time].value[x] only dateTime
* extension[time].value[x] obeys stay-instant
* extension[assessor] ^short = "The treating physician"
* extension[assessor].value[x] 1..1
* extension[assessor].value[x] only string or Reference(Practitioner or PractitionerRole)
* extension[assessor].value[x] obeys stay-assessor
