"""Writes the dicts of FHIR JSON as FHIR XML. What it writes reads back equal, or it refuses."""

import re
from decimal import Decimal
from typing import Any

from adapter.fhir import markup
from adapter.fhir.elements import Element, Structure, Table
from adapter.fhir.json import MAX_DEPTH
from adapter.fhir.numbers import NumberError, read
from adapter.support.errors import ParseError

_SPECIAL = re.compile('[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


class Writer:
    """Writes one document; not to be used twice."""

    def __init__(self, types: Table) -> None:
        self._types = types
        self._parts: list[str] = []
        self._path: list[str] = []

    def document(self, resource: dict[str, Any]) -> bytes:
        """The whole document. Raises ParseError, naming the element, for what XML cannot carry."""
        self._parts.append('<?xml version="1.0" encoding="UTF-8"?>\n')
        self._resource(resource, ' xmlns="http://hl7.org/fhir"', 1)
        return "".join(self._parts).encode()

    def _resource(self, resource: Any, namespace: str, depth: int) -> None:
        name = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(name, str) or name not in self._types.resources:
            raise self._error("a resource with the resourceType of an R4 resource is expected")
        if not self._path:
            self._path.append(name)
        self._parts.append(f"<{name}{namespace}")
        content = {member: value for member, value in resource.items() if member != "resourceType"}
        self._content(name, self._types[name], content, depth)

    def _content(self, tag: str, structure: Structure, content: Any, depth: int) -> None:
        """What follows an opened start tag: attributes, children, end tag."""
        if not isinstance(content, dict):
            raise self._error("an object is expected")
        self._check_depth(depth)
        children: list[Element] = []
        for member in content:
            element = self._element(structure, member)
            if element.attribute:
                self._parts.append(f' {member}="{self._escaped(member, content[member])}"')
            elif not (member[0] == "_" and element.name in content):
                children.append(element)
        if not children:
            self._parts.append("/>")
            return
        self._parts.append(">")
        children.sort(key=lambda element: element.order)
        for element in children:
            self._member(element, content, depth)
        self._parts.append(f"</{tag}>")

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels of objects and arrays")

    def _element(self, structure: Structure, member: Any) -> Element:
        element = structure.by_name.get(member)
        if element is None and isinstance(member, str) and member.startswith("_"):
            element = structure.by_name.get(member[1:])
            if element is not None and (element.kind != "primitive" or element.attribute):
                element = None
        if element is None:
            raise self._error(f"{structure.name} has no element {str(member)[:64]!a}")
        return element

    def _member(self, element: Element, content: dict[str, Any], depth: int) -> None:
        self._path.append(element.name)
        if element.kind == "primitive":
            self._primitive_member(element, content, depth)
        elif not element.is_list:
            self._value(element, content[element.name], depth + 1)
        else:
            for index, value in enumerate(self._array(content[element.name])):
                self._path[-1] = f"{element.name}[{index}]"
                self._value(element, value, depth + 2)
        self._path.pop()

    def _array(self, value: Any) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise self._error("an array of at least one value is expected")
        return value

    def _value(self, element: Element, value: Any, depth: int) -> None:
        if element.kind == "xhtml":
            self._narrative(value)
            return
        self._parts.append(f"<{element.name}")
        if element.kind == "complex":
            self._content(element.name, self._types[element.type], value, depth)
        else:
            self._parts.append(">")
            self._resource(value, "", depth)
            self._parts.append(f"</{element.name}>")

    def _narrative(self, value: Any) -> None:
        if not isinstance(value, str):
            raise self._error("a string of XHTML is expected")
        source = value.strip()
        try:
            markup.check_narrative(source)
        except ParseError as error:
            raise self._error(f"the narrative cannot be written as XML: {error.reason}") from None
        self._parts.append(source)

    def _primitive_member(self, element: Element, content: dict[str, Any], depth: int) -> None:
        values, rests = content.get(element.name), content.get("_" + element.name)
        if not element.is_list:
            if (element.name in content and values is None) or ("_" + element.name in content and rests is None):
                raise self._error("null stands only in arrays")
            self._primitive(element, values, rests, depth + 1)
            return
        self._check_depth(depth + 1)
        if element.name in content:
            values = self._array(values)
            rests = self._array(rests) if "_" + element.name in content else [None] * len(values)
        else:
            rests = self._array(rests)
            values = [None] * len(rests)
        if len(values) != len(rests):
            raise self._error(f"the arrays {element.name} and _{element.name} differ in length")
        for index, (value, rest) in enumerate(zip(values, rests, strict=True)):
            self._path[-1] = f"{element.name}[{index}]"
            self._primitive(element, value, rest, depth + 2)

    def _primitive(self, element: Element, value: Any, rest: Any, depth: int) -> None:
        self._parts.append(f"<{element.name}")
        if value is not None:
            self._parts.append(f' value="{self._escaped(element.name, self._text(element, value))}"')
        elif rest is None:
            raise self._error("there is neither a value nor an extension")
        if rest is None:
            self._parts.append("/>")
        else:
            self._content(element.name, self._types["Element"], rest, depth)

    def _text(self, element: Element, value: Any) -> str:
        """The value's lexical form, if reading it by the element's type gives the same value again."""
        kind = self._types.primitives[element.type].json
        if kind == "boolean" and isinstance(value, bool):
            return "true" if value else "false"
        if kind == "number" and isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            try:
                text = str(value)
                read(text)
            except ValueError:
                raise self._error("the number is not finite or has too many digits") from None
            return text
        if isinstance(value, str) and (kind == "string" or self._is_malformed(kind, value)):
            return value
        raise self._error(f"a JSON {kind} is expected")

    @staticmethod
    def _is_malformed(kind: str, text: str) -> bool:
        """Whether a string stands for a value that could not be read by its type, and so reads back as a string."""
        if kind == "boolean":
            return text not in ("true", "false")
        try:
            read(text)
        except NumberError:
            return True
        return False

    def _escaped(self, member: str, text: Any) -> str:
        if not isinstance(text, str):
            raise self._error(f"{member}: a JSON string is expected")
        if not _SPECIAL.search(text):
            return text
        if markup.INVALID.search(text):
            raise self._error(f"{member} holds a character that XML cannot carry (a control character)")
        return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text)

    def _error(self, reason: str) -> ParseError:
        place = ".".join(self._path)
        return ParseError(f"{place}: {reason}" if place else reason)
