"""Swedish days: what the law counts in, from instants with offset.

LAW (2017:612) counts calendar days in local time. Lag (1930:173) 2 § moves the last day of an act that falls on a
Saturday, Sunday, public holiday, midsommarafton, julafton or nyårsafton to the next weekday. Public holidays are those
of Lag (1989:253).
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from adapter.support.clock import STOCKHOLM

_DAY = timedelta(days=1)
_NOON = time(12)
_SATURDAY, _SUNDAY = 5, 6
_JUNE, _DECEMBER = 6, 12
_MIDSUMMER_EVES = range(19, 26)


def local(instant: datetime) -> datetime:
    """The instant (aware) in Swedish local time."""
    return instant.astimezone(STOCKHOLM)


def local_date(instant: datetime) -> date:
    """The Swedish calendar day of an aware instant."""
    return local(instant).date()


def midnight(day: date) -> datetime:
    """When the day begins in Sweden, as an aware UTC instant."""
    return datetime.combine(day, time(), STOCKHOLM).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The first instant after the local day, aware UTC."""
    return midnight(day + _DAY)


def after_noon(instant: datetime) -> bool:
    """Whether it is later than 12.00 local time; 12:00:00 sharp is not (LAW 5:4)."""
    return local(instant).time() > _NOON


def days_after(day: date, count: int) -> date:
    """The calendar day `count` days later; the day itself is day 0."""
    return day + count * _DAY


def public_holiday(day: date) -> bool:
    """Whether the day is a Sunday or a public holiday (1989:253 1 §)."""
    return day.weekday() == _SUNDAY or day in _holidays(day.year)


def weekday_for_act(day: date) -> date:
    """The day, or the next weekday where an act need not be done on it (1930:173 2 §)."""
    while day.weekday() == _SATURDAY or public_holiday(day) or _counted_eve(day):
        day += _DAY
    return day


def _counted_eve(day: date) -> bool:
    midsummer = day.month == _JUNE and day.day in _MIDSUMMER_EVES and day.weekday() == _SATURDAY - 1
    return midsummer or (day.month == _DECEMBER and day.day in (24, 31))


@cache
def _holidays(year: int) -> frozenset[date]:
    from holidays import country_holidays  # only here: it brings the calendars of many faiths

    return frozenset(country_holidays("SE", years=year, include_sundays=False).keys())
