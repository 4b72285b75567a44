Profile: SipGoal
Parent: Goal
Id: sip-goal
Title: "Goal of a plan"
Description: "Mål i planen: in the person's own words where expressedBy is the person."
* insert PublishedStructure
* extension contains PriorityOrder named priorityOrder 0..1 MS
* lifecycleStatus MS
* description MS
* description.text 1..1 MS
* subject 1..1 MS
* subject only Reference(Patient)
* expressedBy MS
* expressedBy ^short = "The person, for the person's own goal"
