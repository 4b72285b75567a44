Profile: DischargeOrganization
Parent: Organization
Id: discharge-organization
Title: "Organization"
Description: "Organisation eller enhet: a region, a municipality or a unit of theirs, down to a mobile team. Everything that is valid by this profile is valid by SEBaseOrganization of hl7se.fhir.base 1.1.0 too."
* insert PublishedStructure
* obeys org-identity and org-mobile-team
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains hsaid 0..1 MS and hsaidRiv 0..1 MS and organizationIdentifier 0..1 MS and kommunkod 0..1 MS
* identifier ^comment = "The HSA-id selects the route. A municipality may be addressed by its kommunkod instead."
* identifier[hsaid].system = $hsa
* identifier[hsaid].value 1..1
* identifier[hsaid] obeys org-hsa
* identifier[hsaid] ^short = "HSA-id"
* identifier[hsaidRiv].system = $hsa-riv
* identifier[hsaidRiv].value 1..1
* identifier[hsaidRiv] obeys org-hsa
* identifier[hsaidRiv] ^short = "The same HSA-id under the OID that RIV-TA uses"
* identifier[organizationIdentifier].system = $orgnr
* identifier[organizationIdentifier].value 1..1
* identifier[organizationIdentifier] ^short = "Organisationsnummer"
* identifier[kommunkod].system = $sid-kommunkod
* identifier[kommunkod].value 1..1
* identifier[kommunkod] obeys org-kommunkod
* identifier[kommunkod] ^short = "Kommunkod: four digits, leading zeros kept (0980 Gotland)"
* type MS
* type from UnitKindValueSet (preferred)
* name MS
* partOf MS
* partOf ^short = "The organization that this is a unit of"

Invariant: org-identity
Description: "An organization shall have an HSA-id or a kommunkod: nothing else tells where to send."
Severity: #error
Expression: "identifier.where((system = 'urn:oid:1.2.752.29.4.19' or system = 'urn:oid:1.2.752.129.2.1.4.1' or system = 'https://discharge-adapter.example/fhir/sid/kommunkod') and value.exists()).exists()"

Invariant: org-hsa
Description: "An HSA-id has the form SE, ten digits, a hyphen and up to 18 letters or digits."
Severity: #warning
Expression: "value.matches('^SE[0-9]{10}-[A-Za-z0-9]{1,18}$')"

Invariant: org-kommunkod
Description: "A kommunkod shall be four digits, leading zeros kept."
Severity: #error
Expression: "value.matches('^[0-9]{4}$')"

Invariant: org-mobile-team
Description: "A mobile team shall say which organization it is part of."
Severity: #error
Expression: "type.coding.where(system = 'https://discharge-adapter.example/fhir/CodeSystem/unit-kind' and code = 'mobile-team').empty() or partOf.exists()"
