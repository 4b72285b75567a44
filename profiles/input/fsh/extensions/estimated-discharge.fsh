Extension: EstimatedDischarge
Id: estimated-discharge
Title: "Estimated time of discharge (beräknad tidpunkt för utskrivning)"
Description: "When the person is expected to leave inpatient care: a date, or a time with offset."
Context: Encounter
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 2:2, 2:4"
* value[x] 1..1
* value[x] only dateTime
* value[x] obeys stay-day-known
