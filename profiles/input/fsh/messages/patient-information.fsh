Profile: HeaderPatientInformation
Parent: DischargeHeader
Id: header-patient-information
Title: "Header of the information to the person"
Description: "Huvud för information till patienten."
* insert HeaderOf(patient-information)
* focus 1..1
* focus only Reference(Communication)

Profile: MessagePatientInformation
Parent: DischargeMessage
Id: message-patient-information
Title: "Information to the person"
Description: "Information till patienten (LAW 3:3): the summary that the person gets at discharge, shared with those who go on with the care."
* insert MessageOf(patient-information)
* entry contains stay 0..1 and information 1..1
* entry[stay].resource only hospital-stay
* entry[information].resource only patient-information

Instance: definition-patient-information
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(patient-information)
* title = "Information to the person (information till patienten)"
* name = "PatientInformation"
* description = "The summary that the person gets at discharge."
* purpose = "LAW 3:3, patientlagen 3:2 b: the person gets a summary at discharge. Sent by inpatient care to those who go on with the care."
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(open-care)
* insert Focus(Communication, patient-information, 1, 1)
* insert Acknowledged
* insert ReadReceipt
