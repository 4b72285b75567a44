CodeSystem: EnrolmentCriterionCodeSystem
Id: enrolment-criterion
Title: "Criterion of enrolment (inskrivningskriterium)"
Description: "What is met when a person is taken over into municipal health care at home: the criteria of the agreement in Region Örebro län. The codes are this project's own: no published code system was found for them."
* insert Codes
* #coordination-need "need of coordination"
* #coordination-need insert Swedish([[samordningsbehov]])
* #identified-risk "identified risk"
* #identified-risk insert Swedish([[identifierad risk]])
* #patient-safety-assessed "patient safety assessed by the municipality"
* #patient-safety-assessed insert Swedish([[patientsäkerhetsbedömning gjord av kommunen]])
* #adult "18 years or older" "Under 18, specialised care keeps the responsibility."
* #adult insert Swedish([[18 år eller äldre]])
* #psychiatric-care-at-home "psychiatric care at home"
* #psychiatric-care-at-home insert Swedish([[psykiatrisk vård i hemmet]])

ValueSet: EnrolmentCriterionValueSet
Id: enrolment-criterion
Title: "Criterion of enrolment (inskrivningskriterium)"
Description: "All codes of the code system: criterion of enrolment."
* insert Published
* include codes from system EnrolmentCriterionCodeSystem
