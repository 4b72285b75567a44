"""The values of R4's primitive types: JSON type, lexical form, and what a pattern cannot say."""

import math
from datetime import date
from decimal import Decimal

from adapter.fhir.elements import Primitive
from adapter.fhir.markup import INVALID
from adapter.fhir.outcomes import Rule
from adapter.validation import rules

_LONGEST = 1024 * 1024
_LARGEST = 2**31 - 1
_SMALLEST = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}
_DATED = frozenset({"date", "dateTime", "instant"})
_DAY = len("2026-03-09")
_EXPECTED = {
    "date": "YYYY, YYYY-MM or YYYY-MM-DD of a day in the calendar",
    "dateTime": "a date in the calendar, or date, time with seconds, and offset such as +01:00",
    "instant": "a date in the calendar, time with seconds, and offset such as +01:00",
    "time": "hh:mm:ss without offset",
    "code": "a code without white space at its ends or twice in a row",
    "id": "1 to 64 letters, digits, hyphens or points",
    "base64Binary": "base64, in groups of four characters",
    "oid": "urn:oid: and an OID",
    "uuid": "urn:uuid: and a UUID in lower case",
    "uri": "no white space",
    "url": "no white space",
    "canonical": "no white space",
    "integer": "a whole number from -2147483648 to 2147483647",
    "unsignedInt": "a whole number from 0 to 2147483647",
    "positiveInt": "a whole number from 1 to 2147483647",
    "decimal": "a number in JSON's form",
}


def fault(value: object, primitive: Primitive) -> tuple[Rule, str] | None:
    """The rule that a value of a primitive type breaks and what was expected; None where it breaks none."""
    if primitive.json == "boolean":
        return None if isinstance(value, bool) else _type(primitive, "true or false without quotes")
    if primitive.json == "number":
        return _number_fault(value, primitive)
    if not isinstance(value, str):
        return _type(primitive, "a string")
    if not value.strip():
        return rules.EMPTY, f"an empty {primitive.name}: expected text, or no member"
    if len(value) > _LONGEST and primitive.name != "base64Binary":
        return rules.TOO_LONG, f"{len(value)} characters: expected at most {_LONGEST}"
    if INVALID.search(value):
        return rules.FORMAT, "a control character, or another that XML cannot carry"
    return None if _is_right(value, primitive) else _format(primitive)


def _is_right(value: str, primitive: Primitive) -> bool:
    if primitive.pattern is not None and not primitive.pattern.fullmatch(value):
        return False
    return primitive.name not in _DATED or len(value) < _DAY or _is_in_calendar(value[:_DAY])


def _is_in_calendar(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _number_fault(value: object, primitive: Primitive) -> tuple[Rule, str] | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return _type(primitive, "a number without quotes")
    smallest = _SMALLEST.get(primitive.name)
    if smallest is not None:
        return None if isinstance(value, int) and smallest <= value <= _LARGEST else _format(primitive)
    return None if isinstance(value, int) or math.isfinite(value) else _format(primitive)


def _type(primitive: Primitive, expected: str) -> tuple[Rule, str]:
    return rules.JSON_TYPE, f"expected {expected} ({primitive.name})"


def _format(primitive: Primitive) -> tuple[Rule, str]:
    return rules.FORMAT, f"not a {primitive.name}: expected {_EXPECTED.get(primitive.name, 'text')}"
