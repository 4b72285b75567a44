"""Content made to cost: bounded, and said. No time is measured; what is not bounded does not end."""

from typing import Any

import pytest

from adapter.validation import Validator, run

PATIENT: dict[str, Any] = {"resourceType": "Patient"}
BASE = "http://hl7.org/fhir/StructureDefinition/"


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


def rules_of(validator: Validator, resource: Any, **how: Any) -> set[str]:
    return {issue.rule for issue in validator.validate(resource, **how).issues[1:]}


def test_contained_resources_that_lead_to_each_other(validator: Validator) -> None:
    ring = [
        {"resourceType": "Organization", "id": f"o{n}", "name": "x", "partOf": {"reference": f"#o{(n + 1) % 500}"}}
        for n in range(500)
    ]
    assert rules_of(validator, PATIENT | {"contained": ring, "managingOrganization": {"reference": "#o7"}}) == set()
    assert rules_of(validator, PATIENT | {"contained": ring}) == {"base-contained-unused"}


def test_a_large_text(validator: Validator) -> None:
    assert rules_of(validator, PATIENT | {"name": [{"text": "x" * 50_000_000}]}) == {"base-too-long"}
    assert rules_of(validator, PATIENT | {"gender": "x" * 5_000_000}) == {"base-too-long"}


def test_base64_that_does_not_end_as_it_should(validator: Validator) -> None:
    photo = {"contentType": "text/plain", "data": "QUJD " * 100_000 + "!"}
    assert rules_of(validator, PATIENT | {"photo": [photo]}) == {"base-format"}


@pytest.mark.parametrize("form", ["(a+)+b", "(a|a)*b", "(.*a){20}b"])
def test_a_profile_with_an_exploding_regular_expression(form: str) -> None:
    text = {"path": "Patient.name.text", "extension": [{"url": BASE + "regex", "valueString": form}]}
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://acme.com/p",
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": BASE + "Patient",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Patient"}, text]},
    }
    found = rules_of(
        Validator.load(definitions=[profile]), PATIENT | {"name": [{"text": "a" * 5000}]}, profile="http://acme.com/p"
    )
    assert found <= {"profile-regex", "base-invariant-not-evaluated"}
    assert found


def test_an_exploding_expression_of_an_invariant() -> None:
    constraint = {"key": "x", "severity": "error", "human": "x", "expression": "name.text.matches('^(a+)+$')"}
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://acme.com/p",
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": BASE + "Patient",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Patient", "constraint": [constraint]}]},
    }
    content = PATIENT | {"name": [{"text": "a" * 5000 + "!"}]}
    found = rules_of(Validator.load(definitions=[profile]), content, profile="http://acme.com/p")
    assert found <= {"profile-invariant", "base-invariant-not-evaluated"}
    assert found


def test_a_bundle_whose_entries_all_claim_each_other(validator: Validator) -> None:
    urls = [f"urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-{number:012x}" for number in range(3000)]
    links = [{"other": {"reference": url}, "type": "seealso"} for url in urls[:30]]
    entries = [{"fullUrl": url, "resource": PATIENT | {"link": links}} for url in urls]
    assert rules_of(validator, {"resourceType": "Bundle", "type": "collection", "entry": entries}) == set()


def test_more_issues_than_are_listed(validator: Validator) -> None:
    outcome = validator.validate(PATIENT | {"name": [{"text": ""}] * 5000})
    assert len(outcome.issues) == run.MAX_ISSUES + 2


@pytest.mark.parametrize(
    "definition",
    [
        {"snapshot": 1},
        {"snapshot": {"element": [{"path": "Patient"}, {"path": "Patient.a.b"}]}},
        {"snapshot": {"element": [{"path": "Patient"}, {"path": 5}]}},
        {"differential": {"element": [{"path": "Patient"}, {"path": "Patient.name", "max": "x"}]}},
        {"baseDefinition": "http://acme.com/p"},
        {"baseDefinition": "http://acme.com/none"},
    ],
)
def test_a_malformed_definition_is_said(definition: dict[str, Any]) -> None:
    whole = {
        "resourceType": "StructureDefinition",
        "url": "http://acme.com/p",
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": BASE + "Patient",
        "derivation": "constraint",
    } | definition
    outcome = Validator.load(definitions=[whole]).validate(PATIENT, profile="http://acme.com/p")
    (issue,) = [issue for issue in outcome.issues if issue.rule != "validation-settings"]
    assert issue.rule in ("profile-unusable", "profile-faulty")
    assert "http://acme.com/p" in issue.message
