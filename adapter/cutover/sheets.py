"""What of a case stands on the worklist: only what has to be typed, in the words of the export.

Of a protected person nothing is told that says anything of a place: that is taken from the old system.
"""

from collections.abc import Callable, Iterator

from adapter.cutover import convert
from adapter.cutover.case import Admission, Case, Referral, Request
from adapter.fhir import instants
from adapter.fhir.canonical import PERSONNUMMER, SAMORDNINGSNUMMER
from adapter.support.clock import STOCKHOLM

_KINDS = {PERSONNUMMER: "Personnummer", SAMORDNINGSNUMMER: "Samordningsnummer"}
_WORDS = {
    "annanVardenhet": "annan vårdenhet",
    "begard": "begärd",
    "egenvard": "egenvård",
    "ejPaborjad": "ej påbörjad",
    "fastVardkontakt": "fast vårdkontakt",
    "felMottagare": "fel mottagare",
    "gallande": "gällande",
    "hjalpmedel": "hjälpmedel",
    "inteAnsvarig": "inte ansvarig",
    "kanInteTaEmot": "kan inte ta emot",
    "kommunHsl": "kommun HSL",
    "kommunSol": "kommun SoL",
    "lakemedel": "läkemedel",
    "medicinskBehandlingsplan": "medicinsk behandlingsplan",
    "mobiltTeam": "mobilt team",
    "omvardnadsbehov": "omvårdnadsbehov",
    "ovrigt": "övrigt",
    "pagaende": "pågående",
    "patientsakerhetsbedomd": "patientsäkerhetsbedömd",
    "patientenTackarNej": "patienten tackar nej",
    "samordnadVardplan": "samordnad vårdplan",
    "samtyckeSaknas": "samtycke saknas",
    "sip": "SIP",
    "skyddadFolkbokforing": "skyddad folkbokföring",
    "uppfoljning": "uppföljning",
    "uppgifterSaknas": "uppgifter saknas",
    "specialiseradOppenvard": "specialiserad öppenvård",
    "primarvard": "primärvård",
    "identifieradRisk": "identifierad risk",
    "psykiatriskVardIHemmet": "psykiatrisk vård i hemmet",
    "utford": "utförd",
    "vardorsak": "vårdorsak",
}
"""Words of the export as people write them, where that differs."""
Fields = list[tuple[str, str]]
Group = tuple[str, Fields]
Name = Callable[[str], str]
"""From a unit's HSA-id to the name that people read."""


def hidden(case: Case) -> Iterator[Group]:
    """What of a protected person's case says nothing of a place."""
    yield "Person", [*numbers(case), ("Namn", _name(case)), ("Skyddsmarkering", _labels(case))]
    times = [("Inskriven", local(case.admission.admitted))] if case.admission else [("Remiss", local(case.origin.sent))]
    estimate = case.admission.estimate if case.admission else None
    times += [("Beräknad utskrivning", local(estimate))] if estimate else []
    times += [("Utskrivningsklar, bedömd", local(case.ready.assessed))] if case.ready else []
    times += [("Kallelse, start", local(case.invitation.meeting.start))] if case.invitation else []
    yield "Tider", times
    yield "Övrigt", [("Enhet, adress, kontakter, texter", "hämtas i det gamla systemet")]


def whole(case: Case, unit_name: Name) -> Iterator[Group]:
    """Everything of a case, in the order in which it came about."""
    person = [*numbers(case), ("Namn", _name(case))]
    person += [
        ("Adress", "\n".join((*address.line, f"{address.postal_code} {address.city}")))
        for address in case.person.addresses
    ]
    person += [("Skyddsmarkering", _labels(case))] if case.person.labels else []
    yield "Person", person
    if case.admission is not None:
        yield "Inskrivningsmeddelande", _admission(case.admission, unit_name)
    if case.referral is not None:
        yield "Överföring till hälso- och sjukvård i hemmet", _referral(case.referral, unit_name)
    for request in case.requests:
        yield "Begäran om mottagande", _request(request, unit_name)
    if case.team:
        roles = ((_swedish("rollTyp", each.role), f"{each.name}, {unit_name(each.unit)}") for each in case.team)
        yield "Kontakter", list(roles)
    if case.information is not None:
        sections = [(_swedish("avsnittKodTyp", each.section), each.text) for each in case.information.sections]
        yield "Planeringsunderlag", [("Skickat", local(case.information.sent)), *sections]
    if case.ready is not None:
        ready = case.ready
        times = [("Bedömd", local(ready.assessed)), ("Av", ready.assessor), ("Skickat", local(ready.sent))]
        yield "Utskrivningsklar", times
    yield from _meeting(case, unit_name)
    for consent in case.consents:
        answer = "återkallat" if consent.withdrawn else "medger" if consent.given else "medger inte"
        more = [("Motivering", consent.why or ""), ("Lämnat av", consent.guardian or "")]
        known = [("Beslut", answer), ("Registrerat", local(consent.at)), *(pair for pair in more if pair[1])]
        yield consent.text, known
    yield from _plan(case, unit_name)
    if case.discharge is not None:
        left = _swedish("utskrivenTillTyp", case.discharge.left) if case.discharge.left else ""
        times = [("Tid", local(case.discharge.at)), ("Till", left), ("Skickat", local(case.discharge.sent))]
        yield "Utskrivningsmeddelande", [pair for pair in times if pair[1]]


def _referral(known: Referral, unit_name: Name) -> Fields:
    return [
        ("Från", unit_name(known.unit)),
        ("Skickat", local(known.sent)),
        ("Väg in", _swedish("vagTyp", known.way_in)),
        ("Orsak", known.reason),
        *(("Kriterium", _swedish("kriteriumTyp", each)) for each in known.criteria),
    ]


def _admission(known: Admission, unit_name: Name) -> Fields:
    found = [
        ("Enhet", unit_name(known.ward)),
        ("Inskriven", local(known.admitted)),
        ("Behov bedömt", local(known.need_assessed)),
        ("Beräknad utskrivning", local(known.estimate)),
        ("Placerande kommun", known.placed_by or ""),
        ("Skickat", local(known.sent)),
    ]
    return [pair for pair in found if pair[1]]


def _request(request: Request, unit_name: Name) -> Fields:
    found = [
        ("Enhet", unit_name(request.unit)),
        ("Status", _swedish("begaranStatusTyp", request.status)),
        ("Orsak", _swedish("orsakTyp", request.reason) if request.reason else ""),
        ("Text", request.text or ""),
    ]
    return [pair for pair in found if pair[1]]


def _meeting(case: Case, unit_name: Name) -> Iterator[Group]:
    if case.invitation is None:
        return
    meeting, called = case.invitation.meeting, case.invitation.called
    found = [
        ("Från", unit_name(case.invitation.sender)),
        ("Skickat", local(case.invitation.sent)),
        ("Typ", _swedish("motestypTyp", meeting.meeting)),
        ("Start", local(meeting.start)),
        ("Slut", local(meeting.end)),
        ("Plats", meeting.place or ""),
        ("Beskrivning", meeting.description or ""),
        *(("Kallad", f"{unit_name(each.unit)}: {_swedish('begaranStatusTyp', each.status)}") for each in called),
        *(("Inbjuden", each) for each in meeting.invited),
    ]
    yield "Kallelse", [pair for pair in found if pair[1]]


def _plan(case: Case, unit_name: Name) -> Iterator[Group]:
    if case.plan is None:
        return
    plan = case.plan.plan
    found = [
        ("Från", unit_name(case.plan.sender)),
        ("Skickat", local(case.plan.sent)),
        ("Typ", _swedish("plantypTyp", plan.plan)),
        ("Titel", plan.title),
        ("Status", _swedish("planstatusTyp", plan.status)),
        ("Sammanfattning", plan.description or ""),
        ("Gäller", " – ".join(plan.period) if plan.period else ""),
        ("Uppföljning", local(plan.follow_up)),
        ("Huvudansvarig", _swedish("huvudmanTyp", plan.overall) if plan.overall else ""),
        *((f"Mål {number}", _ranked(goal.text, goal.priority)) for number, goal in enumerate(plan.goals, start=1)),
    ]
    for measure in plan.measures:
        parts = [_ranked(measure.text, measure.priority), unit_name(measure.by) if measure.by else ""]
        parts += [_swedish("huvudmanTyp", measure.huvudman) if measure.huvudman else ""]
        parts += [f"mål {measure.goal}" if measure.goal else "", _swedish("insatsstatusTyp", measure.status)]
        found.append(("Insats", "\n".join(part for part in parts if part)))
    yield "Plan", [pair for pair in found if pair[1]]


def _ranked(text: str, priority: int | None) -> str:
    return f"{text} (prioritet {priority})" if priority else text


def numbers(case: Case) -> Fields:
    """The person's numbers."""
    return [(_KINDS.get(system, "Reservnummer"), value) for system, value in case.person.identifiers]


def _name(case: Case) -> str:
    return f"{case.person.family}, {' '.join(case.person.given)}"


def _swedish(kind: str, code: str) -> str:
    """The word for a code."""
    word = next((word for word, ours in convert.CODES[kind].items() if ours == code), code)
    return _WORDS.get(word, word)


def _labels(case: Case) -> str:
    return ", ".join(_WORDS.get(label, label) for label in case.person.labels)


def local(text: str | None) -> str:
    """An instant in Swedish time; a day as it is."""
    at = instants.parse(text)
    return (text or "") if at is None else at.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M")
