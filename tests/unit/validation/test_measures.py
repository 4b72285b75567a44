"""A MeasureReport against its Measure: parts by code, scores by scoring, subjects by type."""

from functools import cache
from typing import Any

import pytest

from adapter.validation import Validator

URL = "http://acme.com/Measure/m"
PART, SCORE, SUBJECTS = "measure-part", "measure-score", "measure-subjects"
POPULATIONS = "http://terminology.hl7.org/CodeSystem/measure-population"
SCORING = "http://terminology.hl7.org/CodeSystem/measure-scoring"


def coded(code: str, system: str = "http://acme.com/codes") -> dict[str, Any]:
    return {"code": {"coding": [{"system": system, "code": code}]}}


def texted(code: str, words: str) -> dict[str, Any]:
    return {"code": coded(code)["code"] | {"text": words}}


INITIAL, OBSERVED = coded("initial-population", POPULATIONS), coded("measure-observation", POPULATIONS)
NAMED = {"code": {"text": "by age"}}
LISTED = {"code": [{"text": "by age"}]}
LIST = {
    "resourceType": "List",
    "id": "l",
    "status": "current",
    "mode": "working",
    "entry": [{"item": {"display": "x"}}],
}


def group(**more: Any) -> dict[str, Any]:
    return {"population": [INITIAL | {"count": 1}], **more}


def measure(*groups: dict[str, Any], scoring: str = "") -> dict[str, Any]:
    concept = {"scoring": {"coding": [{"system": SCORING, "code": scoring}]}} if scoring else {}
    return {"resourceType": "Measure", "id": "m", "status": "active", "group": [*groups], **concept}


@cache
def validator() -> Validator:
    return Validator.load()


def told(wanted: dict[str, Any], *groups: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    report = {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "summary",
        "measure": "#m",
        "period": {"start": "2026", "end": "2026"},
        "contained": [wanted, *more.pop("contained", ())],
        "group": [*groups],
        **more,
    }
    found = validator().validate(report).issues
    return [
        (each.rule, each.expression[0].removeprefix("MeasureReport"))
        for each in found
        if each.rule.startswith("measure-")
    ]


ONE = {"population": [INITIAL]}
TWO = [ONE | coded("a"), ONE | coded("b")]
FIRST, SECOND = (group() | coded(code) for code in "ab")


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        ([ONE], [group()], []),
        ([ONE | coded("a")], [group()], []),
        ([ONE], [FIRST], []),
        ([ONE | coded("a")], [FIRST], []),
        ([ONE | coded("a")], [SECOND], [(PART, ".group[0]"), (PART, "")]),
        (TWO, [FIRST, SECOND], []),
        (TWO, [SECOND, FIRST], []),
        (TWO, [FIRST], [(PART, "")]),
        (TWO, [FIRST, FIRST], [(PART, ".group[1]"), (PART, "")]),
        (TWO, [FIRST, group()], [(PART, ".group[1]"), (PART, "")]),
        ([ONE], [{"population": []}], [(PART, ".group[0]")]),
        ([ONE], [{"population": [INITIAL, INITIAL]}], [(PART, ".group[0].population[1]")]),
        ([ONE], [{"population": [INITIAL, coded("x")]}], [(PART, ".group[0].population[1]")]),
        ([{"population": [INITIAL, OBSERVED]}], [group()], []),
        ([ONE | {"stratifier": [NAMED]}], [group(stratifier=[LISTED])], []),
        ([ONE | {"stratifier": [NAMED]}], [group()], [(PART, ".group[0]")]),
        (
            [ONE | {"stratifier": [NAMED]}],
            [group(stratifier=[{"code": [{"text": "by sex"}]}])],
            [(PART, ".group[0].stratifier[0]"), (PART, ".group[0]")],
        ),
        (
            [ONE | {"stratifier": [texted("a", "by age")]}],
            [group(stratifier=[texted("b", "by age")])],
            [(PART, ".group[0].stratifier[0]"), (PART, ".group[0]")],
        ),
        ([ONE | {"stratifier": [texted("a", "by age")]}], [group(stratifier=[texted("a", "by sex")])], []),
        ([], [group()], []),
    ],
)
def test_parts_are_told_apart_by_their_codes(
    wanted: list[dict[str, Any]], given: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    assert told(measure(*wanted), *given) == expected


def test_a_report_for_data_collection_needs_no_groups() -> None:
    assert told(measure(*TWO), type="data-collection") == []
    assert told(measure(*TWO), type="summary") == [(PART, "")]


def score(value: Any, **more: Any) -> dict[str, Any]:
    return group(measureScore={"value": value, **more})


@pytest.mark.parametrize(
    ("scoring", "right", "wrong", "place"),
    [
        ("proportion", score(1), score(2), ".measureScore"),
        ("proportion", score(0), score(-1), ".measureScore"),
        ("proportion", score(1), score(1, unit="x"), ".measureScore"),
        ("proportion", score(1), score(1, code="1"), ".measureScore"),
        ("proportion", score(1), score(1, system="http://unitsofmeasure.org"), ".measureScore"),
        ("proportion", score(1), score(True), ".measureScore"),
        ("proportion", score(1), group(), ""),
        ("ratio", score(40), group(), ""),
        ("continuous-variable", score(40, unit="d"), group(measureScore={"unit": "d"}), ".measureScore"),
        ("cohort", group(), score(1), ".measureScore"),
    ],
)
def test_scores_are_as_the_scoring_has_them(
    scoring: str, right: dict[str, Any], wrong: dict[str, Any], place: str
) -> None:
    assert told(measure(ONE, scoring=scoring), right) == []
    assert told(measure(ONE, scoring=scoring), wrong) == [(SCORE, f".group[0]{place}")]


def test_the_scoring_is_the_first_code_that_is_given() -> None:
    uncoded = measure(ONE, scoring="cohort")
    uncoded["scoring"]["coding"].insert(0, {"display": "Cohort"})
    assert told(uncoded, group()) == []
    assert told(uncoded, score(1)) == [(SCORE, ".group[0].measureScore")]


@pytest.mark.parametrize(
    ("type_", "count", "is_right"),
    [
        ("subject-list", 1, True),
        ("subject-list", 2, False),
        ("subject-list", None, True),
        ("summary", 1, False),
        ("summary", 2, False),
    ],
)
def test_subjects_are_listed_in_a_subject_list(type_: str, count: int | None, is_right: bool) -> None:
    listed = {"population": [INITIAL | {"count": count, "subjectResults": {"reference": "#l"}}]}
    found = told(measure(ONE), listed, type=type_, contained=[LIST])
    assert found == ([] if is_right else [(SUBJECTS, ".group[0].population[0]")])


@pytest.mark.parametrize("url", ["#g", "#x", "List/elsewhere"])
def test_subjects_that_cannot_be_counted_are_not_held_against_count(url: str) -> None:
    crowd = {"resourceType": "Group", "id": "g", "type": "person", "actual": False}
    listed = {"population": [INITIAL | {"count": 1, "subjectResults": {"reference": url}}]}
    assert told(measure(ONE), listed, type="subject-list", contained=[crowd]) == []


@pytest.mark.parametrize("url", ["#x", "http://acme.com/Measure/unknown"])
def test_a_measure_that_is_not_known_is_said(url: str) -> None:
    assert told(measure(ONE), group(), measure=url) == [("measure-unknown", ".measure")]


def test_a_report_without_a_measure_and_one_of_another_resource() -> None:
    assert told(measure(ONE), group(), measure=None) == [("measure-unknown", "")]
    assert told(measure(ONE), group(), measure="#l", contained=[LIST]) == [("measure-unknown", ".measure")]


def test_a_measure_that_is_loaded_is_found() -> None:
    loaded = Validator.load(definitions=[measure(ONE) | {"url": URL}])
    report = {"resourceType": "MeasureReport", "measure": URL, "group": [{"population": [coded("x")]}]}
    assert [each.rule for each in loaded.validate(report).issues if each.rule.startswith("measure-")] == [PART, PART]


def test_content_of_any_shape_is_looked_at_without_an_exception() -> None:
    for odd in (None, 1, "x", [], {}, [1], {"code": 1}, [{"coding": 1}]):
        for name in ("group", "population", "code", "measureScore", "stratifier", "subjectResults"):
            part = {name: odd}
            told(measure(ONE | part, scoring="ratio") | part, group(**part), group() | part)
