"""Functions of numbers."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from typing import Any

from adapter.fhirpath import numeric
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.functions.singles import integer, number, single
from adapter.fhirpath.numeric import ARITHMETIC, is_integer
from adapter.fhirpath.quantity import Quantity
from adapter.fhirpath.registry import plain

_MAX_PLACES = 100


def _value(items: list[Any], what: str) -> Decimal | int | Quantity | None:
    value = single(items, what)
    return value if isinstance(value, Quantity) else number(items, what)


def _of(value: Quantity, changed: Decimal | int) -> Quantity:
    return Quantity(Decimal(changed), value.unit, value.calendar)


@plain("abs")
def abs_(_scope: Scope, items: list[Any]) -> list[Any]:
    value = _value(items, "abs()")
    if value is None:
        return []
    if isinstance(value, Quantity):
        return [_of(value, value.value.copy_abs())]
    return [value.copy_abs() if isinstance(value, Decimal) else type(value)(abs(value))]


def _whole(name: str, rounding: str) -> None:
    @plain(name)
    def function(_scope: Scope, items: list[Any]) -> list[Any]:
        value = _value(items, f"{name}()")
        if value is None:
            return []
        if isinstance(value, Quantity):
            return [_of(value, value.value.to_integral_value(rounding))]
        if isinstance(value, int):
            return [value]
        found = int(value.to_integral_value(rounding))
        return [found] if is_integer(found) else []


_whole("ceiling", ROUND_CEILING)
_whole("floor", ROUND_FLOOR)
_whole("truncate", ROUND_DOWN)


def _decimal(name: str, calculate: Callable[[Decimal], Decimal]) -> None:
    @plain(name)
    def function(_scope: Scope, items: list[Any]) -> list[Any]:
        value = number(items, f"{name}()")
        if value is None:
            return []
        try:
            result = calculate(Decimal(value))
        except ArithmeticError:
            return []
        return [result] if result.is_finite() else []


_decimal("exp", ARITHMETIC.exp)
_decimal("sqrt", ARITHMETIC.sqrt)
_decimal("ln", ARITHMETIC.ln)


@plain("log", 1)
def log(_scope: Scope, items: list[Any], base: list[Any]) -> list[Any]:
    value, to = number(items, "log()"), number(base, "log()")
    if value is None or to is None:
        return []
    if value <= 0 or to <= 0:
        raise FhirPathError("a logarithm is of a positive number, to a positive base")
    try:
        result = ARITHMETIC.divide(ARITHMETIC.ln(Decimal(value)), ARITHMETIC.ln(Decimal(to)))
    except ArithmeticError:
        return []
    # Two roundings lie behind the last digits: 3.99…9 is 4.
    return [numeric.rounded(result, 28).normalize(ARITHMETIC)]


@plain("power", 1)
def power(_scope: Scope, items: list[Any], exponent: list[Any]) -> list[Any]:
    value, to = number(items, "power()"), number(exponent, "power()")
    if value is None or to is None:
        return []
    try:
        result = ARITHMETIC.power(Decimal(value), Decimal(to))
    except ArithmeticError:
        return []
    if isinstance(value, int) and isinstance(to, int) and to >= 0:
        return [int(result)] if is_integer(result) else []
    return [result]


@plain("round", 0, 1)
def round_(_scope: Scope, items: list[Any], precision: list[Any] | None = None) -> list[Any]:
    value = _value(items, "round()")
    places = 0 if precision is None else integer(precision, "round()")
    if value is None or places is None:
        return []
    if not 0 <= places <= _MAX_PLACES:
        raise FhirPathError(f"round() keeps 0 to {_MAX_PLACES} digits")
    if isinstance(value, Quantity):
        return [_of(value, numeric.rounded(value.value, places))]
    return [numeric.rounded(Decimal(value), places)]
