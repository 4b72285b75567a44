"""FHIR XML to and from the plain dicts of FHIR JSON, by the element table, without changing content.

Comments and processing instructions are not content and are dropped, as is `xsi:schemaLocation` on the root; who asks
for what does not fit is told of the last two, which FHIR's XML does not have. A value
that is not of its type's form (`<active value="yes"/>`) is kept as a string, so that validation can name it. A
narrative keeps its author's markup; only its line ends become \\n, for XML knows no other.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from lxml import etree

from adapter.fhir import markup
from adapter.fhir.elements import Element, Structure, Table, table
from adapter.fhir.json import MAX_DEPTH
from adapter.fhir.numbers import NumberError, read
from adapter.fhir.xml_writing import Writer
from adapter.support.errors import ParseError

FHIR = "http://hl7.org/fhir"
_NAMESPACE = f"{{{FHIR}}}"
_XHTML_DIV = f"{{{markup.XHTML}}}div"
_RESOURCE_HOLDERS = frozenset({"resource", "contained", "outcome"})
_MOST_MISFITS = 100
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


class Misfit(NamedTuple):
    """What does not fit R4's types and was passed over. `place` is the FHIRPath of the element that has it."""

    place: str
    reason: str
    line: int | None


def parse(
    content: bytes, *, ordered: bool = True, misfits: list[Misfit] | None = None, bounded: bool = True
) -> dict[str, Any]:
    """The resource in FHIR XML bytes (UTF-8) in the shape of FHIR JSON, `resourceType` first, members in FHIR's order.

    Raises ParseError, with the element and line where known, for what is not well-formed, has a DOCTYPE, is of another
    namespace, or does not fit the types of R4: unknown elements and attributes, wrong order, an element repeated that
    may not be, text between elements, more than 100 levels, too many elements. Its words never hold a value. `ordered`
    False passes over wrong order: definitions are published with it. With `misfits`, what does not fit the types is
    left out and told there; only what cannot be read at all, and more than 100 misfits, raise. `bounded` False reads
    any number of elements (see `bounds`): for what the operator installs.
    """
    text = markup.decode(content)
    reader = _Reader(table(), text, ordered=ordered, misfits=misfits)
    result = reader.resource(markup.root(content, bounded=bounded), 1)
    if misfits is not None and markup.has_instructions(text):
        reader.refuse_instructions(markup.root(content, instructions=True, bounded=False))
    return result


def serialize(resource: dict[str, Any]) -> bytes:
    """The resource as FHIR XML in UTF-8, without indentation; what `parse` reads back is equal, order of members aside.

    Raises ParseError, naming the element, for what XML cannot carry: unknown members, values of another JSON type than
    the element's, null and empty arrays, control characters, a narrative that is not well-formed XHTML.
    """
    return Writer(table()).document(resource)


class _Reader:
    def __init__(self, types: Table, text: str, *, ordered: bool, misfits: list[Misfit] | None) -> None:
        self._types = types
        self._ordered = ordered
        self._misfits = misfits
        self._narratives: Iterator[str] = markup.narratives(text)

    def resource(self, node: etree._Element, depth: int) -> dict[str, Any]:
        name = self._name(node)
        if name not in self._types.resources:
            raise _error(node, "this is not a resource type of FHIR R4")
        for attribute in node.attrib:
            if attribute != _SCHEMA_LOCATION or node.getparent() is not None:
                self._misfit(node, f"the attribute {_quoted(attribute)} is not known here")
            elif self._misfits is not None:
                self._misfit(node, "it names a schema: content that is exchanged shall not")
        result: dict[str, Any] = {"resourceType": name}
        self._read_children(node, self._types[name], result, depth)
        return result

    def refuse_instructions(self, root: etree._Element) -> None:
        """Tells of the processing instructions within a root that was read with them."""
        for node in root.iter(etree.ProcessingInstruction):
            holder = node.getparent()
            if holder is not None:
                self._misfit(holder, "it holds a processing instruction: expected elements and comments only")

    def _complex(self, node: etree._Element, structure: Structure, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for attribute in node.attrib:  # not its items: reading a value takes time in proportion to all attributes
            known = structure.by_name.get(str(attribute))
            if known is None or not known.attribute:
                self._misfit(node, f"the attribute {_quoted(attribute)} is not known here")
                continue
            result[known.name] = node.get(attribute)
        self._read_children(node, structure, result, depth)
        return result

    def _read_children(self, node: etree._Element, structure: Structure, result: dict[str, Any], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _error(node, f"nested deeper than {MAX_DEPTH} levels of objects and arrays")
        self._refuse_text(node, node.text)
        last: Element | None = None
        primitive_lists: set[str] = set()
        for child in node:
            self._refuse_text(node, child.tail)
            element = self._element(child, structure)
            if element is None:
                continue
            name = element.name
            if self._ordered and last is not None and element.order < last.order:
                self._misfit(child, f"wrong order: in {structure.name} it stands before {last.name}")
            last = element
            if element.kind == "primitive":
                self._read_primitive(child, element, result, depth)
                if element.is_list:
                    primitive_lists.add(name)
                continue
            value = self._value(child, element, depth + (2 if element.is_list else 1))
            if value is None:
                continue
            if element.is_list:
                result.setdefault(name, []).append(value)
            elif name in result:
                self._misfit(child, "it may stand only once")
            else:
                result[name] = value
        for name in primitive_lists:
            for member in (name, "_" + name):
                if all(item is None for item in result[member]):
                    del result[member]

    def _element(self, node: etree._Element, structure: Structure) -> Element | None:
        """What a child is in the structure; None where it is passed over."""
        is_div = node.tag == _XHTML_DIV
        if not is_div and not str(node.tag).startswith(_NAMESPACE):
            self._pass_over(node, f"it is not in the namespace {FHIR}")
            return None
        element = structure.by_name.get("div" if is_div else self._name(node))
        if element is None or element.attribute or (element.kind == "xhtml") != is_div:
            self._pass_over(node, f"{structure.name} has no such element")
            return None
        return element

    def _value(self, node: etree._Element, element: Element, depth: int) -> Any:
        if element.kind == "complex":
            return self._complex(node, self._types[element.type], depth)
        if element.kind == "xhtml":
            return self._narrative(node)
        for attribute in node.attrib:
            self._misfit(node, f"the attribute {_quoted(attribute)} is not known here")
        self._refuse_text(node, node.text)
        inner = list(node)
        if len(inner) != 1:
            return self._pass_over(node, "it holds exactly one resource")
        self._refuse_text(node, inner[0].tail)
        if str(inner[0].tag).removeprefix(_NAMESPACE) not in self._types.resources:
            return self._pass_over(inner[0], "this is not a resource type of FHIR R4")
        return self.resource(inner[0], depth)

    def _narrative(self, node: etree._Element) -> str:
        source = next(self._narratives)
        try:
            markup.check_narrative(source)
        except ParseError:
            # It leans on declarations outside of itself: have them written into it.
            return etree.tostring(node, encoding="unicode", with_tail=False)
        return source

    def _read_primitive(self, node: etree._Element, element: Element, result: dict[str, Any], depth: int) -> None:
        value: Any = None
        rest: dict[str, Any] = {}
        for attribute in node.attrib:
            if attribute == "value":
                value = self._typed(element, str(node.get(attribute)))
            elif attribute == "id":
                rest["id"] = node.get(attribute)
            else:
                self._misfit(node, f"the attribute {_quoted(attribute)} is not known here")
        if len(node) or node.text:
            self._read_children(node, self._types["Element"], rest, depth + (2 if element.is_list else 1))
        extra = rest if rest or value is None else None
        name = element.name
        if element.is_list:
            if depth >= MAX_DEPTH:
                raise _error(node, f"nested deeper than {MAX_DEPTH} levels of objects and arrays")
            result.setdefault(name, []).append(value)
            result.setdefault("_" + name, []).append(extra)
        elif name in result or "_" + name in result:
            self._misfit(node, "it may stand only once")
        else:
            if value is not None:
                result[name] = value
            if extra is not None:
                result["_" + name] = extra

    def _typed(self, element: Element, text: str) -> Any:
        kind = self._types.primitives[element.type].json
        if kind == "boolean":
            return {"true": True, "false": False}.get(text, text)
        if kind == "number":
            try:
                return read(text)
            except NumberError:
                return text
        return text

    def _refuse_text(self, node: etree._Element, text: str | None) -> None:
        if text is not None and text.strip(" \t\r\n"):
            self._misfit(node, "it holds text: FHIR carries values in the attribute `value`")

    def _pass_over(self, node: etree._Element, reason: str) -> None:
        """Leaves out an element with all that is in it."""
        self._misfit(node, reason)
        waiting = [node]
        while waiting:
            each = waiting.pop()
            if str(each.tag).rpartition("}")[2] == "div":
                next(self._narratives, None)
            else:
                waiting += each

    def _misfit(self, node: etree._Element, reason: str) -> None:
        error = _error(node, reason)
        if self._misfits is None or len(self._misfits) >= _MOST_MISFITS:
            raise error
        self._misfits.append(Misfit(self._place(node), error.reason, error.line))

    def _place(self, node: etree._Element) -> str:
        """The FHIRPath of the element that holds a node; of the root itself."""
        chain = list(node.iterancestors())[::-1] or [node]
        structure: Structure | None = self._types[self._name(chain[0])]
        steps = [self._name(chain[0])]
        for each in chain[1:]:
            name = etree.QName(each).localname
            if steps[-1].partition("[")[0] in _RESOURCE_HOLDERS and name in self._types.resources:
                structure = self._types[name]
                continue
            element = structure.by_name.get(name) if structure is not None else None
            if element is None:
                break
            before = sum(1 for _ in each.itersiblings(each.tag, preceding=True))
            steps.append(f"{element.step}[{before}]" if element.is_list else element.step)
            structure = self._types[element.type] if element.kind == "complex" else None
        return ".".join(steps)

    def _name(self, node: etree._Element) -> str:
        tag = str(node.tag)
        if not tag.startswith(_NAMESPACE):
            raise _error(node, f"it is not in the namespace {FHIR}")
        return tag[len(_NAMESPACE) :]


def _quoted(name: Any) -> str:
    return ascii(str(name)[:64])


def _error(node: etree._Element, reason: str) -> ParseError:
    """The reason with the element's place: `Patient.contact[1].name`; repeated elements count from 0."""
    steps: list[str] = []
    step: etree._Element | None = node
    while step is not None:
        name = etree.QName(step).localname[:64]
        before = sum(1 for _ in step.itersiblings(step.tag, preceding=True))
        after = next(step.itersiblings(step.tag), None)
        steps.append(f"{name}[{before}]" if before or after is not None else name)
        step = step.getparent()
    line: Any = node.sourceline
    return ParseError(f"{'.'.join(reversed(steps))}: {reason}", line)
