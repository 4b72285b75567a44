"""How values are compared with those of a profile: fixed, pattern, limits."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.numbers import Number
from adapter.validation import values

UCUM = "http://unitsofmeasure.org"
CODING = {"system": "s", "code": "c"}


@pytest.mark.parametrize(
    ("value", "wanted", "equal", "held"),
    [
        ("a", "a", True, True),
        ("a", "b", False, False),
        (1, 1, True, True),
        (1, Decimal("1.0"), True, True),
        (Number("1.50"), Decimal("1.5"), True, True),
        (2, 1, False, False),
        ("1", 1, False, False),
        (1, "1", False, False),
        (True, 1, False, False),
        (1, True, False, False),
        (True, True, True, True),
        (None, "a", False, False),
        (CODING, CODING, True, True),
        (CODING | {"display": "d"}, CODING, False, True),
        (CODING, CODING | {"display": "d"}, False, False),
        (CODING | {"code": "d"}, CODING, False, False),
        ("x", CODING, False, False),
        (["a"], CODING, False, False),
        (5, ["a"], False, False),
        ({"a": 1}, ["a"], False, False),
        (5, [], False, False),
        ("ab", ["a", "b"], False, False),
        (CODING, ["a"], False, False),
        (["a", "b"], ["a", "b"], True, True),
        (["b", "a"], ["a", "b"], False, True),
        (["a", "b"], ["a"], False, True),
        (["b", "a"], ["a"], False, True),
        (["b"], ["a"], False, False),
        ([], ["a"], False, False),
        (["a"], ["a", "b"], False, False),
        (["a"], [], False, True),
        ([{"coding": [CODING]}], [{"coding": [{"code": "c"}]}], False, True),
        ({"coding": [CODING, {"code": "d"}]}, {"coding": [{"code": "d"}, {"code": "c"}]}, False, True),
        ({"coding": [{"code": "d"}]}, {"coding": [{"code": "d"}, {"code": "c"}]}, False, False),
    ],
)
def test_fixed_and_pattern(value: Any, wanted: Any, equal: bool, held: bool) -> None:
    assert values.is_equal(value, wanted) is equal
    assert values.holds(value, wanted) is held
    assert values.holding(wanted)(value) is held


@pytest.mark.parametrize(
    ("definition", "found"),
    [
        ({"fixedCode": "a"}, ("Code", "a")),
        ({"path": "x", "fixedInteger": 0}, ("Integer", 0)),
        ({"fixed": "a"}, None),
        ({"fixedly": "a"}, None),
        ({"aFixedCode": "a"}, None),
        ({"patternCode": "a"}, None),
    ],
)
def test_the_type_follows_the_prefix(definition: dict[str, Any], found: tuple[str, Any] | None) -> None:
    assert values.prefixed(definition, "fixed") == found


def amount(value: Any, code: Any = "kg", system: Any = UCUM) -> dict[str, Any]:
    return {"value": value, "system": system, "code": code}


@pytest.mark.parametrize(
    ("value", "limit", "order"),
    [
        (1, 2, -1),
        (2, 2, 0),
        (3, 2, 1),
        (Decimal("2.5"), 2, 1),
        (2, Decimal("2.5"), -1),
        ("2", 2, None),
        (2, "2026", None),
        (2, True, None),
        (2, None, None),
        ("2025", "2026", -1),
        ("2026", "2026", 0),
        ("2027", "2026", 1),
        ("2026-03-09", "2026-03-10", -1),
        ("2027-01", "2026-12-31", 1),
        ("2025", "2026-12-31", -1),
        ("2026", "2026-12-31", None),
        ("2026-03-09T10:00:00Z", "2026-03-09T10:00:01Z", -1),
        ("2026-03-09T10:00:00+01:00", "2026-03-09T10:00:00+02:00", 1),
        ("2026-03-09T10:00:00+01:00", "2026-03-09T09:00:00Z", 0),
        ("2026-03-10T10:00:00+01:00", "2026-03-09T09:00:00Z", 1),
        ("2026-03-09T11:00:00+01:00", "2026-03-09T10:00:00-01:00", -1),
        ("10:00:00", "10:00:01", -1),
        ("2026-03-09T10:00:00Z", "2026-03-09T10", None),
        ("2026-03-09T10", "2026-03-09T10:00:00Z", None),
        ("2026-03-09T10", "2026-03-09T1", None),
        ("2026-03-09 10:00", "2026-03-09T10:00:00Z", None),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59Z", 1),
        ("2026-03-09T10:00:00.5Z", "2026-03-09T10:00:00Z", 1),
        ("2026-03-09T10:00:00.5+01:00", "2026-03-09T10:00:00.5+02:00", 1),
        (amount(1), amount(2), -1),
        (amount(3), amount(2), 1),
        (amount(Decimal("2.0")), amount(2), 0),
        (amount(999, "g"), amount(1), -1),
        (amount(1001, "g"), amount(1), 1),
        (amount(1, "m"), amount(1), None),
        (amount(1, "x", "http://acme.com"), amount(2, "x", "http://acme.com"), -1),
        (amount(1, "x", "http://acme.com"), amount(2, "y", "http://acme.com"), None),
        (amount(1, "kg", "http://acme.com"), amount(2), None),
        (amount(1, "kg", "http://acme.com"), amount(2, "g", "http://acme.com"), None),
        (amount(1, system=None), amount(2, system=None), None),
        (amount(1, code=None), amount(2, code=None), None),
        (amount(1, code=None), amount(2), None),
        (amount(1), amount(2, code=None), None),
        (amount("1"), amount(2), None),
        (amount(1), amount("2"), None),
        ("x", amount(2), None),
    ],
)
def test_limits(value: Any, limit: Any, order: int | None) -> None:
    assert values.comparing(limit)(value) == order


@pytest.mark.parametrize(
    ("holder", "found"),
    [
        ({}, None),
        ({"extension": [{"url": "u", "valueInteger": 3}]}, 3),
        ({"extension": [{"url": "v", "valueInteger": 2}, {"id": "x", "url": "u", "valueInteger": 3}]}, 3),
        ({"extension": [{"url": "u"}]}, None),
        ({"extension": [{"url": "v", "valueInteger": 3}]}, None),
        ({"extension": "u"}, None),
    ],
)
def test_the_value_of_an_extension(holder: dict[str, Any], found: Any) -> None:
    assert values.extension_value(holder, "u") == found
