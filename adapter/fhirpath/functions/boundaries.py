"""What a value of limited precision may be: its bounds, and its precision."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from adapter.fhirpath import numeric, temporal
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.functions.singles import integer, single
from adapter.fhirpath.nodes import item_type
from adapter.fhirpath.quantity import Quantity
from adapter.fhirpath.registry import plain
from adapter.fhirpath.temporal import Date, DateTime, Moment, Time

_MAX_PLACES = 31
_DEFAULT_PLACES = 8
_DATE_PARTS = {4: 1, 6: 2, 8: 3}
_DATETIME_PARTS = {4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6}
_TIME_PARTS = {2: 1, 4: 2, 6: 3, 9: 3}
_EARLIEST, _LATEST = 14 * 60, -12 * 60


@plain("lowBoundary", 0, 1)
def low_boundary(_scope: Scope, items: list[Any], precision: list[Any] | None = None) -> list[Any]:
    return _boundary(items, precision, "lowBoundary()", high=False)


@plain("highBoundary", 0, 1)
def high_boundary(_scope: Scope, items: list[Any], precision: list[Any] | None = None) -> list[Any]:
    return _boundary(items, precision, "highBoundary()", high=True)


def _boundary(items: list[Any], precision: list[Any] | None, what: str, *, high: bool) -> list[Any]:
    value = single(items, what)
    digits = None if precision is None else integer(precision, what)
    if value is None:
        return []
    result: Any
    if isinstance(value, Quantity):
        number = _decimal(value.value, digits, high=high)
        result = None if number is None else Quantity(number, value.unit, value.calendar)
    elif isinstance(value, (Date, DateTime, Time)):
        result = _moment(value, digits, high=high)
    elif isinstance(value, (int, Decimal)) and value.__class__ is not bool:
        result = _decimal(Decimal(value), digits, high=high)
    else:
        raise FhirPathError(f"{what} needs a Decimal, Quantity, Date, DateTime or Time, found {item_type(items[0])!r}")
    return [] if result is None else [result]


def _decimal(value: Decimal, digits: int | None, *, high: bool) -> Decimal | None:
    """Half a unit of the last digit away; then, with fewer digits, the bound towards zero is cut, the other rounded."""
    places = _DEFAULT_PLACES if digits is None else digits
    if not 0 <= places <= _MAX_PLACES:
        return None
    half = Decimal(5).scaleb(-numeric.places(value) - 1)
    bound = value + half if high else value - half
    outwards = high is (value >= 0)
    return numeric.rounded(bound, places, ROUND_HALF_UP if outwards else ROUND_DOWN)


def _moment(value: Moment, digits: int | None, *, high: bool) -> Moment | None:
    if isinstance(value, Date):
        count = _DATE_PARTS.get(8 if digits is None else digits)
        return None if count is None else Date(_date_parts(value.parts, high=high)[:count])
    if isinstance(value, Time):
        wanted = 9 if digits is None else digits
        count = _TIME_PARTS.get(wanted)
        return None if count is None else Time(_time_parts(value.parts, high=high, fraction=wanted == 9)[:count])
    wanted = 17 if digits is None else digits
    count = _DATETIME_PARTS.get(wanted)
    if count is None:
        return None
    parts = (
        *_date_parts(value.parts[:3], high=high),
        *_time_parts(value.parts[3:], high=high, fraction=wanted == 17),
    )
    offset = value.offset
    if offset is None and count > 3:
        offset = _LATEST if high else _EARLIEST
    return DateTime(parts[:count], offset if count > 3 else None)


def _date_parts(parts: tuple[Any, ...], *, high: bool) -> tuple[Any, ...]:
    year, month, day = temporal.filled(parts, (1, 12, None) if high else (1, 1, 1))
    return (year, month, temporal.days_in(year, month) if day is None else day)


def _time_parts(parts: tuple[Any, ...], *, high: bool, fraction: bool) -> tuple[Any, ...]:
    hour, minute, second = temporal.filled(parts, (23, 59, Decimal(59)) if high else (0, 0, Decimal(0)))
    if fraction and numeric.places(second) < 3:
        missing = 3 - numeric.places(second)
        rest = Decimal(10**missing - 1 if high else 0).scaleb(-3)
        second = numeric.rounded(second, 3) + rest
    return (hour, minute, second if fraction else numeric.rounded(second, 0, ROUND_DOWN))


@plain("precision")
def precision_(_scope: Scope, items: list[Any]) -> list[Any]:
    value = single(items, "precision()")
    if value is None:
        return []
    if isinstance(value, (Date, DateTime, Time)):
        return [temporal.digits(value)]
    if isinstance(value, (int, Decimal)) and value.__class__ is not bool:
        return [numeric.places(Decimal(value))]
    raise FhirPathError(f"precision() needs a Decimal, Date, DateTime or Time, found {item_type(items[0])!r}")
