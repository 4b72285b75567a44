"""A type's profile of which only an element is meant (the extension elementdefinition-profile-element)."""

from functools import cache
from typing import Any

import pytest

from adapter.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
SLICING = {"discriminator": [{"type": "pattern", "path": "code"}], "rules": "closed"}


def definition(name: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "kind": "resource",
        "type": "Composition",
        "baseDefinition": BASE + "Composition",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Composition"}, *elements]},
    }


def section(**more: Any) -> dict[str, Any]:
    return {"path": "Composition.section", **more}


def below(name: str, **more: Any) -> dict[str, Any]:
    return {"path": f"Composition.section.{name}", **more}


def code(text: str) -> dict[str, Any]:
    return below("code", min=1, patternCodeableConcept={"text": text})


def meant(element: str) -> dict[str, Any]:
    return {"extension": [{"url": BASE + "elementdefinition-profile-element", "valueString": element}]}


def of_library(name: str) -> dict[str, Any]:
    profile = {"profile": [f"{URL}library"], "_profile": [meant(f"Composition.section:{name}")]}
    return section(sliceName=name, type=[{"code": "BackboneElement", **profile}])


LIBRARY = definition(
    "library",
    section(slicing=SLICING),
    section(sliceName="a"),
    below("title", min=1),
    code("A"),
    section(sliceName="b"),
    code("B"),
    below("focus", min=1),
)
DOCUMENT = definition("document", section(slicing=SLICING), of_library("a"), of_library("b"))


@cache
def validator() -> Validator:
    return Validator.load(
        definitions=[LIBRARY, DOCUMENT, definition("lost", section(slicing=SLICING), of_library("x"))]
    )


def told(*sections: dict[str, Any], profile: str = "document") -> list[tuple[str, str]]:
    composition = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "x"},
        "date": "2026",
        "author": [{"display": "x"}],
        "title": "x",
        "section": [each | {"text": TEXT} for each in sections],
    }
    found = validator().validate(composition, profile=URL + profile).issues[1:]
    return [(each.rule, each.expression[0]) for each in found]


TEXT = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
A: dict[str, Any] = {"code": {"text": "A"}, "title": "x"}
B: dict[str, Any] = {"code": {"text": "B"}, "focus": {"display": "x"}}


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ((A, B), []),
        ((B, A), []),
        (({"code": {"text": "A"}}, B), [("profile-min", "Composition.section[0]")]),
        ((A, {"code": {"text": "B"}}), [("profile-min", "Composition.section[1]")]),
        ((A, {"code": {"text": "C"}}), [("profile-slice-closed", "Composition.section[1]")]),
    ],
)
def test_a_slice_keeps_the_element_that_is_meant(
    sections: tuple[dict[str, Any], ...], expected: list[tuple[str, str]]
) -> None:
    assert told(*sections) == expected


def test_an_element_that_is_not_there_is_said() -> None:
    assert "profile-slice-undecided" in dict(told(A, profile="lost"))
