// Where others write the same thing otherwise.

RuleSet: OwnMap(id, title)
* id = "{id}"
* url = "https://discharge-adapter.example/fhir/ConceptMap/{id}"
* version = "1.0.0"
* title = "{title}"
* status = #active
* experimental = false
* publisher = "discharge-adapter"
* jurisdiction = urn:iso:std:iso:3166#SE "Sweden"

RuleSet: Same(code, target)
* group[=].element[+].code = {code}
* group[=].element[=].target.code = {target}
* group[=].element[=].target.equivalence = #equal

Instance: HsaIdSystem
InstanceOf: ConceptMap
Usage: #definition
* insert OwnMap(hsa-id-system, [[Identifier system of the HSA-id in RIV-TA and in FHIR (HSA-id i RIV-TA och FHIR)]])
* name = "HsaIdSystem"
* description = "The HSA-id has one OID in the RIV-TA service contracts and another in the Swedish FHIR base profiles. The value is the same."
* group[+].source = "urn:ietf:rfc:3986"
* group[=].target = "urn:ietf:rfc:3986"
* insert Same(#urn:oid:1.2.752.129.2.1.4.1, #urn:oid:1.2.752.29.4.19)

Instance: PersonIdSystem
InstanceOf: ConceptMap
Usage: #definition
* insert OwnMap(person-id-system, [[Identifier system of a person in RIV-TA and in FHIR (personidentitet i RIV-TA och FHIR)]])
* name = "PersonIdSystem"
* description = "patientId.type in the RIV-TA service contracts and Patient.identifier.system in the Swedish FHIR base profiles. The value is the same, 12 digits without separator."
* group[+].source = "urn:ietf:rfc:3986"
* group[=].target = "urn:ietf:rfc:3986"
* insert Same(#urn:oid:1.2.752.129.2.1.3.1, #http://electronichealth.se/identifier/personnummer)
* insert Same(#urn:oid:1.2.752.129.2.1.3.3, #http://electronichealth.se/identifier/samordningsnummer)

Instance: HsaBefattningSystem
InstanceOf: ConceptMap
Usage: #definition
* insert OwnMap(hsa-befattning-system, [[Code system of HSA befattning as hl7se.fhir.base 1.1.0 writes it (kodsystem för HSA befattning)]])
* name = "HsaBefattningSystem"
* description = "hl7se.fhir.base 1.1.0 publishes the code system of HSA befattning with a slip of a digit, 1.2.759 for 1.2.752, in a required binding. The codes are the same; the correct system is the target."
* group[+].source = "urn:ietf:rfc:3986"
* group[=].target = "urn:ietf:rfc:3986"
* insert Same(#urn:oid:1.2.759.129.2.2.1.4, #urn:oid:1.2.752.129.2.2.1.4)
