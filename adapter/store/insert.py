"""The one statement that SQLite and PostgreSQL spell alike but SQLAlchemy spells apart."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_if_absent(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless a unique index already holds one; True where it was inserted."""
    statement = _statement(table, connection.dialect.name)
    return connection.execute(statement, values).first() is not None  # rowcount is not told by every driver


@cache
def _statement(table: Table, dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
