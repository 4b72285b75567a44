"""XML records: read without trusting them, written in the schema's order, and the paths that lead about in them.

A record is plain data, as a FHIR resource is: an element is a dict with its text under `#text`, an attribute under its
`@name`, and its children, a list for each name. What it has of children of one name keeps its order.

A record path names elements from the record's root, or from a group's element: `kuvert/arendeId/@system`, `@typ`, `.`.
Within a group `/kuvert/arendeId` begins at the root nevertheless.
"""

import re
from dataclasses import dataclass
from typing import Any

from adapter.fhir import markup
from adapter.mapping.paths import PathError
from adapter.mapping.schema import RecordSchema, Type, place
from adapter.support.errors import MappingError, ParseError

Record = dict[str, Any]
"""An element."""

TEXT = "#text"
"""The key of an element's text; an element with children has none."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (?P<names>.+) \)")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = _IN_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})
_SPECIAL = re.compile('[&<>\r\n\t"]')


class RecordPath:
    """A compiled path. `key` is TEXT or `@name`; `repeats` tells whether the last element may stand several times.
    `type` is the schema's type of what it leads to; `from_root`: it begins at the record's root; `begins`: the key
    that an element lacks where the path leads nowhere from it."""

    def __init__(self, text: str, names: tuple[str, ...], key: str, *, repeats: bool, type: Type | None) -> None:  # noqa: A002 - XSD
        self.text, self.names, self.key, self.repeats, self.type = text, names, key, repeats, type
        self.from_root = text.startswith("/")
        self.begins = names[0] if names else key
        self._heads, self._last = names[:-1], names[-1] if names else None

    def nodes(self, start: Record) -> list[Record]:
        """The elements that the path leads to, in order."""
        found = [start]
        for name in self.names:
            if len(found) == 1:
                found = found[0].get(name) or []
            else:
                found = [child for node in found for child in node.get(name) or ()]
        return found

    def exists(self, start: Record) -> bool:
        """Whether anything is there."""
        return any(self.key in node or _has_children(node) for node in self.nodes(start))

    def first(self, start: Record) -> str | None:
        """The first text or attribute that the path leads to."""
        return next((node[self.key] for node in self.nodes(start) if self.key in node), None)

    def open(self, start: Record, *, new: bool) -> Record:
        """The element that the path leads to, made where there is none; `new` makes one more of the last."""
        for name in self._heads:
            held = start.get(name)
            start = held[0] if held else _made(start, name)
        if self._last is None:
            return start
        held = start.get(self._last)
        return held[0] if held and not new else _made(start, self._last)


def _made(start: Record, name: str) -> Record:
    """One more child of the name."""
    made: Record = {}
    start.setdefault(name, []).append(made)
    return made


def parse_path(text: str, start: Type | None, schema: RecordSchema) -> RecordPath:
    """Compile a record path from an element of type `start`, which is the root's where the path begins with `/`.
    Raises PathError where the schema has no such place."""
    names, key, kind, repeats = list[str](), TEXT, start, False
    for part in text.removeprefix("/").split("/"):
        if part == "." and not names:
            continue
        if kind is None or key != TEXT:
            raise PathError(f"'{text}': nothing stands below '{'/'.join(names)}'")
        if part.startswith("@"):
            key = part
            if part[1:] not in kind.attributes:
                raise PathError(f"'{text}': {kind.name} has no attribute '{part[1:]}'")
            kind = schema.types.get(kind.attributes[part[1:]])
            continue
        child = kind.children.get(part) if _NAME.fullmatch(part) else None
        if child is None:
            raise PathError(f"'{text}': {kind.name} has no element '{part}'")
        names.append(part)
        repeats, kind = child.repeats, schema.types.get(child.type)
    return RecordPath(text, tuple(names), key, repeats=repeats, type=kind)


def read(content: bytes, schema: RecordSchema, root: str, limit: int) -> Record:
    """A record that follows its schema. Raises ParseError where it is not XML of bounded size without DTD and
    entities, MappingError where it does not follow the schema; no value is repeated in the words."""
    element = _parse(content, limit)
    if element.tag != f"{{{schema.namespace}}}{root}":
        raise MappingError(f"expected the element {root} in the namespace {schema.namespace}")
    _follow(schema, element)
    return plain(element)


def peek(content: bytes, path: RecordPath, limit: int) -> str | None:
    """The text or attribute at a path of a record that may break its schema in any way; None where there is none, and
    where the bytes are not XML within the bounds. Only the path is walked: there is no bound to what stands beside."""
    try:
        element = _parse(content, limit)
    except ParseError:
        return None
    for name in path.names:
        element = next((child for child in element if child.tag.rpartition("}")[2] == name), None)
        if element is None:
            return None
    found: str | None = element.get(path.key[1:]) if path.key != TEXT else None if len(element) else element.text
    return found


def write(record: Record, root: str, schema: RecordSchema) -> bytes:
    """The record as UTF-8 XML in the schema's order. Raises MappingError where it does not follow the schema."""
    content = text(record, root, schema)
    _follow(schema, markup.root(content))
    return content


def text(record: Record, root: str, schema: RecordSchema) -> bytes:
    """The record as it is written, whether or not it follows its schema."""
    lines = list[str]()
    _write(lines, record, root, schema.types[schema.roots[root]], schema, "")
    begin = f'<{root} xmlns="{schema.namespace}"'
    lines[:1] = [begin + lines[0][len(root) + 1 :]] if lines else [f"{begin}/>"]
    return (_DECLARATION + "\n".join(lines) + "\n").encode()


def legal(text: str) -> bool:
    """Whether XML can carry the text."""
    return markup.INVALID.search(text) is None


def _parse(content: bytes, limit: int) -> Any:
    if len(content) > limit:
        raise ParseError(f"the record is larger than {limit} bytes")
    markup.decode(content)
    return markup.root(content)


def plain(root: Any) -> Record:
    """An element with all that is below it."""
    record: Record = {}
    made: dict[Any, Record] = {}  # by the element, of those that have children
    for element in root.iter():
        own = record if element is root else {}
        for name, value in element.items():
            own[f"@{name}"] = value
        if len(element):
            made[element] = own
        else:
            own[TEXT] = element.text or ""
        if own is not record:
            made[element.getparent()].setdefault(element.tag.rpartition("}")[2], []).append(own)
    return record


@dataclass(frozen=True)
class _Plan:
    """How an element with certain keys is written: its attributes (key, what stands before the value), and its children
    (name, type) in the schema's order."""

    attributes: list[tuple[str, str]]
    children: list[tuple[str, Type]]


_PLANS = 512  # for each type; keys come from rules, so there are not many


def _plan(record: Record, kind: Type, schema: RecordSchema) -> _Plan:
    names = [name for name, value in record.items() if isinstance(value, list)]
    names.sort(key=lambda name: kind.children[name].order)
    attributes = [(key, f' {key[1:]}="') for key in record if key not in names and key != TEXT]
    found = _Plan(attributes, [(name, schema.types[kind.children[name].type]) for name in names])
    if len(kind.plans) < _PLANS:
        kind.plans[tuple(record)] = found
    return found


def _write(lines: list[str], record: Record, name: str, kind: Type, schema: RecordSchema, indent: str) -> None:
    """Adds the lines of an element; none where it says nothing."""
    plan = kind.plans.get(tuple(record)) or _plan(record, kind, schema)
    attributes = ""
    for key, before in plan.attributes:
        text = record[key]
        text = text.translate(_IN_ATTRIBUTE) if _SPECIAL.search(text) else text
        attributes = f'{attributes}{before}{text}"'
    if not plan.children:
        text = record.get(TEXT)
        if text is not None:
            text = text.translate(_IN_TEXT) if _SPECIAL.search(text) else text
            lines.append(f"{indent}<{name}{attributes}>{text}</{name}>")
        elif attributes:
            lines.append(f"{indent}<{name}{attributes}/>")
        return
    start = len(lines)
    lines.append(f"{indent}<{name}{attributes}>")
    below = indent + "  "
    for child, inner in plan.children:
        for each in record[child]:
            if len(each) == 1 and TEXT in each:
                text = each[TEXT]
                text = text.translate(_IN_TEXT) if _SPECIAL.search(text) else text
                lines.append(f"{below}<{child}>{text}</{child}>")
            else:
                _write(lines, each, child, inner, schema, below)
    if len(lines) > start + 1:
        lines.append(f"{indent}</{name}>")
    elif attributes:
        lines[start] = f"{indent}<{name}{attributes}/>"
    else:
        lines.pop()


def _has_children(record: Record) -> bool:
    return any(isinstance(value, list) for value in record.values())


def _follow(schema: RecordSchema, root: Any) -> None:
    error = schema.fault(root)
    if error is not None:
        raise MappingError(f"the record does not follow its schema: {_words(schema, root, error)}")


def _words(schema: RecordSchema, root: Any, error: Any) -> str:
    """A fault in words: where, and what was expected; never the value that stands there."""
    path, kind = place(root, error.path, schema.roots, schema.types)
    if error.type_name == "SCHEMAV_ELEMENT_CONTENT":
        expected = _EXPECTED.search(error.message)
        names = expected["names"].replace(f"{{{schema.namespace}}}", "") if expected else "nothing more"
        fault = "something is missing here" if "Missing child" in error.message else "not expected here"
        return f"{path} (line {error.line}): {fault}; expected {names}"
    words = f"{kind.name}: {kind.words}" if kind else "what the schema says"
    if kind and kind.codes:
        words = f"one of {', '.join(sorted(kind.codes))}"
    return f"{path} (line {error.line}): expected {words}"
