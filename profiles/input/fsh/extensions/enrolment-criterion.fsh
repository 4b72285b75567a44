Extension: EnrolmentCriterion
Id: enrolment-criterion
Title: "Criterion of enrolment that is met (inskrivningskriterium)"
Description: "A criterion of the region's agreement that is met when the person is taken over into health care at home. Without a stay it stands in the referral; in a discharge in the Task: what the sender states where the planning asks, the municipality's own assessment of patient safety where it answers. Never in an admission notice (LAW 2:2)."
Context: ServiceRequest, Task
* insert PublishedStructure
* value[x] 1..1
* value[x] only CodeableConcept
* value[x] from EnrolmentCriterionValueSet (extensible)
