Profile: HospitalStay
Parent: Encounter
Id: hospital-stay
Title: "Hospital stay"
Description: "Vårdtillfälle i sluten vård: admission, estimated discharge, the assessment that the person is ready, and the discharge."
* insert PublishedStructure
* obeys enc-finished and enc-not-over and enc-ready-after-admission
* extension contains
    EstimatedDischarge named estimatedDischarge 0..1 MS and
    NeedAssessed named needAssessed 0..1 MS and
    ReadyAssessed named readyAssessed 0..1 MS and
    PlacingMunicipality named placingMunicipality 0..1 MS
* insert Ground(extension[estimatedDischarge], [[LAW 2:2, 2:4]])
* insert Ground(extension[needAssessed], [[LAW 2:3: the clock starts at the admission, or when the need was assessed if that came later]])
* insert Ground(extension[readyAssessed], [[LAW 1:3 p 5, 3:1]])
* insert Ground(extension[placingMunicipality], [[LAW 5:2]])
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains stay 1..1 MS
* identifier[stay].system = $sid-stay
* identifier[stay].value 1..1
* identifier[stay] ^short = "The stay: the same in every message about it. A re-admission is another stay"
* status MS
* status from HospitalStayStatusValueSet (required)
* class = $v3-ActCode#IMP
* subject 1..1 MS
* subject only Reference(Patient)
* period MS
* period.start MS
* period.start obeys stay-instant
* period.start ^short = "Admission (inskrivning)"
* insert Ground(period.start, [[LAW 2:1, 2:3]])
* period.end MS
* period.end obeys stay-instant
* period.end ^short = "Discharge (utskrivning)"
* insert Ground(period.end, [[LAW 3:2]])
* serviceProvider MS
* serviceProvider ^short = "The unit where the person is cared for"

Invariant: enc-finished
Description: "A stay that is finished shall say when the person was discharged: period.end."
Severity: #error
Expression: "status = 'finished' implies period.end.exists()"

Invariant: enc-not-over
Description: "A stay that is not over shall have no period.end; what is only expected goes in the extension estimated-discharge."
Severity: #error
Expression: "(status = 'planned' or status = 'in-progress' or status = 'onleave') implies period.end.empty()"

Invariant: enc-ready-after-admission
Description: "The assessment that the person is ready shall not be earlier than the admission."
Severity: #error
Expression: "period.start.empty() or extension.where(url = 'https://discharge-adapter.example/fhir/StructureDefinition/ready-assessed').extension.where(url = 'time').value.all($this >= %resource.period.start)"
