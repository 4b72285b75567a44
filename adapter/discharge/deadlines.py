"""Who owes what to whom, until when, and whether it was done: each duty with the paragraph that gives it.

LAW is Lag (2017:612). Duties are recomputed from the facts whenever one arrives; nothing here reads a clock. Instants
are aware UTC. An instant later than the message that states it is not computed with: the duty is then unknown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from adapter.discharge import calendar
from adapter.discharge.agreement import Agreement
from adapter.discharge.facts import Fact
from adapter.discharge.notices import MUNICIPALITY, OPEN_CARE, Notice, Notices, first_sent

_RECEIVING = frozenset({MUNICIPALITY, OPEN_CARE})
_TAKEN_ON = frozenset({"accepted", "in-progress", "completed"})
_DECIDED = _TAKEN_ON | {"rejected"}


class State(StrEnum):
    """How it stands with a duty."""

    MET = "met"
    LATE = "late"
    """done after its time, or not done and its time is past"""
    OPEN = "open"
    AT_RISK = "at-risk"
    """not done, and its time is near"""
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    """what it counts from was not said, or cannot be true"""

    @property
    def is_pressing(self) -> bool:
        """Whether it wants somebody's eye, where it is not done."""
        return self in (State.AT_RISK, State.LATE)


@dataclass(frozen=True)
class Duty:
    """One duty towards one receiver (or all, `to` empty). `rule` is a lasting id, `clause` the agreement, version and
    paragraph. `start` is what the time counts from, `due` when it ends: the first instant that is too late, or, where
    `to_the_instant`, the last that is in time; None where the law sets no time."""

    rule: str
    paragraph: str
    owes: str
    to: str
    start: datetime | None
    due: datetime | None
    done: datetime | None
    state: State
    clause: str
    flags: tuple[str, ...] = ()
    to_the_instant: bool = False


class _Kind(NamedTuple):
    """What a duty is: its lasting id, its paragraph, who owes it, and the field of the agreement that sets it."""

    rule: str
    paragraph: str
    owes: str
    clause: str


class _Times(NamedTuple):
    start: datetime | None
    due: datetime | None
    done: datetime | None
    to_the_instant: bool = False

    @property
    def late(self) -> bool:
        """Whether it was done after its time."""
        if self.done is None or self.due is None:
            return False
        return self.done > self.due if self.to_the_instant else self.done >= self.due


def duties(facts: Iterable[Fact], agreement: Agreement, now: datetime) -> list[Duty]:
    """Every duty of a case's present stay that its facts give rise to, in the order of the law."""
    return of_stay(Notices.of(facts, agreement, now))


def of_stay(notices: Notices) -> list[Duty]:
    """The same for the stay whose notices these are."""
    return [duty for chapter in _CHAPTERS for duty in chapter(notices)]


def _duty(notices: Notices, kind: _Kind, times: _Times, to: str, flags: tuple[str, ...]) -> Duty:
    """The duty with its state now."""
    return Duty(
        rule=kind.rule,
        paragraph=kind.paragraph,
        owes=kind.owes,
        to=to,
        start=times.start,
        due=times.due,
        done=times.done,
        state=_state(times, notices),
        clause=notices.agreement.clause(kind.clause),
        flags=flags,
        to_the_instant=times.to_the_instant,
    )


def _state(times: _Times, notices: Notices) -> State:
    if times.start is None:
        return State.UNKNOWN
    if times.done is not None:
        return State.LATE if times.late else State.MET
    if times.due is None:
        return State.OPEN
    if notices.now > times.due or (notices.now == times.due and not times.to_the_instant):
        return State.LATE
    return State.AT_RISK if notices.now >= times.due - notices.agreement.warn_before else State.OPEN


def _admission_notice(notices: Notices) -> Iterator[Duty]:
    """LAW 2:3: within 24 hours of the admission, or of the assessment of the need where that came later."""
    start, flags = notices.need
    times = _Times(start, notices.admission_due, None, to_the_instant=True)
    kind = _Kind("admission-notice-in-time", "LAW 2:3", "inpatient", "notice_within")
    for notice in notices.admissions:
        yield _duty(notices, kind, times._replace(done=notice.sent), notice.recipient.unit, flags)
    if start and not notices.admissions:
        yield _duty(notices, kind, times, "", flags)


def _recipients(notices: Notices) -> Iterator[Duty]:
    """LAW 2:1: where municipal health care is judged to be needed, the notice goes to open care too. The notice itself
    must not say what is needed (LAW 2:2), so that its absence is for a person to judge."""
    start = first_sent(each for each in notices.admissions if each.recipient.kind == MUNICIPALITY)
    if start is None:
        return
    told = first_sent(each for each in notices.admissions if each.recipient.kind == OPEN_CARE)
    kind = _Kind("open-care-notified", "LAW 2:1", "inpatient", "recipients")
    duty = _duty(notices, kind, _Times(start, None, told), "", ())
    yield duty if told else replace(duty, state=State.UNKNOWN, flags=("need-of-municipal-health-care-not-said",))


def _estimate(notices: Notices) -> Iterator[Duty]:
    """LAW 2:4: who got the admission notice is told as soon as possible of another estimate; no time is set."""
    changed = notices.changed_estimate
    if changed is None:
        return
    kind = _Kind("estimate-changed", "LAW 2:4", "inpatient", "estimate")
    for notice in notices.admissions:
        yield _duty(
            notices, kind, _Times(changed.at, None, changed.told(notice.recipient.unit)), notice.recipient.unit, ()
        )


def _planning(notices: Notices) -> Iterator[Duty]:
    """LAW 2:6: a unit that got the admission notice begins to plan; no time is set. What tells of it is that it takes
    the request on; one that turned it down has nothing to plan."""
    kind = _Kind("planning-begun", "LAW 2:6", "receiver", "planning")
    for notice in notices.admissions:
        unit = notice.recipient.unit
        if notice.recipient.kind not in _RECEIVING:
            continue
        duty = _duty(notices, kind, _Times(notice.sent, None, notices.answered(unit, _TAKEN_ON)), unit, ())
        turned_down = duty.done is None and notices.answered(unit, {"rejected"}) is not None
        yield replace(duty, state=State.NOT_APPLICABLE) if turned_down else _unless_died(notices, duty)


def _agreed_answers(notices: Notices) -> Iterator[Duty]:
    """Where region and municipality have agreed on them: the time for the kvittens of each notice, and for accepting
    or rejecting."""
    read, answer = notices.agreement.read_within, notices.agreement.answer_within
    for notice in (*notices.admissions, *notices.ready):
        if read is not None and notice.recipient.kind in _RECEIVING:
            kind = _Kind(f"read-receipt-of-{notice.fact.event}", "agreement", "receiver", "read_within")
            yield _duty(notices, kind, _within(notice, read, notice.read), notice.recipient.unit, ())
    for notice in notices.admissions:
        if answer is not None and notice.recipient.kind == MUNICIPALITY:
            kind = _Kind("answer-in-time", "agreement", "municipality", "answer_within")
            answered = notices.answered(notice.recipient.unit, _DECIDED)
            yield _unless_died(
                notices, _duty(notices, kind, _within(notice, answer, answered), notice.recipient.unit, ())
            )


def _within(notice: Notice, time: timedelta, done: datetime | None) -> _Times:
    return _Times(notice.sent, notice.sent + time if notice.sent else None, done, to_the_instant=True)


def _contact(notices: Notices) -> Iterator[Duty]:
    """LAW 2:5: the open-care unit's manager appoints a fast vårdkontakt before the discharge."""
    if notices.admissions:
        discharge, flags = notices.discharge_stated
        times = _Times(notices.admissions[0].sent, discharge, notices.first_said("care_contact"))
        kind = _Kind("care-contact-before-discharge", "LAW 2:5", "open-care", "contact")
        yield _unless_died(notices, _duty(notices, kind, times, "", flags))


def _ready_notice(notices: Notices) -> Iterator[Duty]:
    """LAW 3:1: the units are told as soon as possible that the patient is utskrivningsklar; no time is set."""
    assessed, flags = notices.latest("ready_assessed")
    kind = _Kind("ready-notice", "LAW 3:1", "inpatient", "ready")
    for notice in notices.ready:
        yield _duty(notices, kind, _Times(assessed, None, notice.sent), notice.recipient.unit, flags)


def _transfer(notices: Notices) -> Iterator[Duty]:
    """LAW 3:2: what the units need is transferred at latest on the day of the discharge."""
    start, flags = notices.discharge_stated
    due = calendar.end_of(calendar.local_date(start)) if start else None
    kind = _Kind("information-on-discharge-day", "LAW 3:2", "inpatient", "transfer")
    for notice in notices.discharges:
        duty = _duty(notices, kind, _Times(start, due, notice.sent), notice.recipient.unit, flags)
        yield _unless_died(notices, duty)


def _invitation(notices: Notices) -> Iterator[Duty]:
    """LAW 4:3: the fast vårdkontakt in open care calls at latest three days after the ready notice was given."""
    if not notices.ready:
        return
    due, flags = notices.invitation_due
    if notices.invitations and not notices.calls:
        flags = (*flags, "called-by-another-than-open-care")
    times = _Times(first_sent(notices.ready), due, first_sent(notices.calls))
    kind = _Kind("sip-invitation-in-time", "LAW 4:3", "open-care", "invitation_days")
    duty = _duty(notices, kind, times, "", flags)
    yield replace(duty, state=State.NOT_APPLICABLE) if notices.without_plan else _unless_died(notices, duty)


def _plan(notices: Notices) -> Iterator[Duty]:
    """LAW 4:1: where services of both region and municipality are needed, a plan is drawn up; no time is set. It waits
    for the person's consent (LAW 4:2)."""
    called = first_sent(notices.invitations)
    if called is None:
        return
    drawn = notices.first_active_plan
    duty = _duty(
        notices,
        _Kind("plan-drawn-up", "LAW 4:1", "region and municipality", "plan"),
        _Times(called, None, drawn),
        "",
        (),
    )
    yield replace(duty, state=State.NOT_APPLICABLE) if notices.without_plan else _unless_died(notices, duty)


def _summary(notices: Notices) -> Iterator[Duty]:
    """LAW 3:3: the patient gets written information at the discharge; here until the end of its day [interp]. It may be
    given without a message, so that without one it is not known whether it was."""
    start, flags = notices.discharge_stated
    if start is None and not flags:
        return
    due = calendar.end_of(calendar.local_date(start)) if start else None
    kind = _Kind("information-to-the-patient", "LAW 3:3", "inpatient", "summary")
    duty = _duty(notices, kind, _Times(start, due, notices.first_event("patient-information")), "", flags)
    if duty.done is None and duty.state is State.LATE:
        duty = replace(duty, state=State.UNKNOWN, flags=(*flags, "not-told-by-message"))
    yield _unless_died(notices, duty)


def _follow_up(notices: Notices) -> Iterator[Duty]:
    """The plan names the day of its follow-up; what tells that it was held is a plan on that day or after it, changed,
    confirmed or closed. It is near some days before, as agreed."""
    day, start = notices.follow_up, notices.follow_up_set
    if day is None or start is None:
        return
    due = calendar.end_of(day)
    kind = _Kind("plan-followed-up", "the plan", "region and municipality", "remind_before")
    done = notices.plan_after(day)
    if done is None and notices.said("plan_status") in ("completed", "revoked"):
        return
    duty = _duty(notices, kind, _Times(start, due, done), "", ())
    if duty.state is State.OPEN and notices.now >= due - notices.agreement.remind_before:
        duty = replace(duty, state=State.AT_RISK)
    yield replace(duty, state=State.NOT_APPLICABLE) if notices.without_plan else _unless_died(notices, duty)


def _responsibility(notices: Notices) -> Iterator[Duty]:
    """Specialised care answers for the patient some days after a stay, where that is agreed (Örebro: 7 days)."""
    days, (start, flags) = notices.agreement.responsibility_days, notices.discharge_stated
    if days is None or (start is None and not flags):
        return
    due = calendar.end_of(calendar.days_after(calendar.local_date(start), days)) if start else None
    kind = _Kind("specialised-responsibility", "agreement", "inpatient", "responsibility_days")
    duty = _duty(notices, kind, _Times(start, due, None), "", flags)
    if due is not None:
        over = notices.now >= due
        duty = replace(duty, done=due if over else None, state=State.MET if over else State.OPEN)
    yield duty


def _unless_died(notices: Notices, duty: Duty) -> Duty:
    """There is nobody to plan for where the stay ended with death."""
    return replace(duty, state=State.NOT_APPLICABLE) if notices.said("outcome") == "died" else duty


_CHAPTERS = (
    _admission_notice,
    _recipients,
    _estimate,
    _contact,
    _planning,
    _agreed_answers,
    _ready_notice,
    _transfer,
    _summary,
    _plan,
    _invitation,
    _follow_up,
    _responsibility,
)
