"""Slices found by each kind of discriminator, nested, over references and extensions; the slices' own rules."""

from typing import Any

import pytest

from adapter.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


def definition(type_: str, *elements: dict[str, Any], name: str = "p") -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "kind": "complex-type" if type_ == "Extension" else "resource",
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "context": [{"type": "element", "expression": "Element"}],
        "differential": {"element": [{"path": type_}, *elements]},
    }


def slicing(path: str, *discriminators: tuple[str, str], rules: str = "open", **more: Any) -> dict[str, Any]:
    found = [{"type": kind, "path": where} for kind, where in discriminators]
    return {"path": path, "slicing": {"discriminator": found, "rules": rules}, **more}


def slice_(path: str, name: str, **what: Any) -> dict[str, Any]:
    return {"path": path, "sliceName": name, **what}


def element(path: str, **what: Any) -> dict[str, Any]:
    return {"path": path, **what}


def rules_of(resource: dict[str, Any], *definitions: dict[str, Any]) -> list[tuple[str, str]]:
    outcome = Validator.load(definitions=definitions).validate(resource, profile=URL + "p")
    return [(issue.rule, issue.expression[0]) for issue in outcome.issues[1:] if issue.severity == "error"]


SYSTEM = "Patient.identifier.system"
BY_VALUE = definition(
    "Patient",
    slicing("Patient.identifier", ("value", "system")),
    slice_("Patient.identifier", "a", min=1, max="1"),
    element(SYSTEM, fixedUri="http://acme.com/a"),
)
BY_PATTERN = definition(
    "Observation",
    slicing("Observation.category", ("pattern", "$this")),
    slice_(
        "Observation.category",
        "a",
        min=1,
        patternCodeableConcept={"coding": [{"system": "http://acme.com", "code": "a"}]},
    ),
)
BY_INNER_PATTERN = definition(
    "Observation",
    slicing("Observation.category", ("value", "coding.code")),
    slice_("Observation.category", "a", min=1),
    element("Observation.category.coding", patternCoding={"code": "a"}),
)
BY_EXISTENCE = definition(
    "Patient",
    slicing("Patient.name", ("exists", "period"), rules="closed"),
    slice_("Patient.name", "old", max="1"),
    element("Patient.name.period", min=1),
)
BY_ABSENCE = definition(
    "Patient",
    slicing("Patient.name", ("exists", "period")),
    slice_("Patient.name", "current", min=1),
    element("Patient.name.period", max="0"),
)
BY_TYPE = definition(
    "Observation",
    slicing("Observation.value[x]", ("type", "$this"), rules="closed"),
    slice_("Observation.value[x]", "valueQuantity", type=[{"code": "Quantity"}]),
    element("Observation.value[x].unit", min=1),
)
BY_TARGET_TYPE = definition(
    "Observation",
    slicing("Observation.focus", ("type", "resolve()")),
    slice_("Observation.focus", "who", min=1, type=[{"code": "Reference", "targetProfile": [BASE + "Patient"]}]),
)
BY_TARGET_PROFILE = definition(
    "Observation",
    slicing("Observation.focus", ("profile", "resolve()")),
    slice_("Observation.focus", "who", min=1, type=[{"code": "Reference", "targetProfile": [URL + "active"]}]),
)
ACTIVE = definition("Patient", element("Patient.active", min=1), name="active")
BY_EXTENSION = definition(
    "Patient",
    slicing("Patient.name", ("value", f"extension('{URL}e').value")),
    slice_("Patient.name", "a", min=1),
    slice_("Patient.name.extension", "e", type=[{"code": "Extension", "profile": [URL + "e"]}]),
    element("Patient.name.extension.value[x]", fixedCode="a"),
)
CODE_EXTENSION = definition(
    "Extension",
    element("Extension.url", fixedUri=URL + "e"),
    element("Extension.value[x]", type=[{"code": "code"}]),
    name="e",
)
NESTED = definition(
    "Patient",
    slicing("Patient.contact", ("value", "gender")),
    slice_("Patient.contact", "her"),
    slicing("Patient.contact.telecom", ("value", "system")),
    slice_("Patient.contact.telecom", "phone", min=1),
    element("Patient.contact.telecom.system", fixedCode="phone"),
    element("Patient.contact.gender", fixedCode="female"),
)
AT_END = definition(
    "Patient",
    slicing("Patient.identifier", ("value", "system"), rules="openAtEnd"),
    slice_("Patient.identifier", "a"),
    element(SYSTEM, fixedUri="http://acme.com/a"),
)
TWO_KEYS = definition(
    "Patient",
    slicing("Patient.telecom", ("value", "system"), ("value", "use")),
    slice_("Patient.telecom", "phone", min=1),
    element("Patient.telecom.system", fixedCode="phone"),
    element("Patient.telecom.use", fixedCode="work"),
)


def identified(*letters: str) -> dict[str, Any]:
    return PATIENT | {"identifier": [{"system": f"http://acme.com/{letter}"} for letter in letters]}


def focused(target: dict[str, Any]) -> dict[str, Any]:
    return OBSERVATION | {"contained": [target | {"id": "x"}], "focus": [{"reference": "#x"}]}


def marked(code: str) -> dict[str, Any]:
    return PATIENT | {"name": [{"text": "x", "extension": [{"url": URL + "e", "valueCode": code}]}]}


CATEGORY = {"coding": [{"code": "b"}, {"system": "http://acme.com", "code": "a", "version": "1"}]}


@pytest.mark.parametrize(
    ("right", "wrong", "rule", "place", "definitions"),
    [
        (identified("b", "a"), identified("b"), "profile-min", "Patient", (BY_VALUE,)),
        (identified("a"), identified("a", "a"), "profile-max", "Patient", (BY_VALUE,)),
        (
            OBSERVATION | {"category": [CATEGORY]},
            OBSERVATION | {"category": [{"coding": [{"code": "a"}]}]},
            "profile-min",
            "Observation",
            (BY_PATTERN,),
        ),
        (
            OBSERVATION | {"category": [{"coding": [{"code": "a"}]}]},
            OBSERVATION | {"category": [{"coding": [{"code": "b"}]}]},
            "profile-min",
            "Observation",
            (BY_INNER_PATTERN,),
        ),
        (
            PATIENT | {"name": [{"period": {"start": "2026"}}]},
            PATIENT | {"name": [{"text": "x"}]},
            "profile-slice-closed",
            "Patient.name[0]",
            (BY_EXISTENCE,),
        ),
        (
            PATIENT | {"name": [{"text": "x"}]},
            PATIENT | {"name": [{"period": {"start": "2026"}}]},
            "profile-min",
            "Patient",
            (BY_ABSENCE,),
        ),
        (
            OBSERVATION | {"valueQuantity": {"value": 1, "unit": "x"}},
            OBSERVATION | {"valueQuantity": {"value": 1}},
            "profile-min",
            "Observation.value.ofType(Quantity)",
            (BY_TYPE,),
        ),
        (
            OBSERVATION,
            OBSERVATION | {"valueString": "x"},
            "profile-slice-closed",
            "Observation.value.ofType(string)",
            (BY_TYPE,),
        ),
        (
            focused(PATIENT),
            focused({"resourceType": "Organization", "name": "x"}),
            "profile-min",
            "Observation",
            (BY_TARGET_TYPE,),
        ),
        (
            focused(PATIENT | {"active": True}),
            focused(PATIENT),
            "profile-min",
            "Observation",
            (BY_TARGET_PROFILE, ACTIVE),
        ),
        (marked("a"), marked("b"), "profile-min", "Patient", (BY_EXTENSION, CODE_EXTENSION)),
        (
            PATIENT | {"contact": [{"gender": "female", "telecom": [{"system": "phone", "value": "1"}]}]},
            PATIENT | {"contact": [{"gender": "female", "telecom": [{"system": "email", "value": "1"}]}]},
            "profile-min",
            "Patient.contact[0]",
            (NESTED,),
        ),
        (
            PATIENT | {"contact": [{"gender": "male", "telecom": [{"system": "email", "value": "1"}]}]},
            PATIENT | {"contact": [{"gender": "female", "name": {"text": "x"}}]},
            "profile-min",
            "Patient.contact[0]",
            (NESTED,),
        ),
        (identified("a", "a", "b"), identified("b", "a"), "profile-slice-order", "Patient.identifier[1]", (AT_END,)),
        (
            PATIENT | {"telecom": [{"system": "phone", "use": "work", "value": "1"}]},
            PATIENT | {"telecom": [{"system": "phone", "use": "home", "value": "1"}]},
            "profile-min",
            "Patient",
            (TWO_KEYS,),
        ),
    ],
)
def test_slices(
    right: dict[str, Any], wrong: dict[str, Any], rule: str, place: str, definitions: tuple[dict[str, Any], ...]
) -> None:
    assert rules_of(right, *definitions) == []
    assert rules_of(wrong, *definitions) == [(rule, place)]


def test_several_profiles_at_once() -> None:
    one = definition("Patient", element("Patient.active", min=1), name="one")
    two = definition("Patient", element("Patient.gender", min=1), name="two")
    validator = Validator.load(definitions=[one, two])
    asked = validator.validate(PATIENT, profile=[URL + "one", URL + "two"])
    claimed = validator.validate(PATIENT | {"meta": {"profile": [URL + "one", URL + "two"]}})
    for outcome in (asked, claimed):
        found = [(issue.rule, issue.profile) for issue in outcome.issues if issue.severity == "error"]
        assert found == [("profile-min", URL + "one"), ("profile-min", URL + "two")]


def test_a_profile_holds_for_the_resource_that_claims_it_within_a_bundle() -> None:
    claiming = PATIENT | {"meta": {"profile": [URL + "p"]}}
    urls = [f"urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b1{digit}" for digit in "12"]
    entries = [{"fullUrl": url, "resource": each} for url, each in zip(urls, (PATIENT, claiming), strict=True)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    outcome = Validator.load(definitions=[definition("Patient", element("Patient.active", min=1))]).validate(bundle)
    assert [issue.expression for issue in outcome.issues[1:]] == [("Bundle.entry[1].resource",)]


def test_a_circle_of_profiles_ends() -> None:
    other = {"code": "Reference", "targetProfile": [URL + "p"]}
    circle = definition(
        "Patient",
        element("Patient.active", min=1),
        element("Patient.link.other", type=[other]),
    )

    def linked(active: bool) -> dict[str, Any]:
        link = [{"other": {"reference": "#x"}, "type": "seealso"}]
        inner = PATIENT | {"id": "x", "link": link} | ({"active": True} if active else {})
        return PATIENT | {"active": True, "contained": [inner], "link": link}

    assert rules_of(linked(active=True), circle) == []
    assert rules_of(linked(active=False), circle) == [("profile-target", "Patient.link[0].other")]
