"""Profiles that nobody names: those of an implementation guide for a type, and those that a profile imposes."""

from typing import Any

import pytest

from adapter.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
CONTACT = {"link": [{"type": "refer", "other": {"reference": "#p"}}], "contained": [PATIENT | {"id": "p"}]}


def profile(name: str, element: str, type_: str = "Patient", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "kind": "resource",
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": [{"path": f"{type_}.{element}", "min": 1}]},
        **more,
    }


def guide(**types: str) -> dict[str, Any]:
    bound = [{"type": type_, "profile": URL + name} for type_, name in types.items()]
    return {"resourceType": "ImplementationGuide", "url": "http://acme.com/ImplementationGuide/g", "global": bound}


def told(validator: Validator, resource: dict[str, Any], asked: str | None = None) -> list[tuple[str, str]]:
    return [(each.rule, each.expression[0]) for each in validator.validate(resource, profile=asked).issues[1:]]


def test_a_guide_binds_all_resources_of_a_type() -> None:
    validator = Validator.load(definitions=[guide(Patient="named"), profile("named", "name")])
    assert told(validator, PATIENT | {"name": [{"text": "x"}]}) == []
    assert told(validator, PATIENT) == [("profile-min", "Patient")]
    assert told(validator, PATIENT | CONTACT) == [("profile-min", "Patient.contained[0]"), ("profile-min", "Patient")]
    assert told(validator, {"resourceType": "Organization", "name": "o"}) == []


def test_a_profile_of_a_guide_that_is_not_loaded_is_said() -> None:
    assert told(Validator.load(definitions=[guide(Patient="named")]), PATIENT) == [("profile-claim-unknown", "Patient")]


IMPOSING = [{"url": f"{BASE}structuredefinition-imposeProfile", "valueCanonical": f"{URL}named"}]


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_profile_imposes_another(is_asked: bool) -> None:
    definitions = [profile("active", "active", extension=IMPOSING), profile("named", "name")]
    validator = Validator.load(definitions=definitions)
    asked = f"{URL}active" if is_asked else None
    claim = {} if is_asked else {"meta": {"profile": [f"{URL}active"]}}
    active = PATIENT | {"active": True} | claim
    assert told(validator, active, asked) == [("profile-min", "Patient")]
    assert told(validator, active | {"name": [{"text": "x"}]}, asked) == []


def test_an_imposed_profile_that_is_not_loaded_is_said_and_one_of_another_type_has_no_say() -> None:
    imposing = profile("active", "active", extension=IMPOSING)
    active = PATIENT | {"active": True}
    assert told(Validator.load(definitions=[imposing]), active, f"{URL}active") == [
        ("profile-claim-unknown", "Patient")
    ]
    other = profile("named", "name", "Organization")
    assert told(Validator.load(definitions=[imposing, other]), active, f"{URL}active") == []
