"""The statements that SQLite and PostgreSQL spell alike but SQLAlchemy spells apart."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, and_
from sqlalchemy.dialects import postgresql, sqlite

from adapter.store.statements import Row, Statement


def insert_if_absent(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless a unique index already holds one; True where it was inserted."""
    return insert_or_none(connection, table, **values) is not None


def insert_or_none(connection: Connection, table: Table, **values: Any) -> Row | None:
    """Insert a row unless a unique index already holds one; its primary key, None where it was not inserted."""
    return _absent(table, connection.dialect.name).row(connection, values)  # rowcount is not told by every driver


def insert_all_absent(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], told: tuple[str, ...]
) -> set[tuple[Any, ...]]:
    """Insert those rows, one or more, that no unique index holds yet, in the order given; of those that were inserted,
    the values of the columns `told`."""
    statement = _absent(table, connection.dialect.name, told)
    return {tuple(row) for row in statement.rows_each(connection, rows)}


def insert_or_raise(
    connection: Connection,
    table: Table,
    counter: str,
    unique: tuple[str, ...],
    same: tuple[str, ...] = (),
    **values: Any,
) -> Row | None:
    """Insert a row with `counter` 1, or raise that of the row with the same values of the `unique` columns, which is
    locked. Its id and counter; None where the row that is there differs in the columns `same`, and stays as it is.
    """
    statement = _raised(table, counter, unique, same, connection.dialect.name)
    return statement.row(connection, values | {counter: 1})


@cache
def _absent(table: Table, dialect: str, told: tuple[str, ...] = ()) -> Statement:
    columns = [table.c[name] for name in told] or table.primary_key.columns
    return Statement(_insert(table, dialect).on_conflict_do_nothing().returning(*columns))


@cache
def _raised(table: Table, counter: str, unique: tuple[str, ...], same: tuple[str, ...], dialect: str) -> Statement:
    insert = _insert(table, dialect)
    unchanged = [table.c[name] == insert.excluded[name] for name in same]
    raised = insert.on_conflict_do_update(
        index_elements=[table.c[name] for name in unique],
        set_={counter: table.c[counter] + 1},
        **({"where": and_(*unchanged)} if unchanged else {}),
    )
    return Statement(raised.returning(table.c.id, table.c[counter]))


def _insert(table: Table, dialect: str) -> Any:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
