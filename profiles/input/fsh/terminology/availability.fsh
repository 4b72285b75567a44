CodeSystem: AvailabilityCodeSystem
Id: availability
Title: "Availability of open-care services (tillgång till öppenvårdens insatser)"
Description: "LAW 5:5: the municipality is not liable where the person cannot leave because open-care services are unavailable, or where it is unclear whether they are. The codes are this project's own: no published code system was found for them."
* insert Codes
* #available "available"
* #available insert Swedish([[tillgängliga]])
* #not-available "not available"
* #not-available insert Swedish([[inte tillgängliga]])
* #unknown "unknown" "Blocks liability as much as not available does."
* #unknown insert Swedish([[oklart]])

ValueSet: AvailabilityValueSet
Id: availability
Title: "Availability of open-care services (tillgång till öppenvårdens insatser)"
Description: "All codes of the code system: availability of open-care services."
* insert Published
* include codes from system AvailabilityCodeSystem
