"""What an item demands of an answer's value: its type in words, options and units, and which ValueSet is meant."""

from typing import Any

import pytest

from adapter.validation import answers, rules
from adapter.validation.forms import Form
from adapter.validation.run import Run
from adapter.validation.vocabulary import Answer

CORE = "http://hl7.org/fhir/StructureDefinition/questionnaire-"
ANSWER, OPTION = rules.QUESTIONNAIRE_ANSWER.id, rules.QUESTIONNAIRE_OPTION.id
UNDECIDED = rules.QUESTIONNAIRE_UNDECIDED.id
SET = "http://acme.com/vs"
A = {"system": "http://acme.com/codes", "code": "a"}


class Terms:
    """Takes code `a` of the system of A, and in a contained ValueSet the codes of its `allowed`; without system, which
    means any of the value set's, the code alone counts."""

    def member(self, value_set: str, system: str | None, code: str) -> Answer:
        assert value_set == SET
        return Answer(system in (A["system"], None) and code == "a")

    def contained(self, value_set: dict[str, Any]) -> answers.Member:
        return lambda system, code: Answer((system, code) == (A["system"], value_set["allowed"]))


def told(
    definition: dict[str, Any],
    value: dict[str, Any],
    own: dict[str, dict[str, Any]] | None = None,
    contained: list[dict[str, Any]] | None = None,
) -> list[tuple[str, str]]:
    """Rule and words of what an item says of an answer. `own`: what the response contains; `contained`: its form."""
    form = Form({"item": [{"linkId": "a", **definition}], "contained": contained or []})
    run, ((name, held),) = Run("QuestionnaireResponse"), value.items()
    for check in answers.checks(form.by_link["a"], form, own or {}, Terms()):
        check(name, held, run, None)
    assert not any(issue.profile for issue in run.issues)
    return [(issue.rule, issue.message) for issue in run.issues]


def rules_of(*given: Any, **more: Any) -> list[str]:
    return [rule for rule, _ in told(*given, **more)]


def test_the_type_is_told() -> None:
    assert told({"type": "integer"}, {"valueInteger": 1}) == []
    assert told({"type": "integer"}, {"valueDate": "2026"}) == [
        (ANSWER, "the item is of the type integer: expected valueInteger")
    ]
    unsaid = "expected the Questionnaire to say of which type answers are"
    assert told({}, {"valueDate": "2026"}) == [(ANSWER, f"the item is of the type unknown: {unsaid}")]
    assert told({"type": "group"}, {"valueDate": "2026"}) == [(ANSWER, f"the item is of the type group: {unsaid}")]


@pytest.mark.parametrize(
    ("one", "right", "wrong"),
    [
        ({"valueCoding": A}, {"valueCoding": A | {"display": "x"}}, {"valueCoding": A | {"code": "b"}}),
        ({"valueCoding": A}, {"valueCoding": A}, {"valueCoding": {"code": "a"}}),
        ({"valueCoding": {"display": "x"}}, {"valueCoding": {"display": "x"}}, {"valueCoding": {"display": "y"}}),
        (
            {"valueReference": {"reference": "Patient/1"}},
            {"valueReference": {"reference": "Patient/1", "display": "x"}},
            {"valueReference": {"reference": "Patient/2", "display": "x"}},
        ),
        ({"valueInteger": 1}, {"valueInteger": 1}, {"valueInteger": 2}),
        ({"valueString": "x"}, {"valueString": "x"}, {"valueString": "y"}),
        ({"valueDate": "2026"}, {"valueDate": "2026"}, {"valueString": "2026"}),
    ],
)
def test_one_of_the_options(one: dict[str, Any], right: dict[str, Any], wrong: dict[str, Any]) -> None:
    options = {"answerOption": [{"valueCoding": {"code": "other"}}, {"initialSelected": True}, one]}
    assert rules_of({"type": "choice"} | options, right) == []
    assert rules_of({"type": "choice"} | options, wrong) == [OPTION]
    open_to = rules_of({"type": "open-choice"} | options, wrong)
    assert open_to == ([] if "valueString" in wrong else [OPTION])


def test_options_come_before_a_value_set() -> None:
    definition = {"type": "choice", "answerOption": [{"valueString": "x"}], "answerValueSet": SET}
    assert rules_of(definition, {"valueString": "x"}) == []
    assert rules_of(definition, {"valueCoding": A}) == [OPTION]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"valueCoding": A}, []),
        ({"valueCoding": A | {"code": "b"}}, [OPTION]),
        ({"valueCoding": {"code": "a"}}, [OPTION]),
        ({"valueCoding": {"system": A["system"]}}, [OPTION]),
        ({"valueString": "b"}, []),
    ],
)
def test_one_of_a_value_set(value: dict[str, Any], found: list[str]) -> None:
    assert rules_of({"type": "open-choice", "answerValueSet": SET}, value) == found


def value_set(allowed: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "id": "v", "allowed": allowed, **more}


def test_a_contained_value_set_is_the_forms_before_the_responses() -> None:
    definition, value = {"type": "choice", "answerValueSet": "#v"}, {"valueCoding": A}
    assert rules_of(definition, value, contained=[value_set("a")]) == []
    assert rules_of(definition, value, own={"v": value_set("a")}) == []
    assert rules_of(definition, value, own={"v": value_set("b")}) == [OPTION]
    assert rules_of(definition, value, own={"v": value_set("a")}, contained=[value_set("b")]) == [OPTION]
    for none in ({}, {"v": value_set("a", resourceType="CodeSystem")}):
        reason = "not decided whether the answer is allowed: no contained ValueSet has this id"
        assert told(definition, value, own=none) == [(UNDECIDED, reason)]


KILOGRAM = {"system": "http://unitsofmeasure.org", "code": "kg", "unit": "kilo"}


def units(*extensions: tuple[str, Any]) -> dict[str, Any]:
    return {"type": "quantity", "extension": [{"url": CORE + name, "valueAny": each} for name, each in extensions]}


@pytest.mark.parametrize(
    ("option", "right", "wrong"),
    [
        ({"system": KILOGRAM["system"], "code": "kg"}, KILOGRAM, KILOGRAM | {"code": "g"}),
        ({"system": KILOGRAM["system"], "code": "kg"}, KILOGRAM, KILOGRAM | {"system": "http://acme.com"}),
        ({"display": "kilo"}, KILOGRAM, KILOGRAM | {"unit": "kg"}),
        ({"code": "kg"}, {"code": "kg"}, {}),
    ],
)
def test_one_of_the_units(option: dict[str, Any], right: dict[str, Any], wrong: dict[str, Any]) -> None:
    definition = units(("unitOption", {"code": "none"}), ("unitOption", option))
    assert rules_of(definition, {"valueQuantity": right}) == []
    assert rules_of(definition, {"valueQuantity": wrong}) == [OPTION]
    assert rules_of(definition | {"type": "string"}, {"valueString": "x"}) == []


def test_a_unit_of_a_value_set() -> None:
    definition = units(("unitValueSet", SET), ("unitValueSet", 7))
    assert rules_of(definition, {"valueQuantity": A | {"value": 1}}) == []
    assert rules_of(definition, {"valueQuantity": {"value": 1, "unit": "x"}}) == []  # no code to look for
    assert rules_of(definition, {"valueQuantity": A | {"code": "b"}}) == [OPTION]
    assert rules_of(definition, {"valueQuantity": {"code": "a"}}) == [OPTION]
    assert rules_of(definition | {"type": "choice"}, {"valueCoding": A | {"code": "b"}}) == []


def test_the_type_that_a_reference_leads_to() -> None:
    definition = {"type": "reference", "extension": [{"url": CORE + "referenceResource", "valueCode": "Patient"}]}
    assert rules_of(definition, {"valueReference": {"reference": "Patient/1"}}) == []
    assert rules_of(definition, {"valueReference": {"reference": "Device/1"}}) == [rules.REFERENCE_TYPE.id]
    assert rules_of(definition | {"type": "choice"}, {"valueCoding": A}) == []


MEMBERS = [
    "Boolean",
    "Decimal",
    "Integer",
    "Date",
    "DateTime",
    "Time",
    "String",
    "Uri",
    "Attachment",
    "Reference",
    "Quantity",
    "Coding",
]


@pytest.mark.parametrize(
    ("type_", "members"),
    [
        *(
            (type_, {type_[0].upper() + type_[1:]})
            for type_ in ["boolean", "decimal", "integer", "date", "dateTime", "time"]
        ),
        *((type_, {type_.capitalize()}) for type_ in ("string", "attachment", "reference", "quantity")),
        ("text", {"String"}),
        ("url", {"Uri"}),
        *((type_, {"Coding", "Date", "Time", "Integer", "String", "Reference"}) for type_ in ("choice", "open-choice")),
        ("group", set()),
    ],
)
def test_the_members_that_have_a_value_of_a_type(type_: str, members: set[str]) -> None:
    assert {member for member in MEMBERS if not rules_of({"type": type_}, {f"value{member}": "x"})} == members
