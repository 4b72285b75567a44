"""Whether a simple type of an XSD takes a text: asked of the XSD itself."""

from copy import deepcopy
from typing import Any

from lxml import etree

from adapter.mapping.schema import RecordSchema, Type

_XS = "{http://www.w3.org/2001/XMLSchema}"


class Probe:
    """The schema once more, with an element at its top for each of its simple types."""

    def __init__(self, schema: RecordSchema) -> None:
        document: Any = deepcopy(etree.parse(str(schema.file)))
        root = document.getroot()
        simple = [node.get("name") for node in root.findall(f"{_XS}simpleType")]
        self._of = dict(zip(simple, simple, strict=True))
        for node in root.findall(f"{_XS}complexType/{_XS}simpleContent/*[@base]"):
            self._of[node.getparent().getparent().get("name")] = node.get("base")
        for name in simple:
            etree.SubElement(root, f"{_XS}element", name=f"probe.{name}", type=name)
        self._validator = etree.XMLSchema(document)
        self._namespace = schema.namespace

    def takes(self, kind: Type | None, text: str) -> bool:
        """Whether a text may stand in an element or attribute of the type; of one that is not told here, it may."""
        name = self._of.get(kind.name) if kind is not None else None
        if name not in self._of:
            return True
        element = etree.Element(f"{{{self._namespace}}}probe.{name}" if self._namespace else f"probe.{name}")
        element.text = text
        return bool(self._validator.validate(element))
