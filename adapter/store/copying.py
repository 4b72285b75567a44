"""Copy a whole database to another, of either kind: from SQLite to PostgreSQL when one machine is outgrown, and back.

Nobody writes to the source meanwhile; it is left as it was. The target is empty, and stays so unless every row has
arrived and reads the same.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Connection, LargeBinary, Table, Text, bindparam, cast, func, insert, select, text
from sqlalchemy import type_coerce as as_type
from sqlalchemy.exc import DataError

from adapter.store import migrate, tables
from adapter.store.database import Database
from adapter.support.errors import AdapterError

_ROWS = 500
_LARGE_ROWS = 20
"""How many rows go at once; those that hold content may have megabytes each."""
_ALIVE = 60 * 1_000_000
_SAMPLE = 5

Told = Callable[[str, int, int], None]


class CopyError(AdapterError):
    """The copy cannot be made, and the target is as it was. Says what to do."""


@dataclass(frozen=True)
class Copied:
    """A table that arrived whole. `sha256` (hex) is over all its rows, the same on both sides."""

    table: str
    rows: int
    sha256: str


def copy(source: Database, target: Database, at: int, told: Told = lambda *_: None) -> list[Copied]:
    """Copy everything; returns the tables. `at` in UTC microseconds; `told` hears the table, and its rows done and in
    all.

    Raises CopyError where a worker lives, the source is not at this version's schema, the target holds something, or a
    row did not arrive as it was; SchemaError and UnavailableError as `migrate.upgrade`.
    """
    if migrate.current(source) != migrate.newest():
        raise CopyError(
            "the database to copy is not at the schema of this version: run `adapter db upgrade` with the newest first"
        )
    migrate.upgrade(target)
    with source.write() as reading, target.write() as writing:
        _alone(reading)
        _alone(writing)
        _require_no_worker(reading, at)
        _require_empty(writing)
        found = [_copy(table, reading, writing, told) for table in tables.metadata.sorted_tables]
        for one, table in zip(found, tables.metadata.sorted_tables, strict=True):
            if _digest(writing, table) != (one.rows, one.sha256):
                raise CopyError(f"table {table.name} does not read the same in the target: nothing was copied")
            _set_next(writing, table, _last_given(reading, table))
    return found


def _alone(connection: Connection) -> None:
    """Nobody else writes until the end: SQLite's writer is alone anyhow."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        names = ", ".join(table.name for table in tables.metadata.sorted_tables)
        connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def _require_no_worker(connection: Connection, at: int) -> None:
    beat = tables.worker_heartbeat.c
    living = connection.execute(select(beat.worker).where(beat.polled_at > at - _ALIVE).order_by(beat.worker))
    names = list(living.scalars())[:_SAMPLE]
    if names:
        words = "stop every `adapter serve` and `adapter worker`, wait a minute where one was killed, and copy again"
        raise CopyError(f"at work on the database within the last minute: {', '.join(names)}. {words}")


def _require_empty(connection: Connection) -> None:
    used = [
        table.name
        for table in tables.metadata.sorted_tables
        if connection.execute(select(text("1")).select_from(table).limit(1)).first() is not None
    ]
    if used:
        raise CopyError(f"the target is not empty: {', '.join(used[:_SAMPLE])} hold rows. Name an empty database")


def _copy(table: Table, reading: Connection, writing: Connection, told: Told) -> Copied:
    total = _count(reading, table)
    digest, done = hashlib.sha256(), 0
    values = {column.name: _given(writing, column) for column in table.columns}
    statement = insert(table).values(values)
    for rows in _batches(reading, table):
        try:
            writing.execute(statement, [dict(row) for row in rows])
        except DataError as error:
            words = "a row of it holds what the target cannot keep, such as the character NUL in a text"
            raise CopyError(f"table {table.name} cannot be copied: {words}; nothing was copied") from error
        for row in rows:
            digest.update(_line(row))
        done += len(rows)
        told(table.name, done, total)
    return Copied(table.name, done, digest.hexdigest())


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _digest(connection: Connection, table: Table) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    for rows in _batches(connection, table):
        for row in rows:
            digest.update(_line(row))
        count += len(rows)
    return count, digest.hexdigest()


def _batches(connection: Connection, table: Table) -> Iterator[list[Mapping[str, Any]]]:
    """The rows in the order of their keys, JSON as the text that it is."""
    large = any(isinstance(column.type, LargeBinary) for column in table.columns)
    columns = [_kept(connection, column).label(column.name) for column in table.columns]
    query = select(*columns).order_by(*table.primary_key.columns)
    options = {"yield_per": _LARGE_ROWS if large else _ROWS}
    for rows in connection.execute(query, execution_options=options).mappings().partitions():
        yield [dict(row) for row in rows]


def _kept(connection: Connection, column: Any) -> Any:
    if not isinstance(column.type, JSON):
        return column
    return cast(column, Text) if connection.dialect.name == "postgresql" else as_type(column, Text)


def _given(connection: Connection, column: Any) -> Any:
    if not isinstance(column.type, JSON):
        return bindparam(column.name, type_=column.type)
    value = bindparam(column.name, type_=Text)
    return cast(value, JSON) if connection.dialect.name == "postgresql" else as_type(value, Text)


def _line(row: Mapping[str, Any]) -> bytes:
    """A row, the same for the same values and no others."""
    return repr(
        [(name, bytes(value) if isinstance(value, memoryview) else value) for name, value in row.items()]
    ).encode("utf-8", "surrogatepass")


def _last_given(connection: Connection, table: Table) -> int | None:
    """The highest id that was ever given, also where its row is gone: none is given twice. None where the table has no
    such ids."""
    if table.autoincrement_column is None:
        return None
    highest = connection.execute(select(func.max(table.autoincrement_column))).scalar_one() or 0
    if connection.dialect.name == "postgresql":
        sequence = text("SELECT last_value FROM pg_sequences WHERE (schemaname || '.' || sequencename) = :name")
        name = _sequence(connection, table)
        return max(highest, connection.execute(sequence, {"name": name}).scalar() or 0)
    kept = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return max(highest, connection.execute(kept, {"name": table.name}).scalar() or 0)


def _set_next(connection: Connection, table: Table, last: int | None) -> None:
    if not last:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.setval(_sequence(connection, table), last)))
        return
    named = {"name": table.name, "last": last}
    connection.execute(text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name"), named)
    known = text("SELECT 1 FROM sqlite_sequence WHERE name = :name")
    if connection.execute(known, {"name": table.name}).first() is None:
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), named)


def _sequence(connection: Connection, table: Table) -> str:
    column = table.autoincrement_column
    assert column is not None  # noqa: S101 - asked for such tables alone
    name: str = connection.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar_one()
    return name
