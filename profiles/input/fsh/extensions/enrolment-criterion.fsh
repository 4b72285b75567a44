Extension: EnrolmentCriterion
Id: enrolment-criterion
Title: "Criterion of enrolment that is met (inskrivningskriterium)"
Description: "A criterion of the region's agreement that is met when the person is taken over into health care at home."
Context: ServiceRequest
* insert PublishedStructure
* value[x] 1..1
* value[x] only CodeableConcept
* value[x] from EnrolmentCriterionValueSet (extensible)
