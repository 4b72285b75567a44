"""Codes by themselves beyond Codings: of Quantities and of ConceptMaps."""

from typing import Any

import pytest

from adapter.validation import Validator

UNITS = "https://acme.com/CodeSystem/units"
CODES = {
    "resourceType": "CodeSystem",
    "url": UNITS,
    "version": "2",
    "status": "draft",
    "content": "complete",
    "concept": [{"code": "box"}, {"code": "bag"}],
}
PART = CODES | {"url": "https://acme.com/CodeSystem/part", "content": "fragment"}


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(definitions=[CODES, PART])


def broken(validator: Validator, resource: dict[str, Any]) -> list[tuple[str, str]]:
    found = validator.validate(resource).issues
    return [(issue.rule, issue.expression[0]) for issue in found if issue.severity == "error"]


def amount(system: str, code: str) -> dict[str, Any]:
    quantity = {"value": 1, "system": system, "code": code}
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueQuantity": quantity}


@pytest.mark.parametrize(
    ("system", "code", "rule", "place"),
    [
        (UNITS, "box", "", ""),
        (UNITS, "Box", "code-unknown", ".code"),
        (PART["url"], "other", "", ""),
        ("http://unitsofmeasure.org", "kg", "", ""),
        ("https://acme.com/not-loaded", "x", "", ""),
        ("units", "box", "base-system", ".system"),
        ("http://hl7.org/fhir/ValueSet/ucum-bodyweight", "kg", "base-system", ".system"),
    ],
)
def test_the_unit_of_a_quantity_is_a_code_of_its_system(
    validator: Validator, system: str, code: str, rule: str, place: str
) -> None:
    expected = [(rule, f"Observation.value.ofType(Quantity){place}")] if rule else []
    assert broken(validator, amount(system, code)) == expected


def mapped(one: str, other: str, **group: Any) -> dict[str, Any]:
    element = {"code": one, "target": [{"code": other, "equivalence": "equal"}]}
    return {
        "resourceType": "ConceptMap",
        "status": "draft",
        "group": [{"source": UNITS, "target": UNITS, "element": [element]} | group],
    }


@pytest.mark.parametrize(
    ("resource", "places"),
    [
        (mapped("box", "bag"), []),
        (mapped("case", "bag"), ["element[0].code"]),
        (mapped("box", "case"), ["element[0].target[0].code"]),
        (mapped("case", "case", source=PART["url"], target="https://acme.com/not-loaded"), []),
        (mapped("case", "bag", sourceVersion="2"), ["element[0].code"]),
        (mapped("case", "bag", sourceVersion="3"), []),
        (
            mapped("box", "bag", element=[{"code": "case"}, {"target": [{"equivalence": "unmatched"}]}]),
            ["element[0].code"],
        ),
    ],
)
def test_what_a_concept_map_maps_are_codes(validator: Validator, resource: dict[str, Any], places: list[str]) -> None:
    expected = [("code-unknown", f"ConceptMap.group[0].{place}") for place in places]
    assert broken(validator, resource) == expected


def condition(**answer: Any) -> dict[str, Any]:
    when = {"question": "1", "operator": "exists"} | answer
    items = [{"linkId": "1", "type": "string"}, {"linkId": "2", "type": "string", "enableWhen": [when]}]
    return {"resourceType": "Questionnaire", "status": "draft", "item": items}


def risk(**probability: Any) -> dict[str, Any]:
    subject = {"display": "x"}
    prediction = {"outcome": {"text": "x"}} | probability
    return {"resourceType": "RiskAssessment", "status": "final", "subject": subject, "prediction": [prediction]}


RANGE = {"low": {"value": 1, "system": "http://unitsofmeasure.org", "code": "%"}}


@pytest.mark.parametrize(
    ("resource", "rules"),
    [
        (condition(answerBoolean=True), []),
        (condition(answerString="x"), ["base-invariant"]),
        (condition(operator="=", answerString="x"), []),
        (risk(), []),
        (risk(probabilityDecimal=100), []),
        (risk(probabilityDecimal=101), ["base-invariant"]),
        (risk(probabilityRange=RANGE), []),
    ],
)
def test_invariants_mean_what_their_words_say(validator: Validator, resource: dict[str, Any], rules: list[str]) -> None:
    assert [rule for rule, _ in broken(validator, resource)] == rules
