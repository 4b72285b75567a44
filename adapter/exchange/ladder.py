"""The escalation ladder in operation: each step that is due is recorded once and raised, and ended when what it is
about is over; people list and acknowledge them.

A step names a function, never a person. Of a person with skyddad folkbokföring neither the unit nor who is to be told
is shown: both may tell where somebody is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, or_, select, update

from adapter.directory import Directory
from adapter.discharge import escalation
from adapter.discharge.calendar import local_date
from adapter.discharge.escalation import DueStep, Occasion
from adapter.exchange import visibility
from adapter.exchange.acts import ConflictError
from adapter.exchange.reasons import optional_reason
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.database import Database
from adapter.store.insert import insert_if_absent
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import NotFoundError

if TYPE_CHECKING:
    from adapter.exchange.watch.deadlines import Look

ESCALATION = "escalation"
"""Kind of the alarm of a step; its subject is `escalation/<number>/<channel>`."""

_MOST = 200
_OPERATIONS = "operations"
_escalation, _message, _state = tables.escalation.c, tables.message.c, tables.case_state.c


def climb(connection: Connection, look: "Look") -> datetime | None:
    """Record and raise the steps that are due in a case, end what is over; when to look again for the next step."""
    at = to_micros(look.now)
    standing = escalation.occasions(look.known, look.agreement, look.now) if look.known else []
    _end(connection, look.case_id, standing, at)
    for step in escalation.due(look.known, look.agreement, look.now):
        _raise(connection, look, step, at)
    return escalation.next_due(look.known, look.agreement, look.now)


def _raise(connection: Connection, look: "Look", step: DueStep, at: int) -> None:
    occasion = step.occasion
    key: dict[str, Any] = {
        "case_id": look.case_id,
        "trigger": occasion.trigger.value,
        "rule": occasion.rule,
        "unit": occasion.unit,
        "since": to_micros(occasion.since),
        "step": step.step,
    }
    protected = _is_protected(connection, look.case_id)
    channel = _OPERATIONS if protected else step.channel
    values = {"message_id": look.first, "recipient": step.to, "channel": channel, "clause": step.clause}
    if not insert_if_absent(connection, tables.escalation, **key, **values, raised_at=at):
        return
    number = connection.execute(
        select(_escalation.id).where(*(_escalation[name] == value for name, value in key.items()))
    ).scalar_one()
    to = "a person in charge" if protected else step.to
    paragraph = next((duty.paragraph for duty in look.duties if duty.rule == occasion.rule), "")
    ground = f" ({paragraph})" if paragraph else ""
    raise_alarm(
        connection,
        kind=ESCALATION,
        subject=_subject(number, channel),
        reason=f"{occasion.trigger} of {occasion.rule}{ground}: step {step.step + 1} of the ladder is due, tell {to}",
        command=f"adapter escalations acknowledge {number}",
        at=at,
        statutory=paragraph.startswith("LAW"),
    )


def _end(connection: Connection, case_id: str, standing: Sequence[Occasion], at: int) -> None:
    """What no longer stands is over, acknowledged or not."""
    still = {(each.trigger.value, each.rule, each.unit, to_micros(each.since)) for each in standing}
    columns = (_escalation.id, _escalation.channel, _escalation.trigger, _escalation.rule)
    query = select(*columns, _escalation.unit, _escalation.since)
    for row in connection.execute(query.where(_escalation.case_id == case_id, _escalation.ended_at.is_(None))).all():
        if (row.trigger, row.rule, row.unit, row.since) not in still:
            connection.execute(update(tables.escalation).where(_escalation.id == row.id).values(ended_at=at))
            clear_alarm(connection, kind=ESCALATION, subject=_subject(row.id, row.channel), at=at)


def _subject(number: int, channel: str) -> str:
    return f"{ESCALATION}/{number}/{channel}"


def _is_protected(connection: Connection, case_id: str) -> bool:
    query = select(tables.patient.c.protected).join_from(tables.case_state, tables.patient)
    return bool(connection.execute(query.where(_state.case_id == case_id)).scalar_one())


@dataclass(frozen=True)
class Escalation:
    """A step that was due. `unit` and `to` are None for a protected person; instants are aware. It is open until it is
    acknowledged or what it is about is over (`ended`)."""

    id: int
    case: str
    message_id: int
    trigger: str
    rule: str
    unit: str | None
    since: datetime
    step: int
    to: str | None
    channel: str
    clause: str | None
    raised: datetime
    ended: datetime | None
    acknowledged: datetime | None
    acknowledged_by: str | None
    note: str | None
    protected: bool

    @property
    def is_open(self) -> bool:
        return self.acknowledged is None and self.ended is None


class Escalations:
    """A party sees the steps of cases that it began, and those about its own units; operations all."""

    def __init__(self, database: Database, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock

    def listed(
        self, principal: Principal, *, open_only: bool = True, before: int | None = None, limit: int = _MOST
    ) -> list[Escalation]:
        """The steps, newest first. Needs LIST."""
        principal.require(Right.LIST)
        query = self._query(principal).order_by(_escalation.id.desc()).limit(min(limit, _MOST))
        if open_only:
            query = query.where(_escalation.acknowledged_at.is_(None), _escalation.ended_at.is_(None))
        if before is not None:
            query = query.where(_escalation.id < before)
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(query)]

    def of_case(self, connection: Connection, principal: Principal, case_id: str) -> list[Escalation]:
        """The steps of a case that the principal may see, in the order in which they were due."""
        query = self._query(principal).where(_escalation.case_id == case_id).order_by(_escalation.id)
        return [_read(row) for row in connection.execute(query)]

    def acknowledge(self, principal: Principal, number: int, note: str = "") -> Escalation:
        """Note that somebody has seen to it. Needs RESEND. Raises NotFoundError for one that is not the caller's, and
        ConflictError where it is acknowledged already."""
        principal.require(Right.RESEND)
        words, at = optional_reason(note), to_micros(self._clock.now())
        with self._database.write() as connection:
            row = connection.execute(self._query(principal).where(_escalation.id == number)).one_or_none()
            if row is None:
                raise NotFoundError("there is no such escalation")
            mine = {"acknowledged_at": at, "acknowledged_by": principal.name, "note": words}
            first = update(tables.escalation).where(_escalation.id == number, _escalation.acknowledged_at.is_(None))
            if connection.execute(first.values(mine)).rowcount == 0:
                raise ConflictError(f"escalation {number} was acknowledged before")
            clear_alarm(connection, kind=ESCALATION, subject=_subject(number, row.channel), at=at)
            subject = f"escalation/{number}"
            audit.record(connection, principal, "escalation-acknowledge", subject, at, row.patient_id, words)
            return _read(connection.execute(self._query(principal).where(_escalation.id == number)).one())

    def _query(self, principal: Principal) -> Select[Any]:
        return (
            select(tables.escalation, visibility.protected().label("protected"), _message.patient_id)
            .join_from(tables.escalation, tables.message, _message.id == _escalation.message_id)
            .where(*self._own(principal))
        )

    def _own(self, principal: Principal) -> list[ColumnElement[bool]]:
        if principal.sees_all:
            return []
        today = local_date(self._clock.now())
        units = frozenset[str]().union(*(self._directory.units_of(party, today) for party in principal.parties))
        other = tables.message.alias("told")
        reached = exists(
            select(1)
            .select_from(other.join(tables.delivery, tables.delivery.c.message_id == other.c.id))
            .where(
                other.c.case_id == _escalation.case_id,
                tables.delivery.c.receiver_party.in_(principal.parties),
                tables.delivery.c.status == "done",
            )
        )
        about = (_escalation.unit.in_(sorted(units))) & reached
        return [or_(_message.sender_party.in_(principal.parties), about)]


def _read(row: Row[Any]) -> Escalation:
    found = Escalation(
        id=row.id,
        case=row.case_id,
        message_id=row.message_id,
        trigger=row.trigger,
        rule=row.rule,
        unit=row.unit,
        since=from_micros(row.since),
        step=row.step,
        to=row.recipient,
        channel=row.channel,
        clause=row.clause,
        raised=from_micros(row.raised_at),
        ended=_instant(row.ended_at),
        acknowledged=_instant(row.acknowledged_at),
        acknowledged_by=row.acknowledged_by,
        note=row.note,
        protected=bool(row.protected),
    )
    return replace(found, unit=None, to=None, clause=None, channel=_OPERATIONS) if found.protected else found


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
