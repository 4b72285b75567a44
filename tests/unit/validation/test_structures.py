"""StructureDefinitions as content: a differential that fits its base, and those that do not."""

from functools import cache
from typing import Any

import pytest

from adapter.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
RULE = "base-definition"


def element(path: str, **what: Any) -> dict[str, Any]:
    return {"path": path, **what}


def definition(*elements: dict[str, Any], type_: str = "Patient", base: str = BASE + "Patient") -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": URL + "p",
        "name": "P",
        "status": "draft",
        "kind": "complex-type" if type_ == "Extension" else "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": base,
        "derivation": "constraint",
        "differential": {"element": [element(type_), *elements]},
    }


EXTENSION = definition(element("Extension.url", fixedUri=URL + "e"), type_="Extension", base=BASE + "Extension")


@cache
def validator() -> Validator:
    return Validator.load(definitions=[EXTENSION | {"url": URL + "e"}])


def told(structure: dict[str, Any]) -> list[tuple[str, str]]:
    found = [each for each in validator().validate(structure).issues if each.rule == RULE]
    return [(each.severity, each.expression[0].removeprefix("StructureDefinition.")) for each in found]


def sliced(path: str, discriminator: str, kind: str = "value") -> dict[str, Any]:
    return element(path, slicing={"discriminator": [{"type": kind, "path": discriminator}], "rules": "open"})


def typed(path: str, code: str, *profiles: str) -> dict[str, Any]:
    return element(path, type=[{"code": code, "profile": [*profiles]}])


FIRST = "differential.element[1]"


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        (element("Patient.name", min=1), element("Patient.nmae", min=1), FIRST),
        (element("Patient.contact.name", min=1), element("Patient.contact.nmae", min=1), FIRST),
        (typed("Patient.extension", "Extension", URL + "e"), typed("Patient.extension", "Extension", BASE + "Age"),
         f"{FIRST}.type[0]"),
        (sliced("Patient.name", "use"), sliced("Patient.name", "usage"), f"{FIRST}.slicing.discriminator[0]"),
        (sliced("Patient.name", "$this", "pattern"), sliced("Patient.extension", "use"),
         f"{FIRST}.slicing.discriminator[0]"),
        (sliced("Patient.contact", "relationship"), element("Patient.deceasedQuantity"), FIRST),
        (element("Patient.gender", fixedCode="male"), element("Patient.gender", fixedString="male"), FIRST),
        (element("Patient.deceased[x]", patternBoolean=True), element("Patient.deceased[x]", patternCode="x"), FIRST),
        (element("Patient.id", fixedString="x"), element("Patient.photo", fixedCoding={"code": "x"}), FIRST),
        (element("Patient.name", id="Patient.name"), element("Patient.nmae", id="Patient.name"), FIRST),
    ],
)  # fmt: skip
def test_what_a_differential_says_of_its_base(right: dict[str, Any], wrong: dict[str, Any], place: str) -> None:
    assert told(definition(right)) == []
    assert told(definition(wrong)) == [("error", place)]


def test_a_value_that_the_base_fixes_stays() -> None:
    def derived(url: str) -> dict[str, Any]:
        return definition(element("Extension.url", fixedUri=url), type_="Extension", base=URL + "e")

    assert told(derived(URL + "e")) == []
    assert told(derived(URL + "p")) == [("error", FIRST)]


def test_what_cannot_be_held_against_its_base_is_said() -> None:
    assert told(definition(base=URL + "unknown")) == [("warning", "baseDefinition")]


@pytest.mark.parametrize(
    ("more", "expected"), [(1999, ("error", "differential")), (2000, ("warning", "baseDefinition"))]
)
def test_of_more_than_two_thousand_elements_none_is_held_against_the_base(more: int, expected: tuple[str, str]) -> None:
    assert told(definition(*[element("Person.name")] * more)) == [expected]


def test_of_what_makes_no_snapshot_the_differential_is_wrong() -> None:
    assert told(definition(element("Person.name"))) == [("error", "differential")]


def test_what_has_not_the_shape_of_a_definition_is_left_to_r4() -> None:
    broken = definition(element("Patient.name", min="x"))
    assert told(broken) == []
    assert not validator().validate(broken).valid


def test_a_definition_of_a_new_type_constrains_nothing() -> None:
    assert told(definition(element("Patient.nmae")) | {"derivation": "specialization"}) == []


def test_the_kind_is_that_of_the_base() -> None:
    assert told(definition() | {"kind": "complex-type"}) == [("error", "kind")]
    assert told(definition(type_="Extension", base=BASE + "Extension")) == []
    assert told(definition(type_="Extension", base=BASE + "Extension") | {"kind": "resource"}) == [("error", "kind")]


def test_of_an_element_that_there_is_not_nothing_more_is_said() -> None:
    assert told(definition(sliced("Patient.nmae", "use"))) == [("error", FIRST)]


def test_a_definition_without_base_and_url_is_no_circle() -> None:
    nameless = {key: value for key, value in definition().items() if key not in ("url", "baseDefinition")}
    circle = definition(base=URL + "p")
    for structure, expected in ((nameless, False), (circle, True)):
        found = {each.rule for each in validator().validate(structure).issues}
        assert ("base-definition-circle" in found) is expected
