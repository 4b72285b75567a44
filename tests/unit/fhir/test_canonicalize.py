"""content_hash: what is content and what is not."""

import copy
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.canonicalize import content_hash


class Written(Decimal):
    """A number that keeps its lexical form."""

    text: str


def number(text: str) -> Written:
    value = Written(text)
    value.text = text
    return value


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
                    "valueQuantity": {"value": number("1.50"), "unit": "mg"},
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
        ((*RESOURCE, "valueQuantity"), {"unit": "mg", "value": number("1.50")}),
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
        ((*RESOURCE, "valueQuantity", "value"), number("1.5")),
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
