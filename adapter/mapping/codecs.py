"""Values as FHIR and a record write them. Each codec loses nothing: what it writes it reads back to the letter.

A value that has no exact counterpart is refused, never rounded, trimmed or given an offset that it did not have. The
words of a refusal name what was expected, never the value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from adapter.fhir import instants, numbers
from adapter.fhir.numbers import Number
from adapter.mapping import records
from adapter.support.clock import STOCKHOLM


class CodecError(ValueError):
    """The value cannot be carried. The words say what was expected."""


@dataclass(frozen=True)
class Codec:
    """`types` are the FHIR types that it carries; `examples` some of the forms that it writes into a record, such that
    an element that takes none of them is not for it; none where any text may come."""

    name: str
    types: frozenset[str]
    to_record: Callable[[Any], str]
    to_fhir: Callable[[str], Any]
    examples: tuple[str, ...] = ()


_STRINGS = frozenset({"string", "code", "id", "uri", "url", "canonical", "markdown", "uuid", "oid"})
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?")
_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:[0-9]{2})$")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,9}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_URN = "urn:uuid:"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CodecError("expected text")
    if not (value.isprintable() or records.legal(value)):  # isprintable() is quick, and right where it says yes
        raise CodecError("the text has a character that XML cannot carry")
    return value


def _instant(value: Any) -> str:
    if instants.parse(value) is None:
        raise CodecError(
            "expected date, time to the second and offset, such as 2026-03-09T10:12:00+01:00; none is assumed"
        )
    return str(value)


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _day(value: Any) -> str:
    if not _is_day(value):
        raise CodecError("expected a day, YYYY-MM-DD")
    return str(value)


def _day_or_instant(value: Any) -> str:
    if not _is_day(value) and instants.parse(value) is None:
        raise CodecError("expected a day, YYYY-MM-DD, or date, time to the second and offset; none is assumed")
    return str(value)


def _local_out(value: Any) -> str:
    if instants.parse(value) is None:
        raise CodecError("expected date, time to the second and offset; none is assumed")
    local = _OFFSET.sub("", str(value))
    if _local_in(local) != value:
        raise CodecError("expected the offset that Sweden has at that moment: the record has local Swedish time alone")
    return local


def _local_in(text: str) -> str:
    """With the offset that Sweden had. No hour is guessed: neither the one that summer time takes away in spring, nor
    which of two is meant in autumn."""
    if not _LOCAL.fullmatch(text):
        raise CodecError("expected local Swedish date and time to the second, without offset")
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise CodecError("expected local Swedish date and time to the second, without offset") from error
    early, late = (local.replace(tzinfo=STOCKHOLM, fold=fold) for fold in (0, 1))
    offset = early.utcoffset() or timedelta(0)
    if offset != late.utcoffset():
        was_there = offset > (late.utcoffset() or timedelta(0))
        words = "comes twice when summer time ends" if was_there else "is passed over when summer time begins"
        raise CodecError(f"the local time is of the hour that {words}; it says no moment")
    if offset % timedelta(minutes=1):
        raise CodecError("expected a moment since 1900: before that Swedish time had no offset in minutes")
    hours, minutes = divmod(offset // timedelta(minutes=1), 60)
    return f"{text}+{hours:02}:{minutes:02}"


def _boolean(name: str, yes: str, no: str) -> Codec:
    def out(value: Any) -> str:
        if not isinstance(value, bool):
            raise CodecError("expected true or false")
        return yes if value else no

    def read(text: str) -> bool:
        if text not in (yes, no):
            raise CodecError(f"expected {yes} or {no}")
        return text == yes

    return Codec(name, frozenset({"boolean"}), out, read, (yes, no))


def _integer_out(value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise CodecError("expected a whole number")
    return str(value)


def _integer_in(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise CodecError("expected a whole number without leading zeros")
    return int(text)


def _decimal_out(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Number) or not _DECIMAL.fullmatch(str(value)):
        raise CodecError("expected a number without exponent, at most 18 digits before and after the point")
    return str(value)


def _decimal_in(text: str) -> int | Number:
    if not _DECIMAL.fullmatch(text):
        raise CodecError("expected a number without exponent, at most 18 digits before and after the point")
    return numbers.read(text)


def _uuid(value: Any) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise CodecError("expected a UUID")
    return value


def _uuid_urn_out(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith(_URN):
        raise CodecError("expected urn:uuid: followed by a UUID")
    return _uuid(value.removeprefix(_URN))


def _personal_number(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{12}", value):
        raise CodecError("expected 12 digits without separator")
    return value


def _separated_out(value: Any) -> str:
    number = _personal_number(value)
    return f"{number[:8]}-{number[8:]}"


def _separated_in(text: str) -> str:
    if not re.fullmatch(r"[0-9]{8}-[0-9]{4}", text):
        raise CodecError("expected 8 digits, a hyphen and 4 digits")
    return text.replace("-", "")


def _base64(value: Any) -> str:
    if not isinstance(value, str) or not _BASE64.fullmatch(value) or len(value) % 4:
        raise CodecError("expected base64 without white space")
    return value


_INSTANTS = ("2026-03-09T10:12:00+01:00", "2026-03-09T09:12:00Z", "2026-03-09T10:12:00.125+01:00")
_LOCALS = ("2026-03-09T10:12:00", "2026-03-09T10:12:00.125")
_DAYS = ("2026-03-09",)
_INTEGERS = ("0", "1", "2", "12", "250", "2026", "-1")
_UUIDS = ("c0a8e6a2-3f1b-4d5e-8a7c-1b2d3e4f5a6b", "C0A8E6A2-3F1B-4D5E-8A7C-1B2D3E4F5A6B")

CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (
        Codec("text", _STRINGS, _text, _text),
        Codec("instant", frozenset({"instant", "dateTime"}), _instant, _instant, _INSTANTS),
        Codec("day", frozenset({"date", "dateTime"}), _day, _day, _DAYS),
        Codec("day-or-instant", frozenset({"dateTime"}), _day_or_instant, _day_or_instant, (*_DAYS, *_INSTANTS)),
        Codec("local-time", frozenset({"instant", "dateTime"}), _local_out, _local_in, _LOCALS),
        _boolean("boolean", "true", "false"),
        _boolean("boolean-1-0", "1", "0"),
        _boolean("boolean-ja-nej", "ja", "nej"),
        Codec("integer", frozenset({"integer", "positiveInt", "unsignedInt"}), _integer_out, _integer_in, _INTEGERS),
        Codec("decimal", frozenset({"decimal"}), _decimal_out, _decimal_in, (*_INTEGERS, "1.5", "-0.25")),
        Codec("uuid", _STRINGS, _uuid, _uuid, _UUIDS),
        Codec("urn-uuid", _STRINGS, _uuid_urn_out, lambda text: _URN + _uuid(text), _UUIDS),
        Codec("base64", frozenset({"base64Binary"}), _base64, _base64, ("YWJj", "YQ==")),
        Codec("personal-number", _STRINGS, _personal_number, _personal_number),
        Codec("personal-number-separated", _STRINGS, _separated_out, _separated_in),
    )
}
"""Every codec by its name in the mapping language."""

_DEFAULT = {"instant": "instant", "dateTime": "day-or-instant", "date": "day", "boolean": "boolean"}
_DEFAULT |= dict.fromkeys(("integer", "positiveInt", "unsignedInt"), "integer") | dict.fromkeys(_STRINGS, "text")


def default(fhir_type: str) -> Codec | None:
    """The codec of a FHIR type where a rule names none; None for a type that must be named (decimal, base64Binary)."""
    name = _DEFAULT.get(fhir_type)
    return CODECS[name] if name else None
