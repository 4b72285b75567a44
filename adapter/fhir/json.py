"""FHIR JSON to and from plain dicts, without changing content.

Numbers keep their lexical form (see `numbers`), members their order. What JSON leaves open and FHIR or the next reader
cannot carry is refused: duplicate members, NaN and Infinity, lone surrogates, a byte order mark, deep nesting.
"""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from adapter.fhir import bounds
from adapter.fhir.numbers import Number, NumberError, read
from adapter.support.errors import ParseError

MAX_DEPTH = 100
"""Levels of objects and arrays, the resource being the first. Real messages stay under 30."""

_TOO_DEEP = f"the content is nested deeper than {MAX_DEPTH} levels"
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
# A lone surrogate cannot occur in text that serialises, so it marks numbers to be unquoted after encoding.
_MARK = "\udc00"
_MARKED = re.compile(f'"{_MARK}([^"]*)"')
_AS_GIVEN = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def parse(content: bytes, *, bounded: bool = True) -> dict[str, Any]:
    """The resource in FHIR JSON bytes (UTF-8): plain dicts, lists, str, bool, None, int and Number.

    Only the form is checked, not that it is FHIR. Raises ParseError, with line and column where known; its words
    name at most a member, never a value. `bounded` False reads any number of elements (see `bounds`): for what the
    operator installs.
    """
    text = _decode(content)
    if bounded:
        bounds.check_json(content)
    try:
        resource = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise ParseError(f"not JSON: {_reason(error)}", error.lineno, error.colno) from None
    except RecursionError:
        raise ParseError(_TOO_DEEP) from None
    except NumberError as error:
        raise ParseError(str(error)) from None
    if not isinstance(resource, dict):
        raise ParseError("a FHIR resource in JSON is an object: the content must begin with {", 1, 1)
    if content.count(b"{") + content.count(b"[") > MAX_DEPTH:  # else it cannot be deeper
        _check_depth(resource)
    if _SURROGATE_ESCAPE.search(content):
        _check_surrogates(resource)
    if b"\\u0000" in content and _holds_null(resource):
        raise ParseError("a text holds the control character \\u0000, which no FHIR string may")
    return resource


def serialize(resource: dict[str, Any]) -> bytes:
    """The resource as compact FHIR JSON in UTF-8, members in the order given, numbers as they were written.

    Raises ParseError where a value has no JSON form: NaN, a lone surrogate, an object of some Python class.
    """
    try:
        written = orjson.dumps(resource, default=_fragment, option=_AS_GIVEN)
        if b"null" not in written:  # else it may be a NaN
            return written
    except TypeError:  # what cannot be written, or a whole number of more than 64 bits
        pass
    return _serialize_in_parts(resource)


def _fragment(value: object) -> orjson.Fragment:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError
    return orjson.Fragment(str(value))


def _serialize_in_parts(resource: dict[str, Any]) -> bytes:
    """As `serialize`, of whatever a resource may hold; says what cannot be written."""
    numbers = 0

    def mark(value: object) -> str:
        nonlocal numbers
        if not isinstance(value, Decimal) or not value.is_finite():
            raise ParseError(f"a value of the kind {type(value).__name__} cannot be written as JSON")
        numbers += 1
        return _MARK + str(value)

    try:
        text = json.dumps(  # a circle is found as what is too deep is
            resource, ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"), default=mark
        )
        if numbers:
            text, unmarked = _MARKED.subn(r"\1", text)
            if unmarked != numbers:
                raise ParseError("a text holds half of a character (a lone surrogate)")
        return text.encode()
    except UnicodeEncodeError:
        raise ParseError("a text holds half of a character (a lone surrogate)") from None
    except RecursionError:
        raise ParseError(_TOO_DEEP) from None
    except (ValueError, TypeError) as error:
        raise ParseError("a value has no JSON form (NaN, Infinity or a member name that is no text)") from error


def _decode(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise ParseError("the content begins with a byte order mark: send UTF-8 without one", 1, 1)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ParseError("the content is UTF-16: send UTF-8 without a byte order mark", 1, 1)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        raise ParseError("the content is not UTF-8", before.count(b"\n") + 1, column) from None


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        seen: set[str] = set()
        for name, _ in members:
            if name in seen:
                raise ParseError(f"the member {name[:64]!a} occurs twice in one object")
            seen.add(name)
    return result


def _constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not a JSON number")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=read, parse_constant=_constant)


def _reason(error: json.JSONDecodeError) -> str:
    """The decoder's words, which are fixed texts; what follows a colon may quote a character."""
    if not error.doc.strip():
        return "the content is empty"
    words = error.msg.partition(":")[0].removesuffix(" at")
    return words[0].lower() + words[1:]


def _check_depth(resource: dict[str, Any]) -> None:
    level: list[Any] = [resource]
    for _ in range(MAX_DEPTH):
        level = [
            value
            for node in level
            for value in (node.values() if type(node) is dict else node)
            if type(value) is dict or type(value) is list
        ]
        if not level:
            return
    raise ParseError(_TOO_DEEP)


def _holds_null(resource: dict[str, Any]) -> bool:
    """Whether a text or a name holds U+0000: no database can keep it as text either."""
    return "\\u0000" in serialize(resource).decode().replace("\\\\", "")


def _check_surrogates(resource: dict[str, Any]) -> None:
    try:
        serialize(resource)
    except ParseError:
        raise ParseError(
            "a text holds half of a character: a \\ud800 to \\udfff escape without its other half"
        ) from None
