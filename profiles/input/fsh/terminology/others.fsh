// Codes of others, by reference: their code systems are not in this package.

ValueSet: SecurityLabelValueSet
Id: security-label
Title: "Protection of a person (skyddsmarkering)"
Description: "The two labels of hl7se.fhir.base: sekretessmarkering is shown as a warning, skyddad folkbokföring holds the message until it is released."
* insert Published
* $security-label#sekretessmarkering "Sekretessmarkering"
* $security-label#skyddadFolkbokforing "Skyddad folkbokföring"

ValueSet: AddressKindValueSet
Id: address-kind
Title: "Kind of address (adresstyp)"
Description: "The kinds of address that discharge planning uses, of those in hl7se.fhir.base. SNOMED CT, Swedish extension."
* insert Published
* $sct#63381000052101 "folkbokföringsadress"
* $sct#63391000052104 "särskild postadress"
* $sct#63411000052104 "uppgiven adress"

ValueSet: CarePlanTypeValueSet
Id: care-plan-type
Title: "Type of care plan (typ av vårdplan)"
Description: "Inera's draft codes, the same as TypeOfCarePlan in the service contract GetCarePlans 2.0. SVP is a standardised care plan."
* insert Published
* $typeofcareplan#SIP
* $typeofcareplan#SPLPTLRV
* $typeofcareplan#SPU
* $typeofcareplan#VP
* $typeofcareplan#HP
* $typeofcareplan#RP
* $typeofcareplan#GP
* $typeofcareplan#SVP

ValueSet: CoordinatedPlanKindValueSet
Id: coordinated-plan-kind
Title: "Kind of coordinated plan (typ av samordnad plan)"
Description: "SIP, or under LPT 7 a § or LRV 12 a § SPLPTLRV in its place (LAW 4:1)."
* insert Published
* $typeofcareplan#SIP
* $typeofcareplan#SPLPTLRV

ValueSet: MessageRelationValueSet
Id: message-relation
Title: "How a message relates to another (relation till annat meddelande)"
Description: "derivation: follows it in the case; source: answers it; revision: corrects it or takes it back."
* insert Published
* http://hl7.org/fhir/provenance-entity-role#derivation
* http://hl7.org/fhir/provenance-entity-role#source
* http://hl7.org/fhir/provenance-entity-role#revision
