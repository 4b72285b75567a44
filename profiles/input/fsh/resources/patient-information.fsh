Profile: PatientInformation
Parent: Communication
Id: patient-information
Title: "Information to the patient"
Description: "Information till patienten: the summary that the person gets at discharge."
* insert Words
* ^purpose = "Legal ground: LAW 3:3; patientlagen 3:2 b"
* category 1..1 MS
* category = $communication-kind#patient-information
* sent 1..1
* recipient MS
* recipient ^short = "The person, and who else has got it"
