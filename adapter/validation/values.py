"""Comparing JSON values with those of a profile: fixed, pattern, smallest, greatest."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.fhir import instants
from adapter.fhir.shapes import obj, objects, text
from adapter.fhirpath import quantity

UCUM = "http://unitsofmeasure.org"


def is_equal(value: Any, wanted: Any) -> bool:
    """Whether a value is the fixed one: in all members, in order; numbers by value."""
    if isinstance(wanted, dict):
        return (
            isinstance(value, dict)
            and value.keys() == wanted.keys()
            and all(is_equal(value[name], each) for name, each in wanted.items())
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(is_equal, value, wanted))
    return _is_same(value, wanted)


def holds(value: Any, pattern: Any) -> bool:
    """Whether a value holds all that the pattern holds: of an array, each item of the pattern in some item."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and holds(value[name], each) for name, each in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(holds(item, each) for item in value) for each in pattern)
    return _is_same(value, pattern)


def equalling(wanted: Any) -> Callable[[Any], bool]:
    """`is_equal` for one value."""
    if isinstance(wanted, str):
        return lambda value: bool(value == wanted)
    return lambda value: is_equal(value, wanted)


def holding(pattern: Any) -> Callable[[Any], bool]:
    """`holds` for one pattern, read once."""
    if isinstance(pattern, str):
        return lambda value: bool(value == pattern)
    if isinstance(pattern, dict):
        texts = tuple((name, each) for name, each in pattern.items() if isinstance(each, str))
        members = tuple((name, holding(each)) for name, each in pattern.items() if not isinstance(each, str))

        def has_members(value: Any) -> bool:
            if not isinstance(value, dict):
                return False
            for name, text_ in texts:
                if value.get(name) != text_:
                    return False
            for name, held in members:  # noqa: SIM110 - all() with a generator costs twice as much
                if name not in value or not held(value[name]):
                    return False
            return True

        return has_members
    if isinstance(pattern, list) and len(pattern) == 1:
        (only,) = map(holding, pattern)

        def has_item(value: Any) -> bool:
            if isinstance(value, list):
                for item in value:
                    if only(item):
                        return True
            return False

        return has_item
    return lambda value: holds(value, pattern)


def _is_same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, (int, Decimal)) and isinstance(value, (int, Decimal)):
        return value == wanted
    return value.__class__ is wanted.__class__ and bool(value == wanted)


def prefixed(definition: dict[str, Any], prefix: str) -> tuple[str, Any] | None:
    """The type and value of `fixed[x]`, `pattern[x]`, `minValue[x]`, `maxValue[x]`; None where there is none."""
    for name, value in definition.items():
        if name.startswith(prefix) and len(name) > len(prefix) and name[len(prefix)].isupper():
            return name[len(prefix) :], value
    return None


def comparing(limit: Any) -> Callable[[Any], int | None]:
    """A function that compares a value with a limit: below 0, 0, above 0; None where they cannot be compared."""
    if isinstance(limit, dict):
        return lambda value: _quantity(obj(value), limit)
    if isinstance(limit, (int, Decimal)) and not isinstance(limit, bool):
        return lambda value: _order(value, limit) if isinstance(value, (int, Decimal)) else None
    if isinstance(limit, str):
        return lambda value: _moment(value, limit) if isinstance(value, str) else None
    return lambda _: None


def _order(value: Any, limit: Any) -> int:
    return int(value > limit) - int(value < limit)


def _moment(value: str, limit: str) -> int | None:
    """Dates and times: by text where both have the same precision and offset, else by instant where both have one."""
    if len(value) == len(limit) and value[19:] == limit[19:]:
        return _order(value, limit)
    shared = min(len(value), len(limit), 10)
    if value[:shared] != limit[:shared]:
        return _order(value[:shared], limit[:shared])
    one, other = instants.parse(value), instants.parse(limit)
    return None if one is None or other is None else _order(one, other)


def _quantity(value: dict[str, Any], limit: dict[str, Any]) -> int | None:
    number, bound = value.get("value"), limit.get("value")
    if not isinstance(number, (int, Decimal)) or not isinstance(bound, (int, Decimal)):
        return None
    if value.get("system") != limit.get("system") or limit.get("system") is None:
        return None
    if value.get("code") == limit.get("code") and value.get("code") is not None:
        return _order(number, bound)
    if value.get("system") != UCUM:
        return None
    one, other = value.get("code"), limit.get("code")
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    return quantity.compare(quantity.Quantity(Decimal(number), one), quantity.Quantity(Decimal(bound), other))


def is_measured(value: Any) -> bool:
    """Whether a quantity has a number and a unit of UCUM. Two that are, and cannot be compared, measure different
    things."""
    given = obj(value)
    is_number = isinstance(given.get("value"), (int, Decimal))
    return is_number and given.get("system") == UCUM and isinstance(given.get("code"), str)


def extension_value(holder: dict[str, Any], url: str) -> Any:
    """The value of an extension of an ElementDefinition; None where it has none."""
    for extension in objects(holder.get("extension")):
        if text(extension.get("url")) == url:
            return next((value for name, value in extension.items() if name.startswith("value")), None)
    return None
