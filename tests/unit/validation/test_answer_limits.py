"""Limits of an item to the value of its answers: each at its edge, kept and broken, and of other values not asked."""

from typing import Any

import pytest

from adapter.fhir.numbers import Number
from adapter.fhir.outcomes import Issue
from adapter.validation import answer_limits, rules
from adapter.validation.forms import Question
from adapter.validation.run import Run

CORE = "http://hl7.org/fhir/StructureDefinition/"
CAPTURE = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
LIMIT, UNDECIDED = rules.QUESTIONNAIRE_LIMIT.id, rules.QUESTIONNAIRE_UNDECIDED.id
KILOGRAM = {"system": "http://unitsofmeasure.org", "code": "kg"}


def extended(name: str, value: Any, base: str = CORE) -> dict[str, Any]:
    return {"extension": [{"url": base + name, "valueAny": value}]}


def issues(definition: dict[str, Any], name: str, value: Any) -> list[Issue]:
    run = Run("QuestionnaireResponse")
    for check in answer_limits.checks(Question(definition, None, 0)):
        check(name, value, run, ((None, "item"), 0))
    assert all(issue.expression == ("QuestionnaireResponse.item[0]",) for issue in run.issues)
    return run.issues


def told(definition: dict[str, Any], name: str, value: Any) -> list[str]:
    return [issue.rule for issue in issues(definition, name, value)]


MOST, LEAST = {"maxLength": 3}, extended("minLength", 3)
PLACES, DIGITS = extended("maxDecimalPlaces", 1), extended("regex", "[0-9]+")
SIZE = extended("maxSize", Number("0.000003"))


@pytest.mark.parametrize(
    ("definition", "name", "right", "wrong"),
    [
        (MOST, "valueString", "xxx", "xxxx"),
        (MOST, "valueUri", "a:b", "a:bc"),
        (MOST, "valueDecimal", Number("1.0"), Number("1.00")),
        (MOST, "valueInteger", 100, 1000),
        (LEAST, "valueString", "xxx", "xx"),
        (PLACES, "valueDecimal", Number("1.5"), Number("1.50")),
        (PLACES, "valueDecimal", 10, Number("0.05")),
        (PLACES, "valueQuantity", {"value": Number("1.5")}, {"value": Number("1.55")}),
        (DIGITS, "valueString", "12", "x12"),
        (DIGITS, "valueString", "12", "12x"),
        (DIGITS, "valueInteger", 12, -12),
        (extended("minValue", 3), "valueInteger", 3, 2),
        (extended("minValue", 3), "valueInteger", 4, 2),
        (extended("maxValue", 3), "valueInteger", 3, 4),
        (extended("maxValue", 3), "valueInteger", 2, 4),
        (extended("maxValue", Number("3.5")), "valueDecimal", Number("3.50"), Number("3.51")),
        (extended("minValue", "2026-03-09"), "valueDate", "2026-03-09", "2026-03-08"),
        (extended("maxValue", "2026-03-09"), "valueDateTime", "2026-03-09", "2026-03-10"),
        (extended("minValue", "10:00:00"), "valueTime", "10:00:00", "09:59:59"),
        (
            extended("minQuantity", KILOGRAM | {"value": 1}, CAPTURE),
            "valueQuantity",
            KILOGRAM | {"value": 1000, "code": "g"},
            KILOGRAM | {"value": 999, "code": "g"},
        ),
        (
            extended("maxQuantity", KILOGRAM | {"value": 1}, CAPTURE),
            "valueQuantity",
            KILOGRAM | {"value": 1},
            KILOGRAM | {"value": 2},
        ),
        (
            extended("maxValue", KILOGRAM | {"value": 1}),
            "valueQuantity",
            KILOGRAM | {"value": 1},
            {"value": 1},  # cannot be compared
        ),
        (
            extended("mimeType", "image/png"),
            "valueAttachment",
            {"contentType": "Image/PNG"},
            {"contentType": "text/image/png"},
        ),
        (
            extended("mimeType", "image/*"),
            "valueAttachment",
            {"contentType": "image/png"},
            {"contentType": "text/plain"},
        ),
        (extended("mimeType", "image/"), "valueAttachment", {"contentType": "image/png"}, {}),
        (SIZE, "valueAttachment", {"data": "YWJj"}, {"data": "YWJjZA=="}),
        (SIZE, "valueAttachment", {"data": " Y\nWJ\tj "}, {"data": "YWJjZGVm"}),
        (extended("maxSize", Number("0.000001")), "valueAttachment", {"data": "YQ=="}, {"data": "YWI="}),
    ],
)
def test_a_limit_is_kept_or_broken(definition: dict[str, Any], name: str, right: Any, wrong: Any) -> None:
    assert told(definition, name, right) == []
    assert told(definition, name, wrong) == [LIMIT]


@pytest.mark.parametrize(
    ("definition", "name", "value"),
    [
        (MOST, "valueDate", "2026-03-09"),
        (MOST, "valueCoding", {"code": "xxxx"}),
        (LEAST, "valueBoolean", True),
        (PLACES, "valueString", "1.55"),
        (PLACES, "valueBoolean", True),
        (PLACES, "valueQuantity", {"unit": "1.55"}),
        (PLACES, "valueDecimal", {"value": Number("1.55")}),
        (DIGITS, "valueDate", "2026-03-09"),
        (extended("minValue", "b"), "valueString", "a"),
        (extended("minValue", 3), "valueQuantity", {"value": 2}),
        (extended("minValue", KILOGRAM | {"value": 1}), "valueInteger", 0),
        (extended("minValue", KILOGRAM | {"value": 1}), "valueCoding", KILOGRAM | {"value": 0}),
        (extended("mimeType", "image/png"), "valueString", "x"),
        (SIZE, "valueString", "x"),
        (SIZE, "valueQuantity", {"data": "YWJjZA=="}),
        (SIZE, "valueAttachment", {"url": "http://acme.com/x"}),
        (SIZE, "valueAttachment", {"data": 7}),
    ],
)
def test_values_that_a_limit_is_not_about(definition: dict[str, Any], name: str, value: Any) -> None:
    assert told(definition, name, value) == []


@pytest.mark.parametrize(
    ("limit", "wrong"),
    [
        ("maxLength", "3"),
        ("maxLength", False),
        ("minLength", "3"),
        ("minLength", True),
        ("maxDecimalPlaces", "1"),
        ("maxDecimalPlaces", False),
        ("maxSize", "0"),
        ("maxSize", False),
        ("regex", 7),
        ("mimeType", 7),
    ],
)
def test_a_limit_of_another_type_is_none(limit: str, wrong: object) -> None:
    """What is wrong with the Questionnaire is said where it is validated."""
    definition = {"maxLength": wrong} if limit == "maxLength" else extended(limit, wrong)
    for name, value in (("valueString", ""), ("valueDecimal", Number("1.55")), ("valueAttachment", {"data": "YWJj"})):
        assert told(definition, name, value) == []


def test_one_of_several_media_types_is_enough_and_each_other_limit_counts() -> None:
    several = [{"url": CORE + "mimeType", "valueCode": each} for each in ("image/png", "text/plain")]
    assert told({"extension": several}, "valueAttachment", {"contentType": "text/plain"}) == []
    (issue,) = issues({"extension": several}, "valueAttachment", {"contentType": "application/pdf"})
    assert issue.message == "contentType is not one that the item allows: expected image/png or text/plain"
    both = [{"url": CORE + name, "valueInteger": 3} for name in ("minValue", "maxValue")]
    assert told({"extension": both, "maxLength": 1}, "valueInteger", 22) == [LIMIT, LIMIT]


def test_it_is_said_on_which_side_of_the_limit_an_answer_is() -> None:
    (small,) = issues(extended("minValue", 3), "valueInteger", 2)
    (great,) = issues(extended("maxValue", 3), "valueInteger", 4)
    assert "smaller" in small.message
    assert "greater" in great.message


def test_a_date_of_another_precision_is_not_decided() -> None:
    assert told(extended("minValue", "2026-03-09"), "valueDate", "2026") == [UNDECIDED]
    assert told(extended("minValue", "2026-03-09"), "valueDate", "2025") == [LIMIT]


def test_an_expression_that_is_not_evaluated_is_said() -> None:
    assert told(extended("regex", "(a"), "valueString", "a") == [rules.NOT_EVALUATED.id]
