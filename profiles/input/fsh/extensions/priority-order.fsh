Extension: PriorityOrder
Id: priority-order
Title: "The person's own order of priority (egen prioritetsordning)"
Description: "1 is what matters most to the person. No two goals or measures of one plan have the same number."
Context: Goal, CarePlan.activity.detail
* insert PublishedStructure
* value[x] 1..1
* value[x] only positiveInt
