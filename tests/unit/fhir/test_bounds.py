"""How many elements content may have is told from its bytes: never less than there are, and no text counts."""

import json as standard
from collections.abc import Callable
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapter.fhir import bounds, json, markup, xml
from adapter.support.errors import ParseError

TEXTS = st.text('"\\{}[],:=<>/ aå\n', max_size=12)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=30,
)
TREES = st.recursive(
    st.tuples(st.lists(TEXTS, max_size=3), TEXTS, st.just([])),
    lambda inner: st.tuples(st.lists(TEXTS, max_size=3), TEXTS, st.lists(inner, max_size=4)),
    max_leaves=20,
)


def marks(value: Any) -> int:
    """Objects, arrays, and what stands in each beyond the first, counted in what was parsed."""
    if not isinstance(value, dict | list):
        return 0
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(0, len(inner) - 1) + sum(map(marks, inner))


def as_xml(tree: Any) -> str:
    """Texts among the markup as a comment, a CDATA section, an attribute and plain."""
    attributes, text, children = tree
    written = "".join(f" a{number}={quoteattr(value)}" for number, value in enumerate(attributes))
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    sections = f"<!--{text.replace('-', '')}--><![CDATA[{text.replace(']', '')}]]><?a {text.replace('?', '')}?>"
    inner = f"{escaped}{sections if text else ''}{''.join(map(as_xml, children))}"
    return f"<a{written}>{inner}</a >" if inner or len(text) % 2 else f"<a{written}/>"


def refused(check: Callable[[bytes], None], content: bytes, most: int) -> bool:
    """Whether content is refused where so many elements are allowed."""
    with patch.object(bounds, "ALWAYS", most), patch.object(bounds, "BYTES", len(content) + 1):
        try:
            check(content)
        except ParseError:
            return True
        return False


@given(st.lists(VALUES, max_size=8), st.sampled_from([None, 2]), st.booleans())
def test_json_is_refused_just_where_there_are_more(value: Any, indent: int | None, plain: bool) -> None:
    content = standard.dumps({"a": value}, indent=indent, ensure_ascii=plain).encode()
    there = marks({"a": value})
    assert not refused(bounds.check_json, content, there)
    assert refused(bounds.check_json, content, there - 1)


@given(TREES)
def test_xml_is_refused_just_where_there_are_more(tree: Any) -> None:
    content = as_xml(tree).encode()
    there = sum(1 + len(each.attrib) for each in etree.fromstring(content).iter(etree.Element))
    assert not refused(bounds.check_xml, content, there)
    assert refused(bounds.check_xml, content, there - 1)


@given(st.text('"\\{}[],<>/= a'))
def test_what_is_neither_ends_for_whoever_reads_it(text: str) -> None:
    for check in (bounds.check_json, bounds.check_xml):
        refused(check, text.encode(), 1)


def test_a_long_text_is_not_counted() -> None:
    marked = "{[,=/" * 200_000
    assert json.parse(b'{"a":"\\"' + marked.encode() + b'"}') == {"a": '"' + marked}
    narrative = f'<div xmlns="http://www.w3.org/1999/xhtml">{marked}</div>'
    content = f'<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/>{narrative}</text></Patient>'
    assert xml.parse(content.encode())["text"]["div"] == narrative


def test_larger_content_may_have_more() -> None:
    def of(size: int) -> bytes:
        return b'{"a":[' + (b"0,".rjust(size) * 150_000) + b"0]" + b" " * 100 + b"}"

    assert len(json.parse(of(bounds.BYTES))["a"]) == 150_001
    with pytest.raises(ParseError, match=r"more than 1406\d\d objects, arrays and values: expected at most one in 16"):
        json.parse(of(bounds.BYTES - 1))


def test_five_thousand_entries_are_few_of_what_they_may_be() -> None:
    task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": "Patient/1"}}
    entry = {"fullUrl": "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b11", "resource": task}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry] * 5000}
    for content, check in ((json.serialize(bundle), bounds.check_json), (xml.serialize(bundle), bounds.check_xml)):
        check(content)
        most = max(bounds.ALWAYS, len(content) // bounds.BYTES)
        assert (marks(bundle) if check is bounds.check_json else content.count(b"<")) * 1.5 < most


@pytest.mark.parametrize("name", ["name", "\U00010000", "xml.1"])
def test_xml_that_is_too_much_is_refused_before_it_is_read(name: str) -> None:
    content = f'<Patient xmlns="http://hl7.org/fhir"><{name}/>{"<name/>" * 120_000}</Patient>'.encode()
    with pytest.raises(ParseError, match="more than 100000 elements and attributes: expected at most one in 16 bytes"):
        xml.parse(content)


def test_how_large_it_is_and_what_it_may_have_is_named() -> None:
    content = b'{"a":[' + b"{}," * 700_000 + b"{}]}"
    with pytest.raises(ParseError, match=rf"of {len(content)} bytes has more than {len(content) // 16} objects"):
        json.parse(content)


def test_what_the_operator_installs_is_read_whole() -> None:
    codes = json.parse(b'{"resourceType":"ValueSet","a":[' + b"{}," * 60_000 + b"{}]}", bounded=False)["a"]
    assert len(codes) == 60_001
    assert len(markup.root(b"<a>" + b"<b/>" * 120_000 + b"</a>", bounded=False)) == 120_000
