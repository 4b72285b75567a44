"""Each rule beyond the plain structure: content that breaks it, at its place, and what mends it."""

from pathlib import Path
from typing import Any

import pytest

from adapter.validation import Outcome, Validator, catalogue, rules

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
ONE, TWO, THREE = (f"urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b1{digit}" for digit in "123")
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
ORGANIZATION: dict[str, Any] = {"resourceType": "Organization", "name": "o"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
CONTACT: dict[str, Any] = {"system": "phone", "value": "1"}


def definition(type_: str, *elements: dict[str, Any], name: str = "p", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "name": name,
        "status": "draft",
        "kind": "complex-type" if type_ == "Extension" else "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": [{"path": type_}, *elements]},
        **more,
    }


def element(path: str, **what: Any) -> dict[str, Any]:
    return {"path": path, **what}


def extension(*elements: dict[str, Any], context: str = "Patient", **more: Any) -> dict[str, Any]:
    url = element("Extension.url", fixedUri=URL + "e")
    where = [{"type": "element", "expression": context}]
    return definition("Extension", url, *elements, name="e", context=where, **more)


def value_set(*codes: str, system: str = "http://acme.com/codes") -> dict[str, Any]:
    concepts = [{"code": code} for code in codes]
    compose = {"include": [{"system": system, "concept": concepts}]}
    return {"resourceType": "ValueSet", "url": "http://acme.com/vs", "status": "draft", "compose": compose}


CODES = {
    "resourceType": "CodeSystem",
    "url": "http://acme.com/codes",
    "status": "draft",
    "content": "complete",
    "concept": [{"code": "a", "display": "A"}, {"code": "b", "display": "B"}],
}


def coded(code: str, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": "http://acme.com/codes", "code": code, **more}]}


def bundle(type_: str, *resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    urls = (ONE, TWO, THREE)
    entries = [{"fullUrl": url, "resource": each} for url, each in zip(urls, resources, strict=False)]
    return {"resourceType": "Bundle", "type": type_, "entry": entries, **more}


HEADER = {
    "resourceType": "MessageHeader",
    "eventUri": "http://acme.com/e",
    "source": {"endpoint": "http://acme.com"},
}
COMPOSITION: dict[str, Any] = {
    "resourceType": "Composition",
    "status": "final",
    "type": {"text": "x"},
    "date": "2026",
    "author": [{"display": "x"}],
    "title": "x",
}
DOCUMENT = {"identifier": {"system": "http://acme.com", "value": "1"}, "timestamp": "2026-03-09T10:12:00Z"}
NARRATIVE = {"status": "generated", "div": f'<div {XHTML} lang="sv" xml:lang="sv">A</div>'}


def div(inner: str) -> dict[str, Any]:
    return PATIENT | {"text": {"status": "generated", "div": f"<div {XHTML}>{inner}</div>"}}


def validate(resource: dict[str, Any], *definitions: dict[str, Any]) -> Outcome:
    profile = next((each["url"] for each in definitions if each["url"] == URL + "p"), None)
    return Validator.load(definitions=definitions, unknown_extensions="error").validate(resource, profile=profile)


def found(outcome: Outcome) -> list[tuple[str, str]]:
    return [(issue.rule, issue.expression[0]) for issue in outcome.issues[1:]]


BOUND = definition(
    "Patient",
    element("Patient.maritalStatus", binding={"strength": "required", "valueSet": "http://acme.com/vs"}),
)


def bound(strength: str, **more: Any) -> dict[str, Any]:
    return definition(
        "Patient",
        element("Patient.maritalStatus", binding={"strength": strength, "valueSet": "http://acme.com/vs", **more}),
    )


MAXIMUM = [{"url": BASE + "elementdefinition-maxValueSet", "valueCanonical": "http://acme.com/vs"}]
HOME = {"reference": ONE}
SLICED = element("Patient.telecom", slicing={"discriminator": [{"type": "value", "path": "use"}], "rules": "closed"})
WORK = (element("Patient.telecom", sliceName="work"), element("Patient.telecom.use", fixedCode="work"))
LATER = (element("Patient.telecom", sliceName="home"), element("Patient.telecom.use", fixedCode="home"))
ORDERED = element("Patient.telecom", slicing={**SLICED["slicing"], "rules": "open", "ordered": True})
TO_ORGANIZATION = {"code": "Reference", "targetProfile": [URL + "o"]}
NAMED = definition("Organization", element("Organization.alias", min=1), name="o")


def telecom(*uses: str) -> dict[str, Any]:
    return PATIENT | {"telecom": [CONTACT | {"use": use} for use in uses]}


UNKNOWN = {"url": BASE + "data-absent-reason", "valueCode": "unknown"}
R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."
HUNDRED_YEARS = {"value": 100, "system": "http://unitsofmeasure.org", "code": "a"}


Row = tuple[str, str, dict[str, Any], dict[str, Any], tuple[dict[str, Any], ...]]
ROWS: list[Row] = [
    # rule, place, content that breaks it, content that does not, definitions
    (
        "base-system",
        "Patient.maritalStatus.coding[0].system",
        PATIENT | {"maritalStatus": {"coding": [{"system": "marital-status"}]}},
        PATIENT | {"maritalStatus": {"coding": [{"system": "urn:oid:1.2.3"}]}},
        (),
    ),
    (
        "base-system",
        "Patient.maritalStatus.coding[0].system",
        PATIENT | {"maritalStatus": {"coding": [{"system": "http://hl7.org/fhir/ValueSet/marital-status"}]}},
        PATIENT | {"maritalStatus": {"coding": [{"system": "http://acme.com/ValueSet/marital-status"}]}},
        (),
    ),
    (
        "base-system",
        "Patient.maritalStatus.coding[0].system",
        PATIENT | {"maritalStatus": {"coding": [{"system": "http://acme.com/vs"}]}},
        PATIENT | {"maritalStatus": {"coding": [{"system": "http://acme.com/codes"}]}},
        (value_set("a"),),
    ),
    (
        "base-system",
        "Patient.identifier[0].system",
        PATIENT | {"identifier": [{"system": "numbers", "value": "1"}]},
        PATIENT | {"identifier": [{"system": "http://acme.com/numbers", "value": "1"}]},
        (),
    ),
    (
        "base-attachment-size",
        "Patient.photo[0]",
        PATIENT | {"photo": [{"contentType": "text/plain", "data": "aGVs bG8=", "size": 6}]},
        PATIENT | {"photo": [{"contentType": "text/plain", "data": "aGVs bG8=", "size": 5}]},
        (),
    ),
    (
        "base-reference-type",
        "Patient.managingOrganization",
        PATIENT | {"managingOrganization": {"reference": "http://acme.com/fhir/Practitioner/1"}},
        PATIENT | {"managingOrganization": {"reference": "http://acme.com/fhir/Organization/1"}},
        (),
    ),
    (
        "base-reference-type",
        "Patient.managingOrganization",
        PATIENT | {"managingOrganization": {"reference": "Practitioner/1"}},
        PATIENT | {"managingOrganization": {"reference": "Organisation/1"}},
        (),
    ),
    (
        "profile-value",
        "Patient.active",
        PATIENT | {"_active": {"extension": [UNKNOWN]}},
        PATIENT | {"active": True, "_active": {"extension": [UNKNOWN]}},
        (
            definition(
                "Patient", element("Patient.active", extension=[{"url": R5 + "mustHaveValue", "valueBoolean": True}])
            ),
        ),
    ),
    (
        "profile-value",
        "Patient.active",
        PATIENT | {"_active": {"extension": [{"url": BASE + "iso21090-nullFlavor", "valueCode": "MSK"}]}},
        PATIENT | {"_active": {"extension": [UNKNOWN]}},
        (
            definition(
                "Patient",
                element(
                    "Patient.active", extension=[{"url": R5 + "valueAlternatives", "valueCanonical": UNKNOWN["url"]}]
                ),
            ),
        ),
    ),
    (
        "profile-min-value",
        "Patient.birthDate",
        PATIENT | {"birthDate": "1890-01-01"},
        PATIENT | {"birthDate": "1990"},
        (definition("Patient", element("Patient.birthDate", minValueDuration=HUNDRED_YEARS)),),
    ),
    (
        "profile-max-value",
        "Patient.deceased.ofType(dateTime)",
        PATIENT | {"deceasedDateTime": "9999-01-01T00:00:00Z"},
        PATIENT | {"deceasedDateTime": "2020-01-01T00:00:00Z"},
        (
            definition(
                "Patient",
                element("Patient.deceased[x]", type=[{"code": "dateTime"}], maxValueQuantity=HUNDRED_YEARS),
            ),
        ),
    ),
    (
        "base-blank",
        "Patient.name[0].text",
        PATIENT | {"name": [{"text": " "}]},
        PATIENT | {"name": [{"text": "a"}]},
        (),
    ),
    (
        "base-id-duplicate",
        "Patient.name[1]",
        PATIENT | {"name": [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]},
        PATIENT | {"name": [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]},
        (),
    ),
    (
        "base-invariant",
        "Patient.contact[0]",
        PATIENT | {"contact": [{"gender": "female"}]},
        PATIENT | {"contact": [{"name": {"text": "x"}}]},
        (),
    ),
    (
        "base-invariant-not-evaluated",
        "Patient",
        PATIENT,
        PATIENT | {"active": True},
        (
            definition(
                "Patient",
                element(
                    "Patient",
                    constraint=[
                        {
                            "key": "x-1",
                            "severity": "error",
                            "human": "x",
                            "expression": "iif(active.exists(), true, ('a' | 'b').single() = 'a')",
                        }
                    ],
                ),
            ),
        ),
    ),
    ("code-required", "Patient.gender", PATIENT | {"gender": "x"}, PATIENT | {"gender": "female"}, ()),
    (
        "code-extensible",
        "Organization.type[0]",
        ORGANIZATION | {"type": [coded("b")]},
        ORGANIZATION | {"type": [coded("a")]},
        (
            definition(
                "Organization",
                element("Organization.type", binding={"strength": "extensible", "valueSet": "http://acme.com/vs"}),
            ),
            value_set("a"),
        ),
    ),
    (
        "code-preferred",
        "Patient.maritalStatus",
        PATIENT | {"maritalStatus": coded("b")},
        PATIENT | {"maritalStatus": coded("a")},
        (bound("preferred"), value_set("a")),
    ),
    (
        "code-maximum",
        "Patient.maritalStatus",
        PATIENT | {"maritalStatus": coded("b")},
        PATIENT | {"maritalStatus": coded("a")},
        (bound("preferred", valueSet="http://acme.com/none", extension=MAXIMUM), value_set("a")),
    ),
    (
        "code-undecided",
        "Patient.maritalStatus",
        PATIENT | {"maritalStatus": coded("a")},
        PATIENT,
        (bound("required"),),
    ),
    (
        "code-unknown",
        "Patient.maritalStatus.coding[0].code",
        PATIENT | {"maritalStatus": coded("c")},
        PATIENT | {"maritalStatus": coded("a")},
        (CODES, bound("example")),
    ),
    (
        "code-display",
        "Patient.maritalStatus.coding[0].display",
        PATIENT | {"maritalStatus": coded("a", display="B")},
        PATIENT | {"maritalStatus": coded("a", display=" a ")},
        (CODES, bound("example")),
    ),
    (
        "base-reference-type",
        "Patient.managingOrganization",
        PATIENT | {"contained": [PATIENT | {"id": "a"}], "managingOrganization": {"reference": "#a"}},
        PATIENT | {"contained": [ORGANIZATION | {"id": "a"}], "managingOrganization": {"reference": "#a"}},
        (),
    ),
    (
        "base-reference-invalid",
        "Patient.managingOrganization",
        PATIENT | {"managingOrganization": {"reference": "Organization/a b"}},
        PATIENT | {"managingOrganization": {"reference": "Organization/a"}},
        (),
    ),
    (
        "base-reference-aggregation",
        "Patient.managingOrganization",
        PATIENT | {"contained": [ORGANIZATION | {"id": "a"}], "managingOrganization": {"reference": "#a"}},
        PATIENT | {"managingOrganization": {"reference": "Organization/a"}},
        (
            definition(
                "Patient",
                element(
                    "Patient.managingOrganization",
                    type=[
                        {
                            "code": "Reference",
                            "targetProfile": [BASE + "Organization"],
                            "aggregation": ["referenced", "bundled"],
                        }
                    ],
                ),
            ),
        ),
    ),
    (
        "base-reference-required",
        "Patient.managingOrganization",
        PATIENT | {"managingOrganization": {"reference": "Organization/a"}},
        PATIENT | {"contained": [ORGANIZATION | {"id": "a"}], "managingOrganization": {"reference": "#a"}},
        (
            definition(
                "Patient",
                element(
                    "Patient.managingOrganization",
                    type=[
                        {"code": "Reference", "targetProfile": [BASE + "Organization"], "aggregation": ["contained"]}
                    ],
                ),
            ),
        ),
    ),
    (
        "base-contained-unused",
        "Patient.contained[0]",
        PATIENT | {"contained": [ORGANIZATION | {"id": "a"}]},
        PATIENT | {"contained": [ORGANIZATION | {"id": "a", "partOf": {"reference": "#"}}]},
        (),
    ),
    (
        "base-contained-duplicate",
        "Patient.contained[1]",
        PATIENT
        | {
            "contained": [ORGANIZATION | {"id": "a"}, ORGANIZATION | {"id": "a"}],
            "managingOrganization": {"reference": "#a"},
        },
        PATIENT | {"contained": [ORGANIZATION | {"id": "a"}], "managingOrganization": {"reference": "#a"}},
        (),
    ),
    (
        "base-extension-url",
        "Patient.extension[0].url",
        PATIENT | {"extension": [{"url": "e", "valueCode": "x"}]},
        PATIENT | {"extension": [{"url": "http://acme.com/x", "valueCode": "x"}]},
        (),
    ),
    (
        "base-extension-unknown",
        "Patient.extension[0]",
        PATIENT | {"extension": [{"url": "http://other.se/x", "valueCode": "x"}]},
        PATIENT | {"extension": [{"url": URL + "e", "valueCode": "x"}]},
        (extension(),),
    ),
    (
        "base-extension-part",
        "Patient.extension[0].extension[0]",
        PATIENT | {"extension": [{"url": URL + "e", "extension": [{"url": "b", "valueCode": "x"}]}]},
        PATIENT | {"extension": [{"url": URL + "e", "extension": [{"url": "a", "valueCode": "x"}]}]},
        (
            extension(
                element("Extension.extension", sliceName="a"),
                element("Extension.extension.url", fixedUri="a"),
            ),
        ),
    ),
    (
        "base-extension-context",
        "Organization",
        ORGANIZATION | {"extension": [{"url": URL + "e", "valueCode": "x"}]},
        PATIENT | {"extension": [{"url": URL + "e", "valueCode": "x"}]},
        (extension(),),
    ),
    (
        "base-extension-modifier",
        "Patient.modifierExtension[0]",
        PATIENT | {"modifierExtension": [{"url": URL + "e", "valueCode": "x"}]},
        PATIENT | {"extension": [{"url": URL + "e", "valueCode": "x"}]},
        (extension(),),
    ),
    ("base-narrative-content", "Patient.text.div", div("<script>x</script>"), div("<p>x</p>"), ()),
    ("base-narrative-content", "Patient.text.div", div('<a href="#b">x</a>'), div('<a href="#b" id="b">x</a>'), ()),
    ("base-narrative-content", "Patient.text.div", div('<p onclick="x">x</p>'), div('<p class="x">x</p>'), ()),
    ("base-narrative-content", "Patient.text.div", div('<a href="javascript:x">x</a>'), div('<a href="x">x</a>'), ()),
    ("base-narrative-content", "Patient.text.div", div("<td>x</td>"), div("<table><tr><td>x</td></tr></table>"), ()),
    ("base-narrative-empty", "Patient.text.div", div("<p> </p>"), div('<img src="x"/>'), ()),
    (
        "base-narrative-language",
        "Patient.text",
        PATIENT | {"language": "en", "text": NARRATIVE},
        PATIENT | {"language": "sv", "text": NARRATIVE},
        (),
    ),
    (
        "base-definition-circle",
        "StructureDefinition.baseDefinition",
        definition("Patient", baseDefinition=URL + "p"),
        definition("Patient"),
        (),
    ),
    ("bundle-first", "Bundle.entry[0]", bundle("message", PATIENT), bundle("message", HEADER), ()),
    (
        "bundle-fullurl",
        "Bundle.entry[0]",
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}]},
        bundle("collection", PATIENT),
        (),
    ),
    (
        "bundle-fullurl-id",
        "Bundle.entry[0]",
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"fullUrl": "http://acme.com/Patient/1", "resource": PATIENT | {"id": "2"}}],
        },
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"fullUrl": "http://acme.com/Patient/1", "resource": PATIENT | {"id": "1"}}],
        },
        (),
    ),
    (
        "bundle-reference",
        "Bundle.entry[0].resource.focus[0]",
        bundle("message", HEADER | {"focus": [{"reference": TWO}]}),
        bundle("message", HEADER | {"focus": [{"reference": TWO}]}, PATIENT),
        (),
    ),
    (
        "bundle-reference-indirect",
        "Bundle.entry[0].resource.focus[0]",
        bundle("message", HEADER | {"focus": [{"reference": "Patient/1"}]}, PATIENT | {"id": "1"}),
        bundle("message", HEADER | {"focus": [{"reference": TWO}]}, PATIENT | {"id": "1"}),
        (),
    ),
    (
        "bundle-reference-ambiguous",
        "Bundle.entry[1].resource.managingOrganization",
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [
                {"fullUrl": ONE, "resource": ORGANIZATION},
                {"fullUrl": TWO, "resource": PATIENT | {"managingOrganization": HOME}},
                {"fullUrl": ONE, "resource": ORGANIZATION},
            ],
        },
        bundle("collection", ORGANIZATION, PATIENT | {"managingOrganization": HOME}),
        (),
    ),
    (
        "bundle-fullurl-missing",
        "Bundle.entry[0].resource.managingOrganization",
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "resource": PATIENT | {"managingOrganization": {"reference": "Organization/a"}},
                    "request": {"method": "POST", "url": "Patient"},
                }
            ],
        },
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"resource": PATIENT, "request": {"method": "POST", "url": "Patient"}}],
        },
        (),
    ),
    (
        "bundle-unlinked",
        "Bundle.entry[1]",
        bundle("document", COMPOSITION, PATIENT, **DOCUMENT),
        bundle("document", COMPOSITION | {"subject": {"reference": TWO}}, PATIENT, **DOCUMENT),
        (),
    ),
    (
        "bundle-unlinked-message",
        "Bundle.entry[1]",
        bundle("message", HEADER, PATIENT),
        bundle("message", HEADER | {"focus": [{"reference": TWO}]}, PATIENT),
        (),
    ),
    (
        "bundle-link",
        "Bundle.link[0].relation",
        bundle("collection", PATIENT, link=[{"relation": "next", "url": "http://acme.com"}]),
        bundle("collection", PATIENT, link=[{"relation": "self", "url": "http://acme.com"}]),
        (),
    ),
    (
        "bundle-stylesheet",
        "Bundle.link[0].url",
        bundle("document", COMPOSITION, link=[{"relation": "stylesheet", "url": "Binary/1"}], **DOCUMENT),
        bundle(
            "document",
            COMPOSITION,
            {"resourceType": "Binary", "id": "1", "contentType": "text/css"},
            link=[{"relation": "stylesheet", "url": "Binary/1"}],
            **DOCUMENT,
        ),
        (),
    ),
    (
        "bundle-stylesheet-external",
        "Bundle.link[0].url",
        bundle("document", COMPOSITION, link=[{"relation": "stylesheet", "url": "http://acme.com/a"}], **DOCUMENT),
        bundle("document", COMPOSITION, **DOCUMENT),
        (),
    ),
    (
        "bundle-search-entry",
        "Bundle.entry[0].resource",
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": "self", "url": "http://acme.com/Patient"}],
            "entry": [{"fullUrl": ONE, "resource": PATIENT, "search": {"mode": "match"}}],
        },
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": "self", "url": "http://acme.com/Patient"}],
            "entry": [{"fullUrl": ONE, "resource": PATIENT | {"id": "1"}, "search": {"mode": "match"}}],
        },
        (),
    ),
    (
        "bundle-search-type",
        "Bundle.entry[0].resource",
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": "self", "url": "http://acme.com/Task?x=1"}],
            "entry": [{"fullUrl": ONE, "resource": PATIENT | {"id": "1"}, "search": {"mode": "match"}}],
        },
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": "self", "url": "http://acme.com/?_type=Task,Patient"}],
            "entry": [{"fullUrl": ONE, "resource": PATIENT | {"id": "1"}, "search": {"mode": "match"}}],
        },
        (),
    ),
    (
        "bundle-search-mode",
        "Bundle",
        bundle("searchset", PATIENT | {"id": "1"}, link=[{"relation": "self", "url": "http://acme.com/Patient"}]),
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": "self", "url": "http://acme.com/Patient"}],
            "entry": [{"fullUrl": ONE, "resource": PATIENT | {"id": "1"}, "search": {"mode": "match"}}],
        },
        (),
    ),
    (
        "profile-claim-unknown",
        "Patient.meta.profile[0]",
        PATIENT | {"meta": {"profile": [URL + "x"]}},
        PATIENT | {"meta": {"profile": [BASE + "Patient"]}},
        (),
    ),
    (
        "profile-unusable",
        "Patient.meta.profile[0]",
        PATIENT | {"meta": {"profile": [URL + "q"]}},
        PATIENT,
        (definition("Patient", name="q", baseDefinition=URL + "none"),),
    ),
    ("profile-type", "Patient", PATIENT, ORGANIZATION, (definition("Organization"),)),
    (
        "profile-min",
        "Patient",
        PATIENT,
        PATIENT | {"name": [{"text": "x"}]},
        (definition("Patient", element("Patient.name", min=1)),),
    ),
    (
        "profile-max",
        "Patient",
        PATIENT | {"name": [{"text": "x"}, {"text": "y"}]},
        PATIENT | {"name": [{"text": "x"}]},
        (definition("Patient", element("Patient.name", max="1")),),
    ),
    (
        "profile-element-type",
        "Patient.deceased.ofType(boolean)",
        PATIENT | {"deceasedBoolean": True},
        PATIENT | {"deceasedDateTime": "2026"},
        (definition("Patient", element("Patient.deceased[x]", type=[{"code": "dateTime"}])),),
    ),
    (
        "profile-fixed",
        "Patient.active",
        PATIENT | {"active": False},
        PATIENT | {"active": True},
        (definition("Patient", element("Patient.active", fixedBoolean=True)),),
    ),
    (
        "profile-pattern",
        "Patient.maritalStatus",
        PATIENT | {"maritalStatus": {"text": "y", "coding": [{"code": "x"}]}},
        PATIENT | {"maritalStatus": {"text": "x", "coding": [{"code": "x"}]}},
        (definition("Patient", element("Patient.maritalStatus", patternCodeableConcept={"text": "x"})),),
    ),
    (
        "profile-min-value",
        "Patient.birthDate",
        PATIENT | {"birthDate": "1899-12-31"},
        PATIENT | {"birthDate": "1900-01-01"},
        (definition("Patient", element("Patient.birthDate", minValueDate="1900-01-01")),),
    ),
    (
        "profile-max-value",
        "Observation.value.ofType(Quantity)",
        OBSERVATION | {"valueQuantity": {"value": 2, "system": "http://unitsofmeasure.org", "code": "kg"}},
        OBSERVATION | {"valueQuantity": {"value": 999, "system": "http://unitsofmeasure.org", "code": "g"}},
        (
            definition(
                "Observation",
                element(
                    "Observation.value[x]",
                    type=[{"code": "Quantity"}],
                    maxValueQuantity={"value": 1, "system": "http://unitsofmeasure.org", "code": "kg"},
                ),
            ),
        ),
    ),
    (
        "profile-range-undecided",
        "Observation.value.ofType(Quantity)",
        OBSERVATION | {"valueQuantity": {"value": 2}},
        OBSERVATION | {"valueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": "kg"}},
        (
            definition(
                "Observation",
                element(
                    "Observation.value[x]",
                    type=[{"code": "Quantity"}],
                    maxValueQuantity={"value": 1, "system": "http://unitsofmeasure.org", "code": "kg"},
                ),
            ),
        ),
    ),
    (
        "profile-length",
        "Patient.name[0].text",
        PATIENT | {"name": [{"text": "xxxx"}]},
        PATIENT | {"name": [{"text": "xxx"}]},
        (definition("Patient", element("Patient.name.text", maxLength=3)),),
    ),
    (
        "profile-regex",
        "Patient.name[0].text",
        PATIENT | {"name": [{"text": "a1"}]},
        PATIENT | {"name": [{"text": "aa"}]},
        (
            definition(
                "Patient", element("Patient.name.text", extension=[{"url": BASE + "regex", "valueString": "[a-z]+"}])
            ),
        ),
    ),
    (
        "profile-slice-closed",
        "Patient.telecom[1]",
        telecom("work", "home"),
        telecom("work"),
        (definition("Patient", SLICED, *WORK),),
    ),
    (
        "profile-slice-order",
        "Patient.telecom[1]",
        telecom("home", "work"),
        telecom("work", "home", "old"),
        (definition("Patient", ORDERED, *WORK, *LATER),),
    ),
    (
        "profile-slice-several",
        "Patient.telecom[0]",
        telecom("work"),
        telecom("home"),
        (
            definition(
                "Patient",
                element("Patient.telecom", slicing={**SLICED["slicing"], "rules": "open"}),
                *WORK,
                element("Patient.telecom", sliceName="other"),
                element("Patient.telecom.use", fixedCode="work"),
            ),
        ),
    ),
    (
        "profile-slice-undecided",
        "Patient.telecom",
        telecom("work"),
        PATIENT,
        (definition("Patient", SLICED, element("Patient.telecom", sliceName="work")),),
    ),
    (
        "profile-invariant",
        "Patient.name[0]",
        PATIENT | {"name": [{"text": "x"}]},
        PATIENT | {"name": [{"family": "x"}]},
        (
            definition(
                "Patient",
                element(
                    "Patient.name",
                    constraint=[{"key": "x-1", "severity": "error", "human": "x", "expression": "family.exists()"}],
                ),
            ),
        ),
    ),
    (
        "profile-none-fits",
        "Bundle.entry[0].resource",
        bundle("collection", PATIENT),
        bundle("collection", PATIENT | {"active": True}),
        (
            definition(
                "Bundle",
                element("Bundle.entry.resource", type=[{"code": "Patient", "profile": [URL + "a", URL + "b"]}]),
            ),
            definition("Patient", element("Patient.active", min=1), name="a"),
            definition("Patient", element("Patient.gender", min=1), name="b"),
        ),
    ),
    (
        "profile-target",
        "Patient.managingOrganization",
        PATIENT | {"contained": [ORGANIZATION | {"id": "a"}], "managingOrganization": {"reference": "#a"}},
        PATIENT
        | {"contained": [ORGANIZATION | {"id": "a", "alias": ["x"]}], "managingOrganization": {"reference": "#a"}},
        (definition("Patient", element("Patient.managingOrganization", type=[TO_ORGANIZATION])), NAMED),
    ),
    (
        "profile-entry-type",
        "Bundle.entry[0].resource",
        bundle("collection", ORGANIZATION),
        bundle("collection", PATIENT),
        (definition("Bundle", element("Bundle.entry.resource", type=[{"code": "Patient"}])),),
    ),
    (
        "profile-narrative",
        "Patient.text",
        div("<p>x</p>"),
        div('<p class="generated">x</p>'),
        (
            definition(
                "Patient",
                element("Patient.text", extension=[{"url": BASE + "narrative-source-control", "valueCode": "error"}]),
            ),
        ),
    ),
    (
        "profile-faulty",
        "Patient.meta.profile[0]",
        PATIENT | {"meta": {"profile": [URL + "q"]}},
        PATIENT,
        (definition("Patient", element("Patient.active", max="2"), name="q"),),
    ),
]
ELSEWHERE = {"profile-unknown"}


@pytest.mark.parametrize(("rule", "place", "wrong", "right", "definitions"), ROWS)
def test_rule(
    rule: str, place: str, wrong: dict[str, Any], right: dict[str, Any], definitions: tuple[dict[str, Any], ...]
) -> None:
    assert (rule, place) in found(validate(wrong, *definitions))
    assert rule not in dict(found(validate(right, *definitions)))


def test_every_rule_has_content_that_breaks_it() -> None:
    tested = {row[0] for row in ROWS} | ELSEWHERE
    assert {rule for rule in rules.RULES if rule.startswith(("code-", "bundle-", "profile-"))} == {
        rule for rule in tested if not rule.startswith("base-")
    }


def test_the_page_of_rules_is_made_from_the_rules() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "validation-rules.md"
    assert page.read_text(encoding="utf-8") == catalogue.markdown()
    assert all(f"`{rule}`" in catalogue.markdown() for rule in rules.RULES)


def test_of_a_value_of_a_wrong_type_nothing_else_is_said() -> None:
    quantity = element("Observation.value[x]", type=[{"code": "Quantity"}], binding={"strength": "required"})
    quantity["binding"]["valueSet"] = "http://acme.com/vs"
    profile = definition("Observation", quantity, element("Observation.value[x].unit", min=1))
    outcome = validate(OBSERVATION | {"valueString": "x"}, profile, value_set("a"))
    assert found(outcome) == [("profile-element-type", "Observation.value.ofType(string)")]


def test_r4_binds_extensibly_as_a_profile_does() -> None:
    outcome = validate(PATIENT | {"maritalStatus": coded("x")})
    assert [(issue.rule, issue.severity) for issue in outcome.issues[1:]] == [("code-extensible", "warning")]


@pytest.mark.parametrize(("name", "severity"), [("extension", "information"), ("modifierExtension", "error")])
def test_an_unknown_extension_is_passed_over_unless_it_modifies(name: str, severity: str) -> None:
    patient = PATIENT | {name: [{"url": "http://elsewhere.org/e", "valueCode": "x"}]}
    assert [(issue.rule, issue.severity) for issue in Validator.load().validate(patient).issues[1:]] == [
        ("base-extension-unknown", severity)
    ]


def test_best_practice_is_a_warning_where_it_is_asked_for_and_not_of_what_is_contained() -> None:
    patient = PATIENT | {"contained": [ORGANIZATION | {"id": "o"}], "managingOrganization": {"reference": "#o"}}
    outcome = Validator.load(best_practice=True).validate(patient)
    assert [(issue.severity, issue.expression) for issue in outcome.issues[1:]] == [("warning", ("Patient",))]
    assert "dom-6" in outcome.issues[1].message
    assert found(validate(patient)) == []
    assert found(Validator.load(best_practice=True).validate(div("<p>A</p>"))) == []


def test_of_relative_full_urls_only_they_are_wrong() -> None:
    patient = {"fullUrl": "Patient/1", "resource": PATIENT | {"id": "1"}}
    composition = {
        "fullUrl": "Composition/1",
        "resource": COMPOSITION | {"id": "1", "subject": {"reference": "Patient/1"}},
    }
    document = {"resourceType": "Bundle", "type": "document", "entry": [composition, patient]} | DOCUMENT
    assert found(validate(document)) == [("bundle-fullurl", "Bundle.entry[0]"), ("bundle-fullurl", "Bundle.entry[1]")]
