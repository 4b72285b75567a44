Profile: PlanningSection
Parent: Communication
Id: planning-section
Title: "Section of the planning information"
Description: "Avsnitt i planeringsunderlaget: one need or one part of the plan, in words."
* insert Words
* ^purpose = "Legal ground: LAW 2:6, 3:2"
* category 1..1 MS
* category from PlanningSectionValueSet (required)
