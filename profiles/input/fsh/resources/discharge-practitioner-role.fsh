Profile: DischargePractitionerRole
Parent: PractitionerRole
Id: discharge-practitioner-role
Title: "Practitioner's role"
Description: "Medarbetaruppdrag: a person in service at a unit."
* insert PublishedStructure
* obeys rol-befattning
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains hsaid 0..1 MS
* identifier[hsaid].system = $hsa
* identifier[hsaid].value 1..1
* practitioner MS
* organization 1..1 MS
* insert Named(organization)
* code MS
* code ^comment = "HSA befattning has the OID 1.2.752.129.2.2.1.4. hl7se.fhir.base 1.1.0 publishes it as 1.2.759.129.2.2.1.4: see the ConceptMap hsa-befattning-system."
* telecom MS

Invariant: rol-befattning
Description: "The code system of HSA befattning is urn:oid:1.2.752.129.2.2.1.4; urn:oid:1.2.759.129.2.2.1.4, as hl7se.fhir.base 1.1.0 has it, is a slip of a digit."
Severity: #warning
Expression: "code.coding.where(system = 'urn:oid:1.2.759.129.2.2.1.4').empty()"
