"""Dates and times of partial precision.

A value holds the parts it states, coarsest first: year, month, day, hour, minute, second. Seconds are a Decimal with
the digits as written: seconds and milliseconds count as one precision. A DateTime's `offset` is in minutes from UTC,
None where it states none.
"""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_DATE = r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?"
_TIME = r"([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?)?"
_DATE_TEXT = re.compile(_DATE, re.ASCII)
_TIME_TEXT = re.compile(_TIME, re.ASCII)
_DATETIME_TEXT = re.compile(rf"{_DATE}(?:T(?:{_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?)?", re.ASCII)
_WHOLE_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII).fullmatch
_WHOLE_SECOND = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])",
    re.ASCII,
).fullmatch
_DAY, _SECOND, _LONGEST = len("2026-03-09"), len("2026-03-09T08:40:00"), len("2026-03-09T08:40:00.000+01:00")
_MAX_OFFSET = 14 * 60
_MAX_FRACTION = 20

Part = int | Decimal


@dataclass(frozen=True, slots=True)
class Date:
    """1 to 3 parts."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return _date_text(self.parts)


@dataclass(frozen=True, slots=True)
class DateTime:
    """1 to 6 parts."""

    parts: tuple[Part, ...]
    offset: int | None = None

    def __str__(self) -> str:
        text = _date_text(self.parts[:3])
        if len(self.parts) < 4:
            return text
        text += "T" + _time_text(self.parts[3:])
        if self.offset is None:
            return text
        sign = "-" if self.offset < 0 else "+"
        return f"{text}{sign}{abs(self.offset) // 60:02}:{abs(self.offset) % 60:02}" if self.offset else text + "Z"


@dataclass(frozen=True, slots=True)
class Time:
    """1 to 3 parts: hour, minute, second."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return _time_text(self.parts)


Moment = Date | DateTime | Time


def literal(text: str) -> Moment | None:
    """The value of a literal (`@2014`, `@2014T`, `@T10:30`), None where there is no such day or time."""
    if text.startswith("@T"):
        return time(text[2:])
    return datetime_(text[1:]) if "T" in text else date(text[1:])


def date(text: str) -> Date | None:
    """From `yyyy[-mm[-dd]]`, None where it is not that or there is no such day."""
    match = _DATE_TEXT.fullmatch(text)
    parts = None if match is None else _day(*match.groups())
    return None if parts is None else Date(parts)


def time(text: str) -> Time | None:
    """From `hh[:mm[:ss[.fff]]]`, None where it is not that or there is no such time."""
    match = _TIME_TEXT.fullmatch(text)
    parts = None if match is None else _clock(*match.groups())
    return None if parts is None else Time(parts)


def datetime_(text: str) -> DateTime | None:
    """From a date, `T`, a time and an offset, each but the date optional; None where there is no such moment."""
    match = _DATETIME_TEXT.fullmatch(text)
    if match is None:
        return None
    year, month, date_, hour, minute, second, zone = match.groups()
    day, clock = _day(year, month, date_), _clock(hour, minute, second)
    if day is None or clock is None or (clock and len(day) < 3):
        return None
    if zone is None or zone == "Z":
        return DateTime((*day, *clock), None if zone is None else 0)
    minutes = int(zone[1:3]) * 60 + int(zone[4:])
    if minutes > _MAX_OFFSET or int(zone[4:]) > 59:
        return None
    return DateTime((*day, *clock), -minutes if zone[0] == "-" else minutes)


def whole(text: str) -> dt.date | dt.datetime | None:
    """The value of the two forms that most dates and times have: `yyyy-mm-dd`, and with time to the second or
    millisecond and an offset. None for all others, which `date` and `datetime_` read."""
    try:
        if len(text) == _DAY and _WHOLE_DAY(text):
            return dt.date.fromisoformat(text)
        if len(text) <= _LONGEST and _WHOLE_SECOND(text):
            return dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return None


def whole_order(one: str, other: str) -> int | None:
    """The order of two texts of one of the forms of `whole`: below 0, 0, above 0; None where it is not told so."""
    first, second = whole(one), whole(other)
    if first is None or first.__class__ is not second.__class__:
        return None
    if one[_SECOND:] == other[_SECOND:]:  # one form, and one offset: the texts have the order of the values
        return (one > other) - (one < other)
    return (first > second) - (first < second)


def is_plain(text: str) -> bool:
    """Whether a date or time is of one of the two forms of `whole`, and written as it is written here: not with an
    offset of 00:00, which becomes Z."""
    if len(text) == _DAY:
        return _WHOLE_DAY(text) is not None
    return len(text) <= _LONGEST and _WHOLE_SECOND(text) is not None and text[-5:] != "00:00"


def of(moment: dt.datetime) -> DateTime:
    """The value of an aware datetime, to the millisecond."""
    offset = moment.utcoffset() or dt.timedelta()
    second = Decimal(moment.second) + Decimal(moment.microsecond // 1000).scaleb(-3)
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, second)
    return DateTime(parts, int(offset.total_seconds() // 60))


def _day(year: str, month: str | None, day: str | None) -> tuple[Part, ...] | None:
    whole = int(year)
    if whole == 0:
        return None
    if month is None:
        return (whole,)
    of_year = int(month)
    if not 1 <= of_year <= 12:
        return None
    if day is None:
        return whole, of_year
    of_month = int(day)
    return (whole, of_year, of_month) if 1 <= of_month <= days_in(whole, of_year) else None


def _clock(hour: str | None, minute: str | None, second: str | None) -> tuple[Part, ...] | None:
    if hour is None:
        return ()
    hours = int(hour)
    if hours > 23:
        return None
    if minute is None:
        return (hours,)
    minutes = int(minute)
    if minutes > 59:
        return None
    if second is None:
        return hours, minutes
    # 60 is a leap second, which FHIR's own expressions allow.
    if len(second) > _MAX_FRACTION or second[:2] > "60":
        return None
    return hours, minutes, Decimal(second)


def days_in(year: int, month: int) -> int:
    """The number of days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def filled(parts: tuple[Part, ...], defaults: tuple[Any, ...]) -> list[Any]:
    """The parts, those that are not stated taken from the defaults."""
    return [*parts, *defaults[len(parts) :]]


def _date_text(parts: tuple[Part, ...]) -> str:
    return f"{parts[0]:04}" + "".join(f"-{part:02}" for part in parts[1:])


def _time_text(parts: tuple[Part, ...]) -> str:
    text = ":".join(f"{part:02}" for part in parts[:2])
    if len(parts) < 3:
        return text
    whole, point, fraction = f"{parts[2]:f}".partition(".")
    return f"{text}:{whole:0>2}{point}{fraction}"


def digits(moment: Moment) -> int:
    """The precision in digits, as precision() counts: year 4, month 6, day 8, … milliseconds 17."""
    count = len(moment.parts) * 2 + (0 if isinstance(moment, Time) else 2)
    full = 3 if isinstance(moment, Time) else 6
    # Whatever the number of digits after the point: they are milliseconds, given or not.
    fraction = len(moment.parts) == full and _has_fraction(moment.parts[-1])
    return count + 3 if fraction else count


def _has_fraction(second: Part) -> bool:
    return isinstance(second, Decimal) and int(second.as_tuple().exponent) < 0


def compare(left: Moment, right: Moment) -> int | None:
    """Negative, 0 or positive as `left` comes before, with or after `right`; None where their precision leaves it open.

    A Date compares with a DateTime. Offsets are respected; where only one states an offset, the other is anywhere
    within those that exist (-12:00 to +14:00). Raises TypeError for a Time against a Date or DateTime.
    """
    if isinstance(left, Time) is not isinstance(right, Time):
        raise TypeError("a time does not compare with a date")
    left_offset, right_offset = _offset(left), _offset(right)
    if (left_offset is None) is not (right_offset is None):
        return _compare_uncertain(left, right)
    if left_offset is not None and left_offset != right_offset:
        return _compare_parts(_utc(left), _utc(right))
    return _compare_parts(left.parts, right.parts)


def comparison_key(moment: Moment) -> tuple[Any, ...]:
    """Equal for two values exactly where `compare` gives 0."""
    offset = _offset(moment)
    return (isinstance(moment, Time), offset is not None, moment.parts if offset is None else _utc(moment))


def _offset(moment: Moment) -> int | None:
    return moment.offset if isinstance(moment, DateTime) and len(moment.parts) > 3 else None


def _compare_parts(left: tuple[Part, ...], right: tuple[Part, ...]) -> int | None:
    for one, other in zip(left, right, strict=False):
        if one != other:
            return -1 if one < other else 1
    return 0 if len(left) == len(right) else None


def _compare_uncertain(left: Moment, right: Moment) -> int | None:
    (left_first, left_last), (right_first, right_last) = _span(left), _span(right)
    if left_last < right_first:
        return -1
    return 1 if left_first > right_last else None


def _utc(moment: Moment) -> tuple[Part, ...]:
    """The parts at offset 0, as many as were stated."""
    stated = [int(part) for part in moment.parts[:5]]
    minutes = instant_minutes(*stated, *[0] * (5 - len(stated))) - (_offset(moment) or 0)
    days, minute = divmod(minutes, 1440)
    # Before the year 1 there is no calendar; nothing that FHIR can write gets there but by an offset.
    utc = dt.date.fromordinal(min(max(days, 1), dt.date.max.toordinal()))
    return (utc.year, utc.month, utc.day, minute // 60, minute % 60, *moment.parts[5:])[: len(moment.parts)]


def instant_minutes(year: int, month: int, day: int, hour: int, minute: int) -> int:
    """Minutes on a calendar without offsets; day 1 is 0001-01-01."""
    return dt.date(year, month, day).toordinal() * 1440 + hour * 60 + minute


def _span(moment: Moment) -> tuple[Decimal, Decimal]:
    """The first and last second that the value may mean, on one time line."""
    parts = tuple(int(part) for part in moment.parts[:5])
    first = filled(parts, (1, 1, 1, 0, 0))
    year, month, day, hour, minute = filled(parts, (1, 12, 0, 23, 59))
    last = [year, month, day or days_in(year, month), hour, minute]
    second = Decimal(moment.parts[5]) if len(moment.parts) > 5 else None
    offset = _offset(moment)
    early, late = (offset, offset) if offset is not None else (14 * 60, -12 * 60)
    return (
        Decimal(instant_minutes(*first) - early) * 60 + (second or 0),
        Decimal(instant_minutes(*last) - late) * 60 + (Decimal(59) if second is None else second),
    )
