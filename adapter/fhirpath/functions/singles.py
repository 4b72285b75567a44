"""Inputs and arguments that must be single."""

from decimal import Decimal
from typing import Any

from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.nodes import item_type, system_value


def single(items: list[Any], what: str) -> Any:
    """The System value of the only item (a Node where it has none), None where there is none. Raises FhirPathError for
    more."""
    if len(items) > 1:
        raise FhirPathError(f"{what} needs a single item, found {len(items)}")
    return system_value(items[0]) if items else None


def text(items: list[Any], what: str) -> str | None:
    """The only item as a text, None where there is none. Dates and times count: FHIR writes them as texts."""
    value = single(items, what)
    if value is None or value.__class__ is str:
        return value
    if type(value).__name__ in ("Date", "DateTime", "Time") and items[0] is not value:
        return str(items[0].value)
    raise FhirPathError(f"{what} needs a String, found {item_type(items[0])!r}")


def integer(items: list[Any], what: str) -> int | None:
    """The only item as an Integer, None where there is none."""
    value = single(items, what)
    if value is None or (isinstance(value, int) and value.__class__ is not bool):
        return value
    raise FhirPathError(f"{what} needs an Integer, found {item_type(items[0])!r}")


def number(items: list[Any], what: str) -> Decimal | int | None:
    """The only item as a number, None where there is none."""
    value = single(items, what)
    if value is None or (isinstance(value, (int, Decimal)) and value.__class__ is not bool):
        return value
    raise FhirPathError(f"{what} needs a number, found {item_type(items[0])!r}")
