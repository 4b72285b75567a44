"""Quantities: a decimal with a UCUM unit or a calendar duration (`4 days`).

Calendar weeks to milliseconds are UCUM's; calendar years and months are not: they convert among themselves and to
calendar days (1 year = 12 months = 365 days, 1 month = 30 days), and are only equivalent (`~`) to `a` and `mo`.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from adapter.fhirpath import numeric, ucum
from adapter.fhirpath.numeric import ARITHMETIC

_SINGULAR = {
    "year": "a",
    "month": "mo",
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
CALENDAR: dict[str, str] = {name + plural: name for name in _SINGULAR for plural in ("", "s")}
"""Calendar durations as written to their singular."""

DEFINITE = _SINGULAR
"""Calendar durations to the UCUM units that they are equal (week and finer) or equivalent to."""

_LONG = ("year", "month")
_DAYS = {"year": 365, "month": 30}


@dataclass(frozen=True, slots=True)
class Quantity:
    """`unit` as written: a UCUM code, or where `calendar` a key of CALENDAR."""

    value: Decimal
    unit: str
    calendar: bool = False

    @classmethod
    def of(cls, value: Decimal, unit: str, *, calendar: bool = False) -> "Quantity":
        """The same; a UCUM code that spells a calendar duration (`'day'`) is one."""
        return cls(value, unit, calendar or unit in CALENDAR)

    def __str__(self) -> str:
        return f"{self.value:f} {self.unit}" if self.calendar else f"{self.value:f} '{self.unit}'"

    @property
    def duration(self) -> str | None:
        """The calendar duration in the singular, None where it is a UCUM unit."""
        return CALENDAR[self.unit] if self.calendar else None

    @property
    def is_long(self) -> bool:
        """Whether in calendar years or months."""
        return self.duration in _LONG


def one(value: Decimal | int) -> Quantity:
    """A number as a quantity."""
    return Quantity(Decimal(value), "1")


def _unit(quantity: Quantity) -> ucum.Unit | None:
    code = quantity.unit if quantity.duration is None else DEFINITE[quantity.duration]
    try:
        return ucum.unit(code or "1")
    except ucum.UnitError:
        return None


def _pair(left: Quantity, right: Quantity, *, equivalence: bool = False) -> tuple[Fraction, Fraction, bool] | None:
    """Both values in one unit, the coarser, and whether that is the left's; None where they do not compare."""
    if left.unit == right.unit and left.calendar == right.calendar:
        return Fraction(left.value), Fraction(right.value), True
    if left.is_long or right.is_long:
        if left.duration and right.duration:
            return _calendar_pair(left, right)
        if not equivalence:
            return None
    one_unit, other_unit = _unit(left), _unit(right)
    if one_unit is None or other_unit is None or one_unit.dimension != other_unit.dimension:
        return None
    coarser = one_unit.factor >= other_unit.factor
    target = one_unit if coarser else other_unit
    ours = ucum.convert(Fraction(left.value), one_unit, target)
    theirs = ucum.convert(Fraction(right.value), other_unit, target)
    return None if ours is None or theirs is None else (ours, theirs, coarser)


def _calendar_pair(left: Quantity, right: Quantity) -> tuple[Fraction, Fraction, bool]:
    order = list(_SINGULAR)
    coarser = order.index(left.duration or "") <= order.index(right.duration or "")
    target = (left if coarser else right).duration or ""
    return _calendar(left, target), _calendar(right, target), coarser


def _calendar(quantity: Quantity, target: str) -> Fraction:
    """The value in another calendar duration that is not finer."""
    duration = quantity.duration or ""
    value = Fraction(quantity.value)
    if duration == target:
        return value
    if (duration, target) == ("month", "year"):
        return value / 12
    definite = ucum.unit(DEFINITE[duration]).factor
    return value * definite / (86_400 * _DAYS[target] if target in _DAYS else ucum.unit(DEFINITE[target]).factor)


def compare(left: Quantity, right: Quantity) -> int | None:
    """Negative, 0 or positive; None where the units do not compare."""
    pair = _pair(left, right)
    return None if pair is None else (pair[0] > pair[1]) - (pair[0] < pair[1])


def equivalent(left: Quantity, right: Quantity) -> bool | None:
    """Whether equal when rounded to the less precise of the two in the coarser unit; None where they do not compare."""
    pair = _pair(left, right, equivalence=True)
    if pair is None:
        return None
    ours = left.value if pair[0] == Fraction(left.value) else numeric.of_fraction(pair[0])
    theirs = right.value if pair[1] == Fraction(right.value) else numeric.of_fraction(pair[1])
    return numeric.equivalent(ours, theirs)


def converted(quantity: Quantity, unit: str) -> Quantity | None:
    """In another unit (a UCUM code or calendar duration), None where there is no way."""
    target = Quantity.of(Decimal(1), unit)
    if quantity.unit == unit:
        return quantity
    if quantity.duration and target.duration:
        value = _to_calendar(quantity, target.duration)
    elif quantity.duration and (quantity.is_long or unit in ("a", "mo")):
        names = {code: name for name, code in DEFINITE.items()}
        if unit not in names:
            return None
        value = _to_calendar(quantity, names[unit])
    else:
        source, other = _unit(quantity), _unit(target)
        found = ucum.convert(Fraction(quantity.value), source, other) if source and other else None
        if found is None:
            return None
        value = found
    return Quantity.of(numeric.of_fraction(value), unit)


def _to_calendar(quantity: Quantity, target: str) -> Fraction:
    order = list(_SINGULAR)
    duration = quantity.duration or ""
    if order.index(target) <= order.index(duration):
        return _calendar(quantity, target)
    return Fraction(quantity.value) / _calendar(Quantity(Decimal(1), target, calendar=True), duration)


def comparison_key(quantity: Quantity) -> tuple[object, ...]:
    """Equal for two quantities exactly where `compare` gives 0, calendar years and months aside."""
    if quantity.is_long:
        months = 12 if quantity.duration == "year" else 1
        return ("calendar", Fraction(quantity.value) * months)
    unit = _unit(quantity)
    if unit is None:
        return (quantity.unit, Fraction(quantity.value))
    return (unit.dimension, unit.factor * (Fraction(quantity.value) + unit.shift))


def add(left: Quantity, right: Quantity, sign: Literal[1, -1] = 1) -> Quantity | None:
    """The sum in the finer unit; None where the units do not add, which years and months of different kind do not."""
    if left.unit == right.unit and left.calendar == right.calendar:
        return Quantity(ARITHMETIC.add(left.value, sign * right.value), left.unit, left.calendar)
    if left.duration is not None and left.duration == right.duration:
        return Quantity(ARITHMETIC.add(left.value, sign * right.value), left.unit, calendar=True)
    one_unit, other_unit = _unit(left), _unit(right)
    if left.is_long or right.is_long or one_unit is None or other_unit is None:
        return None
    if one_unit.is_special or other_unit.is_special or one_unit.dimension != other_unit.dimension:
        return None
    finer, target = (left, one_unit) if one_unit.factor <= other_unit.factor else (right, other_unit)
    ours = ucum.convert(Fraction(left.value), one_unit, target)
    theirs = ucum.convert(Fraction(right.value), other_unit, target)
    if ours is None or theirs is None:
        return None
    value = numeric.of_fraction(ours + sign * theirs)
    calendar = (left.calendar or right.calendar) and finer.unit in (*CALENDAR, *DEFINITE.values())
    names = {code: name for name, code in DEFINITE.items()}
    unit = names.get(finer.unit, finer.unit) if calendar else finer.unit
    return Quantity(value, unit, calendar)


def multiply(left: Quantity, right: Quantity, *, divide: bool = False) -> Quantity | None:
    """The product or quotient with its unit; None for calendar durations other than by a number, unknown units and
    temperatures. Raises ArithmeticError by zero."""
    value = ARITHMETIC.divide(left.value, right.value) if divide else ARITHMETIC.multiply(left.value, right.value)
    if right.unit == "1":
        return Quantity(value, left.unit, left.calendar)
    if left.unit == "1" and not divide:
        return Quantity(value, right.unit, right.calendar)
    one_unit, other_unit = _unit(left), _unit(right)
    if left.calendar or right.calendar or one_unit is None or other_unit is None:
        return None
    try:
        return Quantity(value, ucum.product(one_unit, other_unit, -1 if divide else 1))
    except ucum.UnitError:
        return None
