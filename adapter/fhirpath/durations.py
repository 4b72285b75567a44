"""Dates and times plus durations, by the calendar."""

import calendar
import datetime as dt
from decimal import Decimal
from typing import Any

from adapter.fhirpath import temporal
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.quantity import DEFINITE, Quantity
from adapter.fhirpath.temporal import Date, DateTime, Moment, Time

_CALENDAR = {code: name for name, code in DEFINITE.items() if code not in ("a", "mo")}
SECONDS = {
    "week": Decimal(604_800),
    "day": Decimal(86_400),
    "hour": Decimal(3600),
    "minute": Decimal(60),
    "second": Decimal(1),
    "millisecond": Decimal("0.001"),
}
"""Seconds in each duration of fixed length."""

_RANK = {"year": 1, "month": 2, "week": 3, "day": 3, "hour": 4, "minute": 5, "second": 6, "millisecond": 6}


def add(moment: Moment, quantity: Quantity, sign: int) -> Moment:
    """The moment so much later (`sign` 1) or earlier (-1). Raises FhirPathError where the unit is not a duration that
    can be added, or the result is beyond the years 1 to 9999."""
    unit = quantity.duration or _CALENDAR.get(quantity.unit)
    if unit is None:
        raise FhirPathError(
            "only a duration is added to a date or time: year, month, week, day, hour, minute, second, millisecond, "
            "or the UCUM units wk, d, h, min, s, ms"
        )
    amount = quantity.value if _RANK[unit] == 6 else quantity.value.to_integral_value("ROUND_DOWN")
    amount = sign * amount
    if abs(amount) > 10**13:
        raise FhirPathError("the result is beyond the years 1 to 9999")
    if isinstance(moment, Time):
        return _add_to_time(moment, unit, amount)
    try:
        parts = _added(moment.parts, unit, amount)
    except (ValueError, OverflowError):
        raise FhirPathError("the result is beyond the years 1 to 9999") from None
    return Date(parts) if isinstance(moment, Date) else DateTime(parts, moment.offset)


def _add_to_time(moment: Time, unit: str, amount: Decimal) -> Time:
    if _RANK[unit] < 4:
        raise FhirPathError(f"a {unit} cannot be added to a time")
    parts = [Decimal(part) for part in moment.parts]
    step = (3600, 60, 1)[len(parts) - 1]
    seconds = sum((part * scale for part, scale in zip(parts, (3600, 60, 1), strict=False)), Decimal(0))
    change = amount * SECONDS[unit]
    if len(parts) < 3:
        change = Decimal(int(change / step) * step)
    total = (seconds + change) % 86_400
    total += 86_400 if total < 0 else 0
    whole = int(total)
    return Time((whole // 3600, whole // 60 % 60, total - whole + whole % 60)[: len(parts)])


def _added(parts: tuple[Any, ...], unit: str, amount: Decimal) -> tuple[Any, ...]:
    """The parts after; a duration finer than what the parts state counts in whole units of the finest."""
    if unit in ("year", "month"):
        months = int(amount) * (12 if unit == "year" else 1)
        return _add_months(parts, int(months / 12) * 12 if len(parts) == 1 else months)
    change = amount * SECONDS[unit]
    if len(parts) < 3:
        days = int(change / 86_400)
        return _add_months(parts, int(days / 365) * 12 if len(parts) == 1 else int(days / 30))
    step = (86_400, 3600, 60, 0)[len(parts) - 3]
    if step:
        change = Decimal(int(change / step) * step)
    return _add_seconds(parts, change)


def _add_months(parts: tuple[Any, ...], months: int) -> tuple[Any, ...]:
    year, month, *rest = (*parts, 1) if len(parts) == 1 else parts
    count = year * 12 + month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        raise ValueError
    if rest:
        rest[0] = min(rest[0], calendar.monthrange(year, month)[1])
    return (year, month, *rest)[: len(parts)]


def _add_seconds(parts: tuple[Any, ...], change: Decimal) -> tuple[Any, ...]:
    year, month, day, hour, minute, second = temporal.filled(parts, (1, 1, 1, 0, 0, Decimal(0)))
    total = temporal.instant_minutes(year, month, day, hour, minute) * 60 + second + change
    whole = int(total // 1)
    days, clock = divmod(whole, 86_400)
    date = dt.date.fromordinal(days)
    return (date.year, date.month, date.day, clock // 3600, clock // 60 % 60, total - whole + clock % 60)[: len(parts)]
