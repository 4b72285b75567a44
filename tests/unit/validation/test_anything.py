"""Whatever the content is, there is a verdict: the same one each time, and never an exception."""

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.support.errors import DefinitionsError, ParseError
from adapter.validation import Validator, messages

BASE = "http://hl7.org/fhir/StructureDefinition/"
NAMES = st.sampled_from(
    [
        *(
            "resourceType",
            "id",
            "meta",
            "text",
            "div",
            "contained",
            "extension",
            "url",
            "name",
            "_given",
            "given",
            "type",
        ),
        *(
            "reference",
            "entry",
            "resource",
            "fullUrl",
            "valueCode",
            "coding",
            "system",
            "code",
            "value",
            "status",
            "period",
        ),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.sampled_from(["Patient", "Bundle", "message", "#a", "a", "male", "", " ", "2026-02-30", "urn:uuid:x", "\x00"])
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=25
)
JUNK: list[Any] = [None, True, 5, -1, "", "x", [], {}, [{}], [[]], ["x"], [None], {"code": 5}, "#a", 10**30]
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "meta": {"profile": ["http://acme.com/p"]},
    "contained": [
        {"resourceType": "Organization", "id": "o", "name": "x", "partOf": {"reference": "#o"}},
        {"resourceType": "Patient", "id": "q", "link": [{"other": {"reference": "#q"}, "type": "seealso"}]},
    ],
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><a href="#i">b</a></div>'},
    "extension": [{"url": "http://acme.com/e", "valueString": "x"}],
    "identifier": [{"system": "http://x", "value": "1", "type": {"coding": [{"system": "http://s", "code": "c"}]}}],
    "active": True,
    "_active": {"extension": [{"url": "http://acme.com/z", "valueString": "x"}]},
    "name": [
        {"id": "i", "text": "abc", "given": ["G", None], "_given": [None, {"id": "y"}], "period": {"start": "2001"}}
    ],
    "gender": "male",
    "birthDate": "2010-01-01",
    "deceasedBoolean": False,
    "contact": [{"name": {"family": "x"}, "organization": {"reference": "#o"}}],
    "managingOrganization": {"reference": "#o", "display": "x"},
    "photo": [{"contentType": "image/png", "data": "QUJD"}],
}
SLICING = {
    "discriminator": [{"type": "value", "path": "system"}, {"type": "pattern", "path": "type"}],
    "rules": "closed",
}
CONSTRAINT = {"key": "a-1", "severity": "error", "human": "h", "expression": "name.exists()"}
ELEMENTS: list[dict[str, Any]] = [
    {"path": "Patient", "constraint": [CONSTRAINT]},
    {"path": "Patient.extension", "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}},
    {
        "path": "Patient.extension",
        "sliceName": "e",
        "min": 1,
        "type": [{"code": "Extension", "profile": ["http://acme.com/e"]}],
    },
    {"path": "Patient.identifier", "slicing": SLICING, "min": 1, "max": "3"},
    {"path": "Patient.identifier", "sliceName": "a", "max": "1"},
    {"path": "Patient.identifier.system", "min": 1, "fixedUri": "http://x"},
    {"path": "Patient.identifier.type", "patternCodeableConcept": {"coding": [{"system": "http://s", "code": "c"}]}},
    {
        "path": "Patient.name.text",
        "maxLength": 20,
        "extension": [{"url": BASE + "regex", "valueString": "[a-z]+"}, {"url": BASE + "minLength", "valueInteger": 2}],
    },
    {"path": "Patient.gender", "binding": {"strength": "required", "valueSet": "http://acme.com/vs"}},
    {"path": "Patient.birthDate", "minValueDate": "2000-01-01", "maxValueDate": "2020-01-01"},
    {"path": "Patient.managingOrganization", "type": [{"code": "Reference", "targetProfile": ["http://acme.com/o"]}]},
]


def definition(url: str, type_: str, elements: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "kind": "resource",
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": elements},
        **more,
    }


DEFINITIONS: list[dict[str, Any]] = [
    definition("http://acme.com/p", "Patient", ELEMENTS),
    definition(
        "http://acme.com/o", "Organization", [{"path": "Organization"}, {"path": "Organization.name", "min": 1}]
    ),
    definition(
        "http://acme.com/e",
        "Extension",
        [{"path": "Extension"}, {"path": "Extension.url", "fixedUri": "http://acme.com/e"}],
        kind="complex-type",
        context=[{"type": "element", "expression": "Patient"}],
        contextInvariant=["true"],
    ),
    {
        "resourceType": "ValueSet",
        "url": "http://acme.com/vs",
        "compose": {
            "include": [
                {"system": "http://acme.com/cs", "filter": [{"property": "concept", "op": "is-a", "value": "a"}]},
                {"valueSet": ["http://acme.com/vs"]},
            ]
        },
        "expansion": {"contains": [{"system": "http://acme.com/cs", "code": "a"}]},
    },
    {
        "resourceType": "CodeSystem",
        "url": "http://acme.com/cs",
        "content": "complete",
        "concept": [
            {
                "code": "a",
                "property": [{"code": "parent", "valueCode": "b"}, {"code": "status", "valueCode": "retired"}],
                "concept": [{"code": "b", "property": [{"code": "parent", "valueCode": "a"}]}],
            }
        ],
    },
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def mutated(value: Any, dice: random.Random, kept: tuple[str, ...] = ()) -> Any:
    """A copy in which one value is left out, repeated, put elsewhere or another."""
    value = copy.deepcopy(value)
    *above, last = dice.choice([place for place in places(value) if place and place[-1] not in kept])
    holder = value
    for key in above:
        holder = holder[key]
    chance = dice.random()
    if chance < 0.2:
        del holder[last]
    elif chance < 0.4 and isinstance(holder[last], str | list):
        holder[last] = holder[last] * 2
    elif chance < 0.5 and isinstance(holder, dict):
        holder[dice.choice([str(last), *ELEMENTS[-1], "extension", "min"])] = copy.deepcopy(holder[last])
    else:
        holder[last] = copy.deepcopy(dice.choice(JUNK))
    return value


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(definitions=DEFINITIONS)


def settled(validator: Validator, resource: Any) -> None:
    outcome = validator.validate(resource)
    assert outcome == validator.validate(copy.deepcopy(resource))
    fhir_json.serialize(outcome.to_fhir())
    if isinstance(resource, dict):
        messages.check(resource)


@given(resource=VALUES)
def test_any_json_gets_a_verdict(validator: Validator, resource: Any) -> None:
    settled(validator, resource)


@given(members=st.dictionaries(NAMES, VALUES, max_size=6), type_=st.sampled_from(["Patient", "Bundle", "Observation"]))
def test_anything_in_a_resource_gets_a_verdict(validator: Validator, members: dict[str, Any], type_: str) -> None:
    settled(validator, members | {"resourceType": type_})


def without_empty(value: Any) -> Any:
    """The value less its empty objects, and the lists that hold nothing else; null in their place within a list."""
    if isinstance(value, dict):
        kept = {name: without_empty(member) for name, member in value.items()}
        return {name: member for name, member in kept.items() if member is not None} or None
    if isinstance(value, list):
        items = [without_empty(item) for item in value]
        return None if items and all(item is None for item in items) else items
    return value


@given(seed=st.integers(0, 2**32), times=st.integers(1, 4))
def test_a_right_resource_that_is_changed_gets_a_verdict(validator: Validator, seed: int, times: int) -> None:
    dice, resource = random.Random(seed), PATIENT
    for _ in range(times):
        resource = mutated(resource, dice, kept=("resourceType",))
    settled(validator, resource)
    try:
        written = fhir_xml.serialize(resource)
    except ParseError:
        return
    again = fhir_xml.parse(written)
    assert without_empty(again) == without_empty(resource)  # XML has no form for some empty objects
    assert fhir_json.parse(fhir_json.serialize(again)) == again


@given(seed=st.integers(0, 2**32))
@settings(max_examples=8)
def test_definitions_that_are_changed_give_a_verdict_or_a_refusal(seed: int) -> None:
    dice, known = random.Random(seed), list(DEFINITIONS)
    for _ in range(2):
        index = dice.randrange(len(known))
        known[index] = mutated(known[index], dice, kept=("resourceType", "url"))
    try:
        changed = Validator.load(definitions=known)
    except DefinitionsError:
        return
    settled(changed, PATIENT)


@pytest.mark.parametrize(
    ("element", "member", "wrong"),
    [
        (0, "constraint", [[]]),
        (0, "constraint", {}),
        (7, "maxLength", []),
        (10, "type", [{"code": "Reference", "targetProfile": None}]),
        (10, "type", [{"code": "Reference", "aggregation": 5}]),
        (8, "binding", {"strength": "required", "valueSet": "http://acme.com/vs", "extension": [{"url": []}]}),
        (7, "extension", [{"url": []}, 5]),
    ],
)
def test_members_of_another_shape_in_a_profile(element: int, member: str, wrong: Any) -> None:
    elements = [each | ({member: wrong} if index == element else {}) for index, each in enumerate(ELEMENTS)]
    settled(
        Validator.load(definitions=[definition("http://acme.com/p", "Patient", elements), *DEFINITIONS[1:]]), PATIENT
    )


def test_members_of_another_shape_in_an_extensions_definition() -> None:
    changed = DEFINITIONS[2] | {"contextInvariant": 5}
    settled(Validator.load(definitions=[*DEFINITIONS[:2], changed, *DEFINITIONS[3:]]), PATIENT)
