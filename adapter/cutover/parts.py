"""What of a case is carried, message by message: each part with its event, its instant, its units and its content.

Pure: a case in, parts out. A part is written again, as a new revision, when its digest has changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from adapter.authoring.content import Content, Note
from adapter.authoring.content import Request as Referred
from adapter.authoring.planning import Contact
from adapter.authoring.stay import Ready as ReadyStay
from adapter.authoring.stay import StayChange
from adapter.cutover.case import Case, Request, digest
from adapter.fhir import instants

ADMISSION, REFERRAL, INFORMATION, READY, INVITATION, PLAN, DISCHARGE, NOTE = (
    "admission",
    "referral",
    "information",
    "ready",
    "invitation",
    "plan",
    "discharge",
    "note",
)
RECEIVE, ENROL, PARTICIPATE = "receive-patient", "receive-into-home-care", "participate-in-sip"
EVENTS = {
    ADMISSION: "admission-notice",
    REFERRAL: "home-care-referral",
    INFORMATION: "planning-information",
    READY: "ready-for-discharge",
    INVITATION: "sip-invitation",
    PLAN: "sip",
    DISCHARGE: "discharge-notice",
    NOTE: "general-message",
}
REVISED = {ADMISSION: "admission-notice-update"}
"""The event of a revision, where it is another than the first one's."""
_ASKED = "requested"
"""What a request was when the message that asked was sent; the answers are told by the note."""
CORRECTED = frozenset({REFERRAL, READY, INVITATION, DISCHARGE})
"""Parts whose revision stands in the place of the earlier message; the others are told anew."""
GONE = {READY: "ready-for-discharge-withdrawn"}
"""The event that takes a part back which the source no longer has; other parts are retracted."""


@dataclass(frozen=True)
class Part:
    """One message to be. `at` is when it was sent in the source system; `says` its content, `tasks` (code, request)
    what it asks; `stay` what is known of the stay by then; `digest` is of everything that it says."""

    name: str
    event: str
    at: str
    sender: str
    receivers: tuple[str, ...]
    stay: StayChange
    says: tuple[Content, ...]
    tasks: tuple[tuple[str, Request], ...]
    digest: str


@dataclass(frozen=True)
class Cut:
    """What of a case is carried: its parts in order, and what is left out, each with the reason."""

    parts: tuple[Part, ...]
    gaps: tuple[str, ...]


def identity(case: Case, receivers: frozenset[str]) -> str:
    """The digest of what a carried case cannot change by a further message: who, which stay, where, to whom."""
    asked = sorted(_asked(case, receivers))
    admitted = case.admission.admitted if case.admission else None
    return digest(sorted(case.person.identifiers), case.origin.unit, admitted, asked)


def cut(case: Case, source: str, taken: str, receivers: frozenset[str]) -> Cut:
    """The parts of a case for those of its units that work in the new system. `source` is the old system's name for
    people, `taken` when the export was taken."""
    gaps: list[str] = []
    asked = _asked(case, receivers)
    made = [part for make in _MAKERS for part in make(case, receivers if make is _invitation else asked, gaps)]
    first, *rest = made
    ordered = [first, *sorted(rest, key=lambda part: instant(part.at))]
    return Cut((*ordered, _note(case, source, taken, asked, gaps)), tuple(gaps))


def _asked(case: Case, receivers: frozenset[str]) -> frozenset[str]:
    """Those who are asked to receive the person: a unit that is only called to the meeting gets the kallelse alone."""
    return receivers & {request.unit for request in case.requests}


def blank(case: Case, name: str, at: str, sender: str, receivers: frozenset[str]) -> Part:
    """A part as it is taken back: whom it went to, and nothing of what it said."""
    return _part(replace(case, ready=None, discharge=None), name, at, sender, receivers, ())


Maker = Callable[[Case, frozenset[str], list[str]], Iterator[Part]]


def _admission(case: Case, receivers: frozenset[str], _gaps: list[str]) -> Iterator[Part]:
    known = case.admission
    if known is None:
        return
    asked = tuple((RECEIVE, Request(each.unit, _ASKED)) for each in case.requests if each.unit in receivers)
    yield _part(case, ADMISSION, known.sent, known.ward, receivers, (), asked, case.person)


def _referral(case: Case, receivers: frozenset[str], _gaps: list[str]) -> Iterator[Part]:
    known = case.referral
    if known is None:
        return
    asked = tuple((ENROL, Request(each.unit, _ASKED)) for each in case.requests if each.unit in receivers)
    says = tuple(
        Referred(request="home-care", of=each.unit, reason=known.reason, way_in=known.way_in, criteria=known.criteria)
        for _, each in asked
    )
    yield _part(case, REFERRAL, known.sent, known.unit, receivers, says, asked, case.person)


def _information(case: Case, receivers: frozenset[str], gaps: list[str]) -> Iterator[Part]:
    if case.information is None:
        return
    if _consent(case, "sharing") is False:
        gaps.append("underlag: the consent to share it was refused or withdrawn; the statutory notices go without one")
        return
    says: tuple[Content, ...] = case.information.sections
    team = (Contact(team=case.team),) if case.team else ()
    yield _part(case, INFORMATION, case.information.sent, case.origin.unit, receivers, (*says, *team))


def _ready(case: Case, receivers: frozenset[str], _gaps: list[str]) -> Iterator[Part]:
    if case.ready is None:
        return
    yield _part(case, READY, case.ready.sent, case.origin.unit, receivers, ())


def _invitation(case: Case, receivers: frozenset[str], gaps: list[str]) -> Iterator[Part]:
    found = case.invitation
    if found is None:
        return
    units = [each.unit for each in found.called if each.unit in receivers and each.unit != found.sender]
    called = tuple((PARTICIPATE, Request(unit, _ASKED)) for unit in units)
    if not units:
        gaps.append("kallelse: none of those who were called works in the new system")
        return
    yield _part(case, INVITATION, found.sent, found.sender, frozenset(units), (found.meeting,), called)


def _plan(case: Case, receivers: frozenset[str], gaps: list[str]) -> Iterator[Part]:
    found = case.plan
    if found is None:
        return
    consents = tuple(each for each in case.consents if each.consent == "sip")
    if found.plan.plan == "SIP" and not _consent(case, "sip"):
        gaps.append("plan: the export holds no consent that stands, and a SIP is shared only with one (LAW 4:2)")
        return
    yield _part(case, PLAN, found.sent, found.sender, receivers, (found.plan, *consents))


def _consent(case: Case, kind: str) -> bool | None:
    """Whether the last word on a consent is that it is given; None where nothing was said."""
    said = sorted((each for each in case.consents if each.consent == kind), key=lambda each: instant(each.at))
    return said[-1].given and not said[-1].withdrawn if said else None


def _discharge(case: Case, receivers: frozenset[str], _gaps: list[str]) -> Iterator[Part]:
    found = case.discharge
    if found is None:
        return
    yield _part(case, DISCHARGE, found.sent, case.origin.unit, receivers, ())


_MAKERS: tuple[Maker, ...] = (_admission, _referral, _information, _ready, _invitation, _plan, _discharge)


def _note(case: Case, source: str, taken: str, receivers: frozenset[str], gaps: list[str]) -> Part:
    """Says to those who take over where the case comes from, that its chain begins anew, and what is missing; with it
    go what was answered, the consents, and the contacts where no planning information holds them."""
    lines = [
        f"Ärendet är övertaget från {source}, enligt uttag {taken}.",
        f"Ärendets nummer i {source}: {case.key}.",
        f"Meddelandekedjan börjar om här: tidigare meddelanden finns i {source}.",
        *(f"Inte övertaget: {gap}." for gap in _told(gaps)),
    ]
    asked = [(_asks(case), request) for request in case.requests if request.unit in receivers]
    if case.invitation is not None:
        called = (each for each in case.invitation.called if each.unit != case.invitation.sender)
        asked += [(PARTICIPATE, each) for each in called if each.unit in receivers]
    says: tuple[Content, ...] = (Note(note="\n".join(lines), subject=f"Övertaget från {source}"), *case.consents)
    if case.information is None and case.team:
        says = (*says, Contact(team=case.team))
    told = digest(says[1:], asked, gaps)  # another export's time is no news by itself
    part = _part(case, NOTE, taken, case.origin.unit, receivers, says, tuple(asked))
    return replace(part, digest=told)


_SWEDISH = {
    "kallelse": "kallelsen (ingen av de kallade arbetar i det nya systemet)",
    "plan": "planen (samtycke saknas i uttaget)",
    "underlag": "planeringsunderlaget (samtycke till informationsdelning har nekats eller återkallats)",
}


def _told(gaps: list[str]) -> list[str]:
    return [_SWEDISH[gap.partition(":")[0]] for gap in gaps]


def _stay(case: Case, name: str, at: str) -> StayChange:
    """What a part says of the stay: what had been told by then."""
    known = case.admission
    if known is None:
        return StayChange()
    if name == ADMISSION:
        need = known.need_assessed
        return StayChange(admitted=known.admitted, need_assessed=need, estimated_discharge=known.estimate)
    ready, discharge = case.ready, case.discharge
    told: dict[str, object] = {}
    if ready and instant(ready.sent) <= instant(at):
        told["ready"] = ReadyStay(at=ready.assessed, by=ready.assessor)
    if discharge and instant(discharge.sent) <= instant(at):
        told |= {"discharged": discharge.at, "left": discharge.left}
    stay = StayChange(admitted=known.admitted, estimated_discharge=known.estimate, placed_by=known.placed_by)
    return stay.model_copy(update=told)


def _part(
    case: Case,
    name: str,
    at: str,
    sender: str,
    receivers: frozenset[str],
    says: tuple[Content, ...],
    tasks: tuple[tuple[str, Request], ...] = (),
    *more: object,
) -> Part:
    to = tuple(sorted(receivers - {sender}))
    asked = tasks or tuple((_asks(case), each) for each in case.requests if each.unit in to)
    stay = _stay(case, name, at)
    told = digest(at, sender, stay if name in (ADMISSION, READY, DISCHARGE) else None, says, *more)
    if name == INVITATION:
        told = digest(told, tasks)
    return Part(name, EVENTS[name], at, sender, to, stay, says, asked, told)


def _asks(case: Case) -> str:
    """What the receiving unit is asked."""
    return ENROL if case.referral else RECEIVE


def instant(text: str) -> datetime:
    found = instants.parse(text)
    if found is None:  # the form is right, the day is none: 31 February
        raise ValueError("an instant names a day or time that is not in the calendar")
    return found
