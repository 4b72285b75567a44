"""What an XSD says of a record: which children an element has, in which order, and what each type means in words.

Reads the plain part of XML Schema 1.0 that an exchange format needs: global elements, named types, sequences and
choices of elements, attributes of simple content. Anything else is refused when the mapping is loaded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, TypeVar

from lxml import etree

from adapter.support.errors import ConfigurationError, Problem

_XS = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True)
class Child:
    """An element within another: its type, place among its siblings, and whether it repeats."""

    name: str
    type: str
    order: int
    repeats: bool


@dataclass
class Type:
    """A named type. Complex: children and attributes (name → type). Simple: `codes` where it lists them.
    `words` is the first sentence of its documentation. `needs`: of each set of names (`@name` of an attribute), one at
    least must be there."""

    name: str
    words: str
    children: dict[str, Child] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    has_text: bool = True
    needs: list[frozenset[str]] = field(default_factory=list)
    plans: dict[tuple[str, ...], Any] = field(default_factory=dict, compare=False, repr=False)
    """How elements with certain keys are written, as `records` remembers it."""


class RecordSchema:
    """A compiled XSD. Raises ConfigurationError where it cannot be read."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            document = etree.parse(str(file), _parser())
            self._validator = etree.XMLSchema(document)
        except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            raise ConfigurationError(
                [Problem(file, getattr(error, "lineno", None), f"is not an XSD: {error}")]
            ) from error
        self._lock = Lock()
        root = document.getroot()
        self.namespace: str = root.get("targetNamespace", "")
        self.types: dict[str, Type] = {}
        self.roots: dict[str, str] = {}
        for node in root:
            if node.tag == f"{_XS}element":
                self.roots[node.get("name", "")] = node.get("type", "")
            elif node.tag in (f"{_XS}complexType", f"{_XS}simpleType"):
                self.types[node.get("name", "")] = self._type(node)

    def fault(self, element: Any) -> Any | None:
        """lxml's first complaint of a record that breaks the schema; None of one that follows it."""
        with self._lock:  # the validator keeps the complaints of its last run in itself
            if self._validator.validate(element):
                return None
            complaints: Any = self._validator.error_log
            return complaints[0]

    def _type(self, node: Any) -> Type:
        made = Type(node.get("name"), _words(node))
        for part in node:
            if part.tag in (f"{_XS}sequence", f"{_XS}choice"):
                made.has_text = False
                self._particles(part, made, repeats=_repeats(part))
                made.needs += _needs(part)
            elif part.tag == f"{_XS}simpleContent":
                made.attributes = {a.get("name"): a.get("type") for a in part.iter(f"{_XS}attribute")}
                made.needs = _needed_attributes(part.iter(f"{_XS}attribute"))
            elif part.tag == f"{_XS}attribute":
                made.attributes[part.get("name")] = part.get("type")
                made.needs += _needed_attributes([part])
            elif part.tag == f"{_XS}restriction":
                made.codes = frozenset(code.get("value") for code in part.iter(f"{_XS}enumeration"))
            elif part.tag not in (f"{_XS}annotation", f"{_XS}union"):
                self._refuse(part)
        return made

    def _particles(self, group: Any, made: Type, repeats: bool) -> None:
        for part in group:
            if part.tag in (f"{_XS}sequence", f"{_XS}choice"):
                self._particles(part, made, repeats or _repeats(part))
            elif part.tag == f"{_XS}element" and part.get("type"):
                child = Child(part.get("name"), part.get("type"), len(made.children), repeats or _repeats(part))
                made.children.setdefault(child.name, child)
            else:
                self._refuse(part)

    def _refuse(self, node: Any) -> None:
        words = (
            f"{etree.QName(node).localname} is not read here; use named types, sequence, choice and element with type"
        )
        raise ConfigurationError([Problem(self.file, node.sourceline, words)])


class _Element(Protocol):
    @property
    def type(self) -> str: ...


class _Kind(Protocol):
    @property
    def children(self) -> Mapping[str, _Element]: ...


_K = TypeVar("_K", bound=_Kind)


def place(root: Any, xpath: str | None, roots: Mapping[str, str], types: Mapping[str, _K]) -> tuple[str, _K | None]:
    """The path and the type of the element that a complaint of lxml names, as far as a schema knows its names: `roots`
    are the types of its global elements. What a sender made up is not repeated."""
    prefixes = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        found: Any = root.getroottree().xpath(xpath, namespaces=prefixes) if xpath else [root]
    except etree.XPathError:  # a prefix that is declared further in
        found = [root]
    element = found[0] if isinstance(found, list) and found else root
    while not isinstance(getattr(element, "tag", None), str):
        element = element.getparent()
    chain = [etree.QName(each).localname for each in (*reversed(list(element.iterancestors())), element)]
    kind = types.get(roots.get(chain[0], ""))
    known = [chain[0] if kind else "the root element"]
    for name in chain[1:]:
        child = kind.children.get(name) if kind else None
        if child is None:
            break
        known.append(name)
        kind = types.get(child.type)
    return "/".join(known), kind


def _parser() -> Any:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )


def _repeats(node: Any) -> bool:
    return bool(node.get("maxOccurs", "1") not in ("0", "1"))


def _needs(group: Any) -> list[frozenset[str]]:
    """Of a sequence, what each part of it needs; of a choice, one of all that its parts name."""
    if group.get("minOccurs") == "0":
        return []
    if group.tag == f"{_XS}element":
        return [frozenset({group.get("name")})]
    inner = [_needs(part) for part in group]
    if group.tag == f"{_XS}sequence":
        return [need for part in inner for need in part]
    return [frozenset(name for part in inner for need in part for name in need)] if inner and all(inner) else []


def _needed_attributes(nodes: Iterable[Any]) -> list[frozenset[str]]:
    return [frozenset({f"@{node.get('name')}"}) for node in nodes if node.get("use") == "required"]


def _words(node: Any) -> str:
    text = (
        " ".join("".join(node.find(f"{_XS}annotation").itertext()).split())
        if node.find(f"{_XS}annotation") is not None
        else ""
    )
    return text.partition(". ")[0].rstrip(".")
