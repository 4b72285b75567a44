"""Samordnad individuell planering: whether a plan may be shared, who calls to it, and how far it has come.

LAW (2017:612) 4:1–3; HSL 16:4; SoL (2025:400) 10:8–9. In compulsory psychiatric care the plan is a samordnad vårdplan
(SPLPTLRV; LPT 7 a §, LRV 12 a §), which does not rest on consent [interp].
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapter.discharge.facts import Fact, Recipient, standing, stays
from adapter.discharge.notices import OPEN_CARE, called_in_turn
from adapter.fhir.outcomes import Issue, Rule
from adapter.support.clock import from_micros

INVITATION, PLAN = "sip-invitation", "sip"
COERCIVE = "SPLPTLRV"
CONSENT = "plan_consent"
_CLOSED = frozenset({"completed", "revoked"})

PLAN_CONSENT = Rule(
    "discharge-plan-consent",
    "business-rule",
    "The plan is shared though the person does not consent to it, or no longer does (LAW 4:2).",
    "Send no plan without consent. A new consent goes with the plan that rests on it; what the person has said "
    "against it is told by a general-message with the Consent.",
)
PLAN_CONSENT_UNSAID = Rule(
    "discharge-plan-consent-unsaid",
    "business-rule",
    "The plan rests on consent (LAW 4:2), and no message of the case says that there is one.",
    "Send the Consent with the plan: given by the person, by the guardian of a child, or with why there can be none.",
    severity="warning",
)
INVITATION_SENDER = Rule(
    "discharge-invitation-sender",
    "business-rule",
    "The kallelse comes from another than region-financed open care, and the person is in inpatient care.",
    "Let the fast vårdkontakt in open care call (LAW 4:3): what the ward sends may not count as the kallelse of "
    "LAW 5:3.",
    severity="warning",
)
RULES = (PLAN_CONSENT, PLAN_CONSENT_UNSAID, INVITATION_SENDER)
"""The rules of this module, for the catalogue."""


class Gate(StrEnum):
    """Whether a plan may be drawn up and shared (LAW 4:2)."""

    CONSENTED = "consented"
    GUARDIAN = "guardian-consented"
    """the guardian of a person under 18"""
    UNABLE = "unable-to-consent"
    """the person cannot consent, and a plan is made all the same; why is documented with it"""
    EXEMPT = "exempt"
    """a plan of compulsory care does not rest on consent [interp]"""
    UNSAID = "unsaid"
    """nobody has said; a consent may be recorded elsewhere, so that a plan is warned of and not stopped [interp]"""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """what was shared stays where it is; from now on nothing more is"""

    @property
    def is_open(self) -> bool:
        """Whether a plan may be shared."""
        return self not in (Gate.REFUSED, Gate.WITHDRAWN)


_GATES = {
    "given": Gate.CONSENTED,
    "guardian": Gate.GUARDIAN,
    "unable": Gate.UNABLE,
    "refused": Gate.REFUSED,
    "withdrawn": Gate.WITHDRAWN,
}


def gate(plan_kind: str | None, consent: str | None) -> Gate:
    """By the kind of the plan and the latest word on the consent to it, each as `discharge.statements` reads it."""
    return Gate.EXEMPT if plan_kind == COERCIVE else _GATES.get(consent or "", Gate.UNSAID)


class Way(StrEnum):
    """By which of the three ways the person comes to the municipality's care; who calls follows from it."""

    PRIMARY_CARE = "primary-care"
    OUTPATIENT = "specialised-outpatient"
    DISCHARGE = "inpatient-discharge"


_CALLS = {
    Way.DISCHARGE: "fast vårdkontakt in open care (LAW 4:3)",
    Way.PRIMARY_CARE: "the responsible health centre",
    Way.OUTPATIENT: "the responsible clinic",
}


def way_in(stay: Iterable[Fact]) -> Way:
    """Of a stay: a referral says its way; whoever was admitted comes by a discharge."""
    said = None
    for fact in stay:
        if fact.event in _OF_A_STAY:
            return Way.DISCHARGE
        said = fact.statements.get("way_in", said)
    return Way(said) if said in (Way.PRIMARY_CARE, Way.OUTPATIENT) else Way.DISCHARGE


_OF_A_STAY = frozenset({"admission-notice", "admission-notice-update", "ready-for-discharge", "discharge-notice"})


@dataclass(frozen=True)
class Response:
    """What a party that was called has said: the status of its Task (None while it has said nothing), and when it sent
    its own part of the plan."""

    unit: str
    status: str | None
    contributed: datetime | None


@dataclass(frozen=True)
class Sip:
    """The planning of a stay as it is known. `calls` names whose it is to call. `adjusted` are the units that have sent
    a plan after the first, with the time of the latest: in compulsory care every unit adjusts its own part.
    `huvudmen` are the codes of those who answer for a measure, `overall` of who answers for the whole. `follow_up` is a
    date or an instant, as it was written."""

    way: Way
    gate: Gate
    calls: str
    called: datetime | None
    called_in_turn: bool | None
    responses: tuple[Response, ...]
    meeting: str | None
    plan_kind: str | None
    plan_status: str | None
    adjusted: tuple[tuple[str, datetime], ...]
    huvudmen: tuple[str, ...]
    overall: str | None
    follow_up: str | None

    @property
    def closed(self) -> bool:
        """Whether the plan is no longer in force."""
        return self.plan_status in _CLOSED


def of_case(facts: Iterable[Fact]) -> Sip:
    """The planning of a case's present stay."""
    stay = stays(facts)[-1]
    said = last_words(stay)
    times = {name: text for fact in stay for name, text in fact.instants.items()}
    calls = [fact for fact in stay if fact.event == INVITATION]
    plans = [fact for fact in stay if fact.event == PLAN]
    way = way_in(stay)
    turn = [called_in_turn(fact, in_hospital=way is Way.DISCHARGE) for fact in calls]
    return Sip(
        way=way,
        gate=gate(said.get("plan_kind"), said.get(CONSENT)),
        calls=_CALLS[way],
        called=from_micros(calls[0].happened_at) if calls else None,
        called_in_turn=any(turn) if calls else None,
        responses=_responses(calls, stay),
        meeting=times.get("sip_meeting"),
        plan_kind=said.get("plan_kind"),
        plan_status=said.get("plan_status"),
        adjusted=_adjusted(plans),
        huvudmen=tuple(said.get("plan_huvudmen", "").split()),
        overall=said.get("plan_overall"),
        follow_up=times.get("follow_up"),
    )


def _responses(calls: Iterable[Fact], stay: Sequence[Fact]) -> tuple[Response, ...]:
    called: dict[str, Recipient] = {each.unit: each for fact in calls for each in fact.recipients}
    asked = {task["identifier"] for fact in calls for task in fact.tasks}
    found = []
    for unit in called:
        own = [fact for fact in stay if fact.sender == unit]
        words = [task["status"] for fact in own for task in fact.tasks if task["identifier"] in asked]
        parts = [from_micros(fact.happened_at) for fact in own if fact.event == PLAN]
        found.append(Response(unit, words[-1] if words else None, parts[-1] if parts else None))
    return tuple(found)


def _adjusted(plans: Sequence[Fact]) -> tuple[tuple[str, datetime], ...]:
    return tuple({fact.sender: from_micros(fact.happened_at) for fact in plans[1:]}.items())


def last_words(facts: Iterable[Fact]) -> dict[str, str]:
    """The latest word on each statement, of facts in order."""
    said: dict[str, str] = {}
    for fact in facts:
        said |= fact.statements
    return said


def check(event: str, said: dict[str, str], at: int, earlier: Iterable[Fact], sender_kind: str) -> list[Issue]:
    """What is wrong with sending a plan or a kallelse now. `said` are the message's own statements, `at` its time in
    UTC microseconds, `earlier` the facts of its case, `sender_kind` as `facts.Fact` has it."""
    known = standing(earlier)
    if event == INVITATION:
        in_hospital = any(fact.event in _OF_A_STAY for fact in known)
        if in_hospital and sender_kind not in ("", OPEN_CARE):
            words = "a kallelse is sent by the fast vårdkontakt in region-financed open care, not by others (LAW 4:3)"
            return [INVITATION_SENDER.issue(words, "MessageHeader.sender")]
    if event != PLAN:
        return []
    found = gate(said.get("plan_kind"), consent(said, at, known))
    if not found.is_open:
        return [PLAN_CONSENT.issue(f"the latest word on the person's consent is: {found}", "CarePlan")]
    if found is Gate.UNSAID:
        return [PLAN_CONSENT_UNSAID.issue("no consent to the plan is said in the case: expected one", "CarePlan")]
    return []


def consent(said: dict[str, str], at: int, known: Iterable[Fact], name: str = CONSENT) -> str | None:
    """The latest word on a consent by the time of events: the message's own, unless a later one is known."""
    latest = max(((fact.happened_at, fact.statements[name]) for fact in known if name in fact.statements), default=None)
    if name in said and (latest is None or at >= latest[0]):
        return said[name]
    return None if latest is None else latest[1]
