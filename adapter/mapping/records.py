"""XML records: read without trusting them, written in the schema's order, and the paths that lead about in them.

A record path names elements from the record's root, or from a group's element: `kuvert/arendeId/@system`, `@typ`, `.`.
Within a group `/kuvert/arendeId` begins at the root nevertheless.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from adapter.fhir import markup
from adapter.mapping.paths import PathError
from adapter.mapping.schema import RecordSchema, Type
from adapter.support.errors import MappingError, ParseError

TEXT = "#text"
"""The key of an element's text, beside its attributes' `@name`."""

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (?P<names>.+) \)")


@dataclass(eq=False, slots=True)
class Node:
    """An element without its namespace. `text` is None where it has children."""

    name: str
    text: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)

    def get(self, key: str) -> str | None:
        """The text (key TEXT) or an attribute (key `@name`)."""
        return self.text if key == TEXT else self.attributes.get(key[1:])

    def set(self, key: str, value: str) -> bool:
        """Set the text or an attribute; False where another value stands there already."""
        held = self.get(key)
        if held is not None:
            return held == value
        if key == TEXT:
            self.text = value
        else:
            self.attributes[key[1:]] = value
        return True

    def empty(self) -> bool:
        """Whether it says nothing."""
        return self.text is None and not self.attributes and not self.children


@dataclass(frozen=True)
class RecordPath:
    """A compiled path. `key` is TEXT or `@name`; `repeats` tells whether the last element may stand several times.
    `type` is the schema's type of what it leads to; `from_root`: it begins at the record's root."""

    text: str
    names: tuple[str, ...]
    key: str
    repeats: bool
    type: Type | None
    from_root: bool = False

    def nodes(self, start: Node) -> list[Node]:
        """The elements that the path leads to, in order."""
        found = [start]
        for name in self.names:
            found = [child for node in found for child in node.children if child.name == name]
        return found

    def exists(self, start: Node) -> bool:
        """Whether anything is there."""
        return any(node.get(self.key) is not None or node.children for node in self.nodes(start))

    def open(self, start: Node, *, new: bool) -> Node:
        """The element that the path leads to, made where there is none; `new` makes one more of the last."""
        for index, name in enumerate(self.names):
            fresh = new and index == len(self.names) - 1
            found = None if fresh else next((child for child in start.children if child.name == name), None)
            if found is None:
                found = Node(name)
                start.children.append(found)
            start = found
        return start


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
    return RecordPath(text, tuple(names), key, repeats, kind, text.startswith("/"))


def read(content: bytes, schema: RecordSchema, root: str, limit: int) -> Node:
    """A record that follows its schema. Raises ParseError where it is not XML of bounded size without DTD and
    entities, MappingError where it does not follow the schema; no value is repeated in the words."""
    element = _parse(content, limit)
    name = etree.QName(element)
    if name.localname != root or name.namespace != schema.namespace:
        raise MappingError(f"expected the element {root} in the namespace {schema.namespace}")
    _follow(schema, element)
    return _node(element)


def peek(content: bytes, limit: int) -> Node | None:
    """What can be read of a record that may break its schema; None where it is not XML within the bounds."""
    try:
        element = _parse(content, limit)
    except ParseError:
        return None
    return _node(element) if _shallow(element) else None


def write(root: Node, schema: RecordSchema) -> bytes:
    """The record as UTF-8 XML in the schema's order. Raises MappingError where it does not follow the schema."""
    _prune(root)
    element = _element(root, schema, schema.types[schema.roots[root.name]], None)
    _follow(schema, element)
    return _DECLARATION + etree.tostring(element, encoding="unicode", pretty_print=True).encode()


def legal(text: str) -> bool:
    """Whether XML can carry the text."""
    return markup.INVALID.search(text) is None


def _parse(content: bytes, limit: int) -> Any:
    if len(content) > limit:
        raise ParseError(f"the record is larger than {limit} bytes")
    markup.decode(content)
    return markup.root(content)


def _shallow(element: Any, depth: int = 12) -> bool:
    """A record that broke its schema may be of any depth: only a shallow one is turned into nodes."""
    level = [element]
    for _ in range(depth):
        level = [child for node in level for child in node]
    return not level


def _node(element: Any) -> Node:
    children = [_node(child) for child in element if isinstance(child.tag, str)]
    text = None if children else (element.text or "")
    return Node(element.tag.rpartition("}")[2], text, dict(element.attrib), children)


def _prune(node: Node) -> None:
    for child in node.children:
        _prune(child)
    node.children = [child for child in node.children if not child.empty()]


def _element(node: Node, schema: RecordSchema, kind: Type, parent: Any) -> Any:
    tag = f"{{{schema.namespace}}}{node.name}"
    nsmap: Any = {None: schema.namespace}
    element = etree.Element(tag, nsmap=nsmap) if parent is None else etree.SubElement(parent, tag)
    element.text = node.text
    for name, value in node.attributes.items():
        element.set(name, value)
    for child in sorted(node.children, key=lambda child: kind.children[child.name].order):
        _element(child, schema, schema.types[kind.children[child.name].type], element)
    return element


def _follow(schema: RecordSchema, root: Any) -> None:
    error = schema.fault(root)
    if error is not None:
        raise MappingError(f"the record does not follow its schema: {_words(schema, root, error)}")


def _words(schema: RecordSchema, root: Any, error: Any) -> str:
    """A fault in words: where, and what was expected; never the value that stands there."""
    path, kind = _place(schema, root, error.path)
    if error.type_name == "SCHEMAV_ELEMENT_CONTENT":
        expected = _EXPECTED.search(error.message)
        names = expected["names"].replace(f"{{{schema.namespace}}}", "") if expected else "nothing more"
        fault = "something is missing here" if "Missing child" in error.message else "not expected here"
        return f"{path} (line {error.line}): {fault}; expected {names}"
    words = f"{kind.name}: {kind.words}" if kind else "what the schema says"
    if kind and kind.codes:
        words = f"one of {', '.join(sorted(kind.codes))}"
    return f"{path} (line {error.line}): expected {words}"


def _place(schema: RecordSchema, root: Any, xpath: str | None) -> tuple[str, Type | None]:
    """The element path and type of a fault, as far as the schema knows its names."""
    found: Any = root.getroottree().xpath(xpath) if xpath else [root]
    element = found[0] if isinstance(found, list) and found else root
    while not isinstance(getattr(element, "tag", None), str):
        element = element.getparent()
    chain = [etree.QName(each).localname for each in (*reversed(list(element.iterancestors())), element)]
    kind = schema.types.get(schema.roots.get(chain[0], ""))
    known = [chain[0] if kind else "the root element"]
    for name in chain[1:]:
        child = kind.children.get(name) if kind else None
        if child is None:
            break
        known.append(name)
        kind = schema.types.get(child.type)
    return "/".join(known), kind
