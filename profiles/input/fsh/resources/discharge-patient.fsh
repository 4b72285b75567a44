Profile: DischargePatient
Parent: Patient
Id: discharge-patient
Title: "Patient"
Description: "Patienten. The person whom the planning is about, as all parties must be able to identify her or him. Everything that is valid by this profile is valid by SEBasePatient of hl7se.fhir.base 1.1.0 too."
* insert PublishedStructure
* obeys pat-protected-address
* meta.security from SecurityLabelValueSet (extensible)
* meta.security MS
* meta.security ^comment = "sekretessmarkering: shown as a warning, end to end. skyddadFolkbokforing: the message is held until a person releases it."
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains personnummer 0..1 MS and samordningsnummer 0..1 MS and nationelltReservnummer 0..1 MS
* insert Ground(identifier, [[LAW 2:2: personnummer]])
* identifier ^comment = "A regional reserve number has its own system. When a reserve number is replaced by a personnummer, both are sent together once."
* identifier.system 1..1
* identifier.value 1..1
* identifier[personnummer].system = $personnummer
* identifier[personnummer] ^short = "Personnummer, 12 digits without separator"
* identifier[personnummer] obeys pat-personnummer
* identifier[samordningsnummer].system = $samordningsnummer
* identifier[samordningsnummer] ^short = "Samordningsnummer, 12 digits without separator, 60 added to the day"
* identifier[samordningsnummer] obeys pat-samordningsnummer
* identifier[nationelltReservnummer].system = $reservnummer
* identifier[nationelltReservnummer] ^short = "National reserve number: an opaque string"
* name 1..1 MS
* name obeys pat-name
* insert Ground(name, [[LAW 2:2: namn]])
* name.family MS
* name.given MS
* address MS
* insert Ground(address, [[LAW 2:2: folkbokföringsadress]])
* address obeys pat-address-kind
* address ^comment = "Its kind is the extension SEBaseAddressPersonExtension of hl7se.fhir.base, with a code of the ValueSet address-kind."
* address.line MS
* address.postalCode MS
* address.city MS

Invariant: pat-personnummer
Description: "A personnummer shall be 12 digits without separator, with a day of 01 to 31."
Severity: #error
Expression: "value.matches('^[0-9]{6}(0[1-9]|[12][0-9]|3[01])[0-9]{4}$')"

Invariant: pat-samordningsnummer
Description: "A samordningsnummer shall be 12 digits without separator, with 60 added to the day: 60 (unknown day) to 91."
Severity: #error
Expression: "value.matches('^[0-9]{6}([678][0-9]|9[01])[0-9]{4}$')"

Invariant: pat-address-kind
Description: "An address shall have at most one kind, a SNOMED CT code: 63381000052101 folkbokföringsadress, 63391000052104 särskild postadress or 63411000052104 uppgiven adress."
Severity: #error
Expression: "extension.where(url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension').count() <= 1 and extension.where(url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension').all(value.coding.where(system = 'http://snomed.info/sct' and (code = '63381000052101' or code = '63391000052104' or code = '63411000052104')).exists())"

Invariant: pat-name
Description: "The name shall have a family name or a given name."
Severity: #error
Expression: "family.exists() or given.exists()"

Invariant: pat-protected-address
Description: "A person with skyddad folkbokföring is addressed by the särskild postadress: the message should not hold the folkbokföringsadress."
Severity: #warning
Expression: "meta.security.where(code = 'skyddadFolkbokforing').empty() or address.extension.where(url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension').value.coding.where(code = '63381000052101').empty()"
