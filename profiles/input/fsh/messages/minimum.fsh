// The statutory minimum of LAW 2:2 with its technical envelope, closed. `adapter.discharge.minimum` says the same in
// code; a test keeps both equal: an element that a type's profile here allows is allowed there, and no other.

RuleSet: Without(element)
* {element} 0..0

// What no resource of the envelope holds: narrative, resources within, extensions.
RuleSet: WithoutAttachments
* insert Without(text)
* insert Without(contained)
* insert Without(modifierExtension)

RuleSet: MinimumHeader
* insert WithoutAttachments
* extension[case] 0..0
* extension 0..0
* insert Without(enterer)
* insert Without(reason)

RuleSet: Minimum
* insert NothingElse
* obeys minimum-extension
* entry contains stay 1..1 and practitioner 0..*
* entry[stay].resource only admission-stay
* entry[patient].resource only minimum-patient
* entry[organization].resource only minimum-organization
* entry[practitioner].resource only minimum-practitioner
* entry[practitionerRole].resource only minimum-practitioner-role
* entry[task].resource only minimum-task
* entry[provenance].resource only minimum-provenance

Invariant: minimum-extension
Description: "No extension but the estimated discharge, the instant when the need was assessed, the kind of address and parts of the name"
Severity: #error
Expression: "descendants().extension.all(url = 'https://discharge-adapter.example/fhir/StructureDefinition/estimated-discharge' or url = 'https://discharge-adapter.example/fhir/StructureDefinition/need-assessed' or url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension' or url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseMiddleNameExtension' or url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseOwnFamilyExtension')"

Profile: MinimumPatient
Parent: discharge-patient
Id: minimum-patient
Title: "Patient in an admission notice"
Description: "Patienten i inskrivningsmeddelandet: name, number and address (LAW 2:2)."
* insert PublishedStructure
* insert WithoutAttachments
* extension 0..0
* name 1..1
* address 1..*
* address ^comment = "Folkbokföringsadress; for a person with skyddad folkbokföring the särskild postadress stands in its place."
* insert Without(active)
* insert Without(telecom)
* insert Without(gender)
* insert Without(birthDate)
* insert Without(deceased[x])
* insert Without(maritalStatus)
* insert Without(multipleBirth[x])
* insert Without(photo)
* insert Without(contact)
* insert Without(communication)
* insert Without(generalPractitioner)
* insert Without(managingOrganization)
* insert Without(link)

Profile: MinimumOrganization
Parent: discharge-organization
Id: minimum-organization
Title: "Organization in an admission notice"
Description: "Enhet i inskrivningsmeddelandet: who sends and who receives."
* insert PublishedStructure
* insert WithoutAttachments
* extension 0..0
* insert Without(type)
* insert Without(contact)
* insert Without(endpoint)

Profile: MinimumPractitioner
Parent: Practitioner
Id: minimum-practitioner
Title: "Practitioner in an admission notice"
Description: "Person i tjänst i inskrivningsmeddelandet: who answers for the notice."
* insert PublishedStructure
* insert WithoutAttachments
* extension 0..0
* insert Without(address)
* insert Without(gender)
* insert Without(birthDate)
* insert Without(photo)
* insert Without(qualification)
* insert Without(communication)

Profile: MinimumPractitionerRole
Parent: discharge-practitioner-role
Id: minimum-practitioner-role
Title: "Practitioner's role in an admission notice"
Description: "Uppdrag i inskrivningsmeddelandet: for which unit a person answers."
* insert PublishedStructure
* insert WithoutAttachments
* extension 0..0
* insert Without(period)
* insert Without(code)
* insert Without(specialty)
* insert Without(location)
* insert Without(healthcareService)
* insert Without(availableTime)
* insert Without(notAvailable)
* insert Without(availabilityExceptions)
* insert Without(endpoint)

Profile: MinimumTask
Parent: participation-task
Id: minimum-task
Title: "Task in an admission notice"
Description: "Uppgift i inskrivningsmeddelandet: that the receiver is asked to begin planning (LAW 2:6), and nothing about why."
* insert PublishedStructure
* insert WithoutAttachments
* extension 0..0
* insert Without(instantiatesCanonical)
* insert Without(instantiatesUri)
* insert Without(statusReason)
* insert Without(businessStatus)
* insert Without(priority)
* insert Without(description)
* insert Without(executionPeriod)
* insert Without(performerType)
* insert Without(location)
* insert Without(reasonCode)
* insert Without(reasonReference)
* insert Without(insurance)
* insert Without(note)
* insert Without(relevantHistory)
* insert Without(restriction)
* insert Without(input)
* insert Without(output)

Profile: MinimumProvenance
Parent: message-provenance
Id: minimum-provenance
Title: "Provenance in an admission notice"
Description: "Härkomst i inskrivningsmeddelandet: which message this one follows."
* insert PublishedStructure
* insert WithoutAttachments
* extension 0..0
* occurred[x] only dateTime
* insert Without(policy)
* insert Without(location)
* insert Without(reason)
* insert Without(signature)
