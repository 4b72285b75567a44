Profile: CoordinatedPlan
Parent: CarePlan
Id: coordinated-plan
Title: "Coordinated plan of either kind"
Description: "Samordnad plan: what the coordinated individual plan and the coordinated care plan of compulsory psychiatric care have in common. A message may hold either."
* insert PublishedStructure
* obeys plan-priority and sip-activity and sip-overall
* extension contains
    OverallResponsibility named overallResponsibility 0..1 MS and
    FollowUp named followUp 0..1 MS
* identifier MS
* status MS
* status from PlanStatusValueSet (required)
* intent = #plan
* category 1..* MS
* category ^slicing.discriminator.type = #value
* category ^slicing.discriminator.path = "coding.system"
* category ^slicing.rules = #open
* category contains kind 1..1 MS
* category[kind] from CoordinatedPlanKindValueSet (required)
* category[kind].coding 1..1
* category[kind].coding.system 1..1
* category[kind].coding.system = $typeofcareplan
* category[kind].coding.code 1..1
* title 1..1 MS
* description MS
* subject 1..1 MS
* subject only Reference(Patient)
* period MS
* created MS
* author MS
* author ^short = "Who drew it up"
* contributor MS
* contributor ^short = "Who has contributed"
* careTeam MS
* careTeam ^short = "Fast vårdkontakt, main responsible, contact persons"
* insert Ground(careTeam, [[LAW 2:5]])
* supportingInfo MS
* goal MS
* activity MS
* activity obeys plan-activity-responsible
* insert Ground(activity, [[LAW 4:1: the services needed, what each huvudman answers for, and measures by others]])
* activity.detail 1..1 MS
* activity.detail ^comment = "In the plan itself, so that the plan is whole by itself."
* activity.detail.extension contains
    Huvudman named huvudman 0..1 MS and
    PriorityOrder named priorityOrder 0..1 MS
* activity.detail.goal MS
* activity.detail.status MS
* activity.detail.scheduled[x] MS
* activity.detail.performer MS
* activity.detail.performer ^short = "The unit that answers for it"
* activity.detail.description 1..1 MS
* activity.detail.description ^short = "What help: what is done, and how"
* note MS

Invariant: plan-activity-responsible
Description: "Each measure shall say who answers for it: performer, or the extension huvudman."
Severity: #error
Expression: "detail.performer.exists() or detail.extension.where(url = 'https://discharge-adapter.example/fhir/StructureDefinition/huvudman').exists()"

Invariant: plan-priority
Description: "No two measures shall have the same place in the person's order of priority."
Severity: #error
Expression: "activity.detail.extension.where(url = 'https://discharge-adapter.example/fhir/StructureDefinition/priority-order').value.isDistinct()"

Invariant: sip-activity
Description: "A coordinated individual plan shall name at least one measure."
Severity: #error
Expression: "category.coding.where(system = 'https://fhir.inera.se/CodeSystem/typeofcareplan-cs' and code = 'SIP').empty() or activity.exists()"

Invariant: sip-overall
Description: "A coordinated individual plan in force should say which huvudman has the overall responsibility (LAW 4:1), in the extension overall-responsibility; a party's contribution need not."
Severity: #warning
Expression: "category.coding.where(system = 'https://fhir.inera.se/CodeSystem/typeofcareplan-cs' and code = 'SIP').empty() or status != 'active' or extension.where(url = 'https://discharge-adapter.example/fhir/StructureDefinition/overall-responsibility').exists()"
