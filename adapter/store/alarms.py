"""What needs a person: raised on transition, cleared when it no longer holds.

An alarm says in `reason` what is wrong and in `command` what to do next. Neither holds personal data, and for a
protected person neither names a receiver: the caller sees to that.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from adapter.store import tables
from adapter.store.insert import insert_if_absent

_alarm = tables.alarm.c


@dataclass(frozen=True)
class Alarm:
    """A standing alarm. `raised_at` is in UTC microseconds."""

    id: int
    kind: str
    subject: str
    raised_at: int
    reason: str
    command: str


def raise_alarm(connection: Connection, *, kind: str, subject: str, reason: str, command: str, at: int) -> bool:
    """Raise an alarm; True on transition, False where it already stands (its first reason is kept)."""
    return insert_if_absent(
        connection, tables.alarm, kind=kind, subject=subject, raised_at=at, reason=reason, command=command
    )


def clear_alarm(connection: Connection, *, kind: str, subject: str, at: int) -> bool:
    """Clear a standing alarm; True on transition, False where none stood."""
    cleared = connection.execute(
        update(tables.alarm)
        .where(_alarm.kind == kind, _alarm.subject == subject, _alarm.cleared_at.is_(None))
        .values(cleared_at=at)
    )
    return cleared.rowcount > 0


def standing(connection: Connection) -> list[Alarm]:
    """All alarms that have not been cleared, oldest first."""
    rows = connection.execute(
        select(_alarm.id, _alarm.kind, _alarm.subject, _alarm.raised_at, _alarm.reason, _alarm.command)
        .where(_alarm.cleared_at.is_(None))
        .order_by(_alarm.raised_at, _alarm.id)
    )
    return [Alarm(**row) for row in rows.mappings()]
