"""Raises alarms of duties whose time is near or past, and clears them when they are done.

A case is looked at when a message of it is taken in, when a duty of it comes near or falls due, and else now and then,
for a release or a new agreement moves duties too. It rests for good when nothing in it can change by time alone. The
instant of the next look is in the row, so that a round reads no more cases than are due.

An alarm stands for a duty of a case, and names neither the person nor any receiver: `adapter case` does.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from adapter.directory import Directory
from adapter.discharge import deadlines
from adapter.discharge.agreement import Agreement
from adapter.discharge.deadlines import Duty, State
from adapter.discharge.facts import Fact
from adapter.exchange import facts
from adapter.exchange.agreements import Agreements
from adapter.exchange.cases import agreement_of, municipalities
from adapter.store import tables
from adapter.store.alarms import Cause, clear_alarm, settle
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock, to_micros

AT_RISK = "deadline-at-risk"
LATE = "deadline-late"
"""Kinds of alarm; the subject is `message/<number of the case's first>/<rule>`."""

_MANY = 20
_AGAIN = timedelta(hours=1)
_SOON = timedelta(minutes=5)
_TOLD_OTHERWISE = frozenset({"information-to-the-patient"})
"""Duties that are mostly done on paper: that no message tells of them is no sign that they are not done."""
_KIND = {State.AT_RISK: AT_RISK, State.LATE: LATE}
_state = tables.case_state.c


class Look(NamedTuple):
    """A case as it was looked at. `first` is the number of its first message."""

    case_id: str
    first: int
    known: Sequence[Fact]
    agreement: Agreement
    duties: Sequence[Duty]
    now: datetime


Also = Callable[[Connection, Look], datetime | None]
"""Told of each look, in the transaction that records it; says when it wants the next look, None for never."""


@dataclass(frozen=True)
class Deadlines:
    """Watches the duties of all cases. A duty that is not done is an alarm until `late_for` after its time. `also` do
    what else follows from a case as time passes."""

    database: Database
    directory: Directory
    agreements: Agreements
    clock: Clock
    late_for: timedelta
    also: Sequence[Also] = ()

    def step(self) -> bool:
        """Look at some cases that are due; False where none was."""
        now = self.clock.now()
        with self.database.read() as connection:
            if not _due(connection, to_micros(now)):
                return False
        return self.database.transact(lambda connection: self._look(connection, now))

    def _look(self, connection: Connection, now: datetime) -> bool:
        at = to_micros(now)
        found = _due(connection, at, lock=True)
        firsts = _firsts(connection, found)
        known = facts.of_cases(connection, found, self.directory)
        wanted: dict[tuple[str, str], Cause] = {}
        for case_id in found:
            look = self._seen(case_id, firsts.get(case_id, 0), known[case_id], now)
            standing = dict(self._alarms(look))
            self._forget(connection, look, standing)
            wanted |= standing
            looks = [act(connection, look) for act in self.also] + [self._next(look, alarmed=bool(standing))]
            next_at = min((each for each in looks if each is not None), default=None)
            update_ = update(tables.case_state).where(_state.case_id == case_id)
            connection.execute(update_.values(look_at=None if next_at is None else to_micros(next_at)))
        own = {f"message/{first}" for first in firsts.values()}
        settle(connection, (AT_RISK, LATE), lambda subject: subject.rpartition("/")[0] in own, wanted, at)
        return bool(found)

    def _seen(self, case_id: str, first: int, known: Sequence[Fact], now: datetime) -> Look:
        kommunkoder = municipalities(known)
        agreement = agreement_of(self.agreements, known, kommunkoder[0] if kommunkoder else None, now)
        return Look(case_id, first, known, agreement, deadlines.duties(known, agreement, now) if known else [], now)

    def _alarms(self, look: Look) -> list[tuple[tuple[str, str], Cause]]:
        """One for each rule that somebody has not met; the earliest time where several have not. Past before near."""
        found: dict[str, tuple[tuple[str, str], Cause]] = {}
        open_ = [duty for duty in look.duties if self._is_alarm(duty, look.now)]
        for duty in sorted(open_, key=lambda each: (each.state is not State.LATE, each.due)):
            subject = f"message/{look.first}/{duty.rule}"
            found.setdefault(duty.rule, ((_KIND[duty.state], subject), _cause(duty, look.first)))
        return list(found.values())

    def _is_alarm(self, duty: Duty, now: datetime) -> bool:
        if duty.state not in _KIND or duty.done is not None or duty.due is None or duty.rule in _TOLD_OTHERWISE:
            return False
        return now <= duty.due + self.late_for

    def _forget(self, connection: Connection, look: Look, standing: Collection[tuple[str, str]]) -> None:
        """What was never done and is too old to be an alarm: nobody is told that it is over."""
        at = to_micros(look.now)
        undone = {duty.rule for duty in look.duties if duty.state is State.LATE and duty.done is None}
        for subject in sorted(f"message/{look.first}/{rule}" for rule in undone):
            if (LATE, subject) not in standing:
                clear_alarm(connection, kind=LATE, subject=subject, at=at, told=False)

    def _next(self, look: Look, *, alarmed: bool) -> datetime | None:
        """When to look again; None where time alone changes nothing any more."""
        waiting = [duty for duty in look.duties if duty.done is None and duty.due is not None]
        ahead = [duty for duty in waiting if duty.state in (State.OPEN, State.AT_RISK)]
        if not ahead and not alarmed:
            return None
        instants = [each for duty in ahead for each in _instants(duty, look) if each > look.now]
        return min([*instants, look.now + (_SOON if alarmed else _AGAIN)])


def _instants(duty: Duty, look: Look) -> Sequence[datetime]:
    """When the state of a duty may change: when its time comes near, at its time, and the first instant after it."""
    if duty.due is None:
        return ()
    return duty.due - look.agreement.warn_before, duty.due, duty.due + timedelta(microseconds=1)


def _cause(duty: Duty, first: int) -> Cause:
    due = duty.due.astimezone(STOCKHOLM) if duty.due is not None else None
    ends = f"{due:%Y-%m-%d %H:%M}" if due is not None else ""
    verb = "was to be done" if duty.state is State.LATE else "is to be done"
    reason = f"{duty.rule} ({duty.paragraph}) {verb} before {ends} local time, and is not; it is owed by {duty.owes}"
    return Cause(reason, f"adapter messages show {first}", statutory=duty.paragraph.startswith("LAW"))


def _due(connection: Connection, at: int, *, lock: bool = False) -> list[str]:
    query = select(_state.case_id).where(_state.look_at.is_not(None), _state.look_at <= at)
    query = query.order_by(_state.look_at, _state.case_id).limit(_MANY if lock else 1)
    return list(connection.execute(query.with_for_update(skip_locked=True) if lock else query).scalars())


def _firsts(connection: Connection, case_ids: Sequence[str]) -> dict[str, int]:
    fact = tables.fact.c
    query = select(fact.case_id, func.min(fact.message_id)).where(fact.case_id.in_(case_ids)).group_by(fact.case_id)
    return {row[0]: row[1] for row in connection.execute(query)}
