"""Writers of one process on SQLite: in turn, with one commit for those that wait together, and each for itself."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, insert, select

from adapter.store import database as module
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.errors import UnavailableError

SECONDS = 60


@pytest.fixture
def database(sqlite_url):
    opened = Database(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def commits(database):
    seen = []
    event.listen(database.engine, "commit", lambda _connection: seen.append(threading.get_ident()))
    return seen


def made(database):
    with database.read() as connection:
        return sorted(connection.execute(select(tables.patient.c.created_at)).scalars())


def add(number):
    return lambda connection: connection.execute(insert(tables.patient), {"created_at": number}).lastrowid


def wait_together(database, works):
    """Runs the works so that all of them wait while another transaction is under way; gives what each came to."""
    with ThreadPoolExecutor(len(works)) as pool:
        with database.write():
            futures = [pool.submit(database.transact, work) for work in works]
            until = threading.Event()
            while len(database._together._waiting) < len(works):
                until.wait(0.005)
        return [future.exception(SECONDS) or future.result(SECONDS) for future in futures]


def test_those_that_wait_together_share_a_commit(database, commits):
    assert len(set(wait_together(database, [add(number) for number in range(6)]))) == 6
    assert made(database) == list(range(6))
    assert len(commits) < 1 + 6


def test_the_failure_of_one_is_its_own(database):
    def fail(connection):
        add(99)(connection)
        raise ValueError("its own")

    found = wait_together(database, [add(0), fail, add(1)])
    assert [type(each) for each in found] == [int, ValueError, int]
    assert made(database) == [0, 1]


def test_a_statement_that_fails_undoes_its_own_work_alone(database):
    def twice(connection):
        connection.execute(insert(tables.patient), {"id": 7_000, "created_at": 99})
        connection.execute(insert(tables.patient), {"id": 7_000, "created_at": 99})

    found = wait_together(database, [add(0), twice, add(1)])
    assert isinstance(found[1], Exception)
    assert made(database) == [0, 1]


def test_nobody_is_told_of_success_where_the_commit_fails(database):
    def lose(_connection):
        raise OSError("the disk")

    event.listen(database.engine, "commit", lose)
    with ThreadPoolExecutor(3) as pool, database._together._turn:
        futures = [pool.submit(database.transact, add(number)) for number in range(3)]
    assert [type(future.exception(SECONDS)) for future in futures] == [OSError] * 3
    event.remove(database.engine, "commit", lose)
    assert made(database) == []


def test_who_waits_for_too_long_is_told_and_nothing_is_done(sqlite_url, monkeypatch):
    monkeypatch.setattr(module, "_BUSY_TIMEOUT_MS", 50)
    database = Database(sqlite_url)
    with ThreadPoolExecutor(2) as pool, database.write():
        waiting = [pool.submit(database.transact, add(1)), pool.submit(lambda: database.write().__enter__())]
        assert [type(each.exception(SECONDS)) for each in waiting] == [UnavailableError] * 2
    assert made(database) == []
    assert database.transact(add(2)) == 1
    database.close()


def test_many_writers_all_come_through(database):
    def many(thread):
        return [database.transact(add(thread * 100 + number)) for number in range(10)]

    with ThreadPoolExecutor(16) as pool:
        ids = [one for found in pool.map(many, range(16)) for one in found]
    assert len(set(ids)) == 160
    assert len(made(database)) == 160
