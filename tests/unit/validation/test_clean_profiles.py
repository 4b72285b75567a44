"""What a profile says of elements, as one function: the values that are looked at, and what it does not decide."""

from types import SimpleNamespace
from typing import Any

import pytest

from adapter.fhir.elements import Element, table
from adapter.validation import clean_profiles
from adapter.validation.primitives import Recurring
from adapter.validation.run import Needing, Path, Run, Unclean
from adapter.validation.shortcuts import Check, Occurrence, Watched


def element(path: str) -> Element:
    owner, _, name = path.rpartition(".")
    return table()[owner].by_name[name]


FAMILY, PERIOD, TELECOM = element("HumanName.family"), element("HumanName.period"), element("Patient.telecom")
ID, GIVEN, START = element("HumanName.id"), element("HumanName.given"), element("Period.start")


def looked_at(watched: Any, value: Any) -> list[Any]:
    """What the function of some checks calls on a value, in order; `unclean` where it raises that."""
    seen: list[Any] = []
    checks = watched(seen)
    try:
        clean_profiles.source("x", checks).function()(value, Run("Patient"))
    except Unclean:
        seen.append("unclean")
    return seen


def noting(seen: list[Any]) -> Check:
    def check(value: Any, run: Run, path: Path) -> None:
        assert isinstance(run, Run)
        seen.append(value)

    return check


def watching(seen: list[Any], element: Element, least: int, greatest: int | None, *checks: Check) -> Watched:
    def slow(owner: Any, run: Run, path: Path) -> None:
        seen.append("slow")

    found = Occurrence(element, least, greatest)
    made = found.each(checks, slow) if checks else found.counted(slow)
    assert isinstance(made, Watched)
    return made


PERSON = {"resourceType": "Person"}
CASES: list[tuple[Element, int, int | None, dict[str, Any], list[Any]]] = [
    (FAMILY, 0, 1, {}, []),
    (FAMILY, 0, 1, {"family": "x"}, ["x"]),
    (FAMILY, 1, 1, {"family": "x"}, ["x"]),
    (FAMILY, 1, 1, {}, ["slow"]),
    (FAMILY, 1, 1, {"_family": {}}, ["slow"]),
    (FAMILY, 0, 1, {"_family": {}}, ["slow"]),
    (FAMILY, 0, 1, {"family": "x", "_family": {}}, ["slow"]),
    (FAMILY, 0, 1, {"family": ["x"]}, ["slow"]),
    (FAMILY, 0, 0, {"family": "x"}, ["slow"]),
    (FAMILY, 2, 2, {"family": "x"}, ["slow"]),
    (GIVEN, 0, None, {"given": ["x"]}, ["slow"]),
    (ID, 0, 1, {"id": "x", "_id": {}}, ["x"]),
    (PERIOD, 0, 1, {}, []),
    (PERIOD, 0, 1, {"period": {}}, [{}]),
    (PERIOD, 1, 1, {"period": {}}, [{}]),
    (PERIOD, 0, 1, {"period": [{}]}, ["slow"]),
    (PERIOD, 0, 0, {"period": {}}, ["slow"]),
    (PERIOD, 2, 2, {"period": {}}, ["slow"]),
    (PERIOD, 1, 1, {}, ["slow"]),
    (PERIOD, 0, 1, {"period": "x"}, ["unclean"]),
    (PERIOD, 0, 1, {"period": PERSON}, ["unclean"]),
    (TELECOM, 0, None, {}, []),
    (TELECOM, 1, 2, {}, ["slow"]),
    (TELECOM, 1, 2, {"telecom": []}, ["slow"]),
    (TELECOM, 1, 2, {"telecom": [{}]}, [{}]),
    (TELECOM, 1, 2, {"telecom": [{}, {"rank": 1}]}, [{}, {"rank": 1}]),
    (TELECOM, 1, 2, {"telecom": [{}] * 3}, ["slow"]),
    (TELECOM, 1, 2, {"telecom": {}}, ["slow"]),
    (TELECOM, 0, None, {"telecom": [{}, "x"]}, [{}, "unclean"]),
    (TELECOM, 0, None, {"telecom": [{}, PERSON]}, [{}, "unclean"]),
]


@pytest.mark.parametrize(("element", "least", "greatest", "owner", "found"), CASES)
def test_an_element(
    element: Element, least: int, greatest: int | None, owner: dict[str, Any], found: list[Any]
) -> None:
    assert looked_at(lambda seen: (watching(seen, element, least, greatest, noting(seen)),), owner) == found
    counted = looked_at(lambda seen: (watching(seen, element, least, greatest),), owner)
    assert counted == (found if found == ["slow"] else [])  # the number alone


def test_an_element_within_another_and_what_comes_after_it() -> None:
    item = element("Questionnaire.item.item")
    value = {"item": [{"linkId": "a", "item": [{"linkId": "b"}, {"linkId": "c"}]}, {"linkId": "d"}]}

    def nested(seen: list[Any]) -> tuple[Any, ...]:
        def named(owner: Any, run: Run, path: Path) -> None:
            seen.append(owner.get("linkId"))

        within = watching(seen, item, 0, None, named)
        return watching(seen, item, 0, None, within, named), named

    assert looked_at(nested, value) == ["b", "c", "a", "d", None]


def test_elements_in_each_other_deeper_than_one_function_can_look() -> None:
    depth = 25
    value: dict[str, Any] = {"linkId": "x"}
    for _ in range(depth):
        value = {"item": [value]}

    def deep(seen: list[Any]) -> tuple[Any, ...]:
        checks: tuple[Any, ...] = (noting(seen),)
        for _ in range(depth):
            checks = (watching(seen, element("Questionnaire.item.item"), 1, None, *checks),)
        return checks

    assert looked_at(deep, value) == [{"linkId": "x"}]
    assert looked_at(deep, {"linkId": "x"}) == ["slow"]


def test_a_check_that_needs_members_is_made_where_they_are() -> None:
    def needing(seen: list[Any]) -> tuple[Any, ...]:
        return (Needing(noting(seen), ["start", "end"]), noting(seen))

    for value in ({}, {"start": "x"}, {"_end": {}}):
        assert looked_at(needing, value) == [value]
    for value in ({"start": "x", "end": "y"}, {"_start": {}, "end": "y"}, {"start": "x", "_end": {}}, "x"):
        assert looked_at(needing, value) == [value, value]


class Codes(Recurring):
    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self._seen = seen
        self.remember("known")

    def __call__(self, value: Any, run: Any, path: Any, /) -> None:
        self._seen.append(value)


@pytest.mark.parametrize(("value", "asked"), [("known", []), ("other", ["other"]), (7, [7]), (["known"], [["known"]])])
def test_a_check_of_what_recurs_is_made_of_what_is_not_known(value: Any, asked: list[Any]) -> None:
    assert looked_at(lambda seen: (Codes(seen),), value) == asked
    assert looked_at(lambda seen: (watching(seen, ID, 0, 1, Codes(seen)),), {"id": value}) == (
        ["slow"] if isinstance(value, list) else asked
    )


def test_an_element_whose_name_is_no_name_of_python_is_checked_as_it_is() -> None:
    odd: Any = SimpleNamespace(name="a-b", kind="complex", attribute=False, is_list=False, step="a-b")
    seen: list[Any] = []
    watched = watching(seen, odd, 1, 1)
    found = clean_profiles.source("x", (watched,)).function()
    found({"a-b": {}}, Run("Patient"))
    assert seen == []
    found({}, Run("Patient"))
    assert seen == ["slow"]


def test_an_object_of_a_primitive_is_one_value() -> None:
    period = {"period": {"start": "2026"}}
    found = looked_at(lambda seen: (watching(seen, PERIOD, 0, 1, watching(seen, START, 1, 1, noting(seen))),), period)
    assert found == ["2026"]
