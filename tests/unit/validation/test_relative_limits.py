"""Limits that are counted from the time of validation: unit by unit, at the limit and one second beside it."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from adapter.fhirpath import temporal
from adapter.validation import relative_limits
from adapter.validation.run import Run

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relative_limits, "scope", lambda _run: SimpleNamespace(now=lambda: temporal.of(NOW)))


@pytest.mark.parametrize(
    ("code", "bound"),
    [
        ("a", "2025-03-09T12:00:00Z"),
        ("mo", "2026-02-09T12:00:00Z"),
        ("wk", "2026-03-02T12:00:00Z"),
        ("d", "2026-03-08T12:00:00Z"),
        ("h", "2026-03-09T11:00:00Z"),
        ("min", "2026-03-09T11:59:00Z"),
        ("s", "2026-03-09T11:59:59Z"),
        ("ms", "2026-03-09T11:59:59.999Z"),
    ],
)
def test_a_unit_before_now(code: str, bound: str) -> None:
    compare = relative_limits.comparing({"value": Decimal(1), "code": code}, -1)
    assert compare is not None
    assert compare(bound, Run("X")) == 0
    assert compare("2024-01-01T00:00:00Z", Run("X")) == -1
    assert compare("2026-03-09T12:00:00Z", Run("X")) == 1


def test_a_unit_after_now() -> None:
    compare = relative_limits.comparing({"value": 2, "code": "d"}, 1)
    assert compare is not None
    assert [compare(day, Run("X")) for day in ("2026-03-10", "2026-03-11", "2026-03-12", "x")] == [-1, 0, 1, None]


@pytest.mark.parametrize(("years", "is_within"), [(2025, True), (2026, False), (10**14, False)])
def test_a_bound_before_the_first_year_limits_nothing(years: int, is_within: bool) -> None:
    compare = relative_limits.comparing({"value": years, "code": "a"}, -1)
    assert compare is not None
    assert compare("2026-03-09", Run("X")) == (1 if is_within else None)


@pytest.mark.parametrize(
    "limit", [{"value": 1, "code": "x"}, {"value": 1}, {"code": "d"}, {"value": True, "code": "d"}, 1]
)
def test_what_is_no_duration_limits_nothing(limit: Any) -> None:
    assert relative_limits.comparing(limit, 1) is None
