Profile: HomeCareReferral
Parent: ServiceRequest
Id: home-care-referral
Title: "Referral to health care at home"
Description: "Överföring till hälso- och sjukvård i hemmet: which way in, and which criteria of enrolment are met. The case is named by the Task."
* insert Referral(home-care)
* obeys ref-criterion-once
* extension contains EnrolmentCriterion named criterion 0..* MS
* category 1..1 MS
* category from WayInValueSet (required)
* category ^short = "Which way in"

Invariant: ref-criterion-once
Description: "No criterion shall be given twice."
Severity: #error
Expression: "extension.where(url = 'https://discharge-adapter.example/fhir/StructureDefinition/enrolment-criterion').value.coding.code.isDistinct()"
