"""Migrations: they build the schema of tables.py, once, and refuse a database from the future."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from adapter.store import migrate
from adapter.store.database import Database
from adapter.store.tables import APPEND_ONLY, metadata
from adapter.support.errors import UnavailableError


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'adapter.db'}"
        return
    server = request.getfixturevalue("postgresql")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


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
        name: sorted(part.strip() for part in re.split(r",\s", re.sub(r"\s+", " ", sql.removesuffix(")").strip())))
        for name, sql in rows
        if name not in ("alembic_version", "sqlite_sequence")
    }


def test_an_empty_database_is_pending_and_then_current(empty: Database):
    database = empty
    assert migrate.current(database) is None
    waiting = migrate.pending(database)
    assert waiting
    assert migrate.upgrade(database) == waiting
    assert migrate.current(database) == waiting[-1]
    assert migrate.pending(database) == []
    assert migrate.upgrade(database) == []


@pytest.mark.filterwarnings("ignore:Can't validate argument 'dialect_options'")  # SQLAlchemy's own, of a constraint
def test_migrations_lead_to_the_tables_on_each_database(empty: Database):
    migrate.upgrade(empty)
    with empty.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


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


def test_a_version_before_works_on_a_schema_that_only_grew(database: Database):
    migrate.upgrade(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    assert migrate.pending(database) == []
    assert migrate.upgrade(database) == []
    assert migrate.current(database) == "0999"


def _columns(connection) -> dict[tuple[str, str], tuple[str, bool]]:
    """Of each table and column its type, and whether a row may leave it out."""
    seen = inspect(connection)
    return {
        (table, column["name"]): (str(column["type"]), column["nullable"] or column["default"] is not None)
        for table in seen.get_table_names()
        for column in seen.get_columns(table)
    }


def test_within_an_epoch_each_migration_lets_the_version_before_work(database: Database):
    """Nothing goes or changes its type, and what is new in a table that was there may be left out of a row."""
    with database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrate._FOLDER))
        before: dict[tuple[str, str], tuple[str, bool]] = {}
        for revision in migrate._revisions():
            command.upgrade(config, revision)
            after = _columns(connection)
            known = {table for table, _ in before}
            narrowed = {
                place for place, (kind, free) in before.items() if after.get(place) not in ((kind, free), (kind, True))
            }
            demanded = {place for place in after.keys() - before.keys() if place[0] in known and not after[place][1]}
            assert (revision, narrowed, demanded) == (revision, set(), set())
            before = after


def test_two_that_start_at_once_migrate_once(empty_url: str):
    databases = [Database(empty_url) for _ in range(4)]
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
def test_what_is_recorded_is_never_changed(open_any, table: str, change: str):
    database = open_any()
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
    with pytest.raises(DBAPIError, match="never changed or removed"), database.write() as connection:
        connection.execute(text(change.format(table)))
