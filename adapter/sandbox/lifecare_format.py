"""The Lifecare exchange format as a municipal system would read and write it: by hand, from its schema alone.

Deliberately independent of the adapter's own mapping, so that a fault there does not cancel itself out here.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

from adapter.support.errors import ParseError
from adapter.support.paths import shipped

NAMESPACE = "https://discharge-adapter.example/lifecare/spu/1"
TYPES = {
    "care-request": "vardbegaran",
    "admission-notice": "inskrivningsmeddelande",
    "admission-notice-update": "andratInskrivningsmeddelande",
    "planning-information": "planeringsunderlag",
    "ready-for-discharge": "utskrivningsklar",
    "ready-for-discharge-withdrawn": "avbrottUtskrivningsklar",
    "open-care-availability": "oppenvardensInsatser",
    "capacity-answer": "svarOmMottagande",
    "delay-cause": "orsakTillFordrojning",
    "sip-invitation": "kallelse",
    "sip": "sip",
    "discharge-notice": "utskrivningsmeddelande",
    "patient-information": "informationTillPatienten",
    "home-care-referral": "overforingHemsjukvard",
    "disagreement-raised": "oenighetAnmald",
    "disagreement-settled": "oenighetAvgjord",
    "general-message": "generelltMeddelande",
    "read-receipt": "kvittens",
    "acceptance-answer": "svar",
    "retraction": "makulering",
}
"""The message type of each event."""

_NSMAP: Any = {None: NAMESPACE}
_Element = Any  # lxml's stubs do not name the public element type


@dataclass(frozen=True)
class Meddelande:
    """A message that follows the schema."""

    root: _Element

    @property
    def message_id(self) -> str:
        return self._text("kuvert/meddelandeId")

    @property
    def kind(self) -> str:
        """`typ`, also the name of the body element."""
        return self._text("kuvert/typ")

    @property
    def receiver(self) -> str:
        """HSA-id or kommunkod of the unit addressed."""
        return self._text("kuvert/mottagare/hsaId") or self._text("kuvert/mottagare/kommunkod")

    @property
    def answers(self) -> str | None:
        return self._text("kuvert/svarPaMeddelandeId") or None

    def find(self, path: str) -> _Element | None:
        """The first element at a path of local names below the root."""
        return self.root.find("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))

    def _text(self, path: str) -> str:
        found = self.find(path)
        return "" if found is None else found.text or ""


def parse(body: bytes) -> Meddelande:
    """Read a `meddelande`. Raises ParseError where it is not XML (entities and DTD count as such) or not as the
    schema says; the reason names line and element, never a value."""
    root = _checked(body)
    if etree.QName(root).localname != "meddelande":
        raise ParseError("expected the element meddelande")
    return Meddelande(root)


def acknowledgement_status(body: bytes) -> str | None:
    """`mottaget`, `tillfalligtFel` or `avvisat`; None where the bytes are no valid mottagningsbevis."""
    try:
        root = _checked(body)
    except ParseError:
        return None
    return root.findtext(f"{{{NAMESPACE}}}status") if etree.QName(root).localname == "mottagningsbevis" else None


def acknowledgement(message_id: str, status: str, reason: str = "", code: str = "") -> bytes:
    """A `mottagningsbevis`."""
    root = _element("mottagningsbevis")
    parts = (("meddelandeId", message_id), ("status", status), ("orsak", reason), ("kod", code))
    for name, value in parts:
        if value:
            _add(root, name, value)
    return _bytes(root)


def read_receipt(message: Meddelande, own_id: str, at: str) -> bytes:
    """A `kvittens`: somebody has read the message."""
    root, body = _reply(message, own_id, "kvittens", at)
    _add(body, "last", at)
    return _bytes(root)


def acceptance(message: Meddelande, own_id: str, at: str) -> bytes:
    """A `svar` that accepts the message's task (`uppgift`), which the message must have."""
    root, body = _reply(message, own_id, "svar", at)
    asked = message.find(f"{message.kind}/uppgift")
    if asked is None:
        raise ParseError("the message asks for nothing that could be accepted: uppgift is missing")
    task = deepcopy(asked)
    body.append(task)
    _child(task, "status").text = "accepterad"
    for name in ("lage", "orsak", "andrad", "forslag"):  # said before of another status
        for element in task.findall(f"{{{NAMESPACE}}}{name}"):
            task.remove(element)
    changed = _element("andrad")
    changed.text = at
    _child(task, "skapad").addnext(changed)
    return _bytes(root)


def contribution(message: Meddelande, own_id: str, at: str) -> bytes:
    """A `sip`: the municipality's own measures in the plan that the message carries."""
    root, body = _reply(message, own_id, "sip", at)
    plan = _add(body, "plan")
    kind = message.find("sip/plan/typ")
    _add(plan, "typ", "sip" if kind is None else kind.text)
    _add(plan, "status", "gallande")
    _add(plan, "titel", "Kommunens del av den samordnade planen")
    _add(plan, "upprattad", at)
    _unit(plan, "upprattadAv", message)
    goal = _add(plan, "mal")
    _add(goal, "status", "accepterat")
    _add(goal, "text", "Jag vill kunna gå till brevlådan på egen hand.")
    for text, huvudman in (
        ("Hemtjänst morgon och kväll, från hemgången", "kommunSol"),
        ("Hemrehabilitering två gånger i veckan i åtta veckor", "kommunHsl"),
    ):
        measure = _add(plan, "insats")
        _add(measure, "status", "planerad")
        _add(measure, "beskrivning", text)
        _add(measure, "huvudman", huvudman)
        _unit(measure, "ansvarig", message)
    return _bytes(root)


Writer = Callable[[Meddelande, str, str], bytes]
"""Writes an answer: (message, id of the answer, instant with offset) -> bytes."""


def _reply(message: Meddelande, own_id: str, kind: str, at: str) -> tuple[_Element, _Element]:
    root = _element("meddelande")
    envelope = _add(root, "kuvert")
    _add(envelope, "version", "1")
    _add(envelope, "meddelandeId", own_id)
    _add(envelope, "svarPaMeddelandeId", message.message_id)
    case = message.find("kuvert/arendeId")
    if case is not None:
        envelope.append(deepcopy(case))
    _add(envelope, "typ", kind)
    _add(envelope, "registrerad", at)
    _add(envelope, "skickat", at)
    for name, source in (("avsandare", "mottagare"), ("mottagare", "avsandare")):
        envelope.append(_renamed(message.find(f"kuvert/{source}"), name))
    root.append(deepcopy(message.find("patient")))
    return root, _add(root, kind)


def _unit(parent: _Element, name: str, message: Meddelande) -> None:
    """The unit that received the message, as an `enhetTyp`."""
    element = _renamed(message.find("kuvert/mottagare"), name)
    for child in list(element):
        if etree.QName(child).localname in ("system", "adress"):
            element.remove(child)
    parent.append(element)


def _renamed(element: _Element, name: str) -> _Element:
    copy = deepcopy(element)
    copy.tag = f"{{{NAMESPACE}}}{name}"
    return copy


def _element(name: str) -> _Element:
    return etree.Element(f"{{{NAMESPACE}}}{name}", nsmap=_NSMAP)


def _add(parent: _Element, name: str, text: str | None = None) -> _Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    child.text = text
    return child


def _child(parent: _Element, name: str) -> _Element:
    return parent.find(f"{{{NAMESPACE}}}{name}")


def _bytes(root: _Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _checked(body: bytes) -> _Element:
    root = _parsed(body)
    if root.getroottree().docinfo.doctype:
        raise ParseError("a document type declaration is not allowed")
    schema = _schema()
    if not schema.validate(root):
        fault = next(iter(schema.error_log))
        raise ParseError(f"the body does not follow the schema at {fault.path}", fault.line)
    return root


def _parsed(body: bytes) -> _Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ParseError("the body is not well-formed XML", error.lineno) from error


@cache
def _schema() -> Any:
    return etree.XMLSchema(etree.parse(str(shipped("mappings") / "lifecare" / "lifecare.xsd")))
