"""What published profiles do, and what must come of it: found with content of other publishers, told by R4's rules."""

import json
from typing import Any

import pytest

from adapter.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
MINE = "https://example.org/StructureDefinition/"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'


def profile(type_: str, *elements: dict[str, Any], name: str = "mine", version: str | None = None) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": MINE + name,
        **({"version": version} if version else {}),
        "name": "Mine",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": [{"id": type_, "path": type_}, *elements]},
    }


def element(id_: str, **rules: Any) -> dict[str, Any]:
    path = ".".join(step.partition(":")[0] for step in id_.split("."))
    _, _, name = id_.rpartition(".")[2].partition(":")
    return {"id": id_, "path": path} | ({"sliceName": name} if name else {}) | rules


def told(resource: dict[str, Any], *definitions: Any, against: str | None = MINE + "mine") -> list[str]:
    found = Validator.load(definitions=list(definitions)).validate(resource, profile=against)
    return [issue.rule for issue in found.issues if issue.severity in ("error", "fatal")]


SLICED = [
    element(
        "Communication.payload", slicing={"discriminator": [{"type": "type", "path": "content"}], "rules": "closed"}
    ),
    element("Communication.payload:text", max="1"),
    element("Communication.payload:text.contentString", type=[{"code": "string"}]),
    element("Communication.payload:file"),
    element("Communication.payload:file.contentAttachment", min=1, type=[{"code": "Attachment"}]),
]


def test_slices_are_told_apart_by_the_type_that_their_choice_is_written_with() -> None:
    text, file = {"contentString": "x"}, {"contentAttachment": {"title": "y"}}
    message = {"resourceType": "Communication", "status": "completed"}
    assert told(message | {"payload": [text, file, file]}, profile("Communication", *SLICED)) == []
    assert told(message | {"payload": [text, text]}, profile("Communication", *SLICED)) == ["profile-max"]
    other = {"contentReference": {"display": "z"}}
    assert told(message | {"payload": [other]}, profile("Communication", *SLICED)) == ["profile-slice-closed"]


@pytest.mark.parametrize(("asked", "broken"), [("1.2", True), ("1.2.1", True), ("1.3", False), ("1", False)])
def test_the_beginning_of_a_version_names_it(asked: str, broken: bool) -> None:
    old = profile("Patient", element("Patient.name", max="0"), version="1.2.1")
    new = profile("Patient", version="1.3.0")
    patient = {"resourceType": "Patient", "name": [{"family": "A"}], "meta": {"profile": [f"{MINE}mine|{asked}"]}}
    assert ("profile-max" in told(patient, new, old, against=None)) is broken


def test_a_definition_may_begin_with_a_byte_order_mark() -> None:
    written = b"\xef\xbb\xbf" + json.dumps(profile("Patient", element("Patient.name", max="0"))).encode()
    assert told({"resourceType": "Patient", "name": [{"family": "A"}]}, written) == ["profile-max"]


@pytest.mark.parametrize(("count", "rules"), [(1, []), (2, ["base-invariant"]), (3, ["base-invariant"])])
def test_more_than_one_condition_needs_a_behaviour(count: int, rules: list[str]) -> None:
    condition = {"question": "1", "operator": "=", "answerBoolean": True}
    items = [
        {"linkId": "1", "type": "boolean"},
        {"linkId": "2", "type": "boolean", "enableWhen": [condition] * count},
    ]
    form = {"resourceType": "Questionnaire", "status": "draft", "item": items}
    assert told(form, against=None) == rules


def test_a_vital_sign_may_have_a_period() -> None:
    sign = {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
                ]
            }
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": "Patient/1"},
        "valueQuantity": {"value": 60, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    }
    heart = "http://hl7.org/fhir/StructureDefinition/heartrate"
    assert told(sign | {"effectivePeriod": {"start": "2026-01-01"}}, against=heart) == []
    assert told(sign | {"effectiveDateTime": "2026-01"}, against=heart) == ["profile-invariant"]


def test_what_an_element_says_of_a_resource_in_it_is_said_from_outside() -> None:
    says = (
        "%context.type().name = 'Patient' and %resource.type().name = 'Bundle' and %rootResource.type().name = 'Bundle'"
    )
    rule = {"key": "x-1", "severity": "error", "human": "seen from the Bundle", "expression": says}
    definition = profile("Bundle", element("Bundle.entry.resource", constraint=[rule]))
    bundle = {"resourceType": "Bundle", "type": "collection"}
    held = {"fullUrl": "urn:uuid:6f1c1b0a-0000-4000-8000-000000000001", "resource": {"resourceType": "Patient"}}
    assert told(bundle | {"entry": [held]}, definition) == []
    other = held | {"resource": {"resourceType": "Basic", "code": {"text": "x"}}}
    assert told(bundle | {"entry": [other]}, definition) == ["profile-invariant"]


def test_what_a_profile_says_of_an_element_is_not_said_of_those_that_refer_to_it() -> None:
    definition = profile(
        "Parameters", element("Parameters.parameter", min=1), element("Parameters.parameter.part", min=1)
    )
    inner = {"name": "b", "valueString": "x"}
    assert told({"resourceType": "Parameters", "parameter": [{"name": "a", "part": [inner]}]}, definition) == []
    assert told({"resourceType": "Parameters", "parameter": [inner]}, definition) == ["profile-min"]


def test_an_image_of_the_narrative_uses_what_is_contained() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><img src="#a" alt="an image"/></div>'
    binary = {"resourceType": "Binary", "id": "a", "contentType": "image/png"}
    patient = {"resourceType": "Patient", "text": {"status": "additional", "div": div}, "contained": [binary]}
    assert told(patient, against=None) == []
    assert told(patient | {"text": {"status": "additional", "div": div.replace("#a", "#b")}}, against=None) != []


@pytest.mark.parametrize(
    ("context", "fits"), [("CanonicalResource", True), ("MetadataResource", True), ("Patient", False)]
)
def test_canonical_resources_are_a_context(context: str, fits: bool) -> None:
    extension = {
        "resourceType": "StructureDefinition",
        "url": MINE + "x",
        "name": "X",
        "status": "draft",
        "kind": "complex-type",
        "abstract": False,
        "type": "Extension",
        "context": [{"type": "element", "expression": context}],
        "baseDefinition": BASE + "Extension",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Extension", "path": "Extension"}]},
    }
    system = {
        "resourceType": "CodeSystem",
        "status": "draft",
        "content": "not-present",
        "extension": [{"url": MINE + "x", "valueString": "y"}],
    }
    assert (told(system, extension, against=None) == []) is fits


def test_a_media_type_may_have_a_url_as_a_parameter() -> None:
    signature = {
        "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
        "when": "2026-01-01T00:00:00Z",
        "who": {"display": "x"},
        "targetFormat": "application/fhir+xml;canonicalization=http://hl7.org/fhir/canonicalization/xml#document",
    }
    assert told({"resourceType": "Bundle", "type": "collection", "signature": signature}, against=None) == []


def test_what_a_profile_recommends_is_checked_where_that_is_asked_for() -> None:
    best = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"
    rule = {
        "extension": [{"url": best, "valueBoolean": True}],
        "key": "x-1",
        "severity": "warning",
        "human": "a birth date is of use",
        "expression": "birthDate.exists()",
    }
    definition = profile("Patient")
    definition["differential"]["element"][0]["constraint"] = [rule]
    patient = {"resourceType": "Patient", "text": {"status": "generated", "div": DIV}}
    for asked, rules in ((True, ["profile-invariant"]), (False, [])):
        found = Validator.load(definitions=[definition], best_practice=asked).validate(patient, profile=MINE + "mine")
        assert [issue.rule for issue in found.issues if issue.severity == "warning"] == rules
