"""Which agreements leave nothing to choose by, and which of several holds."""

from datetime import date
from typing import Any

import pytest

from adapter.discharge.agreement import STATUTORY, Agreement, in_force

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def version(*municipalities: str, of: tuple[date, date | None] = (FIRST, LAST), **more: Any) -> Agreement:
    named: dict[str, Any] = {"id": "x", "version": "1", "name": "x"} | more
    return Agreement(**named, valid_from=of[0], valid_to=of[1], municipalities=frozenset(municipalities))


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (version(), version(), True),
        # One that names the municipality goes before one for all: there is something to choose by.
        (version(), version("2482"), False),
        (version("2482"), version(), False),
        (version("2482", "2480"), version("2480"), True),
        (version("2482"), version("2480"), False),
        # Both days are included.
        (version(), version(of=(LAST, None)), True),
        (version(), version(of=(date(2027, 1, 1), None)), False),
        (version(of=(LAST, None)), version(), True),
        (version(of=(date(2027, 1, 1), None)), version(), False),
        (version(of=(FIRST, None)), version(of=(date(2030, 1, 1), None)), True),
    ],
)
def test_what_would_hold_at_once(one: Agreement, other: Agreement, meet: bool) -> None:
    assert one.meets(other) is meet
    assert other.meets(one) is meet


def test_the_first_and_the_last_day_of_an_agreement_are_its_own() -> None:
    known = [version("2482")]
    assert in_force(known, "2482", FIRST) is in_force(known, "2482", LAST) is known[0]
    assert in_force(known, "2482", date(2025, 12, 31)) is STATUTORY
    assert in_force(known, "2482", date(2027, 1, 1)) is STATUTORY
    assert in_force(known, "2480", FIRST) is STATUTORY


def test_who_is_named_goes_before_all_and_the_latest_before_the_earlier() -> None:
    everybody, named = version(of=(date(2026, 6, 1), None)), version("2482", of=(FIRST, None))
    renewed = version("2482", of=(date(2026, 9, 1), None), version="2")
    day = date(2026, 10, 1)
    assert in_force([everybody, named], "2482", day) is named
    assert in_force([renewed, named], "2482", day) is in_force([named, renewed], "2482", day) is renewed
    assert in_force([everybody, named], None, day) is everybody
