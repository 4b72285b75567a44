"""What a stay that has ended adds to the measures of the follow-up.

Pure. What is counted is a stay, so that every count is a number of stays and a small one can be told. A stay belongs to
the month of its discharge; to the one municipality that was told that the patient is ready (else of the admission), to
none where several were; and to the unit that sent its first notice.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from adapter.discharge import calendar, deadlines
from adapter.discharge.agreement import STATUTORY, Agreement
from adapter.discharge.deadlines import Duty, State
from adapter.discharge.facts import Fact, stays
from adapter.discharge.measures import OF_DUTIES
from adapter.discharge.notices import MUNICIPALITY, Notice, Notices, first_sent
from adapter.support.clock import from_micros

QUARTER = timedelta(hours=6)
"""The grain of elapsed time: quarters of a day that have passed whole."""
READMISSION_DAYS = (7, 30)

Choose = Callable[[str | None, date], Agreement]
"""The agreement in force for a municipality on a local day."""

_NOT_TAKEN_HOME = frozenset({"died", "transferred"})
_DECIDED = frozenset({"accepted", "in-progress", "completed", "rejected"})
_NOTICES = ("admission-notice", "ready-for-discharge", "discharge-notice")


@dataclass(frozen=True)
class Case:
    """A case of a person: its facts, and when steps of its escalation ladder were raised (UTC microseconds)."""

    facts: Sequence[Fact]
    escalated: Sequence[int] = ()


@dataclass(frozen=True)
class Row:
    """What one stay adds. `shares` has True or False by measure, None where it is not known, or not yet; `times` whole
    units, never negative; `codes` those that were said. A measure that does not apply is not there. `month` is YYYY-MM;
    `kommunkod` and `sender` are empty where they cannot be told."""

    kommunkod: str
    sender: str
    month: str
    shares: Mapping[str, bool | None] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)


def rows(cases: Iterable[Case], choose: Choose, now: datetime) -> Iterator[Row]:
    """The rows of one person's stays that have ended by `now` (aware), from all of the person's cases: a re-admission
    may be a case of its own."""
    found = [stay for case in cases for stay in _stays(case, choose, now)]
    admissions = sorted(stay.admitted for stay in found if stay.admitted is not None)
    for stay in found:
        discharge = stay.notices.discharge
        if discharge is not None:
            yield stay.row(discharge, admissions)


def _stays(case: Case, choose: Choose, now: datetime) -> Iterator["_Stay"]:
    lists = [facts for facts in stays(case.facts) if facts]
    begun = [min(fact.happened_at for fact in facts) for facts in lists]
    for index, facts in enumerate(lists):
        ends = begun[index + 1] if index + 1 < len(begun) else None
        since = begun[index] if index else 0
        escalated = any(since <= at and (ends is None or at < ends) for at in case.escalated)
        yield _Stay(facts, choose, now, begun[index], escalated=escalated)


class _Stay:
    """One stay, under the agreement of the day on which it began."""

    def __init__(self, facts: Sequence[Fact], choose: Choose, now: datetime, begun: int, *, escalated: bool) -> None:
        self._facts = facts
        self._escalated = escalated
        self.kommunkod = _municipality(Notices(facts, STATUTORY, now))
        agreement = choose(self.kommunkod or None, calendar.local_date(from_micros(begun)))
        self.notices = Notices(facts, agreement, now)
        self.admitted = self.notices.latest("admission")[0]

    def row(self, discharge: datetime, admissions: Sequence[datetime]) -> Row:
        """What the stay adds; `admissions` are all of the person's, in order."""
        shares = {
            **_met(deadlines.of_stay(self.notices)),
            **self._collaboration(),
            **self._plan(),
            **self._readmitted(discharge, admissions),
        }
        causes = {fact.statements["delay_cause"] for fact in self._facts if "delay_cause" in fact.statements}
        return Row(
            self.kommunkod,
            next((fact.sender for fact in self._facts if fact.event in _NOTICES), ""),
            f"{calendar.local_date(discharge):%Y-%m}",
            shares,
            dict(self._times(discharge)),
            {"delay-cause": frozenset(causes)} if first_sent(self.notices.ready) else {},
        )

    def _collaboration(self) -> dict[str, bool | None]:
        raised = {fact.header_id for fact in self._facts if fact.event == "disagreement-raised"}
        settled = {fact.answers for fact in self._facts if fact.event == "disagreement-settled"}
        found: dict[str, bool | None] = {"disagreement": bool(raised)}
        if raised:
            found["disagreement-settled"] = raised <= settled
        if self.notices.agreement.escalation:
            found["escalation"] = self._escalated
        return found

    def _plan(self) -> dict[str, bool | None]:
        """A SIP is expected of who is ready and goes home, unless none is needed or wanted (LAW 4:1–2)."""
        expected = first_sent(self.notices.ready) and not self.notices.without_plan
        if not expected or self._ended_otherwise:
            return {}
        called, drawn_up = first_sent(self.notices.invitations), self.notices.first_active_plan
        return {"sip-called": called is not None, "sip": drawn_up is not None}

    def _readmitted(self, discharge: datetime, admissions: Sequence[datetime]) -> dict[str, bool | None]:
        """By calendar days, and not known before the last of them is over."""
        if self._ended_otherwise:
            return {}
        place = bisect_right(admissions, discharge)
        left, today = calendar.local_date(discharge), calendar.local_date(self.notices.now)
        again = (calendar.local_date(admissions[place]) - left).days if place < len(admissions) else None
        return {
            f"readmitted-{days}": None if (today - left).days <= days else again is not None and again <= days
            for days in READMISSION_DAYS
        }

    def _times(self, discharge: datetime) -> Iterator[tuple[str, int]]:
        told = [each for each in self.notices.admissions if _is_of(each, self.kommunkod)]
        answered = [at for each in told if (at := self.notices.answered(each.recipient.unit, _DECIDED))]
        sent, ready = first_sent(told), first_sent(self.notices.ready_to(self.kommunkod))
        if sent and answered:
            yield "answer-time", max(0, (min(answered) - sent) // QUARTER)
        if ready and not self._ended_otherwise:
            yield "take-home-time", max(0, (discharge - ready) // QUARTER)
            yield "days-after-ready", max(0, (calendar.local_date(discharge) - calendar.local_date(ready)).days)

    @property
    def _ended_otherwise(self) -> bool:
        """Whether nobody was taken home: the stay ended with death, or in another hospital."""
        return self.notices.said("outcome") in _NOT_TAKEN_HOME


def _municipality(notices: Notices) -> str:
    ready = {each.recipient.kommunkod for each in notices.ready if each.recipient.kind == MUNICIPALITY}
    told = {code for code in ready if code} or notices.notified
    return next(iter(told)) if len(told) == 1 else ""


def _is_of(notice: Notice, kommunkod: str) -> bool:
    return bool(kommunkod) and notice.recipient.kind == MUNICIPALITY and notice.recipient.kommunkod == kommunkod


def _met(duties: Iterable[Duty]) -> dict[str, bool | None]:
    """A duty towards several is met where it is met towards each."""
    found: dict[str, bool | None] = {}
    for duty in duties:
        code = OF_DUTIES.get(duty.rule)
        if code is None or duty.state is State.NOT_APPLICABLE:
            continue
        now, before = _is_met(duty), found.get(code, True)
        found[code] = False if now is False or before is False else None if now is None or before is None else True
    return found


def _is_met(duty: Duty) -> bool | None:
    """None while it is not known. What no time is set for and was not done when the stay had ended is not met."""
    if duty.state is State.MET:
        return True
    if duty.state is State.LATE or (duty.state is State.OPEN and duty.due is None):
        return False
    return None
