"""The notices of the present stay as the duties and the payment clock read them: what was sent to whom, and when.

An instant later than the message that states it is flagged and not computed with. Instants are aware UTC.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from adapter.discharge import calendar
from adapter.discharge.agreement import Agreement, Sent
from adapter.discharge.facts import Fact, Recipient, stays
from adapter.fhir import instants
from adapter.support.clock import from_micros

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a sender's clock may be ahead before its instants are no longer computed with."""
_YEARS = range(1900, 2200)
"""Years that can be meant: others cannot all be counted in."""
MUNICIPALITY = "municipality"
OPEN_CARE = "open-care"


@dataclass(frozen=True)
class Notice:
    """The first time that one receiver was sent one kind of notice. `sent` by the agreement's reading of the word; None
    while it has not been sent in that sense."""

    fact: Fact
    recipient: Recipient
    sent: datetime | None

    @property
    def read(self) -> datetime | None:
        """When somebody there had read it (kvittens)."""
        return _instant(self.recipient.read_at)


@dataclass(frozen=True)
class ChangedEstimate:
    """Another estimate of the discharge than that of the admission notice: when it was first said, and when each unit
    was first told of it."""

    at: datetime
    sent: dict[str, datetime]

    def told(self, unit: str) -> datetime | None:
        """When a unit was told; None where it was not."""
        return self.sent.get(unit)


class Notices:
    """What stands of one stay, under one agreement, as it is known at `now` (aware)."""

    def __init__(self, stay: Sequence[Fact], agreement: Agreement, now: datetime) -> None:
        self._facts = stay
        self.agreement = agreement
        self.now = now

    @classmethod
    def of(cls, facts: Iterable[Fact], agreement: Agreement, now: datetime) -> "Notices":
        """Those of a case's present stay."""
        return cls(stays(facts)[-1], agreement, now)

    @cached_property
    def admissions(self) -> list[Notice]:
        """Admission notices."""
        return self._first_to_each(self._of("admission-notice"))

    @cached_property
    def ready(self) -> list[Notice]:
        """Notices of utskrivningsklar since the last one that was withdrawn."""
        standing: list[Fact] = []
        for fact in self._facts:
            if fact.event == "ready-for-discharge-withdrawn":
                standing = []
            elif fact.event == "ready-for-discharge":
                standing.append(fact)
        return self._first_to_each(standing)

    @cached_property
    def invitations(self) -> list[Notice]:
        """Kallelser to the SIP."""
        return self._first_to_each(self._of("sip-invitation"))

    @property
    def calls(self) -> list[Notice]:
        """The kallelser of those whose it was to call: in a discharge of region-financed open care (LAW 4:3)."""
        return [each for each in self.invitations if called_in_turn(each.fact, in_hospital=bool(self.admissions))]

    @cached_property
    def discharges(self) -> list[Notice]:
        """Notices of the discharge."""
        return self._first_to_each(self._of("discharge-notice"))

    @property
    def notified(self) -> frozenset[str]:
        """The kommunkoder of the municipalities that were sent the admission notice."""
        codes = (each.recipient.kommunkod for each in self.admissions if each.recipient.kind == MUNICIPALITY)
        return frozenset(code for code in codes if code)

    def admission_to(self, kommunkod: str) -> list[Notice]:
        """Admission notices that have been sent to a municipality."""
        return [each for each in self.admissions if _to(each, kommunkod) and each.sent]

    def ready_to(self, kommunkod: str) -> list[Notice]:
        """Standing ready notices that have been sent to units of a municipality."""
        return [each for each in self.ready if _to(each, kommunkod) and each.sent]

    def admission_late(self, kommunkod: str) -> bool:
        """Whether the municipality got no admission notice within its time (LAW 2:3)."""
        sent = first_sent(self.admission_to(kommunkod))
        return sent is not None and self.admission_due is not None and sent > self.admission_due

    @property
    def need(self) -> tuple[datetime | None, tuple[str, ...]]:
        """What the 24 hours count from (LAW 2:3): the admission, or the need's assessment where that came later."""
        admitted, flags = self.latest("admission")
        assessed, more = self.latest("need_assessed")
        if admitted is None or more:
            return None, (*flags, *more)
        return max(admitted, assessed or admitted), flags

    @property
    def admission_due(self) -> datetime | None:
        """The last instant that is in time for the admission notice."""
        start, _ = self.need
        return start + self.agreement.notice_within if start else None

    @property
    def invitation_due(self) -> tuple[datetime | None, tuple[str, ...]]:
        """The first instant that is too late for the kallelse (LAW 4:3), with a flag where it moved to a weekday."""
        start = first_sent(self.ready)
        if start is None:
            return None, ()
        last = calendar.days_after(calendar.local_date(start), self.agreement.invitation_days)
        moved = calendar.weekday_for_act(last) if self.agreement.invitation_moves_to_weekday else last
        return calendar.end_of(moved), ("moved-to-weekday",) if moved != last else ()

    @property
    def invitation_late(self) -> bool:
        """Whether the kallelse came after its time."""
        due, sent = self.invitation_due[0], first_sent(self.calls)
        return due is not None and sent is not None and sent >= due

    @property
    def discharge_stated(self) -> tuple[datetime | None, tuple[str, ...]]:
        """When the patient left, and a flag where what was said cannot be true."""
        return self.latest("discharge")

    @property
    def discharge(self) -> datetime | None:
        """When the patient left."""
        return self.discharge_stated[0]

    @property
    def changed_estimate(self) -> ChangedEstimate | None:
        """The latest estimate, where another one was said before it; None where none has changed."""
        said = [fact for fact in self._facts if "estimated_discharge" in fact.instants]
        if not said or said[0].instants["estimated_discharge"] == said[-1].instants["estimated_discharge"]:
            return None
        latest = said[-1].instants["estimated_discharge"]
        since = len(said) - 1
        while since and said[since - 1].instants["estimated_discharge"] == latest:
            since -= 1
        sent: dict[str, datetime] = {}
        for fact in said[since:]:
            for notice in self._first_to_each([fact]):
                if notice.sent is not None:
                    sent.setdefault(notice.recipient.unit, notice.sent)
        return ChangedEstimate(from_micros(said[since].happened_at), sent)

    @property
    def follow_up(self) -> date | None:
        """The day on which the plan in force is to be followed up, by the latest plan that says one."""
        said = next((fact.instants["follow_up"] for fact in reversed(self._facts) if "follow_up" in fact.instants), "")
        instant = instants.parse(said)
        try:
            day = date.fromisoformat(said) if instant is None else instant.date()
        except ValueError:
            return None
        if day.year not in _YEARS:
            return None
        return day if instant is None else calendar.local_date(instant)

    @property
    def follow_up_set(self) -> datetime | None:
        """When the latest plan that names a day for its follow-up was sent, by its sender's clock."""
        said = (fact for fact in reversed(self._facts) if "follow_up" in fact.instants)
        return next((from_micros(fact.happened_at) for fact in said), None)

    def plan_after(self, day: date) -> datetime | None:
        """When a plan was first sent, or closed, on a local day or after it."""
        plans = (from_micros(fact.happened_at) for fact in self._facts if "plan_status" in fact.statements)
        return next((each for each in plans if calendar.local_date(each) >= day), None)

    @property
    def first_active_plan(self) -> datetime | None:
        """When a plan was first said to be active, by its sender's clock."""
        active = (fact for fact in self._facts if fact.statements.get("plan_status") == "active")
        return next((from_micros(fact.happened_at) for fact in active), None)

    def first_event(self, event: str) -> datetime | None:
        """When the first message of an event was accepted."""
        return next((_instant(fact.accepted_at) for fact in self._of(event)), None)

    def answered(self, unit: str, statuses: Collection[str]) -> datetime | None:
        """When a unit first gave a Task one of the statuses, by its own clock."""
        for fact in self._facts:
            if fact.sender == unit and any(task["status"] in statuses for task in fact.tasks):
                return from_micros(fact.happened_at)
        return None

    def spoke_since(self, notice: Notice) -> datetime | None:
        """When the receiver of a notice first sent anything after it, by its own clock."""
        unit, since = notice.recipient.unit, notice.fact.happened_at
        later = (fact for fact in self._facts if fact.sender == unit and fact.happened_at >= since)
        return next((from_micros(fact.happened_at) for fact in later), None)

    def said_by_unit(self, name: str) -> dict[str, list[Fact]]:
        """The facts that make a statement, by who made it."""
        found: dict[str, list[Fact]] = {}
        for fact in self._facts:
            if name in fact.statements:
                found.setdefault(fact.sender, []).append(fact)
        return found

    @property
    def without_plan(self) -> bool:
        """Whether no SIP is to be held: none is needed, or the person does not want one (LAW 4:1–2)."""
        return self.said("plan") == "not-needed" or self.said("plan_consent") in ("refused", "withdrawn")

    def latest(self, name: str) -> tuple[datetime | None, tuple[str, ...]]:
        """The latest word on an instant; None with a flag where it lies after the message that states it."""
        for fact in reversed(self._facts):
            stated = instants.parse(fact.instants.get(name))
            if stated is None:
                continue
            if fact.accepted_at is not None and stated > from_micros(fact.accepted_at) + CLOCK_TOLERANCE:
                return None, (f"{name}-in-the-future",)
            return stated, ()
        return None, ()

    def said(self, name: str) -> str | None:
        """The latest word on a coded statement."""
        return next((fact.statements[name] for fact in reversed(self._facts) if name in fact.statements), None)

    def first_said(self, name: str) -> datetime | None:
        """When a statement was first made, by its sender's clock."""
        return next((from_micros(fact.happened_at) for fact in self._facts if name in fact.statements), None)

    def _of(self, event: str) -> list[Fact]:
        return [fact for fact in self._facts if fact.event == event]

    def _first_to_each(self, facts: Iterable[Fact]) -> list[Notice]:
        first: dict[str, Notice] = {}
        for fact in facts:
            for recipient in fact.recipients:
                first.setdefault(recipient.unit, Notice(fact, recipient, self._sent(fact, recipient)))
        return list(first.values())

    def _sent(self, fact: Fact, recipient: Recipient) -> datetime | None:
        """A corrected notice was sent when it was first sent to the receiver."""
        earlier = fact.corrects
        if earlier is not None and earlier.event == fact.event:
            first = next((each for each in earlier.recipients if each.unit == recipient.unit), None)
            if first is not None:
                return self._sent(earlier, first)
        basis = self.agreement.sent
        if basis is Sent.STATED or fact.carried:  # a change of systems sends nothing anew: no clock starts again
            return from_micros(fact.happened_at)
        if basis is Sent.DELIVERED:
            return _instant(recipient.delivered_at)
        if recipient.released_at is not None:
            return _instant(recipient.released_at)
        return None if recipient.held else _instant(fact.accepted_at)


def called_in_turn(invitation: Fact, *, in_hospital: bool) -> bool:
    """Whether a kallelse came from whose it was to call: in a discharge region-financed open care, in the other ways in
    the responsible clinic. A sender that the directory does not know counts."""
    return not in_hospital or invitation.sender_kind in ("", OPEN_CARE)


def first_sent(notices: Iterable[Notice]) -> datetime | None:
    """When the first of the notices was sent to anyone."""
    return min((notice.sent for notice in notices if notice.sent), default=None)


def _to(notice: Notice, kommunkod: str) -> bool:
    return notice.recipient.kind == MUNICIPALITY and notice.recipient.kommunkod == kommunkod


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
