"""The statements that SQLite and PostgreSQL spell alike but SQLAlchemy spells apart."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Label, Select, Table, and_, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from adapter.store.statements import Row, Statement, Values


def insert_if_absent(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless a unique index already holds one; True where it was inserted."""
    key = absent(table, connection.dialect.name).row(connection, values)  # rowcount is not told by every driver
    return key is not None


def insert_selected_absent(
    connection: Connection, table: Table, query: Select[Any], told: tuple[ColumnElement[Any], ...], values: Values
) -> list[Row]:
    """Insert what the query gives, whose columns have the names of the table's, but what a unique index already holds;
    of what was inserted, what is asked to be `told`. `values` are the query's own."""
    return _selected(table, query, told, connection.dialect.name).rows(connection, values)


@cache
def absent(table: Table, dialect: str) -> Statement:
    """Inserts a row unless a unique index already holds one, and gives its primary key."""
    return Statement(_insert(table, dialect).on_conflict_do_nothing().returning(*table.primary_key.columns))


@cache
def raised(
    table: Table,
    counter: str,
    unique: tuple[str, ...],
    dialect: str,
    same: tuple[str, ...] = (),
    also: tuple[Label[Any], ...] = (),
) -> Statement:
    """Inserts a row, or raises `counter` of the row with the same values of the `unique` columns, and locks it. Gives
    its id and counter, and what is asked for `also`; nothing where the row that is there differs in the columns `same`,
    and stays as it is."""
    new = _insert(table, dialect)
    unchanged = [table.c[name] == new.excluded[name] for name in same]
    counted = new.on_conflict_do_update(
        index_elements=[table.c[name] for name in unique],
        set_={counter: table.c[counter] + 1},
        **({"where": and_(*unchanged)} if unchanged else {}),
    )
    return Statement(counted.returning(table.c.id, table.c[counter], *also))


def of_parent(table: Table, parent: str, columns: tuple[str, ...]) -> Statement:
    """Inserts a row with values for these columns, unless that of the column `parent` is null."""
    values = [bindparam(name, type_=table.c[name].type) for name in columns]
    there = bindparam(parent, type_=table.c[parent].type).is_not(None)
    return Statement(insert(table).from_select(columns, select(*values).where(there)))


@cache
def _selected(table: Table, query: Select[Any], told: tuple[Any, ...], dialect: str) -> Statement:
    names = [column.key for column in query.selected_columns]
    return Statement(_insert(table, dialect).from_select(names, query).on_conflict_do_nothing().returning(*told))


def _insert(table: Table, dialect: str) -> Any:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
