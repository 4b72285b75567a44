Profile: Sip
Parent: CarePlan
Id: sip
Title: "Coordinated individual plan"
Description: "Samordnad individuell plan (SIP), or one party's contribution to it. Drawn up only if the person consents (LAW 4:2)."
* insert CoordinatedPlan
* obeys sip-overall
* insert Ground(., [[LAW 4:1-2; HSL 16:4; SoL (2025:400) 10:8-9]])
* category[kind] = $typeofcareplan#SIP
* insert Ground(extension[overallResponsibility], [[LAW 4:1: which huvudman has the overall responsibility]])
* activity 1..*

Invariant: sip-overall
Description: "A plan in force should say which huvudman has the overall responsibility (LAW 4:1), in the extension overall-responsibility; a party's contribution need not."
Severity: #warning
Expression: "status != 'active' or extension.where(url = 'https://discharge-adapter.example/fhir/StructureDefinition/overall-responsibility').exists()"
