"""A copy of a database holds the same rows, and goes on where the first left off."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from adapter.store import copying, locks, migrate, tables
from adapter.store.copying import CopyError
from adapter.store.database import Database
from adapter.support.errors import UnavailableError

ODD = 'å\u2028"\\\' 😀 {"a": null}'


@pytest.fixture
def target(any_url: str, request) -> Iterator[Database]:
    """An empty database of the other kind."""
    opened = Database(request.getfixturevalue("postgresql_url" if any_url.startswith("sqlite") else "sqlite_url"))
    yield opened
    opened.close()


@pytest.fixture
def filled(stored) -> Database:
    """Rows of many kinds, also with what is told apart with difficulty: no value, JSON null, an empty text, a flag."""
    person = stored.patient(protected=True)
    message = stored.message(patient_id=person, issues=[{"code": ODD, "n": [1, 2.50, None, True]}], request_id="")
    delivery = stored.delivery(message, patient_id=person, reason=ODD)
    stored.attempt(delivery)
    stored.fact(message, person, detail={}, instants={"a": 2**53 + 1})
    for size in (0, 1, 70_000):
        stored.content(message, "received", bytes(range(256)) * (size // 256 + 1), "x/y")
    stored.insert(tables.audit, at=1, principal="p", party="p", action="view", object="o", detail={})
    with stored.database.write() as connection:
        key = {"hash": "h" * 64, "key_id": "k", "patient_id": person, "created_at": 1}
        connection.execute(insert(tables.patient_key), key)
        labels = [{"hash": str(n), "label": ODD, "party": "p", "rights": []} for n in range(520)]
        connection.execute(insert(tables.token), [each | {"created_at": 1, "expires_at": 2**62} for each in labels])
        connection.execute(text("DELETE FROM token WHERE id = 520"))
    return stored.database


def rows(database: Database, table) -> list[tuple]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]


def test_every_row_is_the_same_and_new_ones_get_new_numbers(filled: Database, target: Database, stored):
    told: list[tuple[str, int, int]] = []
    copied = copying.copy(filled, target, stored.now, lambda *each: told.append(each))

    assert [one.table for one in copied] == [table.name for table in tables.metadata.sorted_tables]
    assert {one.table: one.rows for one in copied}["token"] == 519
    assert ("token", 500, 519) in told
    for table in tables.metadata.sorted_tables:
        assert rows(target, table) == rows(filled, table), table.name
    with target.write() as connection:
        values = {"hash": "new", "label": "l", "party": "p", "rights": [], "created_at": 1, "expires_at": 2}
        query = insert(tables.token).values(values).returning(tables.token.c.id)
        assert connection.execute(query).scalar_one() == 521  # 520 was given once, and is gone
        query = insert(tables.patient).values(created_at=1).returning(tables.patient.c.id)
        assert connection.execute(query).scalar_one() == 2


def test_json_is_carried_as_it_is_written(filled: Database, target: Database, stored):
    with filled.write() as connection:
        written = '{"b":1.50,  "a": 1e2}'
        kind = "JSON" if connection.dialect.name == "postgresql" else "TEXT"
        connection.execute(text(f"UPDATE message SET issues = CAST(:j AS {kind})"), {"j": written})
    copying.copy(filled, target, stored.now)
    with target.read() as connection:
        assert connection.execute(text("SELECT CAST(issues AS TEXT) FROM message")).scalar_one() == written
    assert json.loads(written) == {"b": 1.5, "a": 100}


def test_while_a_worker_lives_nothing_is_copied(filled: Database, target: Database, stored):
    with filled.write() as connection:
        beat = {"worker": "host-1-a", "started_at": 1, "polled_at": stored.now - 30_000_000}
        connection.execute(insert(tables.worker_heartbeat), beat)
    with pytest.raises(CopyError, match=r"at work .*host-1-a.*stop every"):
        copying.copy(filled, target, stored.now)
    assert rows(target, tables.message) == []
    copying.copy(filled, target, stored.now + 60_000_000)


def test_a_target_that_holds_something_is_left_alone(filled: Database, target: Database, stored):
    migrate.upgrade(target)
    with target.write() as connection:
        connection.execute(insert(tables.patient).values(created_at=5))
    with pytest.raises(CopyError, match=r"not empty: patient hold"):
        copying.copy(filled, target, stored.now)
    assert rows(target, tables.patient) == [(1, False, False, 5)]


def test_a_row_that_arrives_changed_undoes_the_whole_copy(filled: Database, target: Database, stored, monkeypatch):
    given = copying._given

    def spoilt(connection, column):
        return given(connection, column) if column.name != "label" else text("'other'")

    monkeypatch.setattr(copying, "_given", spoilt)
    with pytest.raises(CopyError, match="table token does not read the same"):
        copying.copy(filled, target, stored.now)
    assert rows(target, tables.patient) == []


def test_what_is_copied_is_of_the_schema_of_this_version(tmp_path: Path, target: Database, stored):
    old = Database(f"sqlite:///{tmp_path / 'old.db'}")
    with pytest.raises(CopyError, match="run `adapter db upgrade`"):
        copying.copy(old, target, stored.now)
    old.close()
    new = Database(f"sqlite:///{tmp_path / 'new.db'}")
    copying.copy(target, new, stored.now)
    assert migrate.pending(new) == []
    new.close()


def test_a_lock_by_name_keeps_others_out_until_the_end(open_any, any_url):
    first, second = open_any(), open_any()
    with second.engine.connect() as waiting:
        if any_url.startswith("postgresql"):
            waiting.execute(text("SET lock_timeout = '50ms'"))
            waiting.commit()
            with first.write() as connection:
                locks.hold(connection, "a", "b")
                with pytest.raises(Exception, match="lock timeout"), waiting.begin():
                    locks.hold(waiting, "b")
                with waiting.begin():
                    locks.hold(waiting, "c")
        with waiting.begin():
            locks.hold(waiting, "b", "a", "a")


def test_a_transaction_that_meets_another_is_begun_anew_and_at_last_given_up(open_any):
    database, tries = open_any(), []

    def work(connection):
        tries.append(1)
        connection.execute(insert(tables.patient).values(created_at=len(tries)))
        values = {"hash": "h", "key_id": "k", "patient_id": len(tries), "created_at": 1}
        connection.execute(insert(tables.patient_key).values(values))
        return len(tries)

    assert database.transact(work) == 1
    with pytest.raises(Exception, match=r"(?i)unique|foreign") as refused:
        database.transact(work)
    assert not isinstance(refused.value, UnavailableError)
    assert [row.created_at for row in rows_of(database)] == [1]


def rows_of(database: Database):
    with database.read() as connection:
        return connection.execute(select(tables.patient)).all()
