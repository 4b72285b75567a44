"""The escalation ladder: what has gone on for how long, and whose turn it is to be told.

The law has none, and founding audits found that none existed: each step is the agreement's (`escalation` in its file).
An occasion is something that stands from an instant on; a step is due when its time after that has passed while the
occasion still stands. Pure: recomputed from the facts, whenever.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from adapter.discharge.agreement import Agreement, Trigger
from adapter.discharge.deadlines import Duty, duties
from adapter.discharge.facts import Fact
from adapter.discharge.notices import MUNICIPALITY, OPEN_CARE, Notices
from adapter.support.clock import from_micros

CANNOT = "cannot-receive"
_RECEIVING = frozenset({MUNICIPALITY, OPEN_CARE})
_ANSWERED = frozenset({"accepted", "rejected", "in-progress", "completed"})


@dataclass(frozen=True)
class Occasion:
    """Something that stands now, since an aware instant: a trigger, the duty or notice that it is about, and the unit
    it concerns (empty where it is nobody's alone)."""

    trigger: Trigger
    rule: str
    unit: str
    since: datetime


@dataclass(frozen=True)
class DueStep:
    """A step whose time has come. `step` is its number in the agreement's ladder, from 0; `at` when it was due."""

    occasion: Occasion
    step: int
    at: datetime
    to: str
    channel: str
    clause: str


def occasions(facts: Iterable[Fact], agreement: Agreement, now: datetime) -> list[Occasion]:
    """Everything that stands in a case's present stay, of what a ladder may begin with."""
    known = list(facts)
    notices = Notices.of(known, agreement, now)
    found = [each for duty in duties(known, agreement, now) for each in _of_duty(duty, agreement)]
    if not _ended(notices):
        found += [*_unread(notices), *_unanswered(notices), *_without_capacity(notices)]
    return [each for each in found if each.since <= now]


def due(facts: Iterable[Fact], agreement: Agreement, now: datetime) -> list[DueStep]:
    """The steps whose time has come, of occasions that still stand; in the order in which they were due."""
    clause = agreement.clause("escalation")
    steps = [
        DueStep(occasion, number, occasion.since + step.after, step.to, step.channel, clause)
        for occasion in _standing(facts, agreement, now)
        for number, step in enumerate(agreement.escalation)
        if step.trigger is occasion.trigger and occasion.since + step.after <= now
    ]
    return sorted(steps, key=lambda each: (each.at, each.step, each.occasion.rule, each.occasion.unit))


def next_due(facts: Iterable[Fact], agreement: Agreement, now: datetime) -> datetime | None:
    """When the next step of what stands now is due; None where none is."""
    times = (
        occasion.since + step.after
        for occasion in _standing(facts, agreement, now)
        for step in agreement.escalation
        if step.trigger is occasion.trigger and occasion.since + step.after > now
    )
    return min(times, default=None)


def _standing(facts: Iterable[Fact], agreement: Agreement, now: datetime) -> list[Occasion]:
    return occasions(facts, agreement, now) if agreement.escalation else []


def _of_duty(duty: Duty, agreement: Agreement) -> Iterator[Occasion]:
    """A duty that is near its time or past it, and is not done. What is past stays at risk too, so that a ladder that
    began before goes on."""
    if duty.due is None or duty.done is not None or not duty.state.is_pressing:
        return
    yield Occasion(Trigger.AT_RISK, duty.rule, duty.to, duty.due - agreement.warn_before)
    yield Occasion(Trigger.LATE, duty.rule, duty.to, duty.due)


def _unread(notices: Notices) -> Iterator[Occasion]:
    """No kvittens, nor anything else that shows that somebody there has read it."""
    for notice in (*notices.admissions, *notices.ready):
        if notice.recipient.kind in _RECEIVING and notice.sent is not None and notice.read is None:
            since = notices.spoke_since(notice)
            if since is None:
                yield Occasion(Trigger.UNREAD, notice.fact.event, notice.recipient.unit, notice.sent)


def _unanswered(notices: Notices) -> Iterator[Occasion]:
    """The municipality has neither accepted nor rejected."""
    for notice in notices.admissions:
        asked = notice.recipient.kind == MUNICIPALITY and bool(notice.fact.tasks)
        if asked and notice.sent is not None and notices.answered(notice.recipient.unit, _ANSWERED) is None:
            yield Occasion(Trigger.UNANSWERED, notice.fact.event, notice.recipient.unit, notice.sent)


def _without_capacity(notices: Notices) -> Iterator[Occasion]:
    """A unit has said that it cannot receive, and not since that it can: from when it first said so."""
    for unit, said in notices.said_by_unit("capacity").items():
        since = None
        for fact in said:
            if fact.statements["capacity"] != CANNOT:
                since = None
            elif since is None:
                since = from_micros(fact.happened_at)
        if since is not None:
            yield Occasion(Trigger.NO_CAPACITY, "capacity-answer", unit, since)


def _ended(notices: Notices) -> bool:
    """The patient has left: there is nothing to plan for any more."""
    return notices.discharge is not None or notices.said("outcome") == "died"
