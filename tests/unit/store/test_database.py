"""What one connection may make another wait for, and what is said where it cannot be had."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from adapter.store import migrate, tables
from adapter.store.database import Database, open_database
from adapter.store.statements import Statement
from adapter.support.errors import UnavailableError
from adapter.support.stores import Database as Named


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(f"sqlite:///{tmp_path / 'adapter.db'}")
    migrate.upgrade(opened)
    yield opened
    opened.close()


@pytest.mark.usefixtures("on_disk")
def test_a_commit_of_sqlite_is_on_disk_when_it_returns(database: Database):
    with database.write() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.execute(text(f"PRAGMA {each}")).scalar_one() for each in pragmas]
    assert found == ["wal", 2, 1]


def test_a_new_connection_reads_while_another_writes(database: Database):
    other = Database(str(database.url))
    with database.write() as connection:
        connection.execute(text("DELETE FROM token"))
        with other.read() as reading:
            assert reading.execute(text("PRAGMA auto_vacuum")).scalar_one() == 2
    other.close()


def test_a_connection_that_is_not_free_in_time_is_an_unavailable_database(database: Database):
    database.engine.pool._timeout = 0.05
    taken = [database.engine.connect() for _ in range(40)]
    with pytest.raises(UnavailableError), database.read():
        pass
    for connection in taken:
        connection.close()


def test_each_statement_of_who_asks_sees_what_is_committed_by_then(open_any):
    one, other = open_any(), open_any()
    persons = Statement(select(tables.patient.c.created_at))
    with one.ask() as connection:
        assert persons.rows(connection) == []
        with other.write() as writing:
            writing.execute(insert(tables.patient), {"created_at": 1})
            assert persons.rows(connection) == []
        assert [row.created_at for row in persons.rows(connection)] == [1]
    with one.write() as connection:  # on the same connection of the pool, which is one for transactions again
        connection.execute(insert(tables.patient), {"created_at": 2})
        connection.rollback()
    with one.read() as connection:
        assert len(persons.rows(connection)) == 1


def test_what_is_read_in_parts_may_have_parameters(open_any):
    opened = open_any()
    with opened.write() as writing:
        writing.execute(insert(tables.patient), [{"created_at": number} for number in range(9)])
    query = select(tables.patient.c.created_at).where(tables.patient.c.created_at.in_([2, 3, 5, 7]))
    with opened.read() as connection:
        parts = connection.execute(query.order_by(tables.patient.c.id).execution_options(yield_per=3)).partitions()
        assert [[row.created_at for row in part] for part in parts] == [[2, 3, 5], [7]]


def test_a_reader_sees_one_moment_and_writes_nothing(open_any):
    database, other = open_any(), open_any()
    with database.read() as reading:
        assert reading.execute(select(tables.patient)).all() == []
        with other.write() as connection:
            connection.execute(insert(tables.patient).values(created_at=1))
        assert reading.execute(select(tables.patient)).all() == []
    with database.read() as reading:
        assert len(reading.execute(select(tables.patient)).all()) == 1


class TestPostgreSQL:
    @pytest.fixture
    def database(self, postgresql_url):
        opened = Database(postgresql_url)
        yield opened
        opened.close()

    def test_who_reads_cannot_write(self, database):
        with pytest.raises(UnavailableError), database.read() as connection:
            connection.execute(insert(tables.patient).values(created_at=1))

    def test_a_commit_is_on_disk_where_the_server_would_let_it_wait(self, database):
        """The server of the tests has synchronous_commit off."""
        with database.write() as connection:
            assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"

    def test_a_lock_that_is_not_free_in_time_is_an_unavailable_database(self, database):
        with database.write() as first:
            first.execute(insert(tables.patient).values(id=1, created_at=1))
        with database.write() as first:
            first.execute(update(tables.patient).values(created_at=2))
            short = text("SET LOCAL lock_timeout = '20ms'")
            with pytest.raises(UnavailableError), database.write() as second:  # noqa: PT012 - the first cannot fail
                second.execute(short)
                second.execute(update(tables.patient).values(created_at=3))

    def test_two_that_wait_for_each_other_both_come_through(self, database):
        with database.write() as connection:
            connection.execute(insert(tables.patient), [{"id": 1, "created_at": 0}, {"id": 2, "created_at": 0}])
        both, tries = threading.Barrier(2, timeout=60), []

        def crosswise(first, second):
            def work(connection):
                tries.append(first)
                connection.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
                add = update(tables.patient).values(created_at=tables.patient.c.created_at + 1)
                connection.execute(add.where(tables.patient.c.id == first))
                if len(tries) <= 2:
                    both.wait()
                connection.execute(add.where(tables.patient.c.id == second))

            database.transact(work)

        with ThreadPoolExecutor(2) as pool:
            for one in [pool.submit(crosswise, 1, 2), pool.submit(crosswise, 2, 1)]:
                one.result(60)
        with database.read() as connection:
            assert connection.execute(select(tables.patient.c.created_at)).scalars().all() == [2, 2]
        assert len(tries) >= 3

    @pytest.mark.parametrize("rested", [True, False])
    def test_connections_that_were_cut_are_told_and_made_anew(self, database, postgresql, monkeypatch, rested):
        monkeypatch.setattr("adapter.store.postgresql._RESTED_SECONDS", 0.0 if rested else 3600.0)
        with pytest.raises(UnavailableError), database.write() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        with database.read() as one, database.read() as other:
            assert one.execute(text("SELECT 1")).scalar_one() == other.execute(text("SELECT 1")).scalar_one()
        with postgresql.engine.connect() as other:
            cut = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            other.execute(cut, {"name": database.url.database})
        if not rested:  # one that was used just now is not looked at: whoever uses it is told, and nobody after
            with pytest.raises(UnavailableError), database.read() as connection:
                connection.execute(text("SELECT 1"))
        with database.read() as one, database.read() as other:
            assert one.execute(text("SELECT 1")).scalar_one() == other.execute(text("SELECT 1")).scalar_one()

    def test_a_server_that_is_not_there_is_told(self, tmp_path):
        away = open_database(Named(url=f"postgresql:///d?host={tmp_path}&user=u"))
        with pytest.raises(UnavailableError, match="does not answer"), away.read():
            pass

    def test_a_password_that_is_missing_is_told_by_its_place(self, tmp_path):
        away = open_database(Named(url=f"postgresql:///d?host={tmp_path}&user=u", password_file=tmp_path / "none"))
        with pytest.raises(UnavailableError, match=r"there is no secret in the file .*none"), away.read():
            pass
