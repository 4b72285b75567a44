"""Codes by themselves beyond Codings, of Quantities and ConceptMaps; definitions that contradict themselves."""

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


def system(**more: Any) -> dict[str, Any]:
    return CODES | {"url": "https://acme.com/CodeSystem/own", "version": "1"} | more


def with_property(code: str = "p", type_: str = "string", **value: Any) -> dict[str, Any]:
    concept = {"code": "a", "property": [{"code": code} | (value or {"valueString": "x"})]}
    return system(property=[{"code": "p", "type": type_}], concept=[concept])


NESTED = [{"code": "a", "concept": [{"code": "b"}]}]
DEEP = [{"code": "a", "concept": [{"code": "b", "property": [{"code": "q", "valueCode": "x"}]}]}]


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (with_property(), ""),
        (with_property("q"), "concept[0].property[0]"),
        (with_property(valueInteger=1), "concept[0].property[0]"),
        (with_property(type_="Coding", valueCoding={"code": "x"}), ""),
        (with_property(type_="dateTime", valueDateTime="2026"), ""),
        (system(concept=DEEP), "concept[0].concept[0].property[0]"),
        (system(property=[{"code": "p", "type": "string"}, {"code": "q", "type": "string"}]), ""),
        (system(property=[{"code": "p", "type": "string"}, {"code": "p", "type": "code"}]), "property[1]"),
        (system(count=2), ""),
        (system(count=3), "count"),
        (system(count=2, concept=NESTED), ""),
        (system(count=1, concept=NESTED), "count"),
        (system(count=3, compositional=True), ""),
        (system(count=3, content="fragment"), ""),
        (system(content="supplement", supplements=UNITS), ""),
        (system(content="supplement"), "CodeSystem"),
    ],
)
def test_a_code_system_keeps_what_it_declares(validator: Validator, resource: dict[str, Any], place: str) -> None:
    where = place if place == "CodeSystem" else f"CodeSystem.{place}"
    assert broken(validator, resource) == ([("base-definition-content", where)] if place else [])


def search(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": "https://acme.com/SearchParameter/x",
        "name": "X",
        "status": "draft",
        "description": "x",
        "code": "x",
        "base": ["Patient"],
        "type": "string",
    } | more


PART_OF_SEARCH = {"definition": "https://acme.com/SearchParameter/y", "expression": "name"}


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (search(), ""),
        (search(expression="Patient.name.family | Patient.contact.name.family"), ""),
        (search(expression="Patient.name.where(use = 'usual').family", base=["Patient", "Task"]), ""),
        (search(expression="Patient.name | Person.name", base=["Patient", "Person"]), ""),
        (search(expression="Patient.name | Person.name"), "SearchParameter.expression"),
        (search(expression="Patient.nmae"), "SearchParameter.expression"),
        (search(expression="Patient.name | Person.nmae", base=["Patient", "Person"]), "SearchParameter.expression"),
        (search(expression="Resource.id", base=["Resource"]), ""),
        (search(expression="Patient.name.("), "SearchParameter.expression"),
        (search(expression=" | ".join(["name"] * 5_001)), "SearchParameter.expression"),
        (search(expression=" | ".join(["name"] * 1_000), base=["Patient"] * 1_000), ""),
        (search(type="composite", component=[PART_OF_SEARCH, PART_OF_SEARCH]), ""),
        (search(type="composite", component=[PART_OF_SEARCH]), "SearchParameter"),
        (search(type="composite"), "SearchParameter"),
    ],
)
def test_a_search_parameter_can_be_searched_by(validator: Validator, resource: dict[str, Any], place: str) -> None:
    assert broken(validator, resource) == ([("base-definition-content", place)] if place else [])
