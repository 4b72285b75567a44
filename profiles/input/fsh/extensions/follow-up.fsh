Extension: FollowUp
Id: follow-up
Title: "Follow-up of the plan (uppföljning)"
Description: "When the plan is to be followed up: a date, or a time with offset."
Context: CarePlan
* insert PublishedStructure
* value[x] 1..1
* value[x] only dateTime
* value[x] obeys stay-day-known
