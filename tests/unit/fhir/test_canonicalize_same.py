"""content_hash gives what it has always given: hashes of earlier messages are kept and held against new ones."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapter.fhir import canonicalize
from adapter.fhir import json as fhir_json
from adapter.fhir.canonicalize import content_hash
from adapter.fhir.numbers import Number


def as_first_written(bundle: dict[str, Any]) -> str:
    content = {name: value for name, value in bundle.items() if name not in ("id", "_id", "timestamp", "_timestamp")}
    return hashlib.sha256(_written(content).encode("utf-8", "surrogatepass")).hexdigest()


def _written(value: Any) -> str:
    if isinstance(value, dict):
        members = sorted(_members(value).items())
        return "{" + ",".join([f"{json.dumps(name)}:{_written(member)}" for name, member in members]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_written(item) for item in value]) + "]"
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(getattr(value, "text", value))


def _members(value: dict[str, Any]) -> dict[str, Any]:
    meta = value.get("meta")
    if "resourceType" in value and isinstance(meta, dict):
        kept = {name: member for name, member in meta.items() if name not in ("lastUpdated", "_lastUpdated")}
        value = {name: member for name, member in value.items() if name != "meta"} | ({"meta": kept} if kept else {})
    div = value.get("div")
    return value | {"div": canonicalize._narrative(div)} if isinstance(div, str) else value


TEXTS = st.one_of(
    st.text(st.characters(), max_size=6),  # lone surrogates too
    st.sampled_from(
        [
            'NaN"NaN',
            "\\",
            '\\"div":',
            '"lastUpdated":',
            "NaN",
            "<div xmlns='http://www.w3.org/1999/xhtml'><br/>&#229;</div>",
            "<div>",
        ]
    ),
)
NAMES = st.one_of(
    st.sampled_from(["resourceType", "meta", "lastUpdated", "_lastUpdated", "div", "id", "timestamp", "value", "NaN"]),
    TEXTS,
)
NUMBERS = st.one_of(st.integers(), st.sampled_from([Number(text) for text in ("1.50", "-0", "1e3", "0.1", "-1.5E-7")]))
VALUES = st.recursive(
    st.one_of(TEXTS, NUMBERS, st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=5)),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=6))
@example({"resourceType": "Bundle", "meta": {}})
@example({"entry": [{"resourceType": "Bundle", "meta": {"_lastUpdated": {"id": "a"}}}]})
@example({"entry": [{"div": "<div >\u00e5</div>"}, Number("1.50"), 'NaN"NaN', Number("-0")]})
def test_any_content_has_the_hash_it_always_had(bundle: dict[str, Any]) -> None:
    assert content_hash(bundle) == as_first_written(bundle)


@pytest.mark.parametrize("text", ["\u00e5a" * 20_000, "\x7f", "\U0001f600\u2028", "a" * 40_000])
def test_long_texts_and_those_beyond_ascii(text: str) -> None:
    bundle = {"resourceType": "Bundle", "entry": [text, Number("1.50")]}
    assert content_hash(bundle) == as_first_written(bundle)


def test_as_deep_as_a_message_may_be() -> None:
    text = '{"a":' * (fhir_json.MAX_DEPTH - 1) + '{"div":"<div>","value":1.50}' + "}" * (fhir_json.MAX_DEPTH - 1)
    bundle = fhir_json.parse(text.encode())
    assert content_hash(bundle) == as_first_written(bundle)


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (
            '{"resourceType":"Bundle","id":"1","meta":{"lastUpdated":"2026-01-01T00:00:00Z","profile":["p"]},"b":1.50}',
            "f53a83b19a753945d8f22fef6894d5c9b3c22632597c79f85cf15a900fe6097e",
        ),
        (
            '{"resourceType":"Bundle","entry":[{"resource":{"text":{"div":"<div>å</div>"}}},-0,1e3,"NaN"]}',
            "810f924f734c98cb31931b52212b96db604fe9bf5f8bc54395a5d70a1dc3bd9d",
        ),
    ],
)
def test_hashes_that_stand_in_databases(content: str, known: str) -> None:
    assert content_hash(fhir_json.parse(content.encode())) == known
