Profile: DischargeConsent
Parent: Consent
Id: discharge-consent
Title: "Consent of any kind"
Description: "Samtycke: what the three consents have in common. They are never mixed: each is of one kind, and has a profile of its own."
* insert PublishedStructure
* obeys con-guardian and con-rejected
* extension contains ConsentBasis named basis 0..1 MS
* status MS
* status ^comment = "inactive: withdrawn. From then on nothing more is shared on its ground."
* category 1..* MS
* category ^slicing.discriminator.type = #value
* category ^slicing.discriminator.path = "coding.system"
* category ^slicing.rules = #open
* category contains kind 1..1 MS
* category[kind] from ConsentKindValueSet (required)
* category[kind].coding 1..1
* category[kind].coding.system 1..1
* category[kind].coding.system = $consent-kind
* category[kind].coding.code 1..1
* patient 1..1 MS
* dateTime 1..1 MS
* performer MS
* performer ^short = "Who gave it, where that is not the person: the guardian"
* organization MS
* organization ^short = "The unit that recorded it"
* policyRule MS
* provision 1..1 MS
* provision.type 1..1 MS
* provision.period MS

Invariant: con-guardian
Description: "A consent that a guardian has given shall name the guardian: performer."
Severity: #error
Expression: "extension.where(url = 'https://discharge-adapter.example/fhir/StructureDefinition/consent-basis').value.coding.where(code = 'guardian').empty() or performer.exists()"

Invariant: con-rejected
Description: "A consent that was refused (rejected) shall not permit: provision.type is deny."
Severity: #error
Expression: "status = 'rejected' implies provision.type = 'deny'"
