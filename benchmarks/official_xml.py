"""What XML can suffer that JSON cannot: operators for benchmarks/official_mutants.py."""

import copy
import random
from collections.abc import Callable
from typing import Any

from lxml import etree

_FHIR = "{http://hl7.org/fhir}"

Node = Any
XmlMutation = Callable[[Node, random.Random], bool]


def _nodes(root: Node, *, with_value: bool | None = None, least: int = 0) -> list[Node]:
    found = [node for node in root.iter(etree.Element) if str(node.tag).startswith(_FHIR) and len(node) >= least]
    return [node for node in found if with_value is None or ("value" in node.attrib) == with_value]


def _on(edit: Callable[[Node, random.Random], Any], **wanted: Any) -> XmlMutation:
    def mutate(root: Node, rng: random.Random) -> bool:
        found = [node for node in _nodes(root, **wanted) if node is not root]
        if not found:
            return False
        edit(rng.choice(found), rng)
        return True

    return mutate


def _swap(node: Node, rng: random.Random) -> None:
    first = rng.randrange(len(node) - 1)
    node.insert(first, node[first + 1])


def _double(node: Node, _: random.Random) -> None:
    node.addnext(copy.deepcopy(node))


def _wrap(node: Node, _: random.Random) -> None:
    parent = node.getparent()
    if parent is not None:
        wrapper = etree.Element(node.tag)
        parent.replace(node, wrapper)
        wrapper.append(node)


XML_OPERATORS: dict[str, XmlMutation] = {
    "xml-order": _on(_swap, least=2),
    "xml-order-again": _on(_swap, least=2),
    "xml-double": _on(_double),
    "xml-gone": _on(lambda node, _: node.getparent().remove(node)),
    "xml-no-value": _on(lambda node, _: node.attrib.pop("value"), with_value=True),
    "xml-empty-value": _on(lambda node, _: node.set("value", ""), with_value=True),
    "xml-attribute": _on(lambda node, _: node.set("unknown", "x")),
    "xml-value-on-complex": _on(lambda node, _: node.set("value", "x"), with_value=False, least=1),
    "xml-text": _on(lambda node, _: setattr(node, "text", "x")),
    "xml-namespace": _on(lambda node, _: setattr(node, "tag", "{http://a.se}" + etree.QName(node).localname)),
    "xml-unknown": _on(lambda node, _: node.append(etree.Element(_FHIR + "unknown", value="x"))),
    "xml-emptied": _on(lambda node, _: [node.remove(each) for each in list(node)], with_value=False, least=1),
    "xml-wrapped": _on(_wrap),
    "xml-comment": _on(lambda node, _: node.append(etree.Comment("x"))),
    "xml-instruction": _on(lambda node, _: node.append(etree.ProcessingInstruction("a", "b"))),
    "xml-id": _on(lambda node, rng: node.set("id", rng.choice(["x", "a b", ""]))),
    "xml-schema-location": lambda root, _: (
        root.set("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", "http://hl7.org/fhir x.xsd") is None
    ),
    "xml-spaces": _on(lambda node, _: node.set("value", f" {node.get('value')} "), with_value=True),
}
