"""Copies of the database: that one was made is kept, so that somebody is told when there has been none for long.

A copy that nobody made is noticed on the day when it is needed. PostgreSQL is copied by others' means: what does it
says so by `adapter db backed-up`, and is held to it from then on.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, insert, inspect, select

from adapter.exchange.acts import ConflictError
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import backup, tables
from adapter.store.alarms import Cause
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros

BACKUP_OLD = "backup-old"
"""Kind of the alarm that the newest copy of the database is too old; its subject is `database`."""
_SUBJECT = "database"
_SLACK = timedelta(minutes=5)
"""How far another machine's clock may be ahead of ours."""

_made_at, _received_at = tables.backup.c.made_at, tables.message.c.received_at


class Backups:
    """For operations: every call needs ALL_PARTIES."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def copy(self, principal: Principal, file: Path, told: backup.Told = lambda *_: None) -> backup.Backup:
        """Copy a SQLite database to a new file, and keep that it was done. Raises BackupError as `backup.backup`."""
        principal.require(Right.ALL_PARTIES)
        at = self._clock.now()
        made = backup.backup(self._database, file, to_micros(at), told)
        if self._can_keep():
            self._keep(principal, at)
        return made

    def report(self, principal: Principal, made_at: datetime | None = None) -> datetime:
        """Keep that a copy was made by other means, now or when it is said; returns when. Raises ConflictError for an
        instant that is yet to come."""
        principal.require(Right.ALL_PARTIES)
        now = self._clock.now()
        at = made_at or now
        if at > now + _SLACK:
            raise ConflictError(f"the copy cannot have been made at {at:%Y-%m-%d %H:%M %z}, which is yet to come")
        self._keep(principal, at)
        return at

    def _can_keep(self) -> bool:
        """Not while the schema is an earlier one: a copy is made before an upgrade, of all times."""
        with self._database.read() as connection:
            return inspect(connection).has_table(tables.backup.name)

    def _keep(self, principal: Principal, made_at: datetime) -> None:
        with self._database.write() as connection:
            values = {"made_at": to_micros(made_at), "principal": principal.name}
            number = connection.execute(insert(tables.backup).values(values).returning(tables.backup.c.id)).scalar_one()
            audit.record(connection, principal, "backup", f"backup/{number}", to_micros(self._clock.now()))


def newest(connection: Connection) -> datetime | None:
    """When the newest copy that is known was made."""
    at = connection.execute(select(func.max(_made_at))).scalar_one()
    return None if at is None else from_micros(at)


def overdue(connection: Connection, age: timedelta, now: datetime) -> Iterator[tuple[tuple[str, str], Cause]]:
    """The alarm, where the newest copy is older than `age`; there is none where `age` is 0, nor on PostgreSQL until a
    first copy has been reported. Where there was never one, the store's first message counts."""
    if not age:
        return
    is_sqlite = connection.dialect.name == "sqlite"
    last = newest(connection)
    words = "the newest copy of the database that is known was made"
    if last is None and is_sqlite:
        first = connection.execute(select(_received_at).order_by(tables.message.c.id).limit(1)).scalar_one_or_none()
        last = None if first is None else from_micros(first)
        words = "no copy of the database is known, and there have been messages since"
    if last is not None and last < now - age:
        command = "adapter db backup FILE" if is_sqlite else "adapter db backed-up"
        yield (BACKUP_OLD, _SUBJECT), Cause(f"{words} {last:%Y-%m-%d %H:%M} UTC", command)
