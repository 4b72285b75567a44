"""The values of R4's primitive types: JSON type, lexical form, and what a pattern cannot say."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from adapter.fhir.elements import Primitive
from adapter.fhir.markup import INVALID
from adapter.fhir.outcomes import Rule
from adapter.validation import rules

LONGEST = 1024 * 1024
_LARGEST = 2**31 - 1
_SMALLEST = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}
_DATED = frozenset({"date", "dateTime", "instant"})
_URIS = frozenset({"uri", "url", "canonical", "oid", "uuid"})
TEXTS = frozenset({"string", "markdown"})
_OF_MORE = _DATED | _URIS | TEXTS | {"base64Binary"}
"""Types of which the pattern does not say all."""

_DAY = len("2026-03-09")
_REMEMBERED = 2000
_RECURRING = 20_000
_SHORT = 200
_BASE64 = re.compile(r"[0-9a-zA-Z+/]*={0,2}")
_USUAL = ("http://", "https://", "urn:uuid:", "urn:oid:")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:[^ ]+")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
"""R4, uri and uuid: in lower case."""
_URN_UUID = re.compile(f"urn:uuid:{_UUID.pattern}")
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII)
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
    "uri": "no white space; after urn:uuid: a UUID in lower case, after urn:oid: an OID",
    "url": "no white space; after urn:uuid: a UUID in lower case, after urn:oid: an OID",
    "canonical": "an absolute URL, or # and an id",
    "integer": "a whole number from -2147483648 to 2147483647",
    "unsignedInt": "a whole number from 0 to 2147483647",
    "positiveInt": "a whole number from 1 to 2147483647",
    "decimal": "a number between -1.8e308 and 1.8e308",
}


def fault(value: object, primitive: Primitive) -> tuple[Rule, str] | None:
    """The rule that a value of a primitive type breaks and what was expected; None where it breaks none."""
    if primitive.json == "boolean":
        return None if isinstance(value, bool) else _type(primitive, "true or false without quotes")
    if primitive.json == "number":
        return _number_fault(value, primitive)
    if not isinstance(value, str):
        return _type(primitive, "a string")
    if not value:
        return rules.EMPTY, f"an empty {primitive.name}: expected text, or no member"
    if len(value) > LONGEST and primitive.name != "base64Binary":
        return rules.TOO_LONG, f"{len(value)} characters: expected at most {LONGEST}"
    if INVALID.search(value):
        return rules.FORMAT, "a control character, or another that XML cannot carry"
    if not value.strip():
        rule = rules.BLANK if primitive.name in TEXTS else rules.EMPTY
        return rule, f"a {primitive.name} of white space only: expected text, or no member"
    return None if _is_right(value, primitive) else _format(primitive)


def accepting(primitive: Primitive) -> Callable[[Any], bool]:
    """A quick test that is true of most right values of the type, and of no wrong one: `fault` decides on the rest."""
    smallest = _SMALLEST.get(primitive.name)
    if primitive.json == "boolean":
        return lambda value: value is True or value is False
    if smallest is not None:
        return lambda value: value.__class__ is int and smallest <= value <= _LARGEST
    if primitive.json == "number":
        return lambda value: value.__class__ is int
    if primitive.name in TEXTS:
        return _is_plain_text
    if primitive.name in _URIS:
        return _Uris(primitive)
    if primitive.name == "base64Binary":
        return lambda value: value.__class__ is str and len(value) < LONGEST and _is_right(value, primitive)
    match = primitive.pattern.fullmatch if primitive.pattern is not None else lambda _: None
    if primitive.name in _DATED:
        return _dated(match)
    return lambda value: value.__class__ is str and len(value) < LONGEST and match(value) is not None


def matching(primitive: Primitive) -> Callable[[str], object]:
    """As `accepting`, for texts shorter than LONGEST."""
    if primitive.pattern is None or primitive.name in _OF_MORE:
        return accepting(primitive)
    return primitive.pattern.fullmatch


class Recurring(ABC):
    """A check of texts that recur, as codes and systems do. `good`: those of which it has nothing to say, a bounded
    number of them."""

    __slots__ = ("good",)

    def __init__(self) -> None:
        self.good: set[Any] = set()

    @abstractmethod
    def __call__(self, value: Any, run: Any, path: Any, /) -> None:
        """Reports what is wrong with a value."""

    def remember(self, value: Any) -> None:
        """Keeps one that is good."""
        if len(self.good) < _RECURRING:
            self.good.add(value)


def _dated(match: Callable[[str], object]) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        if value.__class__ is not str or len(value) >= LONGEST or not match(value):
            return False
        return len(value) < _DAY or _is_in_calendar(value[:_DAY])

    return accepts


class _Uris:
    """URIs recur: the systems of codes and identifiers. A bounded number of right ones is kept."""

    __slots__ = ("_known", "_primitive", "_takes_uuids")

    def __init__(self, primitive: Primitive) -> None:
        self._primitive = primitive
        self._takes_uuids = primitive.name != "oid"
        self._known: set[str] = set()

    def __call__(self, value: Any) -> bool:
        if value.__class__ is not str:
            return False
        if value in self._known or (self._takes_uuids and _URN_UUID.fullmatch(value)):
            return True
        if len(value) >= LONGEST or not value.isprintable() or not _is_right(value, self._primitive):
            return False
        if len(self._known) < _REMEMBERED and len(value) < _SHORT and value.startswith("http"):
            self._known.add(value)
        return True


def is_absolute(url: str) -> bool:
    """Whether a URL begins with a scheme in lower case and goes on without a space."""
    if url.startswith(_USUAL):
        return " " not in url
    return _ABSOLUTE.fullmatch(url) is not None


def _is_plain_text(value: Any) -> bool:
    return (
        value.__class__ is str and value.isprintable() and len(value) < LONGEST and not (not value or value.isspace())
    )


def _is_right(value: str, primitive: Primitive) -> bool:
    name = primitive.name
    if name == "base64Binary":
        return _is_base64(value)
    if name in _URIS:
        return _is_uri(value, name)
    if primitive.pattern is not None and not primitive.pattern.fullmatch(value):
        return False
    return name not in _DATED or len(value) < _DAY or _is_in_calendar(value[:_DAY])


def _is_base64(value: str) -> bool:
    """Groups of four, with white space anywhere. Without a group that repeats: that takes memory for each."""
    if not value.isascii() or INVALID.search(value):
        return False
    bare = "".join(value.split())
    return bare != "" and len(bare) % 4 == 0 and _BASE64.fullmatch(bare) is not None


def _is_uri(value: str, name: str) -> bool:
    if not value or " " in value or value != value.strip() or value.startswith(("oid:", "uuid:")):
        return False
    if value.startswith("urn:uuid:"):
        uuid = value.removeprefix("urn:uuid:").partition("#")[0]
        return name != "oid" and _UUID.fullmatch(uuid.partition("|")[0] if name == "canonical" else uuid) is not None
    if value.startswith("urn:oid:"):
        oid = value.removeprefix("urn:oid:")
        return name != "uuid" and _OID.fullmatch(oid.partition("|")[0] if name == "canonical" else oid) is not None
    if name == "canonical":
        return value.startswith("#") or is_absolute(value)
    return name not in ("oid", "uuid")


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
    if isinstance(value, int) or math.isfinite(value):
        return None
    return rules.FORMAT, f"a decimal that is too large: expected {_EXPECTED['decimal']}"


def _type(primitive: Primitive, expected: str) -> tuple[Rule, str]:
    return rules.JSON_TYPE, f"expected {expected} ({primitive.name})"


def _format(primitive: Primitive) -> tuple[Rule, str]:
    return rules.FORMAT, f"not a {primitive.name}: expected {_EXPECTED.get(primitive.name, 'text')}"
