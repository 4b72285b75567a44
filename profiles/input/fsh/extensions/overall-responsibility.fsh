Extension: OverallResponsibility
Id: overall-responsibility
Title: "Overall responsibility (övergripande ansvar)"
Description: "Which huvudman has the overall responsibility for the plan, and at which unit."
Context: CarePlan
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 4:1; HSL 16:4; SoL (2025:400) 10:8-9"
* extension contains
    huvudman 1..1 MS and
    unit 0..1 MS
* extension[huvudman] ^short = "Region or municipality"
* extension[huvudman].value[x] 1..1
* extension[huvudman].value[x] only CodeableConcept
* extension[huvudman].valueCodeableConcept from HuvudmanValueSet (required)
* extension[unit] ^short = "The unit that answers for it there"
* extension[unit].value[x] 1..1
* extension[unit].value[x] only Reference(Organization)
