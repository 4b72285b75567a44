"""From a case element that follows the schema to a `Case`. Swedish codes are those of the export's XSD."""

from typing import Any

from pydantic import ValidationError

from adapter.authoring.content import Section
from adapter.authoring.parties import REGISTERED, SPECIAL, Address, Person
from adapter.authoring.planning import CareContact, Consent, Goal, Measure, Meeting, Plan
from adapter.cutover.case import (
    PROTECTED,
    Admission,
    Case,
    Discharge,
    HeldPlan,
    Information,
    Invitation,
    Ready,
    Referral,
    Request,
)
from adapter.cutover.schema import schema
from adapter.fhir.canonical import PERSONNUMMER, RESERVNUMMER, SAMORDNINGSNUMMER

_NUMBERS = {"personnummer": PERSONNUMMER, "samordningsnummer": SAMORDNINGSNUMMER, "reservnummer": RESERVNUMMER}
CODES = {
    "begaranStatusTyp": {
        "begard": "requested",
        "mottagen": "received",
        "accepterad": "accepted",
        "avvisad": "rejected",
        "pagaende": "in-progress",
    },
    "orsakTyp": {
        "felMottagare": "wrong-recipient",
        "kanInteTaEmot": "no-capacity",
        "uppgifterSaknas": "information-missing",
        "inteAnsvarig": "not-responsible",
        "patientenTackarNej": "patient-declined",
        "samtyckeSaknas": "consent-missing",
        "annat": "other",
    },
    "rollTyp": {
        "fastVardkontakt": "fast-vardkontakt",
        "huvudansvarig": "main-responsible",
        "kontaktperson": "contact-person",
        "utskrivningssamordnare": "discharge-coordinator",
        "mobiltTeam": "mobile-team",
    },
    "avsnittKodTyp": {
        "vardorsak": "reason-for-care",
        "omvardnadsbehov": "care-needs",
        "lakemedel": "medication",
        "hemsituation": "home-situation",
        "hjalpmedel": "assistive-devices",
        "rehabilitering": "rehabilitation",
        "egenvard": "self-care",
        "nutrition": "nutrition",
        "ventilator": "ventilator",
        "trakeostomi": "tracheostomy",
        "medicinskBehandlingsplan": "medical-treatment-plan",
        "uppfoljning": "follow-up",
        "ovrigt": "other",
    },
    "motestypTyp": {"sip": "sip", "samordnadVardplan": "coordinated-care-plan", "uppfoljning": "follow-up"},
    "samtyckestypTyp": {"sip": "sip", "informationsdelning": "sharing"},
    "grundTyp": {"personen": "person", "vardnadshavare": "guardian", "kanInteSamtycka": "unable"},
    "plantypTyp": {"sip": "SIP", "samordnadVardplan": "SPLPTLRV"},
    "planstatusTyp": {"utkast": "draft", "gallande": "active", "vilande": "on-hold"},
    "huvudmanTyp": {
        "region": "region",
        "kommunSol": "municipality-sol",
        "kommunHsl": "municipality-hsl",
        "annan": "other",
        "patienten": "person",
    },
    "insatsstatusTyp": {
        "ejPaborjad": "not-started",
        "planerad": "scheduled",
        "pagaende": "in-progress",
        "vilande": "on-hold",
        "utford": "completed",
    },
    "vagTyp": {"primarvard": "primary-care", "specialiseradOppenvard": "specialised-outpatient"},
    "kriteriumTyp": {
        "samordningsbehov": "coordination-need",
        "identifieradRisk": "identified-risk",
        "patientsakerhetsbedomd": "patient-safety-assessed",
        "vuxen": "adult",
        "psykiatriskVardIHemmet": "psychiatric-care-at-home",
    },
    "utskrivenTillTyp": {"hemmet": "home", "annanVardenhet": "transferred", "avliden": "died"},
}
"""Code type of the XSD → its codes → ours."""
_CONSENT = {"sip": "Samtycke till samordnad individuell plan", "sharing": "Samtycke till informationsdelning"}


class _Element:
    """An element whose schema is known to hold."""

    def __init__(self, element: Any) -> None:
        self._element = element

    def text(self, name: str) -> str | None:
        child = self._element.find(schema().tag(name))
        return None if child is None else (child.text or "")

    def must(self, name: str) -> str:
        return self.text(name) or ""

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple((child.text or "") for child in self._element.findall(schema().tag(name)))

    def code(self, name: str, kind: str) -> str | None:
        return CODES[kind].get(self.text(name) or "")

    def number(self, name: str) -> int | None:
        text = self.text(name)
        return int(text) if text else None

    def one(self, name: str) -> "_Element | None":
        child = self._element.find(schema().tag(name))
        return None if child is None else _Element(child)

    def only(self, name: str) -> "_Element":
        return _Element(self._element.find(schema().tag(name)))

    def all(self, name: str) -> "list[_Element]":
        return [_Element(child) for child in self._element.findall(schema().tag(name))]


def case(element: Any) -> Case:
    """The case. Raises ValueError, in words without values, where its parts do not fit together."""
    root = _Element(element)
    try:
        return _case(root)
    except ValidationError as error:
        raise ValueError(f"{error.errors()[0]['loc']}: not of the expected form") from None


def _case(root: _Element) -> Case:
    person = _person(root.only("person"))
    if not person.identifiers:
        raise ValueError("person: expected personnummer, samordningsnummer or reservnummer")
    ready, discharge = root.one("utskrivningsklar"), root.one("utskriven")
    requests = _requests(root.all("begaran"), "begaran")
    referral = _referral(root, len(requests))
    information = root.one("underlag")
    return Case(
        key=root.must("nyckel"),
        municipality=root.must("kommun"),
        person=person,
        admission=None if referral else _admission(root),
        referral=referral,
        requests=requests,
        case_id=root.text("arendeId"),
        stay_id=root.text("vistelseId"),
        team=tuple(
            CareContact(
                name=each.must("namn"), unit=each.must("enhet"), role=each.code("roll", "rollTyp") or "contact-person"
            )
            for each in root.all("vardkontakt")
        ),
        information=_information(information) if information else None,
        ready=Ready(ready.must("bedomd"), ready.must("bedomare"), ready.must("skickat")) if ready else None,
        invitation=_invitation(called) if (called := root.one("kallelse")) else None,
        consents=tuple(_consent(each) for each in root.all("samtycke")),
        plan=_plan(held) if (held := root.one("plan")) else None,
        discharge=_discharge(discharge) if discharge else None,
    )


def _admission(root: _Element) -> Admission:
    stay, notice = root.one("vistelse"), root.one("inskrivningsmeddelande")
    if stay is None or notice is None:
        name = "vistelse" if stay is None else "inskrivningsmeddelande"
        raise ValueError(f"{name}: is missing; a case without a stay in hospital has remiss in its place")
    return Admission(
        ward=stay.must("enhet"),
        admitted=stay.must("inskriven"),
        sent=notice.must("skickat"),
        need_assessed=stay.text("behovBedomt"),
        estimate=stay.text("beraknadUtskrivning"),
        placed_by=stay.text("placerandeKommun"),
    )


def _referral(root: _Element, asked: int) -> Referral | None:
    """How a case without a stay in hospital began; None for a case with one."""
    element = root.one("remiss")
    if element is None:
        return None
    for name in ("vistelse", "inskrivningsmeddelande", "utskrivningsklar", "utskriven"):
        if root.one(name) is not None:
            raise ValueError(f"{name}: expected none, for a case with remiss is one without a stay in hospital")
    if asked != 1:
        raise ValueError("begaran: expected one, for a remiss goes to one unit")
    return Referral(
        unit=element.must("enhet"),
        sent=element.must("skickat"),
        way_in=element.code("vag", "vagTyp") or "",
        reason=element.must("orsak"),
        criteria=tuple(CODES["kriteriumTyp"][each] for each in element.texts("kriterium")),
    )


def _person(element: _Element) -> Person:
    numbers = ((system, element.text(name)) for name, system in _NUMBERS.items())
    labels = tuple(sorted(set(element.texts("skydd"))))
    # where a protected person is registered is told to nobody, though the export may hold it
    registered = None if PROTECTED in labels else element.one("adress")
    addresses = ((REGISTERED, registered), (SPECIAL, element.one("sarskildPostadress")))
    return Person(
        identifiers=tuple((system, value) for system, value in numbers if value),
        family=element.must("efternamn"),
        given=element.texts("fornamn"),
        addresses=tuple(
            Address(kind, each.texts("rad"), each.must("postnummer"), each.must("ort"))
            for kind, each in addresses
            if each
        ),
        labels=labels,
    )


def _requests(elements: list[_Element], name: str) -> tuple[Request, ...]:
    found = tuple(
        Request(
            each.must("enhet"),
            each.code("status", "begaranStatusTyp") or "requested",
            each.code("orsak", "orsakTyp"),
            each.text("text"),
        )
        for each in elements
    )
    if len({request.unit for request in found}) < len(found):
        raise ValueError(f"{name}: the same unit stands twice; expected once")
    if any(request.status == "rejected" and request.reason is None for request in found):
        raise ValueError(f"{name}: avvisad without orsak; expected why it was refused")
    return found


def _information(element: _Element) -> Information:
    sections = (
        Section(section=each.code("kod", "avsnittKodTyp") or "other", text=each.must("text"))
        for each in element.all("avsnitt")
    )
    return Information(element.must("skickat"), tuple(sections))


def _invitation(element: _Element) -> Invitation:
    called = _requests(element.all("kallad"), "kallelse/kallad")
    meeting = Meeting.model_validate(
        {
            "meeting": element.code("typ", "motestypTyp"),
            "start": element.must("start"),
            "end": element.must("slut"),
            "description": element.text("beskrivning"),
            "place": element.text("plats"),
            "summoned": tuple(request.unit for request in called),
            "invited": element.texts("inbjuden"),
        }
    )
    return Invitation(element.must("fran"), element.must("skickat"), meeting, called)


def _consent(element: _Element) -> Consent:
    kind, decision = element.code("typ", "samtyckestypTyp"), element.must("beslut")
    return Consent.model_validate(
        {
            "consent": kind,
            "at": element.must("registrerat"),
            "text": _CONSENT[kind or "sip"],
            "given": decision != "medgerInte",
            "withdrawn": decision == "aterkallat",
            "basis": element.code("grund", "grundTyp"),
            "why": element.text("motivering"),
            "guardian": element.text("lamnatAv"),
        }
    )


def _plan(element: _Element) -> HeldPlan:
    goals = tuple(Goal(text=each.must("text"), priority=each.number("prioritet")) for each in element.all("mal"))
    measures = tuple(
        Measure(
            text=each.must("text"),
            by=each.text("ansvarig"),
            huvudman=each.code("huvudman", "huvudmanTyp"),
            goal=each.number("avserMal"),
            priority=each.number("prioritet"),
            status=each.code("status", "insatsstatusTyp") or "not-started",
        )
        for each in element.all("insats")
    )
    if any(measure.goal and measure.goal > len(goals) for measure in measures):
        raise ValueError(f"plan/insats/avserMal: there are {len(goals)} goals; expected the number of one of them")
    period = element.one("galler")
    plan = Plan.model_validate(
        {
            "plan": element.code("typ", "plantypTyp"),
            "title": element.must("titel"),
            "measures": measures,
            "description": element.text("sammanfattning"),
            "goals": goals,
            "status": element.code("status", "planstatusTyp"),
            "period": (period.must("fran"), period.must("till")) if period else None,
            "follow_up": element.text("uppfoljning"),
            "overall": element.code("huvudansvarig", "huvudmanTyp"),
        }
    )
    return HeldPlan(element.must("fran"), element.must("skickat"), plan)


def _discharge(element: _Element) -> Discharge:
    return Discharge(element.must("tid"), element.must("skickat"), element.code("till", "utskrivenTillTyp"))
