"""Equality, equivalence and order. Three-valued: None is the empty collection, "cannot be told"."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from adapter.fhirpath import numeric, quantity, temporal
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.nodes import Node, TypeInfo, is_quantity, item_type, system_value
from adapter.fhirpath.quantity import Quantity
from adapter.fhirpath.temporal import Date, DateTime, Time

_TEMPORAL = (Date, DateTime, Time)


def _is_number(value: Any) -> bool:
    return value.__class__ is not bool and isinstance(value, (int, Decimal))


def key(item: Any) -> Any:
    """Something hashable, the same for two items exactly where they are equal (`=`)."""
    value = system_value(item)
    if value.__class__ is str:
        return value
    if value.__class__ is bool:
        return ("boolean", value)
    if isinstance(value, (int, Decimal)):
        return ("number", value)
    if isinstance(value, _TEMPORAL):
        return ("moment", temporal.comparison_key(value))
    if isinstance(value, Quantity):
        return ("quantity", quantity.comparison_key(value))
    if isinstance(value, TypeInfo):
        return ("type", value.type)
    if value.__class__ is Node:
        return ("complex", _frozen(value.value))
    return ("none", _frozen(item.extra))


def _frozen(value: Any) -> Any:
    if value.__class__ is dict:
        return frozenset((name, _frozen(inner)) for name, inner in value.items())
    if value.__class__ is list:
        return tuple(_frozen(inner) for inner in value)
    return (bool, value) if value.__class__ is bool else value


def distinct(items: Iterable[Any]) -> list[Any]:
    """The items without those equal to an earlier one."""
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(key(item), item)
    return list(found.values())


def equal_items(left: Any, right: Any) -> bool | None:
    """`=` of two items."""
    one, other = system_value(left), system_value(right)
    if one is None or other is None:
        return None
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    if isinstance(one, _TEMPORAL) and isinstance(other, _TEMPORAL):
        if isinstance(one, Time) is not isinstance(other, Time):
            return False
        order = temporal.compare(one, other)
        return None if order is None else order == 0
    pair = _quantities(one, other)
    if pair is not None:
        order = quantity.compare(*pair)
        return None if order is None else order == 0
    return bool(key(one) == key(other))


def _quantities(one: Any, other: Any) -> tuple[Quantity, Quantity] | None:
    """Both as quantities where one is and the other may become one."""
    if isinstance(one, Quantity):
        if isinstance(other, Quantity):
            return one, other
        return (one, quantity.one(other)) if _is_number(other) else None
    return (quantity.one(one), other) if isinstance(other, Quantity) and _is_number(one) else None


def equal(left: list[Any], right: list[Any]) -> bool | None:
    """`=` of two collections, pair by pair in order."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    result: bool | None = True
    for one, other in zip(left, right, strict=True):
        same = equal_items(one, other)
        if same is False:
            return False
        if same is None:
            result = None
    return result


def equivalent(left: list[Any], right: list[Any]) -> bool:
    """`~` of two collections, in any order."""
    if len(left) != len(right):
        return False
    if len(left) == 1:
        return _equivalent_items(left[0], right[0])
    # Not only the first that is free: what is equivalent need not be equivalent to the same others.
    free = list(right)
    if len(left) > 1000:
        raise FhirPathError("~ compares at most 1000 items with 1000 others")
    for one in left:
        match = next((i for i, other in enumerate(free) if _equivalent_items(one, other)), None)
        if match is None:
            return False
        free.pop(match)
    return True


def _equivalent_items(left: Any, right: Any) -> bool:
    one, other = system_value(left), system_value(right)
    if one.__class__ is str and other.__class__ is str:
        return _folded(one) == _folded(other)
    if _is_number(one) and _is_number(other):
        return numeric.equivalent(Decimal(one), Decimal(other))
    pair = _quantities(one, other)
    if pair is not None:
        return quantity.equivalent(*pair) is True
    if isinstance(one, Node) and isinstance(other, Node):
        return _equivalent_json(one.value, other.value)
    return equal_items(one, other) is True


def _equivalent_json(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equivalent_json(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return False
        if all(map(_equivalent_json, one, other)):
            return True
        free = list(other)
        for item in one:
            match = next((i for i, candidate in enumerate(free) if _equivalent_json(item, candidate)), None)
            if match is None:
                return False
            free.pop(match)
        return True
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return False
    return _equivalent_items(one, other)


def _folded(text: str) -> str:
    return "".join(" " if character.isspace() else character for character in text.casefold())


def order_items(left: Any, right: Any) -> int | None:
    """Negative, 0 or positive as `left` is below, at or above `right`. Raises FhirPathError for types without order
    between them."""
    one, other = system_value(left), system_value(right)
    if one is None or other is None:
        return None
    if (_is_number(one) and _is_number(other)) or (one.__class__ is str and other.__class__ is str):
        return int(one > other) - int(one < other)
    if isinstance(one, _TEMPORAL) and isinstance(other, _TEMPORAL):
        if isinstance(one, Time) is isinstance(other, Time):
            return temporal.compare(one, other)
    else:
        pair = _quantities(one, other)
        if pair is not None:
            return quantity.compare(*pair)
        if is_quantity(item_type(one)) and is_quantity(item_type(other)):
            # One without a number, or with a comparator: it may be anything.
            return None
    raise FhirPathError(f"no order between {item_type(left)!r} and {item_type(right)!r}")


def order(left: list[Any], right: list[Any]) -> int | None:
    """The order of two collections of at most one item; None where either is empty or it cannot be told."""
    if not left or not right:
        return None
    if len(left) > 1 or len(right) > 1:
        raise FhirPathError(f"only single items have an order: found {max(len(left), len(right))} items")
    return order_items(left[0], right[0])
