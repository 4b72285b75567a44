Profile: HeaderOpenCareAvailability
Parent: DischargeHeader
Id: header-open-care-availability
Title: "Header of the statement on open-care services"
Description: "Huvud för uppgift om öppenvårdens insatser."
* insert HeaderOf(open-care-availability)
* focus 1..1
* focus only Reference(Observation)

Profile: MessageOpenCareAvailability
Parent: DischargeMessage
Id: message-open-care-availability
Title: "Open-care services available, not available or unknown"
Description: "Öppenvårdens insatser (LAW 5:5): available, not available, or unknown. Unknown blocks the municipality's liability as much as not available does."
* insert MessageOf(open-care-availability)
* entry contains stay 0..1 and statement 1..1
* entry[stay].resource only hospital-stay
* entry[statement].resource only open-care-availability

Instance: definition-open-care-availability
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(open-care-availability)
* title = "Open-care services available, not available or unknown (öppenvårdens insatser)"
* name = "OpenCareAvailability"
* description = "Whether the region-financed open-care services that the person needs can be had."
* purpose = "LAW 5:5: the municipality is not liable where the person cannot leave because open-care services are unavailable, or where it is unclear whether they are. Sent by open care, or by inpatient care that knows, to the municipality."
* insert Sent(open-care)
* insert Sent(inpatient-care)
* insert To(municipality)
* insert To(inpatient-care)
* insert Focus(Observation, open-care-availability, 1, 1)
* insert Acknowledged
* insert ReadReceipt
