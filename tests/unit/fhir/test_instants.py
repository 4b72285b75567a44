"""Instants: with offset or not at all."""

from datetime import UTC, datetime

import pytest

from adapter.fhir import instants


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-09T10:12:00+01:00", datetime(2026, 3, 9, 9, 12, tzinfo=UTC)),
        ("2026-03-09T10:12:00.1234567Z", datetime(2026, 3, 9, 10, 12, 0, 123456, tzinfo=UTC)),
        ("2024-02-29T00:00:00-14:00", datetime(2024, 2, 29, 14, tzinfo=UTC)),
    ],
)
def test_reads(written: str, expected: datetime) -> None:
    assert instants.parse(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-09",
        "2026-03-09T10:12:00",
        "2026-03-09T10:12+01:00",
        "2026-03-09 10:12:00Z",
        "2025-02-29T10:12:00Z",
        "2026-03-09T24:00:00Z",
        "2026-03-09T10:12:60Z",
        "2026-03-09T10:12:00+14:30",
        "0001-01-01T00:00:00+14:00",
        "0000-01-01T00:00:00Z",
        "2026-03-09T10:12:00Z\n",
        20260309,
        None,
        [],
    ],
)
def test_refuses(written: object) -> None:
    assert instants.parse(written) is None
