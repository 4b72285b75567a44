"""What the export's XSD says: whether a case follows it, in words without values, and the columns of its CSV files."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from adapter.fhir import markup
from adapter.mapping.schema import place

FILE = Path(__file__).parent / "export.xsd"
CASE = "arende"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (?P<names>.+) \)")


@dataclass(frozen=True)
class Child:
    """An element within another."""

    name: str
    type: str
    repeats: bool


@dataclass
class Type:
    """A named type: its first sentence in words, children where it is complex, codes where it lists them."""

    words: str
    children: dict[str, Child] = field(default_factory=dict)
    codes: tuple[str, ...] = ()


class Schema:
    """The compiled XSD; one for the process."""

    def __init__(self, file: Path = FILE) -> None:
        document = markup.root(file.read_bytes())
        self._validator = etree.XMLSchema(document)
        self.namespace: str = document.get("targetNamespace", "")
        self.types = {str(node.get("name")): _type(node) for node in document if node.tag.endswith("Type")}
        self.roots = {str(node.get("name")): str(node.get("type")) for node in document if node.tag == f"{_XS}element"}

    def tag(self, name: str) -> str:
        """The name as lxml writes it."""
        return f"{{{self.namespace}}}{name}"

    def fault(self, element: Any) -> tuple[int | None, str] | None:
        """The line and the words of what is wrong with a root element; None where it follows the schema."""
        if self._validator.validate(element):
            return None
        complaints: Any = self._validator.error_log
        error = complaints[0]
        where, kind = place(element, error.path, self.roots, self.types)
        if error.type_name == "SCHEMAV_ELEMENT_CONTENT":
            expected = _EXPECTED.search(error.message)
            names = expected["names"].replace(f"{{{self.namespace}}}", "") if expected else "nothing more"
            fault = "something is missing in it" if "Missing child" in error.message else "does not belong here"
            return error.line or None, f"{where}: {fault}; expected {names}"
        words = (
            f"one of {', '.join(kind.codes)}" if kind and kind.codes else kind.words if kind else "the schema's form"
        )
        return error.line or None, f"{where}: expected {words[:1].lower()}{words[1:]}"

    def columns(self, kind: str) -> dict[str, bool]:
        """The columns for a type: dotted path → whether a cell may hold several values. What repeats and has children
        of its own stands in a file of its own."""
        found: dict[str, bool] = {}
        for child in self.types[kind].children.values():
            if not self.types[child.type].children:
                found[child.name] = child.repeats
            elif not child.repeats:
                found |= {f"{child.name}.{path}": many for path, many in self.columns(child.type).items()}
        return found

    def tables(self, kind: str, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
        """What repeats and has children of its own: its path → its type."""
        found: dict[tuple[str, ...], str] = {}
        for child in self.types[kind].children.values():
            if self.types[child.type].children:
                path = (*prefix, child.name)
                found |= {path: child.type} if child.repeats else self.tables(child.type, path)
        return found


@cache
def schema() -> Schema:
    """The schema of the export format."""
    return Schema()


def _type(node: Any) -> Type:
    text = "".join(node.find(f"{_XS}annotation").itertext())
    made = Type(" ".join(text.split()).partition(". ")[0].rstrip("."))
    for part in node.iter(f"{_XS}element"):
        many = part.get("maxOccurs", "1") != "1"
        made.children[part.get("name")] = Child(part.get("name"), part.get("type"), many)
    made.codes = tuple(code.get("value") for code in node.iter(f"{_XS}enumeration"))
    return made
