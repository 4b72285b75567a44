"""What needs a person: raised on transition, cleared when it no longer holds; and the alert of each transition.

An alarm says in `reason` what is wrong and in `command` what to do next. Neither holds personal data, and for a
protected person neither names a receiver: the caller sees to that. A transition writes its alert in the same
transaction: who is told of it is decided later, by a worker.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from adapter.store import tables
from adapter.store.insert import insert_if_absent
from adapter.store.statements import Statement

_alarm = tables.alarm.c
_standing = (_alarm.kind == bindparam("of_kind"), _alarm.subject == bindparam("about"), _alarm.cleared_at.is_(None))
_STANDS = select(tables.alarm).where(*_standing)
_about_these = (_alarm.kind == bindparam("of_kind"), _alarm.subject.in_(bindparam("subjects", expanding=True)))
_CLEAR = Statement(update(tables.alarm).where(*_about_these, _alarm.cleared_at.is_(None)).returning(*tables.alarm.c))


@dataclass(frozen=True)
class Alarm:
    """A standing alarm. `raised_at` is in UTC microseconds; `statutory`: a duty by law is at stake."""

    id: int
    kind: str
    subject: str
    raised_at: int
    reason: str
    command: str
    statutory: bool = False


@dataclass(frozen=True)
class Cause:
    """Why an alarm is to stand."""

    reason: str
    command: str
    statutory: bool = False


def raise_alarm(
    connection: Connection, *, kind: str, subject: str, reason: str, command: str, at: int, statutory: bool = False
) -> bool:
    """Raise an alarm; True on transition, False where it already stands (its first reason is kept). One that stands and
    comes to be about a duty by law is told of again."""
    said = {"reason": reason, "command": command, "statutory": statutory}
    raised: Row[Any] | None = None
    if insert_if_absent(connection, tables.alarm, kind=kind, subject=subject, raised_at=at, **said):
        raised = connection.execute(_STANDS, {"of_kind": kind, "about": subject}).one()
    elif statutory:
        here = (_alarm.kind == kind, _alarm.subject == subject, _alarm.cleared_at.is_(None), ~_alarm.statutory)
        more = update(tables.alarm).where(*here).values(said).returning(*tables.alarm.c)
        raised = connection.execute(more).one_or_none()
    if raised is not None:
        _tell(connection, raised, at, cleared=False)
    return raised is not None


def clear_alarm(connection: Connection, *, kind: str, subject: str, at: int, told: bool = True) -> bool:
    """Clear a standing alarm; True on transition, False where none stood. Nobody is told of it unless `told`: another
    alarm takes its place."""
    return bool(clear_alarms(connection, kind=kind, subjects=[subject], at=at, told=told))


def clear_alarms(
    connection: Connection, *, kind: str, subjects: Collection[str], at: int, told: bool = True
) -> set[str]:
    """Clear the standing alarms of a kind about these subjects; the subjects of those that stood. As `clear_alarm`."""
    ended = {"of_kind": kind, "subjects": sorted(subjects), "cleared_at": at}
    cleared = _CLEAR.rows(connection, ended)
    for each in cleared if told else ():
        _tell(connection, each, at, cleared=True)
    return {each.subject for each in cleared}


def confirm(connection: Connection, kinds: Collection[str], within: Callable[[str], bool], at: int) -> None:
    """Note that standing alarms of these kinds, whose subjects are `within`, are still watched."""
    numbers = [alarm.id for alarm in standing(connection, kinds) if within(alarm.subject)]
    if numbers:
        connection.execute(update(tables.alarm).where(_alarm.id.in_(numbers)).values(confirmed_at=at))


def settle(
    connection: Connection,
    kinds: Collection[str],
    within: Callable[[str], bool],
    wanted: Mapping[tuple[str, str], Cause],
    at: int,
) -> None:
    """Let, of these kinds and of the subjects that are `within`, just the wanted (kind, subject) stand. What is raised
    about a subject takes the place of what is cleared about it."""
    known = {(each.kind, each.subject): each for each in standing(connection, kinds) if within(each.subject)}
    anew = {subject for _, subject in wanted.keys() - known.keys()}
    for kind, subject in sorted(known.keys() - wanted.keys()):
        clear_alarm(connection, kind=kind, subject=subject, at=at, told=subject not in anew)
    for (kind, subject), cause in sorted(wanted.items(), key=lambda each: each[0]):
        stands = known.get((kind, subject))
        if stands is not None and stands.statutory >= cause.statutory:
            continue
        raise_alarm(
            connection,
            kind=kind,
            subject=subject,
            reason=cause.reason,
            command=cause.command,
            at=at,
            statutory=cause.statutory,
        )


def standing(connection: Connection, kinds: Collection[str] | None = None) -> list[Alarm]:
    """All alarms that have not been cleared, of these kinds where some are named, oldest first."""
    columns = (_alarm.id, _alarm.kind, _alarm.subject, _alarm.raised_at, _alarm.reason, _alarm.command)
    query = select(*columns, _alarm.statutory).where(_alarm.cleared_at.is_(None))
    if kinds is not None:
        query = query.where(_alarm.kind.in_(sorted(kinds)))
    rows = connection.execute(query.order_by(_alarm.raised_at, _alarm.id))
    return [Alarm(**row) for row in rows.mappings()]


def _tell(connection: Connection, alarm: Row[Any], at: int, *, cleared: bool) -> None:
    connection.execute(
        insert(tables.alert).values(
            alarm_id=alarm.id,
            cleared=cleared,
            kind=alarm.kind,
            subject=alarm.subject,
            reason=alarm.reason,
            command=alarm.command,
            statutory=alarm.statutory,
            since=alarm.raised_at,
            at=at,
        )
    )
