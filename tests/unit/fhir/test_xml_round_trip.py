"""Whatever R4 resource in JSON goes to XML comes back the same, numbers as written; or it is refused, never changed."""

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapter.fhir import json, xml
from adapter.fhir.elements import Element, Structure, table
from adapter.fhir.numbers import read
from adapter.support.errors import ParseError

TABLE = table()
XML_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff").filter(
    lambda sign: sign >= " " or sign in "\t\n\r"
), max_size=8)  # fmt: skip
NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?\Z").map(read)
MARKUP = st.sampled_from(
    ["å", "&amp;", "&#229;", "<br/>", "<br></br>", "<p class='a'>x</p>", "<!-- c -->", "<div>\n</div>"]
)
DIV = st.lists(MARKUP, max_size=4).map(
    lambda parts: f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(parts)}</div>'
)


def primitive(code: str) -> st.SearchStrategy[Any]:
    return {"boolean": st.booleans(), "number": NUMBERS}.get(TABLE.primitives[code].json, XML_TEXT)


@st.composite
def structures(draw: st.DrawFn, structure: Structure, depth: int) -> dict[str, Any]:
    usable = [e for e in structure.elements if e.attribute or depth > 0 or e.kind in ("primitive", "xhtml")]
    chosen = draw(st.lists(st.sampled_from(usable), max_size=4, unique_by=lambda e: e.order)) if usable else []
    result: dict[str, Any] = {}
    for element in chosen:
        result.update(draw(members(element, depth)))
    return result


@st.composite
def members(draw: st.DrawFn, element: Element, depth: int) -> dict[str, Any]:
    name = element.name
    if element.attribute:
        return {name: draw(XML_TEXT)}
    if element.kind == "xhtml":
        return {name: draw(DIV)}
    count = draw(st.integers(1, 3)) if element.is_list else 1
    if element.kind != "primitive":
        inner = resources(depth - 1) if element.kind == "resource" else structures(TABLE[element.type], depth - 1)
        values = [draw(inner) for _ in range(count)]
        return {name: values if element.is_list else values[0]}
    pairs = [draw(primitives(element.type, depth)) for _ in range(count)]
    if not element.is_list:
        value, rest = pairs[0]
        return ({} if value is None else {name: value}) | ({} if rest is None else {"_" + name: rest})
    lists = {name: [value for value, _ in pairs], "_" + name: [rest for _, rest in pairs]}
    return {member: items for member, items in lists.items() if any(item is not None for item in items)}


@st.composite
def primitives(draw: st.DrawFn, code: str, depth: int) -> tuple[Any, Any]:
    extended = st.fixed_dictionaries({}, optional={
        "id": XML_TEXT, "extension": st.lists(structures(TABLE["Extension"], depth - 1), min_size=1, max_size=2)
    })  # fmt: skip
    kind = draw(st.sampled_from(["value", "value", "both", "extension"]))
    value = draw(primitive(code)) if kind != "extension" else None
    rest = draw(extended) if kind != "value" else None
    return value, rest if rest or value is None else None


@st.composite
def resources(draw: st.DrawFn, depth: int = 3) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(TABLE.resources)))
    return {"resourceType": name, **draw(structures(TABLE[name], depth))}


def exact(value: Any) -> Any:
    """A form to compare by: numbers as written and of one kind, order of members left aside."""
    if isinstance(value, dict):
        return {name: exact(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [exact(inner) for inner in value]
    return type(value).__name__, str(value)


@given(resources())
def test_json_to_xml_to_json(resource: dict[str, Any]) -> None:
    read_back = json.parse(json.serialize(resource))
    assert exact(read_back) == exact(resource)
    written = xml.serialize(read_back)
    again = xml.parse(written)
    assert exact(again) == exact(resource)
    assert next(iter(again)) == "resourceType"
    assert xml.serialize(again) == written


ODD = st.sampled_from([None, True, 0, -1, "", "true", "1", "x", [], {}, [None], [{}], ["a"], {"id": "a"}, [[]], "\x00"])


@given(st.data(), resources(2))
def test_a_resource_with_something_odd_is_carried_or_refused(data: st.DataObject, resource: dict[str, Any]) -> None:
    place: Any = resource
    while True:
        inner = [value for value in place.values() if isinstance(value, dict)]
        if not inner or data.draw(st.booleans()):
            break
        place = data.draw(st.sampled_from(inner))
    place[data.draw(st.sampled_from([*place, "active", "_active", "name", "extension", "id", "_id"]))] = data.draw(ODD)
    try:
        written = xml.serialize(resource)
    except ParseError:
        return
    assert exact(without_idle_nulls(xml.parse(written))) == exact(without_idle_nulls(resource))


def without_idle_nulls(value: Any) -> Any:
    """`"given": [null]` beside `_given` says nothing, and XML has no way to say it."""
    if isinstance(value, dict):
        kept = {name: without_idle_nulls(inner) for name, inner in value.items()}
        return {
            name: inner
            for name, inner in kept.items()
            if not (isinstance(inner, list) and set(map(type, inner)) == {type(None)})
        }
    return [without_idle_nulls(inner) for inner in value] if isinstance(value, list) else value


@given(st.data(), resources(2))
def test_damaged_xml_is_read_or_refused(data: st.DataObject, resource: dict[str, Any]) -> None:
    written = bytearray(xml.serialize(resource))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(written) - 1))
        end = start + data.draw(st.integers(0, 6))
        written[start:end] = data.draw(
            st.sampled_from([b"", b"<", b">", b"/", b'"', b"&", b"div", b"<a/>", b"\xff", b"<!--"])
        )
    with suppress(ParseError):
        xml.parse(bytes(written))


@given(st.binary())
def test_arbitrary_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(ParseError):
        xml.parse(content)
