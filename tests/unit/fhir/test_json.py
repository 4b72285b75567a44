from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.fhir import json
from adapter.fhir.numbers import Number
from adapter.support.errors import ParseError

NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?\Z")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SCALARS = st.none() | st.booleans() | TEXTS | NUMBERS.map(json.read)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


def test_numbers_keep_their_lexical_form() -> None:
    content = b'{"a":1.50e3,"b":-0,"c":1.0,"d":1234567890123456789012345678901234567890,"e":[0,-7,1E-2]}'
    assert json.serialize(json.parse(content)) == content


def test_integers_are_int_and_others_number() -> None:
    parsed = json.parse(b'{"a":12,"b":12.0}')
    assert type(parsed["a"]) is int
    assert type(parsed["b"]) is Number


@given(st.dictionaries(TEXTS, VALUES))
def test_what_is_written_reads_back(resource: dict[str, Any]) -> None:
    written = json.serialize(resource)
    assert json.serialize(json.parse(written)) == written
    assert list(json.parse(written)) == list(resource)


@given(st.binary())
def test_arbitrary_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(ParseError):
        json.parse(content)


def test_text_is_written_as_utf8() -> None:
    assert json.serialize({"a": "Åsa 😀 \u0001"}) == '{"a":"Åsa 😀 \\u0001"}'.encode()


def test_escaped_pairs_are_one_character() -> None:
    assert json.parse(rb'{"a":"\ud83d\ude00"}') == {"a": "😀"}


REFUSED = {
    "nothing": (b"", "empty"),
    "white space": (b" \n ", "empty"),
    "an array": (b"[]", "object"),
    "a string": (b'"x"', "object"),
    "NaN": (b'{"a":NaN}', "NaN"),
    "Infinity": (b'{"a":-Infinity}', "Infinity"),
    "plus sign": (b'{"a":+1}', "expecting value"),
    "leading zero": (b'{"a":01}', "expecting"),
    "comment": (b'{"a":1} // x', "extra data"),
    "trailing comma": (b'{"a":1,}', "not JSON"),
    "control character": (b'{"a":"\x01"}', "control character"),
    "latin-1": (b'{"a":"\xe5"}', "not UTF-8"),
    "encoded surrogate": (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
    "lone surrogate": (rb'{"a":"\ud800"}', "surrogate|half"),
    "null character": (rb'{"a":["x\u0000"]}', "u0000"),
    "null character in a name": (rb'{"a\u0000":1}', "u0000"),
    "lone low surrogate that looks like a number": (rb'{"a":"\udc001.5","b":1.5}', "half"),
    "lone surrogate in a name": (rb'{"\uDfff":1}', "half"),
    "byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "UTF-16"),
    "duplicate member": (b'{"a":{"name":1,"name":2}}', "'name' occurs twice"),
    "huge integer": (b'{"a":' + b"9" * 100_000 + b"}", "number"),
    "huge exponent": (b'{"a":1e999999999}', "exponent"),
    "deep objects": (b'{"a":' * 100_000, "nested deeper"),
    "deep arrays": (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "nested deeper"),
    "many empty objects": (b'{"a":[' + b"{}," * 60_000 + b"{}]}", "more than 100000 objects, arrays and values"),
    "one level too deep": (b'{"a":' * 100 + b"{}" + b"}" * 100, "nested deeper"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    content, words = REFUSED[name]
    with pytest.raises(ParseError, match=words):
        json.parse(content)


def test_a_hundred_levels_are_read() -> None:
    content = b'{"a":' * 99 + b"{}" + b"}" * 99
    assert json.serialize(json.parse(content)) == content


@pytest.mark.parametrize("content", [b'{"a":"19410810-9168', b'{"a":"19410810-9168" "b"}', b'{"a":19410810916.}'])
def test_errors_name_the_place_and_not_the_value(content: bytes) -> None:
    with pytest.raises(ParseError) as raised:
        json.parse(b"\n" + content)
    assert raised.value.line == 2
    assert raised.value.column is not None
    assert "1941" not in str(raised.value)


def test_place_of_a_wrong_byte_counts_characters() -> None:
    with pytest.raises(ParseError) as raised:
        json.parse('{\n"å":"'.encode() + b"\xff")
    assert (raised.value.line, raised.value.column) == (2, 6)


@given(st.dictionaries(TEXTS, VALUES))
def test_what_is_written_at_once_is_what_is_written_in_parts(resource: dict[str, Any]) -> None:
    assert json.serialize(resource) == json._serialize_in_parts(resource)


def test_decimal_and_float_of_authored_resources_are_written() -> None:
    assert json.serialize({"a": Decimal("1.50"), "b": 0.5, "c": Decimal("1E+3")}) == b'{"a":1.50,"b":0.5,"c":1E+3}'


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        Decimal("NaN"),
        Decimal("Infinity"),
        b"bytes",
        {1},
        datetime(2026, 1, 1, tzinfo=UTC),
        "\ud800",
        "\udc001",
        ["\udc00", Number("1.5")],
    ],
)
def test_values_without_a_json_form_are_refused(value: Any) -> None:
    with pytest.raises(ParseError):
        json.serialize({"a": value})


def test_circles_are_refused() -> None:
    resource: dict[str, Any] = {}
    resource["a"] = resource
    with pytest.raises(ParseError):
        json.serialize(resource)


def test_a_backslash_before_u0000_is_text():
    assert json.parse(rb'{"a":"\\u0000"}') == {"a": "\\u0000"}
