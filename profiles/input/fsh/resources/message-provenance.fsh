Profile: MessageProvenance
Parent: Provenance
Id: message-provenance
Title: "Link in the chain of messages"
Description: "Länk i meddelandekedjan: which message follows, answers or corrects which. A message holds those of all earlier messages of its case to that receiver, and its own."
* insert PublishedStructure
* obeys prov-one-of-each
* target 1..1 MS
* insert Named(target)
* target ^short = "The message: its MessageHeader; an earlier one by identifier, urn:uuid: and MessageHeader.id"
* occurred[x] MS
* recorded MS
* reason MS
* activity 1..1 MS
* activity from EventValueSet (required)
* agent 1..1 MS
* agent.who MS
* insert Named(agent.who)
* agent.who ^short = "The unit that sent it"
* entity MS
* entity.role from MessageRelationValueSet (required)
* entity.role ^short = "derivation: follows it; source: answers it; revision: corrects it or takes it back"
* entity.what.identifier 1..1 MS
* entity.what.identifier.system 1..1
* entity.what.identifier.system = $uri
* entity.what.identifier.value 1..1
* entity.what.identifier obeys prov-message-name

Invariant: prov-message-name
Description: "Another message shall be named as urn:uuid: followed by its MessageHeader.id."
Severity: #error
Expression: "value.matches('^urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')"

Invariant: prov-one-of-each
Description: "A message shall follow, answer and correct at most one other each."
Severity: #error
Expression: "entity.role.isDistinct()"
