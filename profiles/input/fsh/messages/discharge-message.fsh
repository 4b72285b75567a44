Profile: DischargeMessage
Parent: Bundle
Id: discharge-message
Title: "Message"
Description: "What every message has in common (meddelande): a Bundle whose first entry is the MessageHeader, and whose entries name each other by urn:uuid."
* insert PublishedStructure
* ^abstract = true
* id 1..1
* id ^comment = "A new one each time that other content is sent; a resend keeps it."
* type = #message
* timestamp 1..1
* timestamp ^short = "When the sender sent it, with offset from UTC"
* timestamp ^comment = "What is late is judged by it where the law counts from the sending (LAW 5:4), as far as the agreement says."
* entry 1..*
* entry ^slicing.discriminator.type = #type
* entry ^slicing.discriminator.path = "resource"
* entry ^slicing.rules = #open
* entry ^slicing.description = "By the type of the resource"
* entry.fullUrl 1..1
* entry.resource 1..1
* entry obeys bundle-full-url
* entry contains header 1..1 and patient 0..1 and organization 0..* and practitionerRole 0..* and task 0..* and provenance 0..*
* entry[header].resource only discharge-header
* entry[patient].resource only discharge-patient
* entry[organization].resource only discharge-organization
* entry[practitionerRole].resource only discharge-practitioner-role
* entry[task].resource only participation-task
* entry[provenance].resource only message-provenance

Invariant: bundle-full-url
Description: "Each entry's fullUrl is urn:uuid: followed by the resource's id, which is a UUID"
Severity: #error
Expression: "fullUrl = 'urn:uuid:' & resource.id and resource.id.matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')"

Invariant: bundle-own-provenance
Description: "Exactly one Provenance targets the message's own MessageHeader: it says what the message follows, answers or corrects"
Severity: #error
Expression: "entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).count() = 1"

Invariant: bundle-activity
Description: "The activity of the message's own Provenance is the message's event"
Severity: #error
Expression: "entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).activity.coding.code = entry.first().resource.event.code"

Invariant: bundle-case
Description: "The message names its case: a Task's groupIdentifier, the header's extension case, or the identifier of the stay; an answer may name only the message that it answers"
Severity: #error
Expression: "entry.resource.ofType(Task).groupIdentifier.exists() or entry.first().resource.extension.where(url = 'https://discharge-adapter.example/fhir/StructureDefinition/case').exists() or entry.resource.ofType(Encounter).identifier.where(system = 'https://discharge-adapter.example/fhir/sid/stay').exists() or entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).entity.where(role = 'source').exists()"

Invariant: bundle-answers
Description: "The message's own Provenance names the message that is answered: an entity with the role source"
Severity: #error
Expression: "entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).entity.where(role = 'source').exists()"

Invariant: bundle-follows
Description: "The message's own Provenance names the message before it in the case: an entity with the role derivation"
Severity: #error
Expression: "entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).entity.where(role = 'derivation').exists()"

Invariant: bundle-revises
Description: "The message's own Provenance names the message that is taken back: an entity with the role revision"
Severity: #error
Expression: "entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).entity.where(role = 'revision').exists()"

Invariant: bundle-when
Description: "The message's own Provenance says when it happened: occurredDateTime"
Severity: #error
Expression: "entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).occurred.exists()"

Invariant: bundle-why
Description: "The message's own Provenance says why: reason"
Severity: #error
Expression: "entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).reason.exists()"
