"""Whether the answers of a response enable an item: each operator, kept and broken, and which answers are meant."""

from typing import Any

import pytest

from adapter.validation import enabling, rules
from adapter.validation.enabling import Conditions, Given
from adapter.validation.forms import Form
from adapter.validation.run import Frame, Run

EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
UCUM = "http://unitsofmeasure.org"
KILOGRAM = {"value": 1, "system": UCUM, "code": "kg"}
CODED = {"system": "http://acme.com/codes", "code": "a"}


def when(question: str | None, operator: str | None, **answer: Any) -> dict[str, Any]:
    named = {"question": question, "operator": operator}
    return {name: each for name, each in named.items() if each is not None} | answer


def answered(link: str, *answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"linkId": link, "answer": [*answers], **more}


def run_of(*items: dict[str, Any]) -> Run:
    run = Run("QuestionnaireResponse")
    resource = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [*items]}
    run.frame = Frame(resource, "QuestionnaireResponse", None)
    return run


def enabled(definition: dict[str, Any], *items: dict[str, Any], asked: tuple[dict[str, Any], ...] = ()) -> bool | None:
    """Whether the answers at the top of a response enable an item with such a definition that stands there too."""
    form = Form({"item": [*(asked or ({"linkId": "a"}, {"linkId": "c"})), {"linkId": "b", **definition}]})
    run = run_of(*items)
    resource = run.frame.resource
    return Conditions(form, run).enabled(form.by_link["b"], Given(form.root, resource, resource, None))


def compared(operator: str, expected: dict[str, Any], *answers: dict[str, Any]) -> bool | None:
    return enabled({"enableWhen": [when("a", operator, **expected)]}, answered("a", *answers))


def test_an_item_without_conditions_is_enabled() -> None:
    assert enabled({}) is True
    assert enabled({"enableWhen": []}) is True


@pytest.mark.parametrize(
    ("operator", "smaller", "same", "greater"),
    [
        ("=", False, True, False),
        ("!=", True, False, True),
        (">", False, False, True),
        ("<", True, False, False),
        (">=", False, True, True),
        ("<=", True, True, False),
        ("~", None, None, None),
    ],
)
def test_operators(operator: str, smaller: bool | None, same: bool | None, greater: bool | None) -> None:
    expected = {"answerInteger": 5}
    assert [compared(operator, expected, {"valueInteger": n}) for n in (4, 5, 6)] == [smaller, same, greater]


@pytest.mark.parametrize(
    ("operator", "expected", "answers", "decided"),
    [
        ("exists", {"answerBoolean": True}, [{"valueString": "x"}], True),
        ("exists", {"answerBoolean": True}, [], False),
        ("exists", {"answerBoolean": False}, [{"valueString": "x"}], False),
        ("exists", {"answerBoolean": False}, [], True),
        ("exists", {"answerString": "x"}, [{"valueString": "x"}], None),
        ("=", {"answerString": "x"}, [], False),
        ("=", {"answerString": "x"}, [{"valueString": "y"}, {"valueString": "x"}], True),
        ("=", {"answerString": "x"}, [{"valueInteger": 1}, {"valueString": "x"}], True),
        ("=", {"answerString": "x"}, [{"valueInteger": 1}, {"valueString": "y"}], None),
        ("!=", {"answerString": "x"}, [], None),
        ("!=", {"answerString": "x"}, [{"valueString": "y"}, {"valueString": "z"}], True),
        ("!=", {"answerString": "x"}, [{"valueString": "y"}, {"valueString": "x"}], False),
        ("!=", {"answerString": "x"}, [{"valueString": "y"}, {"valueInteger": 1}], None),
        ("<", {"answerDate": "2026-03-09"}, [{"valueDate": "2026-03"}], None),
        ("~", {"answerDate": "2026-03-09"}, [{"valueDate": "2026-03"}], None),
        ("=", {}, [{"valueString": "x"}], None),
    ],
)
def test_several_answers_or_none(
    operator: str, expected: dict[str, Any], answers: list[dict[str, Any]], decided: bool | None
) -> None:
    assert compared(operator, expected, *answers) is decided


@pytest.mark.parametrize(
    ("expected", "answer", "same"),
    [
        ({"answerCoding": CODED}, {"valueCoding": CODED | {"display": "A"}}, True),
        ({"answerCoding": CODED}, {"valueCoding": CODED | {"code": "b"}}, False),
        ({"answerCoding": CODED}, {"valueCoding": CODED | {"system": "http://acme.com/others"}}, False),
        ({"answerCoding": CODED}, {"valueCoding": {"code": "a"}}, False),
        ({"answerCoding": CODED}, {"valueCoding": "a"}, False),
        ({"answerCoding": {"code": "a"}}, {"valueCoding": CODED}, True),
        ({"answerCoding": {"code": "b"}}, {"valueCoding": CODED}, False),
        ({"answerCoding": {"system": CODED["system"]}}, {"valueCoding": CODED}, False),
        ({"answerQuantity": KILOGRAM}, {"valueQuantity": KILOGRAM | {"value": 1000, "code": "g"}}, True),
        ({"answerQuantity": KILOGRAM}, {"valueQuantity": KILOGRAM | {"value": 1001, "code": "g"}}, False),
        ({"answerQuantity": KILOGRAM}, {"valueQuantity": KILOGRAM | {"value": 999, "code": "g"}}, False),
        ({"answerQuantity": KILOGRAM}, {"valueQuantity": KILOGRAM | {"value": 2}}, False),
        ({"answerQuantity": KILOGRAM}, {"valueQuantity": {"value": 1, "code": "kg"}}, True),
        ({"answerQuantity": KILOGRAM}, {"valueQuantity": {"value": 1, "code": "g"}}, False),
        ({"answerQuantity": {"value": 1, "unit": "kg"}}, {"valueQuantity": {"value": 1, "unit": "kg"}}, True),
        ({"answerQuantity": {"value": 1, "unit": "kg"}}, {"valueQuantity": {"value": 1, "unit": "g"}}, False),
        ({"answerQuantity": {"value": 1, "unit": "kg"}}, {"valueQuantity": {"value": 2, "unit": "kg"}}, False),
        ({"answerReference": {"reference": "A/1"}}, {"valueReference": {"reference": "A/1", "display": "x"}}, True),
        ({"answerReference": {"reference": "A/1"}}, {"valueReference": {"reference": "A/2"}}, False),
        ({"answerReference": {"reference": "A/1", "display": "x"}}, {"valueReference": {"reference": "A/1"}}, True),
    ],
)
def test_when_an_answer_is_the_one_that_a_condition_names(
    expected: dict[str, Any], answer: dict[str, Any], same: bool
) -> None:
    assert compared("=", expected, answer) is same
    assert compared("!=", expected, answer) is not same


YES, NO, OTHER = {"valueBoolean": True}, {"valueBoolean": False}, {"valueString": "x"}


@pytest.mark.parametrize(
    ("behavior", "first", "second", "decided"),
    [
        ("all", YES, YES, True),
        ("all", YES, NO, False),
        ("all", YES, OTHER, None),
        ("all", NO, OTHER, False),
        ("any", NO, NO, False),
        ("any", YES, NO, True),
        ("any", YES, OTHER, True),
        ("any", NO, OTHER, None),
        (None, YES, YES, True),
        (None, NO, NO, False),
        (None, YES, NO, None),
        (None, OTHER, OTHER, None),
    ],
)
def test_several_conditions(
    behavior: str | None, first: dict[str, Any], second: dict[str, Any], decided: bool | None
) -> None:
    conditions = [when(link, "=", answerBoolean=True) for link in ("a", "c")]
    definition = {"enableWhen": conditions} | ({"enableBehavior": behavior} if behavior else {})
    assert enabled(definition, answered("a", first), answered("c", second)) is decided


@pytest.mark.parametrize(("behavior", "decided"), [("all", False), ("any", False), (None, False)])
def test_of_one_condition_the_behavior_says_nothing(behavior: str | None, decided: bool) -> None:
    definition = {"enableWhen": [when("a", "=", answerBoolean=True)], "enableBehavior": behavior}
    assert enabled(definition, answered("a", NO)) is decided
    assert enabled(definition, answered("a", YES)) is not decided


@pytest.mark.parametrize("link", [None, "x", ""])
def test_a_condition_that_names_no_item_is_not_decided(link: str | None) -> None:
    condition = when(link, "exists", answerBoolean=False)
    assert enabled({"enableWhen": [condition]}, answered("a", YES)) is None


def test_an_item_is_not_enabled_by_its_own_answer() -> None:
    assert enabled({"enableWhen": [when("b", "exists", answerBoolean=True)]}, answered("b", YES)) is False


@pytest.mark.parametrize(
    ("written", "decided"),
    [
        ({"language": "text/fhirpath", "expression": "item.exists()"}, True),
        ({"language": "text/fhirpath", "expression": "item.empty()"}, False),
        ({"language": "text/cql", "expression": "item.exists()"}, None),
        ({"expression": "item.exists()"}, None),
        ({"language": "text/fhirpath"}, None),
        ("item.exists()", None),
    ],
)
def test_an_expression_decides_where_it_is_fhirpath(written: object, decided: bool | None) -> None:
    extension = [{"url": EXPRESSION, "valueExpression": written}]
    assert enabled({"extension": extension}, answered("a", YES)) is decided


def test_an_expression_comes_before_conditions_and_is_evaluated_once() -> None:
    extension = [{"url": EXPRESSION, "valueExpression": {"language": "text/fhirpath", "expression": "nonsense("}}]
    form = Form({"item": [{"linkId": "b", "extension": extension, "enableWhen": [when("b", "=")]}]}, "http://acme.com")
    run = run_of(answered("b", YES))
    conditions, resource = Conditions(form, run), run.frame.resource
    for _ in range(2):
        assert conditions.enabled(form.by_link["b"], Given(form.root, resource, resource, None)) is None
    (issue,) = run.issues
    assert issue.rule == rules.NOT_EVALUATED.id
    assert issue.message.startswith("enableWhenExpression was not evaluated")
    assert issue.profile == "http://acme.com"


NESTED = ({"linkId": "g", "item": [{"linkId": "h", "item": [{"linkId": "a"}]}]},)


@pytest.mark.parametrize(
    ("items", "decided"),
    [
        ([{"linkId": "g", "item": [{"linkId": "h", "item": [answered("a", YES)]}]}], True),
        ([{"linkId": "g", "item": [{"linkId": "h", "item": [answered("a", NO)]}]}], False),
        ([answered("g", {"item": [answered("h", {"item": [answered("a", YES)]})]})], True),
        ([{"linkId": "g", "item": [{"linkId": 7, "item": [answered("a", YES)]}]}], True),
        ([{"linkId": "g", "item": [answered("a", NO), answered("a", YES)]}], True),
        ([answered("h", YES)], False),
    ],
)
def test_answers_are_found_in_items_and_in_answers(items: list[dict[str, Any]], decided: bool) -> None:
    assert enabled({"enableWhen": [when("a", "=", answerBoolean=True)]}, *items, asked=NESTED) is decided


def test_what_stands_in_a_question_means_that_answer_and_what_stands_beside_it() -> None:
    """Two answers of one question, each with items in it: each part has its own answers."""
    inner = [{"linkId": "b", "enableWhen": [when("a", "=", answerBoolean=True)]}, {"linkId": "c"}]
    inner.append({"linkId": "d", "enableWhen": [when("c", "exists", answerBoolean=True)]})
    form = Form({"item": [{"linkId": "a", "item": inner}, {"linkId": "e"}]})
    first = answered("a", YES | {"item": [answered("c", YES)]})
    second = answered("a", NO | {"item": []})
    run = run_of(first, second)
    conditions, whole = Conditions(form, run), run.frame.resource
    top = Given(form.root, whole, whole, None)
    found = []
    for item in (first, second):
        part = Given(form.by_link["a"], item, item["answer"][0], top)
        found.append([conditions.enabled(form.by_link[link], part) for link in ("b", "d")])
    assert found == [[True, True], [False, False]]


def test_from_within_a_group_what_stands_outside_is_found_where_both_are() -> None:
    form = Form(
        {
            "item": [
                {"linkId": "a"},
                {"linkId": "g", "item": [{"linkId": "b", "enableWhen": [when("a", "=", answerBoolean=True)]}]},
            ]
        }
    )
    group = {"linkId": "g", "item": [answered("a", NO)]}  # out of place: not the answer that is meant
    run = run_of(answered("a", YES))
    whole = run.frame.resource
    part = Given(form.by_link["g"], group, group, Given(form.root, whole, whole, None))
    assert Conditions(form, run).enabled(form.by_link["b"], part) is True


def test_comparing_and_looking_for_answers_are_work() -> None:
    form = Form({"item": [{"linkId": "a"}, {"linkId": "b", "enableWhen": [when("a", "=", answerInteger=0)]}]})
    run = run_of(answered("a", *({"valueInteger": n + 1} for n in range(30))), answered("c", YES))
    whole, left = run.frame.resource, run.work.left
    conditions = Conditions(form, run)
    spent = []
    for _ in range(2):
        assert conditions.enabled(form.by_link["b"], Given(form.root, whole, whole, None)) is False
        spent.append(left - run.work.left)
        left = run.work.left
    assert spent == [32, 30]  # 2 items that have answers, looked for once; 30 answers each time


def faults(*items: dict[str, Any]) -> list[tuple[str, str]]:
    run = Run("Questionnaire")
    enabling.check({"item": [*items]}, run, None)
    assert {issue.rule for issue in run.issues} <= {rules.QUESTIONNAIRE_CONDITION.id}
    return [(issue.expression[0], issue.message) for issue in run.issues]


def test_conditions_refer_to_another_item_outside_the_one_that_they_enable() -> None:
    right, none, gone = when("a", "exists"), when(None, "exists"), when("x", "exists")
    inner = {"linkId": "i", "item": [{"linkId": "j"}], "enableWhen": [none, when("j", "exists"), right]}
    items = [{"linkId": "a"}, {"linkId": "g", "item": [{"linkId": "h"}, inner], "enableWhen": [right, gone]}]
    deep = {"linkId": "m", "item": [{"linkId": "n", "item": [{"linkId": "o", "enableWhen": [when("o", "exists")]}]}]}
    assert faults(*items, deep) == [
        (
            "Questionnaire.item[1].enableWhen[1]",
            "the Questionnaire has no item with the linkId that the condition names",
        ),
        (
            "Questionnaire.item[1].item[1].enableWhen[1]",
            "the condition names an item within the one that it enables: expected one outside it",
        ),
        (
            "Questionnaire.item[2].item[0].item[0].enableWhen[0]",
            "the condition names the item that it enables: expected another",
        ),
    ]
    assert (
        faults({"linkId": "a"}, {"linkId": "g", "item": [{"linkId": "h", "enableWhen": [when("g", "exists")]}]}) == []
    )
