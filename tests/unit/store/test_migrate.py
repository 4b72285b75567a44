"""Migrations: they build the schema of tables.py, once, and refuse a database from the future."""

import re
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from adapter.store import migrate
from adapter.store.database import Database
from adapter.store.tables import APPEND_ONLY, metadata
from adapter.support.errors import UnavailableError


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(f"sqlite:///{tmp_path / 'adapter.db'}")
    yield opened
    opened.close()


def schema(database: Database) -> dict[str, list[str]]:
    """Name to the parts of the statement of every table and index, in an order of their own."""
    with database.read() as connection:
        rows = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL")
        ).all()
    return {
        name: sorted(re.split(r",\s", re.sub(r"\s+", " ", sql.removesuffix(")").strip())))
        for name, sql in rows
        if name not in ("alembic_version", "sqlite_sequence")
    }


def test_an_empty_database_is_pending_and_then_current(database: Database):
    assert migrate.current(database) is None
    waiting = migrate.pending(database)
    assert waiting
    assert migrate.upgrade(database) == waiting
    assert migrate.current(database) == waiting[-1]
    assert migrate.pending(database) == []
    assert migrate.upgrade(database) == []


def test_migrations_lead_to_the_schema_of_the_tables(database: Database, tmp_path: Path):
    migrate.upgrade(database)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    created = Database(f"sqlite:///{tmp_path / 'created.db'}")
    with created.write() as connection:
        metadata.create_all(connection)
    assert schema(database) == schema(created)  # partial indexes too, which alembic does not compare
    created.close()


def test_a_database_from_a_newer_version_is_refused_in_words(database: Database):
    migrate.upgrade(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (migrate.upgrade, migrate.pending):
        with pytest.raises(migrate.SchemaError, match=r"schema 9999.*newer version has written it"):
            act(database)
    assert migrate.current(database) == "9999"


def test_two_that_start_at_once_migrate_once(tmp_path: Path):
    databases = [Database(f"sqlite:///{tmp_path / 'adapter.db'}") for _ in range(4)]
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda one=one: applied.append(migrate.upgrade(one))) for one in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, applied))[:-1] == [0, 0, 0]
    assert len(applied) == 4
    for one in databases:
        one.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(database: Database):
    with database.write() as connection:
        connection.execute(text("CREATE TABLE stream (id INTEGER)"))  # stands in the way half-way through
    with pytest.raises(UnavailableError):
        migrate.upgrade(database)
    assert migrate.current(database) is None
    assert list(schema(database)) == ["stream"]


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET id = 2", "DELETE FROM {}"])
def test_what_is_recorded_is_never_changed(database: Database, table: str, change: str):
    migrate.upgrade(database)
    with database.write() as connection:
        connection.execute(text("INSERT INTO patient (id, created_at) VALUES (1, 0)"))
        connection.execute(
            text(
                "INSERT INTO message (id, status, source, content_hash, received_at, http_status, size,"
                " config_version, issues) VALUES (1, 'accepted', 'fhir', 'h', 0, 200, 1, 'c', '[]')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO fact (message_id, patient_id, case_id, event, sender_party, sender_unit, receivers,"
                " instants, detail, recorded_at) VALUES (1, 1, 'c', 'e', 'p', 'u', '[]', '{}', '{}', 0)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO audit (at, principal, party, action, object, detail)"
                " VALUES (0, 'p', 'p', 'view', 'message/1', '{}')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO frozen_month (kommunkod, month, kind, content, sha256, frozen_at, frozen_by)"
                " VALUES ('2482', '2026-03', 'payment', '{}', 'h', 0, 'p')"
            )
        )
    with pytest.raises(IntegrityError, match="never changed or removed"), database.write() as connection:
        connection.execute(text(change.format(table)))
