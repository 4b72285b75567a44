"""The database's own order: its pages, and rows that name rows which are not there."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, ForeignKeyConstraint, and_, exists, select

from adapter.exchange.verification.finding import RESTORE, Batches, Finding, Source
from adapter.store import tables

_NAME = "structure"
_SAMPLE = 100


def check(source: Source) -> Batches:
    """One thing looked at for each table."""
    with source.database.read() as connection:
        if source.database.is_sqlite:
            yield len(tables.metadata.tables), list(_sqlite(connection))
            return
    for table in tables.metadata.sorted_tables:
        with source.database.read() as connection:
            yield 1, list(_lost(connection, table))


def _sqlite(connection: Connection) -> Iterator[Finding]:
    for (words,) in connection.exec_driver_sql(f"PRAGMA integrity_check({_SAMPLE})"):
        if words != "ok":
            yield Finding(_NAME, "database", f"the file is damaged: {words}", RESTORE)
    for number, row in enumerate(connection.exec_driver_sql("PRAGMA foreign_key_check")):
        if number == _SAMPLE:
            break
        yield Finding(_NAME, f"{row[0]}/{row[1]}", f"names a row of {row[2]} that is not there", RESTORE)


def _lost(connection: Connection, table: Any) -> Iterator[Finding]:
    """PostgreSQL keeps its foreign keys itself; a damaged disk, or a superuser, does not ask it."""
    key = next(iter(table.primary_key.columns))
    for constraint in table.constraints:
        if not isinstance(constraint, ForeignKeyConstraint):
            continue
        target = constraint.referred_table.alias("target")
        pairs = [(element.parent, target.c[element.column.name]) for element in constraint.elements]
        there = exists(select(1).select_from(target).where(and_(*(here == there for here, there in pairs))))
        named = and_(*(here.is_not(None) for here, _ in pairs))
        for row in connection.execute(select(key).where(named, ~there).limit(_SAMPLE)).scalars():
            words = f"names a row of {constraint.referred_table.name} that is not there"
            yield Finding(_NAME, f"{table.name}/{row}", words, RESTORE)
