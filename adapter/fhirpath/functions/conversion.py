"""Conversions between System types: toX() and convertsToX()."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.fhirpath import quantity, temporal
from adapter.fhirpath.comparison import equal_items
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.functions.singles import single, text
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.numeric import Long, is_integer, is_long
from adapter.fhirpath.quantity import CALENDAR, Quantity
from adapter.fhirpath.registry import plain
from adapter.fhirpath.temporal import Date, DateTime, Time

_MAX_DIGITS = 400
_MOMENTS = frozenset(("date", "dateTime", "instant", "time"))
_TRUE = frozenset(("true", "t", "yes", "y", "1", "1.0"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "0.0"))
_WHOLE = re.compile(rf"[+-]?[0-9]{{1,{_MAX_DIGITS}}}", re.ASCII)
_DECIMAL = re.compile(rf"[+-]?[0-9]{{1,{_MAX_DIGITS}}}(?:\.[0-9]{{1,{_MAX_DIGITS}}})?", re.ASCII)
_QUANTITY = re.compile(
    rf"([+-]?[0-9]{{1,{_MAX_DIGITS}}}(?:\.[0-9]{{1,{_MAX_DIGITS}}})?)\s*(?:'([^']+)'|([a-zA-Z]+))?", re.ASCII
)


def _boolean(value: Any) -> bool | None:
    if value.__class__ is bool:
        return bool(value)
    if isinstance(value, (int, Decimal)):
        return True if value == 1 else False if value == 0 else None
    if value.__class__ is str:
        return True if value.lower() in _TRUE else False if value.lower() in _FALSE else None
    return None


def _whole(value: Any) -> int | None:
    if isinstance(value, int):
        return int(value)
    return int(value) if value.__class__ is str and _WHOLE.fullmatch(value) else None


def _integer(value: Any) -> int | None:
    found = _whole(value)
    return found if found is not None and is_integer(found) else None


def _long(value: Any) -> Long | None:
    found = _whole(value)
    return Long(found) if found is not None and is_long(found) else None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    return Decimal(value) if value.__class__ is str and _DECIMAL.fullmatch(value) else None


def _string(value: Any) -> str | None:
    if value.__class__ is bool:
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, (str, int, Date, DateTime, Time, Quantity)) else None


def _date(value: Any) -> Date | None:
    if isinstance(value, (Date, DateTime)):
        return Date(value.parts[:3])
    if value.__class__ is not str:
        return None
    found = temporal.date(value)
    moment = temporal.datetime_(value) if found is None else None
    return found if moment is None else Date(moment.parts[:3])


def _datetime(value: Any) -> DateTime | None:
    if isinstance(value, Date):
        return DateTime(value.parts)
    if isinstance(value, DateTime):
        return value
    return temporal.datetime_(value) if value.__class__ is str else None


def _time(value: Any) -> Time | None:
    if isinstance(value, Time):
        return value
    return temporal.time(value.removeprefix("T")) if value.__class__ is str else None


def _quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, (int, Decimal)):
        return Quantity(Decimal("1.0" if value else "0.0") if value.__class__ is bool else Decimal(value), "1")
    match = _QUANTITY.fullmatch(value) if value.__class__ is str else None
    if match is None or (match[3] is not None and match[3] not in CALENDAR):
        return None
    return Quantity.of(Decimal(match[1]), match[2] or match[3] or "1", calendar=match[3] is not None)


def _as_written(items: list[Any], what: str) -> Any:
    """As `single`; what is a text, or a date or time in its usual form, is not read."""
    node = items[0] if len(items) == 1 and items[0].__class__ is Node else None
    if node is None or not node.type.is_primitive or node.value.__class__ is not str:
        return single(items, what)
    return node.value if node.type.name not in _MOMENTS or temporal.is_plain(node.value) else single(items, what)


def _conversion(name: str, convert: Callable[[Any], Any], read: Callable[[list[Any], str], Any] = single) -> None:
    @plain(f"to{name}")
    def to(_scope: Scope, items: list[Any]) -> list[Any]:
        value = read(items, f"to{name}()")
        found = None if value is None else convert(value)
        return [] if found is None else [found]

    @plain(f"convertsTo{name}")
    def converts(_scope: Scope, items: list[Any]) -> list[Any]:
        value = single(items, f"convertsTo{name}()")
        return [] if value is None else [convert(value) is not None]


_conversion("Boolean", _boolean)
_conversion("Integer", _integer)
_conversion("Long", _long)
_conversion("Decimal", _decimal)
_conversion("String", _string, _as_written)
_conversion("Date", _date)
_conversion("DateTime", _datetime)
_conversion("Time", _time)


@plain("toQuantity", 0, 1)
def to_quantity(_scope: Scope, items: list[Any], unit: list[Any] | None = None) -> list[Any]:
    value = single(items, "toQuantity()")
    found = None if value is None else _quantity(value)
    wanted = None if unit is None else text(unit, "toQuantity()")
    if found is not None and wanted is not None:
        found = quantity.converted(found, wanted)
    return [] if found is None else [found]


@plain("convertsToQuantity", 0, 1)
def converts_to_quantity(scope: Scope, items: list[Any], unit: list[Any] | None = None) -> list[Any]:
    return [bool(to_quantity(scope, items, unit))] if items else []


@plain("comparable", 1)
def comparable(_scope: Scope, items: list[Any], other: list[Any]) -> list[Any]:
    one, two = single(items, "comparable()"), single(other, "comparable()")
    quantities = [_quantity(value) for value in (one, two) if value.__class__ is not str and value is not None]
    if len(quantities) < 2 or None in quantities:
        return []
    return [equal_items(*quantities) is not None]
