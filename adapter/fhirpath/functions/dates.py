"""The current time, and the parts of dates and times."""

import datetime as dt
from decimal import Decimal
from typing import Any

from adapter.fhirpath import temporal
from adapter.fhirpath.durations import SECONDS
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.functions.singles import single, text
from adapter.fhirpath.quantity import CALENDAR
from adapter.fhirpath.registry import plain
from adapter.fhirpath.temporal import Date, DateTime, Moment, Time


@plain("now")
def now(scope: Scope, _items: list[Any]) -> list[Any]:
    return [scope.now()]


@plain("today")
def today(scope: Scope, _items: list[Any]) -> list[Any]:
    return [Date(scope.now().parts[:3])]


@plain("timeOfDay")
def time_of_day(scope: Scope, _items: list[Any]) -> list[Any]:
    return [Time(scope.now().parts[3:])]


def _part(name: str, place: int, kinds: tuple[type[Moment], ...]) -> None:
    @plain(name)
    def function(_scope: Scope, items: list[Any]) -> list[Any]:
        value = single(items, f"{name}()")
        if not isinstance(value, kinds):
            return []
        at = place - 3 if isinstance(value, Time) else place
        return [int(value.parts[at])] if at < len(value.parts) else []


_part("yearOf", 0, (Date, DateTime))
_part("monthOf", 1, (Date, DateTime))
_part("dayOf", 2, (Date, DateTime))
_part("hourOf", 3, (DateTime, Time))
_part("minuteOf", 4, (DateTime, Time))
_part("secondOf", 5, (DateTime, Time))


@plain("millisecondOf")
def millisecond_of(_scope: Scope, items: list[Any]) -> list[Any]:
    value = single(items, "millisecondOf()")
    if not isinstance(value, (DateTime, Time)) or temporal.digits(value) not in (9, 17):
        return []
    return [int(value.parts[-1] % 1 * 1000)]


@plain("timezoneOffsetOf")
def timezone_offset_of(_scope: Scope, items: list[Any]) -> list[Any]:
    value = single(items, "timezoneOffsetOf()")
    return [Decimal(value.offset) / 60] if isinstance(value, DateTime) and value.offset is not None else []


@plain("dateOf")
def date_of(_scope: Scope, items: list[Any]) -> list[Any]:
    value = single(items, "dateOf()")
    return [Date(value.parts[:3])] if isinstance(value, (Date, DateTime)) else []


@plain("timeOf")
def time_of(_scope: Scope, items: list[Any]) -> list[Any]:
    value = single(items, "timeOf()")
    return [Time(value.parts[3:])] if isinstance(value, DateTime) and len(value.parts) > 3 else []


@plain("duration", 2)
def duration(_scope: Scope, items: list[Any], other: list[Any], precision: list[Any]) -> list[Any]:
    found = _two(items, other, precision, "duration()")
    if found is None:
        return []
    start, end, unit = found
    if unit in ("year", "month"):
        months = (end[0] - start[0]) * 12 + end[1] - start[1]
        if months > 0 and tuple(end[2:]) < tuple(start[2:]):
            months -= 1
        elif months < 0 and tuple(end[2:]) > tuple(start[2:]):
            months += 1
        return [int(months / 12) if unit == "year" else months]
    return [int((_line(end) - _line(start)) / SECONDS[unit])]


@plain("difference", 2)
def difference(_scope: Scope, items: list[Any], other: list[Any], precision: list[Any]) -> list[Any]:
    found = _two(items, other, precision, "difference()")
    if found is None:
        return []
    start, end, unit = found
    if unit in ("year", "month"):
        return [end[0] - start[0] if unit == "year" else (end[0] - start[0]) * 12 + end[1] - start[1]]
    # A week begins on Sunday, as does day 0 of the calendar's first week counted from 0.
    step = SECONDS[unit]
    return [int(_line(end) // step) - int(_line(start) // step)]


_PLACES = {"year": 1, "month": 2, "week": 3, "day": 3, "hour": 4, "minute": 5, "second": 6, "millisecond": 6}


def _two(
    items: list[Any], other: list[Any], precision: list[Any], what: str
) -> tuple[list[Any], list[Any], str] | None:
    """Both moments as year to second, and the unit; None where they do not state that much."""
    start, end, name = single(items, what), single(other, what), text(precision, what)
    if start is None or end is None or name is None:
        return None
    if not isinstance(start, (Date, DateTime, Time)) or isinstance(start, Time) is not isinstance(end, Time):
        raise FhirPathError(f"{what} needs two dates or two times")
    unit = CALENDAR.get(name)
    lowest = 4 if isinstance(start, Time) else 1
    highest = 3 if Date in (type(start), type(end)) else 6
    if unit is None or not lowest <= _PLACES[unit] <= highest:
        raise FhirPathError(f"{what} does not take that precision")
    place = _PLACES[unit] - (3 if isinstance(start, Time) else 0)
    if min(len(start.parts), len(end.parts)) < place:
        return None
    return _whole(start, unit), _whole(end, unit), unit


def _whole(moment: Any, unit: str) -> list[Any]:
    if isinstance(moment, Time):
        return [1, 1, 1, *temporal.filled(moment.parts, (0, 0, Decimal(0)))]
    parts = temporal.filled(moment.parts, (1, 1, 1, 0, 0, Decimal(0)))
    offset = moment.offset if isinstance(moment, DateTime) else None
    if offset is None or _PLACES[unit] < 4:
        return parts
    minutes = temporal.instant_minutes(*parts[:5]) - offset
    day = dt.date.fromordinal(minutes // 1440)
    return [day.year, day.month, day.day, minutes // 60 % 24, minutes % 60, parts[5]]


def _line(parts: list[Any]) -> Decimal:
    """Seconds on a line whose weeks begin on Sunday."""
    return temporal.instant_minutes(*parts[:5]) * 60 + Decimal(parts[5])
