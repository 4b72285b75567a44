"""The operators + - * / div mod & on single items. An empty list stands for what has no result."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.fhirpath import durations, quantity
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.nodes import item_type, system_value
from adapter.fhirpath.numeric import ARITHMETIC, Long, is_integer, is_long
from adapter.fhirpath.quantity import Quantity
from adapter.fhirpath.temporal import Date, DateTime, Time

MAX_TEXT = 16 * 1024 * 1024
"""Characters that an expression may make a text of."""


def operate(operator: str, left: list[Any], right: list[Any]) -> list[Any]:
    """Applies an operator to two collections of at most one item. Raises FhirPathError for other sizes and types."""
    if operator == "&":
        return [limited(_text(left) + _text(right))]
    if len(left) > 1 or len(right) > 1:
        raise FhirPathError(f"{operator} needs single items: found {max(len(left), len(right))}")
    if not left or not right:
        return []
    one, other = system_value(left[0]), system_value(right[0])
    if one is None or other is None:
        return []
    try:
        result = _operate(operator, one, other)
    except ArithmeticError:
        return []
    if result is NotImplemented:
        raise FhirPathError(f"{operator} is not defined for {item_type(left[0])!r} and {item_type(right[0])!r}")
    return [] if result is None else [result]


def limited(text: str) -> str:
    """The text, refused where an expression has made it too long."""
    if len(text) > MAX_TEXT:
        raise FhirPathError(f"a text grows beyond {MAX_TEXT} characters")
    return text


def negated(items: list[Any]) -> list[Any]:
    """Unary minus."""
    if not items:
        return []
    value = system_value(items[0]) if len(items) == 1 else None
    if value.__class__ is not bool:
        if isinstance(value, int):
            return _whole(-value, long=value.__class__ is Long)
        if isinstance(value, Decimal):
            return [value.copy_negate() if value else value]
        if isinstance(value, Quantity):
            return [Quantity(value.value.copy_negate(), value.unit, value.calendar)]
    raise FhirPathError("a sign needs a single number or quantity")


def _text(items: list[Any]) -> str:
    if not items:
        return ""
    value = system_value(items[0]) if len(items) == 1 else items
    if value is None:
        return ""
    if value.__class__ is not str:
        raise FhirPathError("& needs single texts")
    return str(value)


def _whole(value: int, *, long: bool) -> list[Any]:
    if long:
        return [Long(value)] if is_long(value) else []
    return [value] if is_integer(value) else []


def _is_number(value: Any) -> bool:
    return value.__class__ is not bool and isinstance(value, (int, Decimal))


def _operate(operator: str, left: Any, right: Any) -> Any:
    if _is_number(left) and _is_number(right):
        return _numbers(operator, left, right)
    if left.__class__ is str and right.__class__ is str:
        return limited(left + right) if operator == "+" else NotImplemented
    if isinstance(left, (Date, DateTime, Time)) and isinstance(right, Quantity) and operator in ("+", "-"):
        return durations.add(left, right, 1 if operator == "+" else -1)
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        one = quantity.one(left) if _is_number(left) else left
        other = quantity.one(right) if _is_number(right) else right
        if isinstance(one, Quantity) and isinstance(other, Quantity):
            return _quantities(operator, one, other)
    return NotImplemented


def _quantities(operator: str, left: Quantity, right: Quantity) -> Any:
    if operator == "+":
        return quantity.add(left, right)
    if operator == "-":
        return quantity.add(left, right, -1)
    if operator in ("*", "/"):
        return quantity.multiply(left, right, divide=operator == "/")
    return NotImplemented


def _numbers(operator: str, left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and operator != "/":
        if right == 0 and operator in ("div", "mod"):
            return None
        result = _WHOLE[operator](left, right)
        found = _whole(result, long=Long in (left.__class__, right.__class__))
        return found[0] if found else None
    return _DECIMAL[operator](Decimal(left), Decimal(right))


def _truncated(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) is (right < 0) else -quotient


_WHOLE: dict[str, Callable[[int, int], int]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "div": _truncated,
    "mod": lambda left, right: left - right * _truncated(left, right),
}


def _decimal_div(left: Decimal, right: Decimal) -> Any:
    whole = int(ARITHMETIC.divide_int(left, right))
    found = _whole(whole, long=False)
    return found[0] if found else Decimal(whole)


_DECIMAL: dict[str, Callable[[Decimal, Decimal], Any]] = {
    "+": ARITHMETIC.add,
    "-": ARITHMETIC.subtract,
    "*": ARITHMETIC.multiply,
    "/": ARITHMETIC.divide,
    "div": _decimal_div,
    "mod": ARITHMETIC.remainder,
}
