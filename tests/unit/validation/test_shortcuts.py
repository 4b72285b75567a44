"""An element that is one member: when that member decides, and when the check of any items (`slow`) has to."""

from typing import Any

import pytest

from adapter.fhir.elements import Element, table
from adapter.validation import shortcuts
from adapter.validation.run import Path, Run, expression
from adapter.validation.shortcuts import Occurrence

PERSON: dict[str, Any] = {"resourceType": "Person"}


def element(path: str) -> Element:
    owner, _, name = path.rpartition(".")
    return table()[owner].by_name[name]


FAMILY, GIVEN, ID = element("HumanName.family"), element("HumanName.given"), element("HumanName.id")
PERIOD, TELECOM, RESOURCE = element("HumanName.period"), element("Patient.telecom"), element("Bundle.entry.resource")


class Seen:
    """What was called, as lines: `slow`, or a value with its place."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def slow(self, owner: dict[str, Any], run: Run, path: Path) -> None:
        self.lines.append("slow")
        assert path == (None, "name")

    def check(self, value: Any, run: Run, path: Path) -> None:
        self.lines.append(f"{value} at {expression(path)}")


COUNTED: list[tuple[Element, int, int | None, dict[str, Any], bool]] = [
    (FAMILY, 0, 0, {}, True),
    (FAMILY, 0, 0, {"family": "x"}, False),
    (FAMILY, 1, 1, {"family": "x"}, True),
    (FAMILY, 1, 1, {}, False),
    (FAMILY, 2, 2, {"family": "x"}, False),
    (FAMILY, 1, 1, {"family": "x", "_family": {"id": "y"}}, False),
    (FAMILY, 0, 0, {"_family": {"id": "y"}}, False),
    (GIVEN, 1, 2, {"given": ["x"]}, False),
    (ID, 1, 1, {"id": "x", "_id": {"id": "y"}}, True),
    (PERIOD, 1, 1, {"period": {}}, True),
    (PERIOD, 0, 0, {"period": {}}, False),
    (TELECOM, 1, 2, {}, False),
    (TELECOM, 1, 2, {"telecom": []}, False),
    (TELECOM, 1, 2, {"telecom": [{}]}, True),
    (TELECOM, 1, 2, {"telecom": [{}] * 2}, True),
    (TELECOM, 1, 2, {"telecom": [{}] * 3}, False),
    (TELECOM, 1, None, {"telecom": [{}] * 9}, True),
]


@pytest.mark.parametrize(("element", "least", "greatest", "owner", "is_right"), COUNTED)
def test_the_number_alone(
    element: Element, least: int, greatest: int | None, owner: dict[str, Any], is_right: bool
) -> None:
    seen = Seen()
    counted = Occurrence(element, least, greatest).counted(seen.slow)
    counted(owner, Run("Patient"), (None, "name"))
    assert seen.lines == ([] if is_right else ["slow"])


EACH: list[tuple[Element, int, int | None, dict[str, Any], list[str]]] = [
    (FAMILY, 0, 1, {}, []),
    (FAMILY, 0, 1, {"family": "x"}, ["x at .name.family"]),
    (FAMILY, 1, 1, {"family": "x"}, ["x at .name.family"]),
    (FAMILY, 0, None, {"family": "x"}, ["x at .name.family"]),
    (FAMILY, 1, 1, {}, ["slow"]),
    (FAMILY, 0, 0, {"family": "x"}, ["slow"]),
    (FAMILY, 2, None, {"family": "x"}, ["slow"]),
    (FAMILY, 0, 1, {"_family": {"id": "y"}}, ["slow"]),
    (FAMILY, 0, 1, {"family": "x", "_family": {"id": "y"}}, ["slow"]),
    (FAMILY, 0, 1, {"family": ["x"]}, ["slow"]),
    (GIVEN, 0, None, {"given": ["x"]}, ["slow"]),
    (ID, 0, 1, {"id": "x", "_id": {}}, ["x at .name.id"]),
    (PERIOD, 0, 1, {}, []),
    (PERIOD, 0, 1, {"period": {"end": "x"}}, ["{'end': 'x'} at .name.period"]),
    (PERIOD, 1, 1, {"period": {}}, ["{} at .name.period"]),
    (PERIOD, 1, 1, {}, ["slow"]),
    (PERIOD, 0, 0, {"period": {}}, ["slow"]),
    (PERIOD, 2, 2, {"period": {}}, ["slow"]),
    (PERIOD, 0, 1, {"period": "x"}, ["slow"]),
    (PERIOD, 0, 1, {"period": PERSON}, ["slow"]),
    (TELECOM, 0, None, {}, []),
    (TELECOM, 2, 3, {"telecom": [{}]}, ["slow"]),
    (TELECOM, 2, 3, {"telecom": [{}] * 2}, ["{} at .name.telecom[0]", "{} at .name.telecom[1]"]),
    (TELECOM, 2, 3, {"telecom": [{}] * 3}, [f"{{}} at .name.telecom[{index}]" for index in range(3)]),
    (TELECOM, 2, 3, {"telecom": [{}] * 4}, ["slow"]),
    (TELECOM, 0, None, {"telecom": [{}, "x"]}, ["slow"]),
    (TELECOM, 0, None, {"telecom": [{}, PERSON]}, ["slow"]),
    (TELECOM, 1, 1, {"telecom": {}}, ["{} at .name.telecom"]),
]


@pytest.mark.parametrize(("element", "least", "greatest", "owner", "expected"), EACH)
def test_the_number_and_each_value(
    element: Element, least: int, greatest: int | None, owner: dict[str, Any], expected: list[str]
) -> None:
    seen = Seen()
    each = Occurrence(element, least, greatest).each((seen.check,), seen.slow)
    each(owner, Run("Patient"), (None, "name"))
    assert seen.lines == expected


def test_each_check_is_made_of_each_value() -> None:
    for held, owner in ((FAMILY, {"family": "x"}), (PERIOD, {"period": {}}), (TELECOM, {"telecom": [{}, {}]})):
        one, other = Seen(), Seen()
        Occurrence(held, 0, None).each((one.check, other.check), one.slow)(owner, Run("Patient"), None)
        assert one.lines == other.lines != []


@pytest.mark.parametrize(
    ("least", "greatest", "owner", "found"),
    [
        (0, 1, {"resource": PERSON}, "Person"),
        (1, 1, {"resource": PERSON}, "Person"),
        (0, 1, {"resource": {"resourceType": "x"}}, "Resource"),
        (0, 0, {"resource": PERSON}, "slow"),
        (2, 2, {"resource": PERSON}, "slow"),
        (0, 1, {}, "slow"),
        (0, 1, {"resource": [PERSON]}, "slow"),
    ],
)
def test_one_resource(least: int, greatest: int, owner: dict[str, Any], found: str) -> None:
    seen = Seen()

    def inner(item: Any, run: Run) -> None:
        assert item.value is owner["resource"]
        assert item.path == ((None, "name"), "resource")
        seen.lines.append(item.type)

    Occurrence(RESOURCE, least, greatest).resource(inner, seen.slow)(owner, Run("Bundle"), (None, "name"))
    assert seen.lines == [found]


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        ({}, []),
        ({"other": 1}, []),
        ({"family": "x", "other": 1}, ["family"]),
        ({"_family": {}, "family": "x"}, ["family"]),
        ({"given": ["x"], "family": "x"}, ["given", "family"]),
    ],
)
def test_elements_that_may_not_be_there(owner: dict[str, Any], told: list[str]) -> None:
    """Each is told once, though it be there by both of its members."""
    found: list[str] = []

    def telling(name: str) -> shortcuts.OwnerCheck:
        return lambda held, run, path: found.append(name) if (held, path) == (owner, None) and run else None

    checks = {key: each for name in ("family", "given") for each in [telling(name)] for key in (name, f"_{name}")}
    shortcuts.absent(checks)(owner, Run("Patient"), None)
    assert found == told
