"""What one connection may make another wait for, and what is said where it cannot be had."""

from pathlib import Path

import pytest
from sqlalchemy import text

from adapter.store import migrate
from adapter.store.database import Database
from adapter.support.errors import UnavailableError


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(f"sqlite:///{tmp_path / 'adapter.db'}")
    migrate.upgrade(opened)
    yield opened
    opened.close()


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
