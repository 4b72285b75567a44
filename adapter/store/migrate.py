"""Bring a database to the schema of this version: `upgrade`, `current`, `pending`.

A migration runs in one transaction, alone: a second process that starts at the same time waits, then finds the work
done. There is no way down: a backup is the way back.

The first digit of a revision is its epoch. Within one a schema only grows, so that a version before works on it too:
processes of both run side by side while they are exchanged (ADR 0030).
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from adapter.store.database import Database
from adapter.support.errors import AdapterError

_FOLDER = Path(__file__).parent / "migrations"
_POSTGRESQL_LOCK = 7_032_017_612  # any number, the same in every process


class SchemaError(AdapterError):
    """The database's schema is not one that this version can work with."""


def upgrade(database: Database) -> list[str]:
    """Apply all pending migrations; returns their revisions, oldest first, empty where there was nothing to do.

    Raises SchemaError where the database was written by a newer version of another epoch, UnavailableError where it
    does not answer.
    """
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # another's migration may take its time
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
        revisions = _pending(connection)
        if revisions:
            from alembic import command  # only here: most starts have nothing to do
            from alembic.config import Config

            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
            command.upgrade(config, "head")
    return revisions


def current(database: Database) -> str | None:
    """The revision that the database is at; None where it is empty."""
    with database.read() as connection:
        return _current(connection)


def pending(database: Database) -> list[str]:
    """The revisions that `upgrade` would apply, oldest first. Raises SchemaError as `upgrade` does."""
    with database.read() as connection:
        return _pending(connection)


def newest() -> str:
    """The revision that this version brings a database to."""
    return _revisions()[-1]


def _current(connection: Connection) -> str | None:
    """As Alembic keeps it."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def _pending(connection: Connection) -> list[str]:
    at = _current(connection)
    known = _revisions()
    if at is None:
        return list(known)
    if at > known[-1] and at[0] == known[-1][0]:
        return []  # a newer version has made it grow
    if at not in known:
        raise SchemaError(
            f"the database has schema {at}, which this version does not know (its newest is {known[-1]}): a newer "
            "version has written it. Start that version, or restore the backup taken before the upgrade"
        )
    return list(known[known.index(at) + 1 :])


@cache
def _revisions() -> tuple[str, ...]:
    """All known revisions, oldest first: a file's name begins with its number."""
    return tuple(sorted(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*_*.py")))
