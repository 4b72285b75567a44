"""The flat format: one stay event a document, XML by `stay-event.xsd`. It is the project's own, and in Swedish, for
those who export it are Swedish systems."""

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from lxml import etree

from adapter.feeds import numbers
from adapter.feeds.events import GONE, Address, Kind, Person, Postal, Ready, RefusedEvent, StayEvent
from adapter.fhir import canonical, instants, markup
from adapter.support.errors import ParseError

NAMESPACE = "https://discharge-adapter.example/feed/handelse/1"
MEDIA_TYPE = "application/xml"
_NS = {"h": NAMESPACE}
_validating = Lock()
_SCHEMA = Path(__file__).with_name("stay-event.xsd")

_KINDS = {
    "inskrivning": Kind.ADMITTED,
    "andring": Kind.CHANGED,
    "behovBedomt": Kind.NEED_ASSESSED,
    "utskrivningsklar": Kind.READY,
    "ejUtskrivningsklar": Kind.NOT_READY,
    "forflyttning": Kind.TRANSFERRED,
    "utskrivning": Kind.DISCHARGED,
    "inskrivningMakulerad": Kind.ADMISSION_CANCELLED,
    "forflyttningMakulerad": Kind.TRANSFER_CANCELLED,
    "utskrivningMakulerad": Kind.DISCHARGE_CANCELLED,
}
_SYSTEMS = {
    "personnummer": canonical.PERSONNUMMER,
    "samordningsnummer": canonical.SAMORDNINGSNUMMER,
    "reservnummer": canonical.RESERVNUMMER,
}
_LEFT = {"hemmet": "home", "annatSjukhus": "transferred", "avliden": "died"}
_NEEDED = {
    Kind.ADMITTED: "inskriven",
    Kind.NEED_ASSESSED: "behov",
    Kind.READY: "utskrivningsklar",
    Kind.TRANSFERRED: "enhet",
    Kind.TRANSFER_CANCELLED: "enhet",
    Kind.DISCHARGED: "utskriven",
}
"""What an event of a kind is there to say."""


def read(body: bytes, environment: str) -> StayEvent:
    """The event in a document. Raises RefusedEvent where it is not one, or is not of this environment."""
    root = _root(body)
    control_id = _text(root, "handelseId") or ""
    try:
        return _event(root, control_id, environment)
    except RefusedEvent as refused:
        refused.control_id = control_id
        raise


def answer(control_id: str | None, refused: RefusedEvent | None, *, transient: bool = False) -> bytes:
    """The mottagningsbevis; `transient`: the same is to be sent again, unchanged, later."""
    root = etree.fromstring(f'<mottagningsbevis xmlns="{NAMESPACE}"/>')
    status = "mottaget" if refused is None else "tillfalligtFel" if transient else "avvisat"
    parts = [("handelseId", control_id), ("status", status)]
    if refused is not None:
        parts += [("orsak", refused.words), ("plats", refused.place or None)]
    for name, text in parts:
        if text:
            etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = text
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _root(body: bytes) -> etree._Element:
    try:
        markup.decode(body)
        root = markup.root(body)
    except ParseError as error:
        raise RefusedEvent(str(error), "207", reject=True) from error
    if root.tag != f"{{{NAMESPACE}}}handelse":
        words = f"is no stay event: expected the root element handelse in the namespace {NAMESPACE}"
        raise RefusedEvent(words, "200", reject=True)
    line = _wrong_line(root)
    if line is not None:
        raise RefusedEvent(f"is not as stay-event.xsd asks (line {line})", "102", _name(root, line))
    return root


def _wrong_line(root: etree._Element) -> int | None:
    """Where the document is first not as the schema asks; libxml2's own words may quote the content. The log is the
    schema's, which all threads share."""
    schema = _schema()
    with _validating:
        if schema.validate(root):
            return None
        log: Any = schema.error_log  # its stubs leave out that it is a list
        return int(log[0].line)


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_SCHEMA)))


def _name(root: etree._Element, line: int) -> str:
    """The element that begins on a line, where there is but one."""
    named = [each for each in root.iter() if str(each.sourceline) == str(line)]
    return etree.QName(named[0]).localname if len(named) == 1 else ""


def _event(root: etree._Element, control_id: str, environment: str) -> StayEvent:
    expected = "produktion" if environment == "production" else "test"
    if _text(root, "miljo") != expected:
        raise RefusedEvent(f"is of another environment: this one takes {expected}", "202", "miljo", reject=True)
    stay = root.find("h:vardtillfalle", _NS)
    assert stay is not None  # noqa: S101 - the schema has it
    kind = _KINDS[_text(root, "typ") or ""]
    needed = _NEEDED.get(kind)
    if needed is not None and stay.find(f"h:{needed}", _NS) is None:
        raise RefusedEvent("is missing: an event of this kind is there to say it", "101", needed)
    recorded = instants.parse(_text(root, "registrerad"))
    for name in ("inskriven", "utskriven", "beraknadUtskrivning", "behov/h:bedomt", "utskrivningsklar/h:bedomd"):
        written = _text(stay, name)
        if written and "T" in written and instants.parse(written) is None:
            raise RefusedEvent("is no point in time", "102", name.rpartition(":")[2])
    if recorded is None:
        raise RefusedEvent("is no point in time", "102", "registrerad")
    behov = _text(stay, "behov/h:finns")
    return StayEvent(
        control_id=control_id,
        kind=kind,
        stay=_text(stay, "vardtillfalleId") or "",
        recorded=recorded,
        person=_person(root.find("h:patient", _NS)),
        unit=_text(stay, "enhet"),
        admitted=_text(stay, "inskriven"),
        discharged=_text(stay, "utskriven"),
        estimated=_estimate(stay),
        needed=None if behov is None else behov.strip() in ("true", "1"),
        need_assessed=_text(stay, "behov/h:bedomt"),
        ready=_ready(stay, kind),
        left=_LEFT.get(_text(stay, "utskrivenTill") or ""),
        kommunkod=_text(root, "patient/h:kommunkod"),
        receivers=tuple(
            Address(_text(each, "hsaId"), _text(each, "kommunkod")) for each in root.iterfind("h:mottagare", _NS)
        ),
    )


def _estimate(stay: etree._Element) -> str | None:
    element = stay.find("h:beraknadUtskrivning", _NS)
    return None if element is None else (element.text or GONE).strip()


def _ready(stay: etree._Element, kind: Kind) -> Ready | None:
    at, by = _text(stay, "utskrivningsklar/h:bedomd"), _text(stay, "utskrivningsklar/h:avVem")
    return Ready(at, by) if at and by and kind is not Kind.NOT_READY else None


def _person(patient: etree._Element | None) -> Person | None:
    if patient is None:
        return None
    found = []
    for element in patient.iterfind("h:identitet", _NS):
        system = element.get("system", "").strip()
        if system not in _SYSTEMS and not system.startswith(("urn:", "http://", "https://")):
            words = f"has no known system: expected {', '.join(_SYSTEMS)} or a URI"
            raise RefusedEvent(words, "103", "identitet/@system")
        try:
            found.append(numbers.identifier(_SYSTEMS.get(system, system), (element.text or "").strip()))
        except numbers.NumberError as error:
            raise RefusedEvent(str(error), "102", "identitet") from error
    return Person(
        identifiers=tuple(dict.fromkeys(found)),
        family=_text(patient, "efternamn") or "",
        given=_texts(patient, "fornamn"),
        addresses=tuple(
            Postal(
                _texts(each, "rad"),
                _text(each, "postnummer") or "",
                _text(each, "postort") or "",
                special=each.get("typ") == "sarskildPostadress",
            )
            for each in patient.iterfind("h:adress", _NS)
        ),
        labels=frozenset(_texts(patient, "skydd")),
    )


def _text(parent: etree._Element, path: str) -> str | None:
    found = parent.findtext(f"h:{path}", None, _NS)
    return None if found is None else found.strip()


def _texts(parent: etree._Element, name: str) -> tuple[str, ...]:
    return tuple((each.text or "").strip() for each in parent.iterfind(f"h:{name}", _NS))
