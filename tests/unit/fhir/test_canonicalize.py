"""content_hash: what is content and what is not."""

import copy
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.canonicalize import content_hash
from adapter.fhir.numbers import Number


def bundle() -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "id": "1",
        "type": "message",
        "timestamp": "2026-03-09T10:12:00+01:00",
        "meta": {"lastUpdated": "2026-03-09T10:12:00+01:00"},
        "entry": [
            {
                "fullUrl": "urn:uuid:1",
                "resource": {
                    "resourceType": "Observation",
                    "id": "1",
                    "meta": {"lastUpdated": "2026-03-09T10:12:00+01:00", "versionId": "1"},
                    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A<br/>B</div>'},
                    "valueQuantity": {"value": Number("1.50"), "unit": "mg"},
                    "note": [{"text": "a"}, {"text": "b"}],
                },
            }
        ],
    }


BASE = content_hash(bundle())


def changed(path: tuple[Any, ...], value: Any) -> str:
    resource = bundle()
    place: Any = resource
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return content_hash(resource)


RESOURCE = ("entry", 0, "resource")
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "2"),
        (("timestamp",), "2027-01-01T00:00:00Z"),
        (("_timestamp",), {"id": "x"}),
        (("meta",), {"lastUpdated": "2027-01-01T00:00:00Z", "_lastUpdated": {"id": "x"}}),
        ((*RESOURCE, "meta", "lastUpdated"), "2027-01-01T00:00:00Z"),
        ((*RESOURCE, "valueQuantity"), {"unit": "mg", "value": Number("1.50")}),
        ((*RESOURCE, "text", "div"), f"<div {XHTML} >A<br></br>B</div>"),
    ],
)
def test_not_content(path: tuple[Any, ...], value: Any) -> None:
    assert changed(path, value) == BASE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*RESOURCE, "id"), "2"),
        (("type",), "batch"),
        ((*RESOURCE, "meta", "versionId"), "2"),
        ((*RESOURCE, "valueQuantity", "value"), Number("1.5")),
        ((*RESOURCE, "valueQuantity", "value"), "1.50"),
        ((*RESOURCE, "note"), [{"text": "b"}, {"text": "a"}]),
        ((*RESOURCE, "note", 0, "text"), None),
        ((*RESOURCE, "note", 0, "text"), "true"),
        ((*RESOURCE, "text", "div"), f"<div {XHTML}>A<br/>C</div>"),
        ((*RESOURCE, "text", "div"), "<div>"),
        ((*RESOURCE, "text", "div"), f"<div {XHTML}>\ud800</div>"),
        ((*RESOURCE, "text", "div"), f'<!DOCTYPE div [<!ENTITY e SYSTEM "file:///etc/passwd">]><div {XHTML}>&e;</div>'),
    ],
)
def test_content(path: tuple[Any, ...], value: Any) -> None:
    assert changed(path, value) != BASE


def test_a_boolean_is_not_a_string_and_the_input_is_left_alone() -> None:
    resource = bundle()
    before = copy.deepcopy(resource)
    assert changed((*RESOURCE, "active"), True) != changed((*RESOURCE, "active"), "true")
    content_hash(resource)
    assert repr(resource) == repr(before)


JOURNEYS = sorted((Path(__file__).resolve().parents[3] / "fixtures" / "journeys").rglob("*.json"))


@pytest.mark.parametrize("file", JOURNEYS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_json_and_xml_of_the_same_content_have_the_same_hash(file: Path) -> None:
    resource = fhir_json.parse(file.read_bytes())
    resource["entry"][1]["resource"]["text"] = {
        "status": "generated",
        "div": f"<div {XHTML} class='a'>1 &lt; 2 <br></br>&#229;</div>",
    }
    resource["entry"].append(
        {
            "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000009",
            "resource": {
                "resourceType": "Observation",
                "id": "00000000-0000-4000-8000-000000000009",
                "status": "final",
                "code": {"text": " two  spaces\nand a line "},
                "valueQuantity": {"value": Number("1.50e3")},
            },
        }
    )
    assert content_hash(fhir_xml.parse(fhir_xml.serialize(resource))) == content_hash(resource)
    assert content_hash(fhir_json.parse(fhir_json.serialize(resource))) == content_hash(resource)
