Instance: implementation-guide
InstanceOf: ImplementationGuide
Usage: #definition
* id = "discharge-adapter.fhir"
* url = "https://discharge-adapter.example/fhir/ImplementationGuide/discharge-adapter.fhir"
* version = "1.0.0"
* name = "DischargePlanning"
* title = "Discharge planning between Swedish regions and municipalities"
* status = #active
* experimental = false
* date = "2026-11-22"
* publisher = "discharge-adapter"
* jurisdiction = urn:iso:std:iso:3166#SE "Sweden"
* description = "Messages of discharge planning (utskrivningsplanering) under Lag (2017:612): events, profiles, codes and what each party's system sends and takes in."
* packageId = "discharge-adapter.fhir"
* license = #Apache-2.0
* fhirVersion = #4.0.1
