Profile: OpenCareAvailability
Parent: Observation
Id: open-care-availability
Title: "Open-care services"
Description: "Öppenvårdens insatser: whether the region-financed open-care services that the person needs in order to leave can be had. Unknown is an answer of its own."
* insert Statement(open-care-availability)
* ^purpose = "Legal ground: LAW 5:5: the municipality is not liable where they are unavailable, or where it is unclear whether they are"
* valueCodeableConcept from AvailabilityValueSet (required)
* effective[x] only dateTime
* effective[x] ^short = "As of when"
