"""The values of each primitive type: right ones, wrong ones, and the limits between them."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.elements import Primitive, table
from adapter.validation import primitives, rules

UUID = "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b11"
UPPER = "urn:uuid:0C7E4B5E-6F0F-4C37-9D1C-0A4F4F0D1B11"
LONG = "x" * primitives.LONGEST
RIGHT: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [0, -1, 2**31 - 1, -(2**31)],
    "unsignedInt": [0, 2**31 - 1],
    "positiveInt": [1, 2**31 - 1],
    "decimal": [0, -1, 2**40, Decimal("1.50"), 1.5],
    "string": ["x", " x", "å\n", LONG],
    "markdown": ["x", "# x\n"],
    "code": ["x", "a b"],
    "id": ["a-1.B", "x" * 64],
    "date": ["2026", "2026-03", "2024-02-29"],
    "dateTime": ["2026", "2026-03", "2026-03-09", "2026-03-09T10:12:00Z", "2026-03-09T10:12:00.123+01:00"],
    "instant": ["2026-03-09T10:12:00Z", "2026-03-09T10:12:00.1-05:00"],
    "time": ["10:12:00", "23:59:60", "10:12:00.5"],
    "base64Binary": ["QUJD", "QUI=", "QQ==", "QUJD QUJD", "QUJD\n", "QQ = =", "QUJD" * 300_000],
    "uri": ["a", "http://a.b/c", UUID, "urn:oid:1.2.3", "urn:oid:2.0.10", "urn:x:y", f"{UUID}#a", "#a"],
    "url": ["http://a.b/c", "a/b", "mailto:a@b.c", UUID],
    "canonical": [
        "http://a.b/c",
        "#a",
        UUID,
        "http://a.b/c|1.0",
        f"{UUID}|1#a",
        "urn:oid:1.2.3|2",
        "urn:oid:1.2.3|2#a",
    ],
    "oid": ["urn:oid:1.2.3", "urn:oid:0.0"],
    "uuid": [UUID],
}
WRONG: dict[str, list[tuple[Any, str]]] = {
    "boolean": [(1, "type"), ("true", "type"), (None, "type")],
    "integer": [(2**31, "format"), (-(2**31) - 1, "format"), (Decimal("1.0"), "format"), ("1", "type"), (True, "type")],
    "unsignedInt": [(-1, "format"), (2**31, "format"), (1.0, "format")],
    "positiveInt": [(0, "format"), (2**31, "format")],
    "decimal": [
        (float("nan"), "format"),
        (float("inf"), "format"),
        (Decimal("Infinity"), "format"),
        ("1", "type"),
        (False, "type"),
    ],
    "string": [("", "empty"), (" \n", "blank"), ("a\x00b", "format"), (f"{LONG}x", "too-long"), (1, "type")],
    "markdown": [("", "empty"), (" ", "blank")],
    "code": [
        ("", "empty"),
        (" ", "empty"),
        (" a", "format"),
        ("a ", "format"),
        ("a  b", "format"),
        ("a\tb", "format"),
        (1, "type"),
    ],
    "id": [("x" * 65, "format"), ("a_b", "format"), ("a b", "format")],
    "date": [("2025-02-29", "format"), ("2026-13", "format"), ("26", "format"), ("2026-03-09T10:12:00Z", "format")],
    "dateTime": [
        ("2026-02-30T10:12:00Z", "format"),
        ("2026-03-09T10:12:00", "format"),
        ("2026-03-09T10:12Z", "format"),
        ("2025-02-29", "format"),
    ],
    "instant": [("2026-03-09", "format"), ("2025-02-29T10:12:00Z", "format")],
    "time": [("10:12", "format"), ("24:00:00", "format"), ("10:12:00Z", "format")],
    "base64Binary": [("QUJ", "format"), ("QUJ?", "format"), ("Q===", "format"), ("=QQ=", "format"), (" ", "empty")],
    "uri": [
        ("a b", "format"),
        (" a", "format"),
        ("a\t", "format"),
        ("urn:uuid:1", "format"),
        (f"x{UUID}".removeprefix("xurn:"), "format"),
        ("oid:1.2", "format"),
        ("urn:oid:1.2.", "format"),
        ("urn:oid:3.1", "format"),
        ("urn:oid:1.02", "format"),
        ("urn:oid:1.2#a", "format"),
        ("urn:oid:1.2|3", "format"),
        (f"{UUID}|1", "format"),
        ("urn:oid:1", "format"),
        (UPPER, "format"),
        ("", "empty"),
        (f"{LONG}x", "too-long"),
    ],
    "url": [("a b", "format"), ("urn:uuid:x", "format"), (UPPER, "format")],
    "canonical": [("a", "format"), ("A:b", "format"), ("a/b", "format"), ("1:x", "format")],
    "oid": [
        ("1.2.3", "format"),
        ("urn:oid:1.2#a", "format"),
        ("http://a.b", "format"),
        (UUID, "format"),
        ("urn:oid:x", "format"),
    ],
    "uuid": [
        (UPPER, "format"),
        (UUID[9:], "format"),
        ("urn:oid:1.2.3", "format"),
        (f"{UUID}0", "format"),
        ("http://a.b", "format"),
    ],
}
RULES = {
    "type": rules.JSON_TYPE,
    "format": rules.FORMAT,
    "empty": rules.EMPTY,
    "blank": rules.BLANK,
    "too-long": rules.TOO_LONG,
}


def primitive(name: str) -> Primitive:
    return table().primitives[name]


def test_every_primitive_has_examples() -> None:
    assert RIGHT.keys() == WRONG.keys() == table().primitives.keys() - {"xhtml"}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, found in RIGHT.items() for value in found])
def test_right(name: str, value: Any) -> None:
    assert primitives.fault(value, primitive(name)) is None


@pytest.mark.parametrize(
    ("name", "value", "rule"), [(name, value, rule) for name, found in WRONG.items() for value, rule in found]
)
def test_wrong(name: str, value: Any, rule: str) -> None:
    fault = primitives.fault(value, primitive(name))
    assert fault is not None
    assert fault[0] is RULES[rule]
    assert name in fault[1] or "characters" in fault[1] or "character," in fault[1]
    accepts = primitives.accepting(primitive(name))
    assert not accepts(value)
    assert not accepts(value), "nor when asked again"


@pytest.mark.parametrize("name", RIGHT)
def test_the_quick_test_takes_the_usual_values_and_leaves_other_types(name: str) -> None:
    accepts = primitives.accepting(primitive(name))
    assert accepts(RIGHT[name][0])
    assert accepts(RIGHT[name][0])
    for other in (None, [RIGHT[name][0]], {"a": 1}, object()):
        assert not accepts(other)


@pytest.mark.parametrize("name", [name for name, found in RIGHT.items() if isinstance(found[0], str)])
def test_the_quick_test_leaves_what_is_longer_than_a_megabyte(name: str) -> None:
    accepts = primitives.accepting(primitive(name))
    for value in ("a" * (primitives.LONGEST + 1), "http://" + "a" * primitives.LONGEST):
        assert not accepts(value) or primitives.fault(value, primitive(name)) is None


def test_what_is_expected_is_said_of_each_type() -> None:
    for name, found in WRONG.items():
        for value, rule in found:
            if rule == "format" and "\x00" not in str(value):
                fault = primitives.fault(value, primitive(name))
                assert fault is not None
                assert not fault[1].endswith("expected text")


@pytest.mark.parametrize("value", ["QUJD\x1c", "QUJD\u2003", "\u2003", "QUJå", "å"])
def test_white_space_that_xml_does_not_know_is_none_in_base64(value: str) -> None:
    assert not primitives.accepting(primitive("base64Binary"))(value)


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("http://a", True),
        ("a+b-c.1:x", True),
        ("A:x", False),
        ("a", False),
        ("a:", False),
        ("a:b c", False),
        ("1urn:oid:", False),
    ],
)
def test_absolute(url: str, absolute: bool) -> None:
    assert primitives.is_absolute(url) is absolute


def test_uris_that_are_kept_are_bounded() -> None:
    uris = primitives.accepting(primitive("uri"))
    assert all(uris(f"http://acme.com/{number}") for number in range(3000))
    assert uris("http://acme.com/" + "x" * 300)
    assert len(uris._known) == 2000


EXPECTED = {
    "date": "YYYY, YYYY-MM or YYYY-MM-DD",
    "dateTime": "or date, time with seconds, and offset",
    "instant": "a date in the calendar, time with seconds",
    "time": "hh:mm:ss",
    "code": "white space at its ends",
    "id": "1 to 64",
    "base64Binary": "groups of four",
    "oid": "urn:oid: and an OID",
    "uuid": "urn:uuid: and a UUID",
    "uri": "no white space",
    "url": "no white space",
    "canonical": "an absolute URL",
    "integer": "from -2147483648",
    "unsignedInt": "from 0",
    "positiveInt": "from 1",
    "decimal": "between",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_expected_of_each_type(name: str) -> None:
    wrong = [value for value, rule in WRONG[name] if rule == "format"]
    assert wrong
    for value in wrong:
        fault = primitives.fault(value, primitive(name))
        assert fault is not None
        assert EXPECTED[name] in fault[1]
