// Profiles that exercise each way in which a differential changes its base.

Alias: $personnummer = http://electronichealth.se/identifier/personnummer
Alias: $loinc = http://loinc.org

Extension: Ward
Id: ward
Description: "A simple extension."
Context: Encounter
* ^extension[0].url = "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status"
* ^extension[0].valueCode = #draft
* value[x] only string
* valueString 1..1
* valueString ^maxLength = 40

Extension: Assessment
Id: assessment
Description: "A complex extension with a choice."
Context: Encounter
* extension contains
    time 1..1 and
    assessor 0..*
* extension[time].value[x] only dateTime
* extension[time].valueDateTime 1..1
* extension[assessor].value[x] only Reference(Practitioner or PractitionerRole) or string
* extension[assessor].value[x] 1..1

Extension: Restraint
Id: restraint
Description: "A modifier."
Context: Encounter
* . ?!
* . ^isModifierReason = "Says that the stay does not count"
* value[x] only boolean

Profile: NumberedIdentifier
Parent: Identifier
Id: numbered-identifier
Description: "A profile on a datatype."
* system 1..1
* value 1..1
* obeys num-1
* period.start 1..1

Invariant: num-1
Description: "A number has no blanks"
Severity: #error
Expression: "value.contains(' ').not()"

Invariant: enc-1
Description: "A finished stay has an end"
Severity: #warning
Expression: "status = 'finished' implies period.end.exists()"

Profile: SlicedPatient
Parent: Patient
Id: sliced-patient
Description: "Slices by value, on identifiers, with a profiled datatype, and re-slices."
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier 1..*
* identifier contains
    pnr 0..1 MS and
    local 0..5
* identifier[pnr] only NumberedIdentifier
* identifier[pnr].system = $personnummer
* identifier[pnr].assigner.display 1..1
* identifier[local].system 1..1
* identifier[local] ^slicing.discriminator.type = #value
* identifier[local] ^slicing.discriminator.path = "use"
* identifier[local] ^slicing.rules = #closed
* identifier[local] contains old 0..2 and usual 1..1
* identifier[local][old].use = #old
* identifier[local][usual].use = #usual
* name.family 1..1
* deceased[x] only boolean
* multipleBirthInteger 0..1
* multipleBirthInteger ^maxValueInteger = 8
* birthDate.extension contains http://hl7.org/fhir/StructureDefinition/patient-birthTime named birthTime 0..1 MS
* contact.relationship from http://hl7.org/fhir/ValueSet/relatedperson-relationshiptype (required)
* generalPractitioner only Reference(Organization)
* link 0..0

Profile: ChildOfSliced
Parent: SlicedPatient
Id: child-of-sliced
Description: "Derives from a profile: narrows its slices, adds one, and goes below a slice that it does not name again."
* identifier contains other 0..1
* identifier[other].system = "urn:oid:1.2.3"
* identifier[pnr] 1..1
* identifier[pnr].assigner.identifier.value 1..1
* identifier[local][usual].value 1..1
* identifier[local][usual].period.end 0..0
* contact 0..1
* contact obeys enc-1
* gender 1..1
* maritalStatus = http://terminology.hl7.org/CodeSystem/v3-MaritalStatus#M

Profile: Stay
Parent: Encounter
Id: stay
Description: "Extensions, content under an extension, code patterns, invariants, backbone slices."
* obeys enc-1
* extension contains
    Ward named ward 1..1 MS and
    Assessment named assessment 0..*
* modifierExtension contains Restraint named restraint 0..1
* extension[assessment].extension[time].valueDateTime ^minValueDateTime = "2000-01-01"
* class = http://terminology.hl7.org/CodeSystem/v3-ActCode#IMP
* participant ^slicing.discriminator[0].type = #pattern
* participant ^slicing.discriminator[0].path = "type"
* participant ^slicing.discriminator[1].type = #type
* participant ^slicing.discriminator[1].path = "individual.resolve()"
* participant ^slicing.rules = #openAtEnd
* participant ^slicing.ordered = true
* participant contains doctor 1..1 and nurse 0..*
* participant[doctor].type = http://terminology.hl7.org/CodeSystem/v3-ParticipationType#ATND
* participant[doctor].individual only Reference(PractitionerRole)
* participant[nurse].individual.identifier.system = "urn:oid:1.2.752.29.4.19"
* period 1..1
* period.start 1..1
* hospitalization.dischargeDisposition.coding ^slicing.discriminator.type = #value
* hospitalization.dischargeDisposition.coding ^slicing.discriminator.path = "system"
* hospitalization.dischargeDisposition.coding ^slicing.rules = #open
* hospitalization.dischargeDisposition.coding contains national 0..1
* hospitalization.dischargeDisposition.coding[national].system = "urn:oid:1.2.752.129.2.2.2.1"
* type.text ^short = "Words"
* type.text ^definition = "...with more said."

Profile: Measured
Parent: Observation
Id: measured
Description: "Choices narrowed and sliced by type; content references walked into."
* value[x] only Quantity or CodeableConcept or string
* valueQuantity only SimpleQuantity
* valueQuantity.unit 1..1
* valueCodeableConcept from http://hl7.org/fhir/ValueSet/observation-interpretation (extensible)
* effective[x] only dateTime
* effectiveDateTime 1..1
* component.referenceRange.low 1..1
* component.referenceRange.text 0..0
* component ^slicing.discriminator.type = #value
* component ^slicing.discriminator.path = "code"
* component ^slicing.rules = #open
* component contains upper 1..1 and lower 0..1
* component[upper].code = $loinc#8480-6
* component[upper].valueQuantity = 'mm[Hg]'
* component[upper].referenceRange.high 1..1
* component[lower].value[x] only Quantity
* component[lower].valueQuantity.value 1..1

Profile: MeasuredMore
Parent: Measured
Id: measured-more
Description: "A slice by type of the base, narrowed."
* valueQuantity.code = #mm
* component[upper].referenceRange.appliesTo 1..1
* valueString 0..0

Profile: Envelope
Parent: Bundle
Id: envelope
Description: "Slices by profile; into a resource of a profile inside an entry."
* type = #message (exactly)
* entry ^slicing.discriminator.type = #profile
* entry ^slicing.discriminator.path = "resource"
* entry ^slicing.rules = #open
* entry contains patient 1..1 and stay 0..1
* entry[patient].resource only SlicedPatient
* entry[patient].resource.birthDate 1..1
* entry[stay].resource only Stay
* entry[patient].link.relation = "self"

Profile: Bound
Parent: http://hl7.org/fhir/StructureDefinition/vitalsigns
Id: bound
Description: "Over a published profile."
* code = $loinc#8310-5
* category[VSCat].text 1..1
* valueQuantity 1..1
* valueQuantity.code = #Cel

Profile: Form
Parent: Questionnaire
Id: form
Description: "A content reference to the element's own parent."
* item.item.linkId ^maxLength = 10
* item.item.item 0..0
* item.code 1..1

Logical: Letter
Id: letter
Title: "Letter"
Description: "A logical model: a specialisation that adds elements."
* sender 1..1 Identifier "Who sends"
* page 1..* BackboneElement "Pages"
  * number 1..1 positiveInt "Its number"
  * text 0..1 string "What stands on it"
* copyOf[x] 0..1 string or Reference(DocumentReference) "What it copies"
