"""Office hours by the Swedish clock and calendar."""

from datetime import UTC, datetime

import pytest

from adapter.exchange.alerts.hours import OfficeHours
from adapter.support.clock import STOCKHOLM

HOURS = OfficeHours("07:30-16:30")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-03-02T09:00", "2026-03-02T09:00"),  # a Monday
        ("2026-03-02T07:30", "2026-03-02T07:30"),
        ("2026-03-02T05:00", "2026-03-02T07:30"),
        ("2026-03-02T16:30", "2026-03-03T07:30"),
        ("2026-03-06T23:59", "2026-03-09T07:30"),  # Friday night
        ("2026-03-07T10:00", "2026-03-09T07:30"),  # Saturday
        ("2026-04-02T17:00", "2026-04-07T07:30"),  # before Easter: Friday and Monday are holidays
        ("2026-06-18T20:00", "2026-06-22T07:30"),  # midsommarafton is a Friday
        ("2026-12-23T18:00", "2026-12-28T07:30"),  # julafton, juldagen, a Saturday and a Sunday
        ("2026-03-28T12:00", "2026-03-30T07:30"),  # the clock goes forward on the 29th
        ("2026-10-24T12:00", "2026-10-26T07:30"),  # and back
    ],
)
def test_what_is_held_is_told_of_when_office_hours_begin(at, told):
    assert HOURS.next(local(at)) == local(told)


def test_hours_may_last_until_midnight():
    assert OfficeHours("00:00-24:00").next(local("2026-03-02T23:59")) == local("2026-03-02T23:59")
    assert OfficeHours("00:00-24:00").next(local("2026-03-06T23:59:59")) == local("2026-03-06T23:59:59")
    assert OfficeHours("00:00-24:00").next(local("2026-03-07T00:00")) == local("2026-03-09T00:00")
