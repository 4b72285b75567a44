Extension: NeedAssessed
Id: need-assessed
Title: "Need assessed (behov av insatser bedömt)"
Description: "When it was assessed that the person may need services after discharge, where that was later than the admission: date, time and offset. Kept by the adapter for the 24-hour clock; receivers do not get it."
Context: Encounter
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 2:3"
* value[x] 1..1
* value[x] only dateTime
* value[x] obeys stay-instant
