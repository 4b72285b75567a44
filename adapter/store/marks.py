"""Which database this is, and whether it has been put back: a number that only grows, in it and in a file outside it.

The number is raised in the database first, then in the file. A database that is behind its file, or another one than it
tells of, was put back from a copy, or has lost what it had committed: nothing is sent then until a person has resumed.
A copy that `adapter db backup` has made knows by itself that it is one.
"""

import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select, update

from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.database import Database
from adapter.store.insert import insert_if_absent
from adapter.support.errors import AdapterError

RESTORED = "restored"
"""Kind of the alarm that the database was put back; its subject is `database`."""
_SUBJECT = "database"
_TAKEN_IN = 60_000_000
"""Microseconds within which a message that came is committed: a copy may lack what had come shortly before it."""

_installation, _restoration = tables.installation.c, tables.restoration.c


@dataclass(frozen=True)
class Mark:
    """`at` is when the number was reached, in UTC microseconds."""

    identity: str
    number: int
    at: int


@dataclass(frozen=True)
class Gap:
    """A restoration that nobody has resumed. Between `since` and `until`, and at no other time, the adapter may have
    accepted and sent what it does not know; None where nobody can tell. `causes` are copy, older, other and said.
    Instants in UTC microseconds."""

    causes: tuple[str, ...]
    found_at: int
    since: int | None
    until: int | None


class Marks:
    """The mark of one process. `file` is None where none is kept."""

    def __init__(self, database: Database, file: Path | None) -> None:
        self._database = database
        self._file = file

    def look(self, at: int) -> Gap | None:
        """Find out whether the database was put back, and raise the mark; the gap where nobody has resumed yet. `at` in
        UTC microseconds. Raises AdapterError where the file cannot be read or written: without it a database that was
        put back may not be known."""
        with self._database.write() as connection:
            outside = None if self._file is None else read(self._file)
            if outside is not None:
                _compare(connection, outside, at)
            mark = _raise(connection, at)
            gap = standing(connection)
            if gap is not None:
                _alarm(connection, at)
        if self._file is not None:
            write(self._file, mark)
        return gap


def may_send() -> ColumnElement[bool]:
    """In a query: the database was not put back, or a person has resumed."""
    return ~exists().where(_restoration.resumed_at.is_(None))


def sending_is_off(connection: Connection) -> bool:
    """Whether nothing may be sent, since the database was put back and nobody has resumed."""
    return not connection.execute(select(may_send())).scalar_one()


def standing(connection: Connection) -> Gap | None:
    """The gap of the restorations that nobody has resumed; None where there is none."""
    query = select(tables.restoration).where(_restoration.resumed_at.is_(None)).order_by(_restoration.id)
    rows = connection.execute(query).all()
    if not rows:
        return None
    since = [row.gap_from for row in rows if row.gap_from is not None]
    until = [row.gap_to for row in rows if row.gap_to is not None]
    causes = tuple(row.cause for row in rows)
    found_at = min(row.found_at for row in rows)
    begun = max(since) - _TAKEN_IN if since else None  # it was alive at each of them
    return Gap(causes, found_at, begun, max(until, default=None))


def put_back(connection: Connection, cause: str, at: int, since: int | None, until: int | None = None) -> None:
    """The database was put back: send nothing from now on. Said again, the first word counts."""
    insert_if_absent(connection, tables.restoration, cause=cause, found_at=at, gap_from=since, gap_to=until)


def resume(connection: Connection, at: int, by: str, reason: str) -> bool:
    """Send again; False where nothing stood against it."""
    ended = connection.execute(
        update(tables.restoration)
        .where(_restoration.resumed_at.is_(None))
        .values(resumed_at=at, resumed_by=by, reason=reason, gap_to=func.coalesce(_restoration.gap_to, at))
    )
    clear_alarm(connection, kind=RESTORED, subject=_SUBJECT, at=at)
    return ended.rowcount > 0


def read(file: Path) -> Mark | None:
    """What the file says; None where there is none. Raises AdapterError where it cannot be read."""
    try:
        return Mark(**json.loads(file.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        words = "remove it, and run `adapter db restored` if the database was put back from a copy"
        raise AdapterError(
            f"the mark of the database in {file} cannot be read ({type(error).__name__}): {words}"
        ) from None


def write(file: Path, mark: Mark) -> None:
    """Replace the file at once, on disk when it returns. Raises AdapterError."""
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        with new.open("w") as stream:
            json.dump(asdict(mark), stream)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError as error:
        raise AdapterError(f"the mark of the database cannot be written to {file} ({error.strerror})") from error


def _compare(connection: Connection, outside: Mark, at: int) -> None:
    inside = connection.execute(select(tables.installation).with_for_update()).one_or_none()
    if inside is None or inside.identity != outside.identity:
        put_back(connection, "other", at, None, at)
    elif inside.mark < outside.number:
        newest = select(tables.message.c.received_at).order_by(tables.message.c.id.desc()).limit(1)
        known = max(inside.marked_at, connection.execute(newest).scalar_one_or_none() or 0)
        put_back(connection, "older", at, min(known, outside.at), at)  # it went on after the last mark
        connection.execute(update(tables.installation).values(mark=outside.number))


def _raise(connection: Connection, at: int) -> Mark:
    raised = (
        update(tables.installation)
        .values(mark=_installation.mark + 1, marked_at=at)
        .returning(_installation.identity, _installation.mark)
    )
    row = connection.execute(raised).one_or_none()
    if row is None:
        identity = str(uuid.uuid4())
        connection.execute(insert(tables.installation).values(id=1, identity=identity, mark=1, marked_at=at))
        return Mark(identity, 1, at)
    return Mark(row.identity, row.mark, at)


def _alarm(connection: Connection, at: int) -> None:
    raise_alarm(
        connection,
        kind=RESTORED,
        subject=_SUBJECT,
        reason="the database was put back from a copy: nothing is sent until a person has looked at the gap",
        command="adapter db gap",
        at=at,
    )
