"""Every invariant of R4 compiles for the type it stands on, and is evaluated without an error."""

from functools import cache
from typing import Any

import pytest

from adapter import fhirpath
from adapter.definitions import load
from adapter.fhir import elements
from adapter.fhirpath import FhirPathError, Scope, model, nodes
from adapter.support.errors import DefinitionsError

XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


class Surroundings:
    """Answers what the resource itself does not tell: nothing is found, everything is in order."""

    def __init__(self) -> None:
        self.traced: list[tuple[str, list[Any]]] = []

    def resolve(self, reference: str) -> dict[str, Any] | None:
        return None

    def member_of(self, value: Any, type_name: str, value_set: str) -> bool | None:
        return True

    def conforms_to(self, value: Any, type_name: str, profile: str) -> bool:
        return True

    def html_issues(self, narrative: str) -> list[str]:
        return []

    def trace(self, name: str, values: list[Any]) -> None:
        self.traced.append((name, values))


@cache
def _constraints() -> dict[str, dict[str, str]]:
    """Path to key to expression."""
    try:
        definitions = load(["hl7.fhir.r4.core#4.0.1"])
    except DefinitionsError as error:
        pytest.skip(str(error))
    found: dict[str, dict[str, str]] = {}
    for url in definitions.urls("StructureDefinition"):
        definition = definitions.resource(url, "StructureDefinition") or {}
        for element in definition.get("snapshot", {}).get("element", []):
            for constraint in element.get("constraint", []):
                if "expression" in constraint:
                    found.setdefault(element["path"], {})[constraint["key"]] = constraint["expression"]
    return found


def test_every_invariant_compiles_for_its_type() -> None:
    constraints = _constraints()
    expressions = {expression for keys in constraints.values() for expression in keys.values()}
    assert len(expressions) > 190
    table = elements.table()
    for path, keys in constraints.items():
        for expression in keys.values():
            compiled = fhirpath.compile(expression)
            if path in table:
                compiled.for_type(path)


def _example(type_: model.Type, depth: int) -> Any:
    """A value with every element of its type (the first type of a choice), to a depth."""
    if type_.is_primitive:
        samples = {"boolean": True, "integer": 1, "decimal": 2, "positiveInt": 1, "unsignedInt": 1}
        texts = {"date": "2020-02-29", "dateTime": "2020-02-29T10:00:00+01:00", "instant": "2020-02-29T10:00:00Z"}
        return samples.get(type_.name, texts.get(type_.name, XHTML.format("x") if type_.name == "xhtml" else "a"))
    if type_.is_abstract:
        return {"resourceType": "Basic", "id": "b", "code": {"text": "x"}}
    resource = {"resourceType": type_.name} if model.fhir("Resource") in type_.ancestors else {}
    if depth == 0:
        return resource or {"id": "x"}
    for options in type_.members.values():
        value = _example(options[0].type, depth - 1)
        resource[options[0].key] = [value] if options[0].many else value
    return resource


def _walk(value: Any, type_: model.Type, path: str, scope: Scope, constraints: dict[str, dict[str, str]]) -> int:
    count = 0
    for key, expression in {**constraints.get(type_.name, {}), **constraints.get(path, {})}.items():
        try:
            fhirpath.compile(expression).for_type(type_).holds(value, scope)
        except FhirPathError as error:
            raise AssertionError(f"{path} {key}: {error}") from error
        count += 1
    if isinstance(value, dict):
        for name, inner in value.items():
            option = type_.by_key.get(name)
            for each in (inner if isinstance(inner, list) else [inner]) if option else ():
                below = nodes.type_of(each) or option.type
                count += _walk(each, below, f"{type_.name}.{name}", scope, constraints)
    return count


@pytest.mark.parametrize("depth", [1, 3])
def test_every_invariant_evaluates_on_full_resources(depth: int) -> None:
    constraints, evaluated = _constraints(), 0
    for name in elements.table().resources:
        type_ = model.fhir(name)
        resource = _example(type_, depth)
        scope = Scope(nodes.Node(resource, type_), environment=Surroundings())
        evaluated += _walk(resource, type_, name, scope, constraints)
    assert evaluated > 5000


@pytest.mark.parametrize(
    ("path", "key", "value", "verdict"),
    [
        ("Extension", "ele-1", {"url": "x", "valueString": "y"}, True),
        ("Extension", "ele-1", {"id": "x"}, False),
        ("Extension", "ext-1", {"url": "x", "valueString": "y"}, True),
        ("Extension", "ext-1", {"url": "x", "valueCodeableConcept": {"text": "y"}}, True),
        ("Extension", "ext-1", {"url": "x"}, False),
        ("Extension", "ext-1", {"url": "x", "valueString": "y", "extension": [{"url": "z"}]}, False),
        ("Period", "per-1", {"start": "2020-01-01", "end": "2019-12-31"}, False),
        ("Period", "per-1", {"start": "2020-01-01", "end": "2020-01-01"}, True),
        ("Period", "per-1", {"start": "2020-01-01T10:00:00+01:00", "end": "2020-01-01T09:30:00Z"}, True),
        ("Period", "per-1", {"start": "2020-01-01"}, True),
        ("Quantity", "qty-3", {"code": "mg"}, False),
        ("Attachment", "att-1", {"data": "AAAA"}, False),
        ("ContactPoint", "cpt-2", {"value": "1"}, False),
        ("Age", "age-1", {"value": 3, "code": "a", "system": "http://unitsofmeasure.org"}, True),
        ("Age", "age-1", {"value": -3, "code": "a", "system": "http://unitsofmeasure.org"}, False),
        ("Patient.contact", "pat-1", {"gender": "male"}, False),
        ("Patient.contact", "pat-1", {"name": {"text": "x"}}, True),
        ("Timing.repeat", "tim-1", {"duration": 3}, False),
        ("Range", "rng-2", {"low": {"value": 5, "unit": "mg"}, "high": {"value": 4, "unit": "mg"}}, False),
    ],
)
def test_verdicts(path: str, key: str, value: Any, verdict: bool) -> None:
    expression = fhirpath.compile(_constraints()[path][key])
    scope = Scope(nodes.Node({"resourceType": "Basic"}, model.fhir("Basic")))
    assert expression.for_type(path).holds(value, scope) is verdict


def test_contained_resources_are_referred_to() -> None:
    expression = fhirpath.compile(_constraints()["Patient"]["dom-3"])
    patient = {"resourceType": "Patient", "contained": [{"resourceType": "Organization", "id": "o"}]}
    assert expression(patient) == [False]
    assert expression({**patient, "managingOrganization": {"reference": "#o"}}) == [True]
