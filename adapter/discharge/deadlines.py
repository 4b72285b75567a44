"""Who owes what to whom, until when, and whether it was done: each duty with the paragraph that gives it.

LAW is Lag (2017:612). Duties are recomputed from the facts whenever one arrives; nothing here reads a clock. Instants
are aware UTC. An instant later than the message that states it is not computed with: the duty is then unknown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from adapter.discharge import calendar
from adapter.discharge.agreement import Agreement
from adapter.discharge.facts import Fact
from adapter.discharge.notices import Notices, first_sent


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
    notices = Notices.of(facts, agreement, now)
    return [
        *_admission_notice(notices),
        *_contact(notices),
        *_ready_notice(notices),
        *_transfer(notices),
        *_invitation(notices),
        *_responsibility(notices),
    ]


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
    times = _Times(first_sent(notices.ready), due, first_sent(notices.invitations))
    kind = _Kind("sip-invitation-in-time", "LAW 4:3", "open-care", "invitation_days")
    duty = _duty(notices, kind, times, "", flags)
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
