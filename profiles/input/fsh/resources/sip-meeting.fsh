Profile: SipMeeting
Parent: Appointment
Id: sip-meeting
Title: "Planning meeting"
Description: "Möte för samordnad individuell planering: when, where, who is summoned (kallad) and who is invited (inbjuden)."
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 4:3"
* status MS
* status from MeetingStatusValueSet (required)
* appointmentType 1..1 MS
* appointmentType from MeetingValueSet (required)
* description MS
* start 1..1 MS
* end MS
* created MS
* comment MS
* participant 2..* MS
* participant obeys app-summoned and app-invited
* participant.type MS
* participant.type ^slicing.discriminator.type = #value
* participant.type ^slicing.discriminator.path = "coding.system"
* participant.type ^slicing.rules = #open
* participant.type contains kind 0..1 MS
* participant.type[kind] from ParticipantKindValueSet (required)
* participant.type[kind].coding 1..1
* participant.type[kind].coding.system 1..1
* participant.type[kind].coding.system = $participant-kind
* participant.type[kind] ^short = "Summoned (kallad) or invited (inbjuden)"
* participant.actor 1..1 MS
* participant.actor ^comment = "A relative or other person without a resource in the message is named by display alone."
* participant.required MS
* participant.status MS

Invariant: app-summoned
Description: "A kallelse goes to a unit of region or municipality, and binds: the actor shall have a reference or an identifier, and required shall be 'required'."
Severity: #error
Expression: "type.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/participant-kind' and code = 'summoned').empty() or (required = 'required' and (actor.reference.exists() or actor.identifier.value.exists()))"

Invariant: app-invited
Description: "An inbjudan binds nobody: required shall not be 'required'."
Severity: #error
Expression: "type.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/participant-kind' and code = 'invited').empty() or required.empty() or required != 'required'"
