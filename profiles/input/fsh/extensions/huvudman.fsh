Extension: Huvudman
Id: huvudman
Title: "Whose responsibility (ansvarig huvudman)"
Description: "Which huvudman answers for a measure, and under which law; or that others, or the person, do it."
Context: CarePlan.activity.detail, Organization, CareTeam.participant
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 4:1: what each huvudman answers for, and the measures that others answer for"
* value[x] 1..1
* value[x] only CodeableConcept
* value[x] from HuvudmanValueSet (required)
