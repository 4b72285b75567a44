"""An example of each rule for the catalogue: content that breaks it, the same mended, and what the profile says.

Content is a type and JSON, cut to what matters; what is no JSON is in words.
"""

from typing import NamedTuple

from adapter.validation.rules.questionnaire_examples import QUESTIONNAIRE_EXAMPLES


class Example(NamedTuple):
    """`given` is what a profile, a code system or the rest of the resource says."""

    wrong: str
    right: str
    given: str = ""


_VALUE_SET = "the profile binds maritalStatus to a value set with the code a"
_SLICED = "the profile slices telecom by use, into home and work"

EXAMPLES = {
    "base-type": Example('Patient {"active": "true"}', 'Patient {"active": true}'),
    "base-resource-type": Example('{"resourceType": "Patients"}', '{"resourceType": "Patient"}'),
    "base-unknown-element": Example('Patient {"nmae": [{"text": "A"}]}', 'Patient {"name": [{"text": "A"}]}'),
    "base-required": Example(
        'Observation {"status": "final"}', 'Observation {"status": "final", "code": {"text": "A"}}'
    ),
    "base-list": Example('Patient {"name": {"text": "A"}}', 'Patient {"name": [{"text": "A"}]}'),
    "base-empty": Example('Patient {"name": []}', "Patient {}"),
    "base-choice": Example(
        'Patient {"deceasedBoolean": true, "deceasedDateTime": "2026-03-09"}',
        'Patient {"deceasedDateTime": "2026-03-09"}',
    ),
    "base-format": Example('Patient {"birthDate": "2025-02-29"}', 'Patient {"birthDate": "2024-02-29"}'),
    "base-narrative": Example(
        'Patient {"text": {"status": "generated", "div": "<div>A</div>"}}',
        'Patient {"text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\">A</div>"}}',
    ),
    "base-too-long": Example("name.text with 2 000 000 characters", "name.text with 100 characters"),
    "base-primitive-extension": Example(
        'Patient {"name": [{"given": ["A"], "_given": [null, {"id": "x"}]}]}',
        'Patient {"name": [{"given": ["A", "B"], "_given": [null, {"id": "x"}]}]}',
    ),
    "base-contained": Example(
        'Patient {"contained": [{"resourceType": "Basic", "code": {"text": "A"}}]}',
        'Patient {"contained": [{"resourceType": "Organization", "id": "o", "name": "A"}], '
        '"managingOrganization": {"reference": "#o"}}',
    ),
    "base-reference": Example(
        'Patient {"managingOrganization": {"reference": "#o"}}',
        'Patient {"managingOrganization": {"reference": "Organization/o"}}',
        "nothing is contained",
    ),
    "base-reference-missing": Example(
        'Patient {"managingOrganization": {"reference": "Organization/o"}}',
        'Patient {"managingOrganization": {"display": "A"}}',
        "missing targets are asked for, and no Organization is given beside",
    ),
    "base-text-markup": Example(
        'Patient {"name": [{"text": "A<b>B</b>"}]}',
        'Patient {"name": [{"text": "A B"}]}',
        "markup is asked for",
    ),
    "base-url-example": Example(
        'Patient {"photo": [{"url": "https://example.org/a"}]}',
        'Patient {"photo": [{"url": "https://www.skr.se/a"}]}',
        "example URLs are asked for",
    ),
    "base-depth": Example("an extension in an extension, 200 levels deep", "at most 100 levels"),
    "base-xml": Example(
        '<Patient xmlns="http://hl7.org/fhir"><gender value="female"/><active value="true"/></Patient>',
        '<Patient xmlns="http://hl7.org/fhir"><active value="true"/><gender value="female"/></Patient>',
    ),
    "not-readable": Example('{"resourceType": "Patient", "active": true, "active": false}', 'Patient {"active": true}'),
    "base-blank": Example('Patient {"name": [{"text": " "}]}', 'Patient {"name": [{"text": "A"}]}'),
    "base-id-duplicate": Example(
        'Patient {"name": [{"id": "a", "text": "A"}, {"id": "a", "text": "B"}]}',
        'Patient {"name": [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]}',
    ),
    "base-invariant": Example(
        'Patient {"contact": [{"gender": "female"}]}', 'Patient {"contact": [{"name": {"text": "A"}}]}', "pat-1"
    ),
    "base-invariant-not-evaluated": Example(
        '"expression": "descendants().aggregate(…)"', '"expression": "name.exists()"', "a constraint of a profile"
    ),
    "base-system": Example(
        'Patient {"identifier": [{"system": "numbers", "value": "1"}]}',
        'Patient {"identifier": [{"system": "http://ours.example/numbers", "value": "1"}]}',
    ),
    "base-attachment-size": Example(
        'Patient {"photo": [{"contentType": "text/plain", "data": "aGVsbG8=", "size": 6}]}',
        'Patient {"photo": [{"contentType": "text/plain", "data": "aGVsbG8=", "size": 5}]}',
    ),
    "base-reference-type": Example(
        'Patient {"managingOrganization": {"reference": "Practitioner/1"}}',
        'Patient {"managingOrganization": {"reference": "Organization/1"}}',
    ),
    "base-reference-invalid": Example(
        'Patient {"managingOrganization": {"reference": "Organization/a b"}}',
        'Patient {"managingOrganization": {"reference": "Organization/a"}}',
    ),
    "base-reference-aggregation": Example(
        'Patient {"contained": [{"resourceType": "Organization", "id": "o", "name": "A"}], '
        '"managingOrganization": {"reference": "#o"}}',
        'Patient {"managingOrganization": {"reference": "Organization/o"}}',
        "the profile allows the aggregation referenced only",
    ),
    "base-reference-required": Example(
        'Patient {"managingOrganization": {"reference": "Organization/o"}}',
        'Patient {"contained": [{"resourceType": "Organization", "id": "o", "name": "A"}], '
        '"managingOrganization": {"reference": "#o"}}',
        "the profile allows the aggregation contained only",
    ),
    "base-contained-unused": Example(
        'Patient {"contained": [{"resourceType": "Organization", "id": "o", "name": "A"}]}',
        'Patient {"contained": [{"resourceType": "Organization", "id": "o", "name": "A"}], '
        '"managingOrganization": {"reference": "#o"}}',
    ),
    "base-contained-duplicate": Example(
        'Patient {"contained": [{"resourceType": "Organization", "id": "o", "name": "A"}, '
        '{"resourceType": "Organization", "id": "o", "name": "B"}], "managingOrganization": {"reference": "#o"}}',
        'Patient {"contained": [{"resourceType": "Organization", "id": "o", "name": "A"}], '
        '"managingOrganization": {"reference": "#o"}}',
    ),
    "base-extension-url": Example(
        'Patient {"extension": [{"url": "habit", "valueCode": "a"}]}',
        'Patient {"extension": [{"url": "http://ours.example/habit", "valueCode": "a"}]}',
    ),
    "base-extension-unknown": Example(
        'Patient {"extension": [{"url": "http://ours.example/habbit", "valueCode": "a"}]}',
        'Patient {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", '
        '"valueAddress": {"city": "Umeå"}}]}',
    ),
    "base-extension-part": Example(
        'Patient {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-nationality", '
        '"extension": [{"url": "land", "valueCodeableConcept": {"text": "Sverige"}}]}]}',
        'Patient {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-nationality", '
        '"extension": [{"url": "code", "valueCodeableConcept": {"text": "Sverige"}}]}]}',
    ),
    "base-extension-context": Example(
        'Organization {"name": "A", '
        '"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", '
        '"valueAddress": {"city": "Umeå"}}]}',
        'Patient {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", '
        '"valueAddress": {"city": "Umeå"}}]}',
    ),
    "base-extension-modifier": Example(
        'Patient {"modifierExtension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", '
        '"valueAddress": {"city": "Umeå"}}]}',
        'Patient {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", '
        '"valueAddress": {"city": "Umeå"}}]}',
    ),
    "base-narrative-content": Example(
        'Patient {"text": {"status": "generated", '
        '"div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p onclick=\\"x\\">A</p></div>"}}',
        'Patient {"text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>A</p></div>"}}',
    ),
    "base-narrative-empty": Example(
        'Patient {"text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p/></div>"}}',
        'Patient {"text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>A</p></div>"}}',
    ),
    "base-narrative-language": Example(
        'Patient {"language": "sv", "text": {"status": "generated", '
        '"div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\">A</div>"}}',
        'Patient {"language": "sv", "text": {"status": "generated", '
        '"div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\" lang=\\"sv\\" xml:lang=\\"sv\\">A</div>"}}',
    ),
    "base-definition": Example(
        '"differential": {"element": [{"path": "Patient.nmae", "min": 1}]}',
        '"differential": {"element": [{"path": "Patient.name", "min": 1}]}',
        "a StructureDefinition with the base Patient",
    ),
    "base-definition-circle": Example(
        '"url": "http://ours.example/p", "baseDefinition": "http://ours.example/p"',
        '"url": "http://ours.example/p", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient"',
        "a StructureDefinition",
    ),
    "base-definition-content": Example(
        '"property": [{"code": "p", "type": "string"}], "concept": [{"code": "a", "property": [{"code": "q", ...}]}]',
        '"property": [{"code": "p", "type": "string"}], "concept": [{"code": "a", "property": [{"code": "p", ...}]}]',
        "a CodeSystem",
    ),
    "code-required": Example('Patient {"gender": "kvinna"}', 'Patient {"gender": "female"}'),
    "code-extensible": Example('"maritalStatus": coded b', '"maritalStatus": coded a', f"{_VALUE_SET}, extensibly"),
    "code-preferred": Example('"maritalStatus": coded b', '"maritalStatus": coded a', f"{_VALUE_SET}, as preferred"),
    "code-maximum": Example('"maritalStatus": coded b', '"maritalStatus": coded a', f"{_VALUE_SET}, as the largest"),
    "code-undecided": Example(
        '"code": {"coding": [{"system": "http://snomed.info/sct", "code": "…"}]}',
        "the same, with a package or a terminology server that knows the codes",
        "the profile binds code to a value set of SNOMED CT codes",
    ),
    "code-unknown": Example(
        'Patient {"maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", '
        '"code": "X"}]}}',
        'Patient {"maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", '
        '"code": "M"}]}}',
    ),
    "code-display": Example(
        'Patient {"maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", '
        '"code": "M", "display": "Divorced"}]}}',
        'Patient {"maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", '
        '"code": "M", "display": "Married"}]}}',
    ),
    "bundle-first": Example(
        "Bundle of type message: Patient, MessageHeader", "Bundle of type message: MessageHeader, Patient"
    ),
    "bundle-fullurl": Example(
        'Bundle {"type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}',
        'Bundle {"type": "collection", "entry": [{"fullUrl": "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b11", '
        '"resource": {"resourceType": "Patient"}}]}',
    ),
    "bundle-fullurl-id": Example(
        'Bundle {"type": "collection", "entry": [{"fullUrl": "http://ours.example/Patient/1", '
        '"resource": {"resourceType": "Patient", "id": "2"}}]}',
        'Bundle {"type": "collection", "entry": [{"fullUrl": "http://ours.example/Patient/1", '
        '"resource": {"resourceType": "Patient", "id": "1"}}]}',
    ),
    "bundle-reference": Example(
        '"focus": [{"reference": "urn:uuid:…"}], and no such entry', "the entry is in the Bundle"
    ),
    "bundle-reference-indirect": Example(
        '"reference": "Patient/1", from an entry urn:uuid:…', '"reference": "urn:uuid:…"'
    ),
    "bundle-reference-ambiguous": Example("two entries with the fullUrl that is referred to", "one entry with it"),
    "bundle-fullurl-missing": Example(
        "an entry without fullUrl that holds a relative reference", "the entry with a fullUrl", "a transaction"
    ),
    "bundle-unlinked": Example(
        "Composition, and a Patient that nothing refers to", "Composition.subject leads to the Patient"
    ),
    "bundle-unlinked-message": Example(
        "MessageHeader, and a Patient that nothing refers to", "focus leads to the Patient"
    ),
    "bundle-link": Example(
        'Bundle {"type": "collection", "link": [{"relation": "next", "url": "http://ours.example"}]}',
        'Bundle {"type": "collection", "link": [{"relation": "self", "url": "http://ours.example"}]}',
    ),
    "bundle-stylesheet": Example(
        '"link": [{"relation": "stylesheet", "url": "Binary/1"}], and no such entry', "Binary/1 is an entry"
    ),
    "bundle-stylesheet-external": Example(
        '"link": [{"relation": "stylesheet", "url": "http://ours.example/a.css"}]',
        '"link": [{"relation": "stylesheet", "url": "Binary/1"}]',
    ),
    "bundle-search-entry": Example("a match without id", 'a match with "id": "1"'),
    "bundle-search-type": Example(
        'a Practitioner with "search": {"mode": "match"}, where Patients were searched for',
        'the Practitioner with "search": {"mode": "include"}',
    ),
    "bundle-search-mode": Example('{"resource": …}', '{"resource": …, "search": {"mode": "match"}}', "a searchset"),
    "profile-unknown": Example(
        "--profile http://ours.example/not-loaded", "--profile …, with the --package that has it"
    ),
    "profile-claim-unknown": Example(
        'Patient {"meta": {"profile": ["http://ours.example/not-loaded"]}}', "Patient {}", "no package has it"
    ),
    "profile-unusable": Example("a snapshot that begins with Patient.name", "a snapshot that begins with Patient"),
    "profile-type": Example("a Task, against a profile of Patient", "a Patient"),
    "profile-min": Example(
        'Patient {"active": true}', 'Patient {"active": true, "birthDate": "1941"}', "birthDate 1..1"
    ),
    "profile-max": Example(
        'Patient {"name": [{"text": "A"}, {"text": "B"}]}', 'Patient {"name": [{"text": "A"}]}', "name 0..1"
    ),
    "profile-element-type": Example(
        'Patient {"deceasedBoolean": true}', 'Patient {"deceasedDateTime": "2026"}', "deceased[x] only dateTime"
    ),
    "profile-fixed": Example('Patient {"gender": "male"}', 'Patient {"gender": "female"}', "fixedCode female"),
    "profile-pattern": Example(
        '"code": {"text": "A"}', '"code": {"coding": […], "text": "A"}', "a patternCodeableConcept"
    ),
    "profile-min-value": Example('"valueInteger": 0', '"valueInteger": 1', "minValueInteger 1"),
    "profile-max-value": Example('"valueInteger": 11', '"valueInteger": 10', "maxValueInteger 10"),
    "profile-range-undecided": Example(
        '"valueQuantity": {"value": 80}',
        '"valueQuantity": {"value": 80, "system": "http://unitsofmeasure.org", "code": "kg"}',
        "maxValueQuantity 300 kg",
    ),
    "profile-length": Example('"text": "0123456789A"', '"text": "0123456789"', "maxLength 10"),
    "profile-value": Example(
        'Patient {"_birthDate": {"id": "a"}}', 'Patient {"birthDate": "1941"}', "the profile says mustHaveValue"
    ),
    "profile-regex": Example('"postalCode": "931 34"', '"postalCode": "93134"', "regex [0-9]{5}"),
    "profile-slice-closed": Example(
        '"telecom": [{"use": "old", …}]', '"telecom": [{"use": "home", …}]', f"{_SLICED}; closed"
    ),
    "profile-slice-order": Example(
        '"telecom": [{"use": "work", …}, {"use": "home", …}]',
        '"telecom": [{"use": "home", …}, {"use": "work", …}]',
        f"{_SLICED}; ordered",
    ),
    "profile-slice-several": Example(
        "an item that fits both slices", "an item that fits one", "slices by profile that overlap"
    ),
    "profile-slice-undecided": Example(
        "a slice whose element use says nothing", "the slice with use fixed", "a slicing by value over use"
    ),
    "profile-invariant": Example('Patient {"active": true}', 'Patient {"name": [{"text": "A"}]}', "x-1: name.exists()"),
    "profile-none-fits": Example(
        '"valueReference" to a resource that keeps neither profile',
        "to one that keeps either",
        "two profiles on one type",
    ),
    "profile-target": Example(
        "managingOrganization leads to an Organization without HSA-id",
        "to one with HSA-id",
        "the profile of the target",
    ),
    "profile-entry-type": Example("an entry with an Observation", "an entry with a Task", "entry.resource only Task"),
    "profile-narrative": Example(
        'a div without class "generated"',
        'the div with class "generated"',
        "the profile controls the narrative's sources",
    ),
    "profile-faulty": Example("name 0..* where the base says 0..1", "name 0..1", "a StructureDefinition"),
    "validation-suppressed": Example(
        "beside base-format, until 2027-01-31", "the value mended, the suppression removed"
    ),
    "validation-stopped": Example("1 200 mistakes", "fewer than 1 000"),
    "validation-settings": Example("always the first issue", "nothing to mend"),
    "msg-bundle": Example('{"resourceType": "Patient"}', '{"resourceType": "Bundle", "type": "message"}'),
    "msg-type": Example('Bundle {"type": "collection"}', 'Bundle {"type": "message"}'),
    "msg-bundle-id": Example('Bundle {"type": "message"}', 'Bundle {"type": "message", "id": "3f2a…"}'),
    "msg-timestamp": Example('"timestamp": "2026-03-09T10:12:00"', '"timestamp": "2026-03-09T10:12:00+01:00"'),
    "msg-entry": Example(
        '"entry": [{"fullUrl": "urn:uuid:…"}]', '"entry": [{"fullUrl": "urn:uuid:…", "resource": {…}}]'
    ),
    "msg-header-first": Example("entries: Patient, MessageHeader", "entries: MessageHeader, Patient"),
    "msg-header-one": Example("two MessageHeaders", "one, and the earlier message's id in Provenance.entity"),
    "msg-fullurl": Example('"fullUrl": "Patient/1"', '"fullUrl": "urn:uuid:…", with the same UUID as id'),
    "msg-fullurl-unique": Example("two entries with one fullUrl", "each with its own"),
    "msg-header-id": Example("MessageHeader without id", "MessageHeader with a new UUID as id"),
    "msg-event": Example('"eventUri": "http://…"', '"eventCoding": {"system": "…/CodeSystem/event", "code": "sip"}'),
    "msg-destination": Example('"destination": []', '"destination": [{"endpoint": "https://…", "receiver": {…}}]'),
    "msg-destination-receiver": Example(
        '"destination": [{"endpoint": "https://…"}]',
        '"destination": [{"endpoint": "https://…", "receiver": {"identifier": '
        '{"system": "urn:oid:1.2.752.29.4.19", "value": "SE2120002643-MOTT01"}}}]',
    ),
    "msg-sender": Example(
        "MessageHeader without sender", '"sender": {"reference": "urn:uuid:…"}, an Organization with HSA-id'
    ),
    "msg-hsa-form": Example('"value": "2120002643-MOTT01"', '"value": "SE2120002643-MOTT01"'),
    "msg-focus": Example('"focus": [{"reference": "urn:uuid:…"}], and no such entry', "the resource is an entry"),
    "msg-reference": Example(
        '"subject": {"reference": "Patient/1"}, and no such entry', "the fullUrl of the Patient's entry"
    ),
    "msg-response": Example('"response": {"code": "ok"}', '"response": {"identifier": "3f2a…", "code": "ok"}'),
    "msg-response-event": Example(
        "event sip with response", "event sip without; or event acknowledgement with response"
    ),
    "msg-response-details": Example(
        '"response": {"identifier": "3f2a…", "code": "fatal-error"}',
        '"response": {…, "details": {"reference": "urn:uuid:…"}}, an OperationOutcome',
    ),
    "msg-patient-one": Example("two Patients", "one Patient"),
    "msg-patient-identifier": Example(
        '"identifier": [{"value": "…"}]',
        '"identifier": [{"system": "http://electronichealth.se/identifier/personnummer", …}]',
    ),
    "msg-patient-number": Example("10 digits, or a wrong check digit", "12 digits, with the right check digit"),
    "msg-provenance-missing": Example("no Provenance", "a Provenance with the MessageHeader as target"),
    "msg-provenance-target": Example("two Provenances of the MessageHeader", "one, and those of earlier messages"),
    "msg-definition": Example("a message without the resource in focus that its event asks for", "with it in focus"),
    "measure-unknown": Example(
        '"measure": "http://ours.example/m|9"', '"measure": "http://ours.example/m|1", which is loaded'
    ),
    "measure-part": Example(
        "no population", "a population with its code", "the group of the measure has one population"
    ),
    "measure-score": Example('"measureScore": {"value": 40}', '"measureScore": {"value": 0.4}', "a proportion"),
    "measure-subjects": Example(
        '"type": "summary", and a population with subjectResults', '"type": "subject-list"', "the measure"
    ),
    **{rule: Example(*each) for rule, each in QUESTIONNAIRE_EXAMPLES.items()},
}
