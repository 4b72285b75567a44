from datetime import UTC, datetime

import pytest

from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock(datetime(2025, 3, 3, 9, 0, tzinfo=UTC))


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'adapter.sqlite'}")
    tables.metadata.create_all(database.engine)
    yield database
    database.close()
