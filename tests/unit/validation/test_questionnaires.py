"""A QuestionnaireResponse against its Questionnaire: each rule of R4, kept and broken."""

from functools import cache
from typing import Any

import pytest

from adapter.definitions.terminology import Terminology
from adapter.fhir.numbers import Number
from adapter.fhir.outcomes import Issue
from adapter.fhirpath import work
from adapter.validation import Validator, rules
from adapter.validation.questionnaires import Questionnaires
from adapter.validation.run import Run
from adapter.validation.vocabulary import Vocabulary

URL = "http://acme.com/Questionnaire/q"
CORE = "http://hl7.org/fhir/StructureDefinition/"
CAPTURE = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
EXPRESSION = "sdc-questionnaire-enableWhenExpression"
CODES = "http://acme.com/codes"
A = {"system": CODES, "code": "a"}
B = {"system": CODES, "code": "b"}
UCUM = {"system": "http://unitsofmeasure.org"}
LINK = "questionnaire-link"
PLACE = "questionnaire-place"
REQUIRED = "questionnaire-required"
NOT_ENABLED = "questionnaire-not-enabled"
REPEATS = "questionnaire-repeats"
ANSWER = "questionnaire-answer"
OPTION = "questionnaire-option"
LIMIT = "questionnaire-limit"
TEXT = "questionnaire-text"
VALUE_SET = {
    "resourceType": "ValueSet",
    "url": "http://acme.com/vs",
    "status": "active",
    "compose": {"include": [{"system": CODES, "concept": [{"code": "a"}]}]},
}


def q(link: str, type_: str = "string", *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An item of a Questionnaire."""
    return {"linkId": link, "type": type_} | ({"item": [*items]} if items else {}) | more


def r(link: str, *values: Any, **more: Any) -> dict[str, Any]:
    """An item of a response; a value is written as the member `value…` and what it holds."""
    return {"linkId": link} | ({"answer": [*values]} if values else {}) | more


def s(value: str, **more: Any) -> dict[str, Any]:
    return {"valueString": value} | more


def extended(name: str, base: str = CORE, **value: Any) -> dict[str, Any]:
    return {"url": base + name, **value}


def questionnaire(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "url": URL, "status": "active", "item": [*items], **more}


def response(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": URL, **more}
    return found | ({"item": [*items]} if items else {})


TOLD = {rule for rule in rules.RULES if rule.startswith("questionnaire-")} | {rules.REFERENCE_TYPE.id}
"""Of these alone tests ask here: R4's invariants say some of the same, and more of the Questionnaire itself."""


@cache
def validator() -> Validator:
    return Validator.load(definitions=[VALUE_SET])


def issues(
    asked: list[dict[str, Any]], given: list[dict[str, Any]], form: dict[str, Any] | None = None, **more: Any
) -> list[Issue]:
    """What is said of a response that contains its Questionnaire."""
    contained = [questionnaire(*asked, id="q", **(form or {})), *more.pop("contained", ())]
    found = validator().validate(response(*given, questionnaire="#q", contained=contained, **more)).issues[1:]
    return [each for each in found if each.rule in TOLD and ".contained" not in each.expression[0]]


def told(found: list[Issue]) -> list[tuple[str, str, str]]:
    return [(i.severity, i.rule, i.expression[0].removeprefix("QuestionnaireResponse")) for i in found]


def broken(asked: list[dict[str, Any]], given: list[dict[str, Any]], **more: Any) -> list[tuple[str, str]]:
    found = told(issues(asked, given, **more))
    assert {severity for severity, *_ in found} <= {"error"}
    return [(rule, place) for _, rule, place in found]


def translated(name: str) -> dict[str, Any]:
    parts = [{"url": "lang", "valueCode": "sv"}, {"url": "content", "valueString": "Hur?"}]
    return {"extension": [{"url": CORE + name, "extension": parts}]}


YES, NO = {"valueBoolean": True}, {"valueBoolean": False}
GROUPS = [q("g", "group", q("g1"), q("g2"), repeats=True), q("h", "group", q("h1"))]
STRUCTURE: list[tuple[list[dict[str, Any]], list[dict[str, Any]], list[tuple[str, str]]]] = [
    (GROUPS, [r("g", item=[r("g1", s("x")), r("g2", s("x"))]), r("h", item=[r("h1", s("x"))])], []),
    (GROUPS, [r("g", item=[r("g1", s("x"))]), r("g", item=[r("g2", s("x"))])], []),
    (GROUPS, [r("x", s("x"))], [(LINK, ".item[0]")]),
    (GROUPS, [r("h", item=[r("g1", s("x"))])], [(PLACE, ".item[0].item[0]")]),
    (GROUPS, [r("h1", s("x"))], [(PLACE, ".item[0]")]),
    (GROUPS, [r("h1", YES)], [(PLACE, ".item[0]"), (ANSWER, ".item[0].answer[0].value.ofType(boolean)")]),
    (GROUPS, [r("g", item=[r("g2", s("x")), r("g1", s("x"))])], [(PLACE, ".item[0].item[1]")]),
    (GROUPS, [r("h", item=[r("h1", s("x"))]), r("g", item=[r("g1", s("x"))])], [(PLACE, ".item[1]")]),
    (GROUPS, [r("h", item=[r("h1", s("x"))]), r("h", item=[r("h1", s("x"))])], [(REPEATS, ".item[1]")]),
    (GROUPS, [r("g", s("x"), item=[r("g1", s("x"))])], [(ANSWER, ".item[0]")]),
    ([q("d", "display"), q("e")], [r("d"), r("e", s("x"))], []),
    ([q("d", "display")], [r("d", s("x"))], [(ANSWER, ".item[0]")]),
    ([q("d", "display")], [r("d", item=[r("d")])], [(ANSWER, ".item[0]")]),
    ([q("a")], [r("a", s("x"), s("y"))], [(REPEATS, ".item[0]")]),
    ([q("a", repeats=True)], [r("a", s("x"), s("y"))], []),
    ([q("a", "string", q("b"))], [r("a", s("x", item=[r("b", s("y"))]))], []),
    ([q("a", "string", q("b"))], [r("a", s("x"), item=[r("b", s("y"))])], [(PLACE, ".item[0]")]),
    ([q("a", "string", q("b"))], [r("a", s("x")), r("b", s("y"))], [(PLACE, ".item[1]")]),
    ([q("a", text="How?")], [r("a", s("x"), text="How?")], []),
    ([q("a", text="How?")], [r("a", s("x"))], []),
    ([q("a", text="How?")], [r("a", s("x"), text=1)], []),
    ([q("a", text="How?")], [r("a", s("x"), text="How much?")], [(TEXT, ".item[0].text")]),
    ([q("a", text="How?", _text=translated("translation"))], [r("a", s("x"), text="Hur?")], []),
    ([q("a", text="How?", _text=translated("other"))], [r("a", s("x"), text="Hur?")], [(TEXT, ".item[0].text")]),
    ([q("a", required=True)], [], [(REQUIRED, "")]),
    ([q("a", required=True)], [r("a")], [(REQUIRED, ".item[0]")]),
    ([q("d", "display", required=True)], [], []),
    ([q("g", "group", q("a", required=True))], [], []),
    ([q("g", "group", q("a", required=True))], [r("g", item=[r("a")])], [(REQUIRED, ".item[0].item[0]")]),
    ([q("g", "group", q("a"), required=True)], [], [(REQUIRED, "")]),
    ([q("g", "group", q("a"), required=True)], [r("g")], [(REQUIRED, ".item[0]")]),
    ([q("g", "group", q("a"), required=True)], [r("g", item=[r("a", s("x"))])], []),
    ([q("a", "string", q("b", required=True))], [r("a", s("x"))], [(REQUIRED, ".item[0].answer[0]")]),
    ([q("a", "string", q("b", required=True))], [], []),
    (
        [q("a", repeats=True, extension=[extended("questionnaire-maxOccurs", valueInteger=2)])],
        [r("a", s("x"), s("y"), s("z"))],
        [(REPEATS, ".item[0]")],
    ),
    (
        [q("a", repeats=True, extension=[extended("questionnaire-maxOccurs", valueInteger=2)])],
        [r("a", s("x"), s("y"))],
        [],
    ),
    (
        [q("a", repeats=True, extension=[extended("questionnaire-maxOccurs", valueInteger="2")])],
        [r("a", s("x"), s("y"), s("z"))],
        [],
    ),
    (
        [q("g", "group", q("a"), repeats=True, extension=[extended("questionnaire-minOccurs", valueInteger=2)])],
        [r("g", item=[r("a", s("x"))])],
        [(REPEATS, ".item[0]")],
    ),
    (
        [q("g", "group", q("a"), repeats=True, extension=[extended("questionnaire-minOccurs", valueInteger=2)])],
        [r("g", item=[r("a", s("x"))]), r("g", item=[r("a", s("x"))])],
        [],
    ),
]


@pytest.mark.parametrize(("asked", "given", "expected"), STRUCTURE)
def test_structure(asked: list[dict[str, Any]], given: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    assert broken(asked, given) == expected


def when(question: str, operator: str, **answer: Any) -> dict[str, Any]:
    return {"question": question, "operator": operator, **answer}


def coding(code: str) -> dict[str, Any]:
    return {"valueCoding": {"system": CODES, "code": code}}


def quantity(value: int, code: str) -> dict[str, Any]:
    return {"value": value, "code": code, **UCUM}


CONDITIONS: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]], bool]] = [
    ("boolean", [when("a", "=", answerBoolean=True)], [YES], True),
    ("boolean", [when("a", "=", answerBoolean=True)], [NO], False),
    ("boolean", [when("a", "=", answerBoolean=True)], [], False),
    ("boolean", [when("a", "exists", answerBoolean=True)], [NO], True),
    ("boolean", [when("a", "exists", answerBoolean=True)], [], False),
    ("boolean", [when("a", "exists", answerBoolean=False)], [], True),
    ("boolean", [when("a", "exists", answerBoolean=False)], [NO], False),
    ("boolean", [when("a", "!=", answerBoolean=True)], [NO], True),
    ("boolean", [when("a", "!=", answerBoolean=True)], [YES], False),
    ("string", [when("a", "!=", answerString="x")], [s("x"), s("y")], False),
    ("string", [when("a", "!=", answerString="x")], [s("z"), s("y")], True),
    ("string", [when("a", "=", answerString="x")], [s("y"), s("x")], True),
    ("integer", [when("a", ">", answerInteger=5)], [{"valueInteger": 6}], True),
    ("integer", [when("a", ">", answerInteger=5)], [{"valueInteger": 5}], False),
    ("integer", [when("a", ">=", answerInteger=5)], [{"valueInteger": 5}], True),
    ("integer", [when("a", ">=", answerInteger=5)], [{"valueInteger": 4}], False),
    ("integer", [when("a", "<", answerInteger=5)], [{"valueInteger": 4}], True),
    ("integer", [when("a", "<", answerInteger=5)], [{"valueInteger": 5}], False),
    ("integer", [when("a", "<=", answerInteger=5)], [{"valueInteger": 5}], True),
    ("integer", [when("a", "<=", answerInteger=5)], [{"valueInteger": 6}], False),
    ("date", [when("a", "<", answerDate="2026-03-09")], [{"valueDate": "2026-03-08"}], True),
    ("date", [when("a", "<", answerDate="2026-03-09")], [{"valueDate": "2026-03-09"}], False),
    ("time", [when("a", ">", answerTime="12:00:00")], [{"valueTime": "12:00:01"}], True),
    ("choice", [when("a", "=", answerCoding=A)], [coding("a")], True),
    ("choice", [when("a", "=", answerCoding=A)], [coding("b")], False),
    ("choice", [when("a", "!=", answerCoding=A)], [coding("b")], True),
    ("choice", [when("a", "=", answerCoding={"code": "a"})], [coding("a")], True),
    ("quantity", [when("a", ">", answerQuantity=quantity(1, "kg"))], [{"valueQuantity": quantity(1001, "g")}], True),
    ("quantity", [when("a", ">", answerQuantity=quantity(1, "kg"))], [{"valueQuantity": quantity(999, "g")}], False),
    ("quantity", [when("a", "=", answerQuantity=quantity(1, "kg"))], [{"valueQuantity": quantity(1000, "g")}], True),
    ("quantity", [when("a", "=", answerQuantity={"value": 1})], [{"valueQuantity": {"value": 1}}], True),
    (
        "reference",
        [when("a", "=", answerReference={"reference": "Patient/1"})],
        [{"valueReference": {"reference": "Patient/1", "display": "x"}}],
        True,
    ),
]


def options(type_: str) -> dict[str, Any]:
    return {"answerOption": [{"valueCoding": A}, {"valueCoding": B}]} if type_ == "choice" else {}


@pytest.mark.parametrize(("type_", "conditions", "answers", "enabled"), CONDITIONS)
def test_conditions(type_: str, conditions: list[dict[str, Any]], answers: list[dict[str, Any]], enabled: bool) -> None:
    source = q("a", type_, repeats=True, **options(type_))
    target = q("b", required=True, enableWhen=conditions)
    given = [r("a", *answers)] if answers else []
    place = f".item[{len(given)}]"
    assert broken([source, target], given) == ([(REQUIRED, "")] if enabled else [])
    assert broken([source, target], [*given, r("b", s("x"))]) == ([] if enabled else [(NOT_ENABLED, place)])
    assert broken([source, target], [*given, r("b")]) == ([(REQUIRED, place)] if enabled else [])


@pytest.mark.parametrize(
    ("behavior", "first", "second", "enabled"),
    [
        ("any", YES, NO, True),
        ("any", NO, NO, False),
        ("all", YES, NO, False),
        ("all", YES, YES, True),
    ],
)
def test_several_conditions(behavior: str, first: dict[str, Any], second: dict[str, Any], enabled: bool) -> None:
    conditions = [when("a", "=", answerBoolean=True), when("b", "=", answerBoolean=True)]
    asked = [q("a", "boolean"), q("b", "boolean"), q("c", enableWhen=conditions, enableBehavior=behavior)]
    found = broken(asked, [r("a", first), r("b", second), r("c", s("x"))])
    assert found == ([] if enabled else [(NOT_ENABLED, ".item[2]")])


UNDECIDED = [
    {"enableWhen": [when("a", "!=", answerBoolean=True)]},
    {"enableWhen": [when("a", "=", answerString="x")]},
    {"enableWhen": [when("a", "exists", answerString="x")]},
    {"enableWhen": [when("x", "=", answerBoolean=True)]},
    {"extension": [extended(EXPRESSION, CAPTURE, valueExpression={"language": "text/cql", "expression": "true"})]},
]


@pytest.mark.parametrize("condition", UNDECIDED)
def test_what_is_not_decided_is_said_and_nothing_is_demanded(condition: dict[str, Any]) -> None:
    asked = [q("a", "boolean"), q("b", required=True, **condition)]
    given = [r("a", YES)] if "answerString" in str(condition) else []
    assert told(issues(asked, given)) == [("warning", "questionnaire-undecided", "")]
    assert told(issues(asked, [*given, r("b", s("x"))])) == []


@pytest.mark.parametrize(("answer", "enabled"), [(YES, True), (NO, False)])
def test_a_condition_in_fhirpath(answer: dict[str, Any], enabled: bool) -> None:
    written = "%resource.item.where(linkId = 'a').answer.value.ofType(boolean)"
    expression = {"language": "text/fhirpath", "expression": written}
    asked = [q("a", "boolean"), q("b", extension=[extended(EXPRESSION, CAPTURE, valueExpression=expression)])]
    found = broken(asked, [r("a", answer), r("b", s("x"))])
    assert found == ([] if enabled else [(NOT_ENABLED, ".item[1]")])


def test_a_condition_means_the_nearest_item_with_its_link_id() -> None:
    inner = [q("a", "boolean"), q("b", required=True, enableWhen=[when("a", "=", answerBoolean=True)])]
    asked = [q("g", "group", *inner, repeats=True)]
    first = r("g", item=[r("a", YES), r("b", s("x"))])
    assert broken(asked, [first, r("g", item=[r("a", NO)])]) == []
    assert broken(asked, [r("g", item=[r("a", NO)]), r("g", item=[r("a", YES)])]) == [(REQUIRED, ".item[1]")]
    assert broken(asked, [first, r("g", item=[r("a", NO), r("b", s("x"))])]) == [(NOT_ENABLED, ".item[1].item[1]")]


def test_what_stands_in_a_question_is_enabled_by_its_answer_or_by_what_stands_beside() -> None:
    inner = q("b", enableWhen=[when("a", "=", answerBoolean=True)])
    later = q("c", enableWhen=[when("b", "exists", answerBoolean=True)])
    asked = [q("a", "boolean", inner, later)]
    assert broken(asked, [r("a", YES | {"item": [r("b", s("x")), r("c", s("x"))]})]) == []
    assert broken(asked, [r("a", NO | {"item": [r("b", s("x"))]})]) == [(NOT_ENABLED, ".item[0].answer[0].item[0]")]
    assert broken(asked, [r("a", YES | {"item": [r("c", s("x"))]})]) == [(NOT_ENABLED, ".item[0].answer[0].item[0]")]


def test_what_is_disabled_disables_all_in_it() -> None:
    asked = [
        q("a", "boolean"),
        q("g", "group", q("b", required=True), enableWhen=[when("a", "=", answerBoolean=True)], required=True),
    ]
    assert broken(asked, [r("a", NO)]) == []
    assert broken(asked, [r("a", NO), r("g")]) == []
    assert broken(asked, [r("a", NO), r("g", item=[r("b", s("x"))])]) == [(NOT_ENABLED, ".item[1]")]
    assert broken(asked, [r("a", YES)]) == [(REQUIRED, "")]


def limited(name: str, base: str = CORE, **value: Any) -> dict[str, Any]:
    return {"extension": [extended(name, base, **value)]}


PHOTO = {"contentType": "image/png", "data": "aGVsbG8="}
ANSWERS: list[tuple[str, dict[str, Any], dict[str, Any], str, dict[str, Any]]] = [
    (type_, {}, {right[0]: right[1]}, ANSWER, {"valueUri": "http://acme.com"} if type_ != "url" else s("x"))
    for type_, right in {
        "boolean": ("valueBoolean", True),
        "decimal": ("valueDecimal", 1),
        "integer": ("valueInteger", 1),
        "date": ("valueDate", "2026-03-09"),
        "dateTime": ("valueDateTime", "2026-03-09"),
        "time": ("valueTime", "10:12:00"),
        "string": ("valueString", "x"),
        "text": ("valueString", "x"),
        "url": ("valueUri", "http://acme.com"),
        "attachment": ("valueAttachment", {"title": "x"}),
        "reference": ("valueReference", {"display": "x"}),
        "quantity": ("valueQuantity", {"value": 1}),
    }.items()
]
OPTIONS = {"answerOption": [{"valueCoding": A}, {"valueString": "x"}]}
ANSWERS += [
    ("choice", OPTIONS, {"valueCoding": A | {"display": "x"}}, OPTION, {"valueCoding": B}),
    ("choice", OPTIONS, s("x"), OPTION, s("y")),
    ("choice", OPTIONS, {"valueCoding": A}, OPTION, {"valueCoding": {"code": "a"}}),
    ("choice", OPTIONS, s("x"), ANSWER, {"valueBoolean": True}),
    ("open-choice", OPTIONS, s("y"), OPTION, {"valueCoding": B}),
    ("choice", {"answerOption": [{"valueInteger": 1}]}, {"valueInteger": 1}, OPTION, {"valueInteger": 2}),
    ("choice", {"answerOption": [{"valueDate": "2026"}]}, {"valueDate": "2026"}, OPTION, {"valueDate": "2027"}),
    (
        "choice",
        {"answerOption": [{"valueReference": {"reference": "Patient/1"}}]},
        {"valueReference": {"reference": "Patient/1"}},
        OPTION,
        {"valueReference": {"reference": "Patient/2"}},
    ),
    ("choice", {"answerValueSet": VALUE_SET["url"]}, {"valueCoding": A}, OPTION, {"valueCoding": B}),
    ("choice", {"answerValueSet": VALUE_SET["url"]}, {"valueCoding": A}, OPTION, {"valueCoding": {"display": "x"}}),
    ("open-choice", {"answerValueSet": VALUE_SET["url"]}, s("x"), OPTION, {"valueCoding": B}),
    ("string", {"maxLength": 3}, s("xxx"), LIMIT, s("xxxx")),
    ("text", {"maxLength": 3}, s("xxx"), LIMIT, s("xxxx")),
    ("integer", {"maxLength": 3}, {"valueInteger": 100}, LIMIT, {"valueInteger": 1000}),
    ("string", limited("minLength", valueInteger=3), s("xxx"), LIMIT, s("xx")),
    ("string", limited("regex", valueString="[0-9]+"), s("12"), LIMIT, s("1x")),
    ("integer", limited("minValue", valueInteger=3), {"valueInteger": 3}, LIMIT, {"valueInteger": 2}),
    ("integer", limited("maxValue", valueInteger=3), {"valueInteger": 3}, LIMIT, {"valueInteger": 4}),
    ("date", limited("maxValue", valueDate="2026-03-09"), {"valueDate": "2026-03-09"}, LIMIT, {"valueDate": "2027"}),
    ("time", limited("minValue", valueTime="10:00:00"), {"valueTime": "10:00:00"}, LIMIT, {"valueTime": "09:59:59"}),
    (
        "quantity",
        limited("sdc-questionnaire-maxQuantity", CAPTURE, valueQuantity=quantity(1, "kg")),
        {"valueQuantity": quantity(1000, "g")},
        LIMIT,
        {"valueQuantity": quantity(1001, "g")},
    ),
    (
        "quantity",
        limited("questionnaire-unitOption", valueCoding={"code": "kg", **UCUM}),
        {"valueQuantity": quantity(1, "kg")},
        OPTION,
        {"valueQuantity": quantity(1, "g")},
    ),
    (
        "quantity",
        limited("questionnaire-unitValueSet", valueCanonical=VALUE_SET["url"]),
        {"valueQuantity": {"value": 1, **A}},
        OPTION,
        {"valueQuantity": {"value": 1, **B}},
    ),
    ("attachment", limited("mimeType", valueCode="image/png"), {"valueAttachment": PHOTO}, LIMIT,
     {"valueAttachment": PHOTO | {"contentType": "text/plain"}}),
    ("attachment", limited("mimeType", valueCode="image/*"), {"valueAttachment": PHOTO}, LIMIT,
     {"valueAttachment": {"title": "x"}}),
    ("attachment", limited("maxSize", valueDecimal=Number("0.00001")), {"valueAttachment": PHOTO}, LIMIT,
     {"valueAttachment": PHOTO | {"data": "aGVsbG9oZWxsbyE="}}),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "more", "right", "rule", "wrong"), ANSWERS)
def test_answers(type_: str, more: dict[str, Any], right: dict[str, Any], rule: str, wrong: dict[str, Any]) -> None:
    asked = [q("a", type_, **more)]
    assert broken(asked, [r("a", right)]) == []
    found = issues(asked, [r("a", wrong)])
    assert rule in {each.rule for each in found}
    assert all(each.expression[0].startswith("QuestionnaireResponse.item[0].answer[0].value") for each in found)


@pytest.mark.parametrize(("written", "is_right"), [("1.5", True), ("1.50", False), ("1", True), ("1.05", False)])
def test_decimal_places_are_counted_as_they_are_written(written: str, is_right: bool) -> None:
    asked = [q("a", "decimal", **limited("maxDecimalPlaces", valueInteger=1))]
    found = broken(asked, [r("a", {"valueDecimal": Number(written)})])
    assert (found == []) is is_right


@pytest.mark.parametrize("unit", [{}, {"code": "m", **UCUM}, {"code": "kg", "system": "http://acme.com/units"}])
def test_a_quantity_that_cannot_be_compared_with_the_limit_does_not_keep_it(unit: dict[str, Any]) -> None:
    asked = [q("a", "quantity", **limited("sdc-questionnaire-minQuantity", CAPTURE, valueQuantity=quantity(1, "kg")))]
    assert [rule for rule, _ in broken(asked, [r("a", {"valueQuantity": {"value": 5, **unit}})])] == [LIMIT]


def test_a_date_of_another_precision_than_the_limit_is_not_decided() -> None:
    asked = [q("a", "date", **limited("minValue", valueDate="2026-03-09"))]
    assert [each.rule for each in issues(asked, [r("a", {"valueDate": "2026"})])] == ["questionnaire-undecided"]


@pytest.mark.parametrize("type_", ["question", None])
def test_an_item_that_says_no_type_takes_no_answer(type_: str | None) -> None:
    asked = [{key: value for key, value in q("a", type_ or "").items() if value}]
    assert [rule for rule, _ in broken(asked, [r("a", s("x"))])] == [ANSWER]


def test_an_answer_that_excludes_all_others() -> None:
    alone = {"valueCoding": A, "extension": [extended("questionnaire-optionExclusive", valueBoolean=True)]}
    asked = [q("a", "choice", repeats=True, answerOption=[alone, {"valueCoding": B}])]
    assert broken(asked, [r("a", {"valueCoding": A})]) == []
    found = broken(asked, [r("a", {"valueCoding": B}, {"valueCoding": A})])
    assert found == [(OPTION, ".item[0].answer[1]")]


def test_the_type_of_what_a_reference_leads_to() -> None:
    asked = [q("a", "reference", **limited("questionnaire-referenceResource", valueCode="Patient"))]
    given = [r("a", {"valueReference": {"reference": "#o"}})]
    contained = [{"resourceType": "Organization", "id": "o", "name": "o"}]
    rules_ = [each.rule for each in issues(asked, given, contained=contained)]
    assert rules_ == ["base-reference-type"]
    assert issues(asked, [r("a", {"valueReference": {"reference": "Patient/1"}})]) == []


def test_a_code_that_cannot_be_decided_on_is_said() -> None:
    asked = [q("a", "choice", answerValueSet="http://acme.com/elsewhere")]
    found = told(issues(asked, [r("a", {"valueCoding": A})]))
    assert found == [("warning", "questionnaire-undecided", ".item[0].answer[0].value.ofType(Coding)")]


def test_an_unfinished_response_may_lack_answers() -> None:
    asked = [q("a", required=True)]
    assert told(issues(asked, [], status="in-progress")) == [("information", "questionnaire-required", "")]
    assert told(issues(asked, [], status="amended")) == [("error", "questionnaire-required", "")]


def loaded(*forms: dict[str, Any]) -> Questionnaires:
    class Loaded:
        def resource(self, canonical: str, resource_type: str | None = None) -> dict[str, Any] | None:
            if resource_type not in ("Questionnaire", None):
                return None
            return next((each for each in forms if canonical in (URL, f"{URL}|{each['version']}")), None)

    return Questionnaires(Loaded(), Vocabulary(Terminology(Loaded())))


def said(questionnaires: Questionnaires, resource: dict[str, Any]) -> list[Issue]:
    run = Run("QuestionnaireResponse")
    questionnaires.check(resource, run, None)
    return run.issues


def test_which_questionnaire_is_meant_and_how_its_items_are_named() -> None:
    known = loaded(*(questionnaire(q(version, required=True), version=version) for version in ("1", "2")))

    def rules_of(resource: dict[str, Any]) -> list[str]:
        return [each.rule for each in said(known, resource)]

    assert rules_of(response(r("1", s("x")), questionnaire=f"{URL}|1")) == []
    assert rules_of(response(r("1"), r("2"), questionnaire=f"{URL}|2")) == [
        "questionnaire-link",
        "questionnaire-required",
    ]
    assert rules_of(response(r("1", s("x")), questionnaire=f"{URL}|3")) == ["questionnaire-unknown"]
    assert rules_of(response(r("1", s("x")), questionnaire="#q")) == ["questionnaire-unknown"]
    assert rules_of({"resourceType": "QuestionnaireResponse", "status": "completed"}) == ["questionnaire-none"]
    (issue,) = said(known, response(questionnaire=f"{URL}|2"))
    assert issue.message == "the item with linkId '2' has no answer: expected one, it is required"
    assert (issue.profile, issue.expression) == (f"{URL}|2", ("QuestionnaireResponse",))


def test_the_url_of_another_resource_is_an_error() -> None:
    found = validator().validate(response(questionnaire=VALUE_SET["url"])).issues[1:]
    assert told(found) == [("error", "questionnaire-unknown", ".questionnaire")]
    assert "another type" in found[0].message


@pytest.mark.parametrize("url", [URL, "#q"])
def test_one_that_is_nowhere_is_a_warning_of_no_profile(url: str) -> None:
    (found,) = said(loaded(), response(questionnaire=url))
    assert told([found]) == [("warning", "questionnaire-unknown", ".questionnaire")]
    assert "is not loaded" in found.message
    assert found.profile == ""


def test_the_validator_finds_it_among_its_definitions() -> None:
    found = Validator.load(definitions=[questionnaire(q("a"))]).validate(response(r("b", s("x")))).issues[1:]
    assert [each.rule for each in found] == ["questionnaire-link"]
    assert [each.rule for each in validator().validate(response()).issues[1:]] == ["questionnaire-unknown"]


def test_what_the_response_contains_is_named_by_place_and_its_value_set_is_used() -> None:
    secret = "what-the-sender-wrote"
    asked = [q("a", "choice", answerValueSet="#v"), q("g", "group", q(secret, required=True))]
    given = [r("a", {"valueCoding": B}), r("g", item=[r(secret)])]
    found = [each for each in issues(asked, given, contained=[VALUE_SET | {"id": "v"}]) if each.severity == "error"]
    assert [each.rule for each in found] == ["questionnaire-option", "questionnaire-required"]
    assert secret not in " ".join(each.message for each in found)
    assert "Questionnaire.item[1].item[0] has no answer" in found[-1].message


@pytest.mark.parametrize(
    ("value_set", "code", "rules_"),
    [("#v", A, []), ("#v", B, ["questionnaire-option"]), ("#w", A, ["questionnaire-undecided"])],
)
def test_a_loaded_one_has_the_value_set_that_it_contains(
    value_set: str, code: dict[str, Any], rules_: list[str]
) -> None:
    form = questionnaire(q("a", "choice", answerValueSet=value_set), contained=[VALUE_SET | {"id": "v"}], version="1")
    own = {"resourceType": "ValueSet", "id": "w"}  # the response's: not of a Questionnaire that it does not contain
    known = loaded(form)
    assert [each.rule for each in said(known, response(r("a", {"valueCoding": code}), contained=[own]))] == rules_


@pytest.mark.parametrize(("authored", "side"), [("2026-03-09", ""), ("2025-12-31", "before"), ("2027-01-01", "after")])
def test_the_period_in_which_it_is_used(authored: str, side: str) -> None:
    form = {"effectivePeriod": {"start": "2026-01-01", "end": "2026-12-31"}}
    found = issues([q("a")], [r("a", s("x"))], form=form, authored=authored)
    assert told(found) == ([("warning", "questionnaire-period", ".authored")] if side else [])
    assert all(f"authored is {side} the period" in each.message for each in found)


@pytest.mark.parametrize("authored", [None, 1, {}])
def test_a_period_and_no_time_of_answering(authored: Any) -> None:
    form = {"effectivePeriod": {"start": 2, "end": "2026-12-31"}}
    assert told(issues([q("a")], [r("a", s("x"))], form=form, authored=authored)) == []


@pytest.mark.parametrize(
    ("question", "words"),
    [("a", ""), ("x", "no item"), ("b", "the item that it enables"), ("c", "within the one")],
)
def test_what_conditions_may_refer_to(question: str, words: str) -> None:
    condition = when(question, "exists", answerBoolean=True)
    form = questionnaire(q("a"), q("b", "group", q("c"), enableWhen=[condition]))
    found = [each for each in validator().validate(form).issues[1:] if each.rule != "base-invariant"]
    assert [each.rule for each in found] == (["questionnaire-condition"] if words else [])
    assert all(each.expression == ("Questionnaire.item[1].enableWhen[0]",) for each in found)
    assert all(words in each.message for each in found)


def test_the_same_from_xml() -> None:
    xml = """<QuestionnaireResponse xmlns="http://hl7.org/fhir"><contained><Questionnaire><id value="q"/>
    <status value="active"/><item><linkId value="a"/><type value="string"/><maxLength value="1"/></item>
    </Questionnaire></contained><questionnaire value="#q"/><status value="completed"/>
    <item><linkId value="a"/><answer><valueString value="xx"/></answer></item></QuestionnaireResponse>"""
    found = validator().validate(xml.encode(), format="xml").issues[1:]
    assert "questionnaire-limit" in [each.rule for each in found]


def test_content_of_any_shape_is_looked_at_without_an_exception() -> None:
    odd: list[Any] = [None, 1, "x", [], {}, [1], [{"linkId": 1}], [{"linkId": "a", "answer": 1}]]
    for inner in odd:
        for given in odd:
            known = loaded(questionnaire(q("a", item=inner, extension=inner), inner, version="1", contained=inner))
            said(known, response(item=given))
            said(known, response(r("a", item=given, answer=given)))


def test_conditions_that_take_too_much_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    many = 400
    asked = [q("a", repeats=True)] + [q(f"b{n}", enableWhen=[when("a", "=", answerString="x")]) for n in range(many)]
    monkeypatch.setattr(work.Work.__init__, "__defaults__", (50_000,))
    known = loaded(questionnaire(*asked, version="1"))
    found = said(known, response(r("a", *(s("y") for _ in range(many)))))
    assert told(found) == [("error", "base-invariant-not-evaluated", "")]


def test_answers_that_repeat_many_items_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    many = 200
    monkeypatch.setattr(work.Work.__init__, "__defaults__", (10_000,))
    known = loaded(questionnaire(q("a", "string", *(q(f"b{n}") for n in range(many)), repeats=True), version="1"))
    assert told(said(known, response(r("a", *(s("y") for _ in range(10)))))) == []
    found = said(known, response(r("a", *(s("y") for _ in range(many)))))
    assert told(found) == [("error", "base-invariant-not-evaluated", "")]


def test_an_answer_of_a_type_that_there_is_not_is_left_to_the_rules_of_the_element() -> None:
    assert said(loaded(questionnaire(q("a"), version="1")), response(r("a", {"valueOther": 1}))) == []
