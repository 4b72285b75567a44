"""SOAP 1.1 as RIV TA Basic Profile 2.1 uses it: a LogicalAddress in the header, one element in the body."""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from adapter.fhir import markup
from adapter.support.errors import ParseError

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
REGISTRY = "urn:riv:itintegration:registry:1"
MEDIA_TYPE = "text/xml"

_ENVELOPE, _HEADER, _BODY, _FAULT = (f"{{{SOAP}}}{name}" for name in ("Envelope", "Header", "Body", "Fault"))
_ADDRESS = f"{{{REGISTRY}}}LogicalAddress"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass
class Fault(Exception):  # noqa: N818 - the field's name
    """A call that cannot be answered. `code` is Client, Server, VersionMismatch or MustUnderstand; `text` is for the
    caller, without personal data."""

    code: str
    text: str


@dataclass(frozen=True)
class Envelope:
    """What a caller sent: to which logical address, and the element in the body."""

    logical_address: str
    body: Any


def read(content: bytes) -> Envelope:
    """The envelope of a call. Raises Fault where it is not one, or asks for what is not understood."""
    body, header = _open(content)
    address = None
    for block in [] if header is None else header:
        if block.tag == _ADDRESS and address is None:
            address = (block.text or "").strip()
        elif block.get(f"{{{SOAP}}}mustUnderstand") in ("1", "true"):
            raise Fault("MustUnderstand", "a header block that must be understood is not known here")
    if not address:
        raise Fault("Client", f"the header has no LogicalAddress in the namespace {REGISTRY}")
    return Envelope(address, body)


def read_answer(content: bytes) -> Any:
    """The element in the body of an answer. Raises Fault: the one that the answer is, or Client where it is none."""
    body = opened(content)
    if (fault := fault_of(body)) is not None:
        raise fault
    return body


def opened(content: bytes) -> Any:
    """The element in the body of an answer, a fault too. Raises Fault where it is no envelope of SOAP 1.1."""
    return _open(content)[0]


def fault_of(body: Any) -> Fault | None:
    """The fault that an answer's body is; None where it is none."""
    if body.tag != _FAULT:
        return None
    code = (body.findtext("faultcode") or "Server").strip().rpartition(":")[2]
    return Fault(code, (body.findtext("faultstring") or "").strip())


def write(body: Any, logical_address: str | None = None) -> bytes:
    """An envelope around an element; with a header where a logical address is given, as in a call."""
    envelope = etree.Element(_ENVELOPE, nsmap={"soap": SOAP})
    if logical_address is not None:
        address = etree.SubElement(etree.SubElement(envelope, _HEADER), _ADDRESS, nsmap={"itr": REGISTRY})
        address.text = logical_address
    etree.SubElement(envelope, _BODY).append(body)
    return _DECLARATION + etree.tostring(envelope, encoding="unicode").encode()


def write_fault(fault: Fault) -> bytes:
    """The envelope that tells of a fault."""
    element = etree.Element(_FAULT, nsmap={"soap": SOAP})
    etree.SubElement(element, "faultcode").text = f"soap:{fault.code}"
    etree.SubElement(element, "faultstring").text = markup.INVALID.sub("\ufffd", fault.text)
    return write(element)


def _open(content: bytes) -> tuple[Any, Any]:
    """(the element in the body, the header or None)."""
    try:
        markup.decode(content)
        root = markup.root(content)
    except ParseError as error:
        raise Fault("Client", f"the envelope cannot be read: {error}") from None
    name = etree.QName(root)
    if name.localname == "Envelope" and name.namespace != SOAP:
        raise Fault("VersionMismatch", f"expected an envelope of SOAP 1.1, in the namespace {SOAP}")
    parts = [child.tag for child in root]
    if root.tag != _ENVELOPE or parts not in ([_BODY], [_HEADER, _BODY]):
        raise Fault("Client", "expected a SOAP 1.1 Envelope with a Header and a Body")
    if len(root[-1]) != 1:
        raise Fault("Client", f"the Body holds {len(root[-1])} elements: expected one")
    return root[-1][0], root[0] if len(root) == 2 else None
