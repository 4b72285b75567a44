"""What an ElementDefinition of a profile demands of one value, beyond what its base demands already."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.validation import constraints
from adapter.validation.items import Item
from adapter.validation.run import Run
from adapter.validation.vocabulary import Answer

BASE = "http://hl7.org/fhir/StructureDefinition/"
R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."
ABSENT = BASE + "data-absent-reason"
URL = "http://acme.com/p"
UCUM = {"system": "http://unitsofmeasure.org"}


class Terms:
    """Knows one code."""

    def member(self, value_set: str, system: str | None, code: str) -> Answer:
        return Answer(code == "a" and value_set == "vs")


def told(
    definition: dict[str, Any],
    value: Any,
    type_: str = "string",
    extra: dict[str, Any] | None = None,
    base: dict[str, Any] | None = None,
) -> list[str]:
    run = Run("X")
    for check in constraints.checks(definition, base or {}, Terms(), URL):
        check(Item(value, type_, None, extra), run)
    assert {issue.profile for issue in run.issues} <= {URL}
    assert {issue.expression for issue in run.issues} <= {("X",)}
    return [f"{issue.severity} {issue.rule}: {issue.message}" for issue in run.issues]


def extended(**found: Any) -> dict[str, Any]:
    urls = {"minLength": BASE + "minLength", "regex": BASE + "regex"}
    return {
        "extension": [
            {"url": urls.get(name, R5 + name), ("valueBoolean" if isinstance(value, bool) else "valueX"): value}
            for name, value in found.items()
        ]
    }


FIXED = "error profile-fixed: the value is not the one that the profile fixes"
PATTERN = "error profile-pattern: the value does not hold all that the profile's pattern holds"
LONG = "error profile-length: 4 characters: expected at most 3"
SHORT = "error profile-length: 2 characters: expected at least 3"
FORM = "error profile-regex: the value does not have the form that the profile describes"
SMALLER = "error profile-min-value: the value is smaller than the profile allows: expected at least 3"
GREATER = "error profile-max-value: the value is greater than the profile allows: expected at most 3"
BOUND = "error code-required: the code is not in the value set: expected one of vs"


@pytest.mark.parametrize(
    ("definition", "right", "wrong", "words"),
    [
        ({"fixedString": "x"}, ["x", None], ["y", 1], FIXED),
        ({"fixedBoolean": False}, [False, None], [True, 0, "false"], FIXED),
        ({"fixedPeriod": {"start": "1"}}, [{"start": "1"}], [{"start": "1", "end": "2"}, {}], FIXED),
        ({"patternString": "x"}, ["x", None], ["y"], PATTERN),
        ({"patternPeriod": {"start": "1"}}, [{"start": "1", "end": "2"}, None], [{"end": "1"}, "1"], PATTERN),
        ({"maxLength": 3}, ["xxx", None, {}, 100, Decimal("1.5")], ["xxxx", 1000, Decimal("1.25")], LONG),
        (extended(minLength=3), ["xxx", None, {}, 100], ["xx", 10], SHORT),
        (extended(regex="[a-z]+"), ["x", None, 1], ["X", "", "x1", "1x"], FORM),
        ({"minValueInteger": 3}, [3, 4, None], [2, -3], SMALLER),
        ({"maxValueInteger": 3}, [3, 2, None, -4], [4], GREATER),
        ({"minValueDecimal": Decimal(3)}, [Decimal("3.0"), 4], [Decimal("2.9")], SMALLER),
        ({"maxValueDate": "2026-03"}, ["2026-03", "2025"], ["2026-04", "2027"], GREATER.replace("3", "2026-03", 1)),
        ({"binding": {"strength": "required", "valueSet": "vs"}}, ["a", None], ["b"], BOUND),
    ],
)
def test_each_demand(definition: dict[str, Any], right: list[Any], wrong: list[Any], words: str) -> None:
    type_ = "code" if "binding" in definition else "string"
    for value in right:
        assert told(definition, value, type_) == [], value
        assert told(definition, value, type_, base=definition) == []
    for value in wrong:
        assert told(definition, value, type_) == [words], value
        assert told(definition, value, type_, base=definition) == [], "the base says it already"
        other = {name: [] for name in definition}
        assert told(definition, value, type_, base=other) == [words], "the base says another thing"


@pytest.mark.parametrize(
    "definition", [{"maxLength": "3"}, {"maxLength": None}, extended(minLength="3"), extended(regex=1), extended(x=1)]
)
def test_what_is_of_no_right_type_is_no_demand(definition: dict[str, Any]) -> None:
    assert told(definition, "") == []
    assert told(definition, "xxxxx") == []


def quantity(value: Any, code: str | None = "kg", **more: Any) -> dict[str, Any]:
    return {"value": value} | UCUM | ({"code": code} if code else {}) | more


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (quantity(3), ""),
        (quantity(3000, "g"), ""),
        (quantity(2), "min-value: the value is smaller than the profile allows: expected at least 3 kg"),
        (quantity(2999, "g"), "min-value: the value is smaller than the profile allows: expected at least 3 kg"),
        (quantity(3, "m"), "error"),
        (quantity(3, "no-unit"), "error"),
        (quantity(3, None), "undecided"),
        (quantity(3, system="http://acme.com"), "undecided"),
        (quantity("3"), "undecided"),
        ("3", "undecided"),
    ],
)
def test_a_limit_of_quantities(value: Any, words: str) -> None:
    found = told({"minValueQuantity": quantity(3)}, value, "Quantity")
    if words in ("undecided", "error"):
        assert found == [
            f"{'warning' if words == 'undecided' else words} profile-range-undecided: the value cannot be compared "
            "with the profile's limit 3 kg: value, "
            "system or unit is another"
        ]
    else:
        assert found == ([f"error profile-{words}"] if words else [])


def test_a_limit_of_another_type_is_undecided() -> None:
    (found,) = told({"maxValueInteger": 3}, "4")
    assert found.startswith("warning profile-range-undecided: ")
    assert told({"minValueDuration": quantity(3, "a")}, {"value": 4, "code": "a"} | UCUM, "Duration") == []


@pytest.mark.parametrize(
    ("value", "extra", "issues"),
    [
        ("x", None, 0),
        (None, {"id": "x"}, 1),
        (None, None, 1),
        (None, {"extension": [{"url": ABSENT}]}, 1),
    ],
)
def test_must_have_value(value: str | None, extra: dict[str, Any] | None, issues: int) -> None:
    found = told(extended(mustHaveValue=True), value, "string", extra)
    assert found == ["error profile-value: expected a value"] * issues
    assert told(extended(mustHaveValue=False), value, "string", extra) == []
    assert told(extended(other=True), value, "string", extra) == []
    assert told({"extension": [{"url": "x" + R5 + "mustHaveValue", "valueBoolean": True}]}, value, "x", extra) == []
    assert told({"extension": [{"valueBoolean": True}]}, value, "string", extra) == []


@pytest.mark.parametrize(
    ("value", "extra", "issues"),
    [
        ("x", None, 0),
        (None, {"extension": [{"url": ABSENT}]}, 0),
        (None, {"extension": [{"url": "x"}, {"url": ABSENT}]}, 0),
        (None, {"extension": [{"url": "x"}]}, 1),
        (None, {"id": "x"}, 1),
        (None, None, 1),
    ],
)
def test_alternatives_to_a_value(value: str | None, extra: dict[str, Any] | None, issues: int) -> None:
    alternatives = {"extension": [{"url": R5 + "valueAlternatives", "valueCanonical": ABSENT}]}
    words = "error profile-value: expected a value or one of the extensions " + ABSENT
    assert told(alternatives, value, "string", extra) == [words] * issues
    both = {"extension": [{"url": R5 + "other", "valueCanonical": "x"}, *alternatives["extension"]]}
    assert told(both, value, "string", extra) == [words] * issues


def test_a_form_that_is_none_is_not_evaluated() -> None:
    (found,) = told(extended(regex="(?<a"), "x")
    assert found.startswith("warning not-evaluated: the profile's regular expression was not evaluated: ") or (
        "the profile's regular expression was not evaluated: " in found
    )


def constraint(key: str, expression: str) -> dict[str, Any]:
    return {"key": key, "severity": "error", "human": key, "expression": expression}


def test_constraints_that_the_base_has_are_not_said_again() -> None:
    long, upper = constraint("x-1", "length() > 3"), constraint("x-2", "upper() = $this")
    both = {"constraint": [long, upper]}
    words = ["error profile-invariant: x-1: expected: x-1", "error profile-invariant: x-2: expected: x-2"]
    assert told(both, "xxx") == words
    assert told(both, "xxx", base={"constraint": [long]}) == words[1:]
    assert told(both, "xxx", base=both) == []
    assert told(both, "XXXX") == []


def test_a_constraint_sees_what_extends_a_value() -> None:
    one = {"constraint": [constraint("x-1", "extension.exists() or length() > 3")]}
    assert told(one, "x") == ["error profile-invariant: x-1: expected: x-1"]
    assert told(one, "x", extra={"extension": [{"url": ABSENT, "valueCode": "unknown"}]}) == []


def test_a_binding_is_of_each_type_that_the_element_has() -> None:
    bound = {"binding": {"strength": "required", "valueSet": "vs"}}
    run = Run("X")
    (check,) = constraints.checks(bound, {}, Terms(), URL)
    for value, type_ in (("b", "code"), ({"code": "b"}, "Coding"), ({"coding": [{"code": "b"}]}, "CodeableConcept")):
        for _ in range(2):
            check(Item(value, type_, None), run)
    check(Item({"start": "b"}, "Period", None), run)
    assert len(run.issues) == 6


def test_narrative_controls_are_among_them() -> None:
    marked = {"extension": [{"url": BASE + "narrative-language-control", "valueCode": "_yes"}]}
    div = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'
    (found,) = told(marked, {"status": "generated", "div": div}, "Narrative")
    assert found.startswith("error profile-narrative: ")


HUNDRED_YEARS = {"value": 100, "system": "http://unitsofmeasure.org", "code": "a"}


@pytest.mark.parametrize("type_", ["Duration", "Quantity"])
def test_a_limit_counted_from_now(type_: str) -> None:
    least, greatest = {f"minValue{type_}": HUNDRED_YEARS}, {f"maxValue{type_}": HUNDRED_YEARS}
    assert told(least, "2020-01-01", "date") == told(greatest, "2020-01-01", "date") == []
    (early,) = told(least, "1800-01-01", "date")
    (late,) = told(greatest, "2300-01-01", "date")
    assert early.startswith("error profile-min-value: the value is smaller than the profile allows: expected at least")
    assert late.startswith("error profile-max-value: the value is greater than the profile allows: expected at most")
    assert told(greatest, "no date", "date") == []


def test_what_the_base_says_is_not_taken_for_the_profile() -> None:
    base = {"fixedString": "y", "maxLength": 1, "binding": {"strength": "required", "valueSet": "vs"}}
    assert told({}, "xx", "code", base=base) == []
