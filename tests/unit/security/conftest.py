from datetime import UTC, datetime

import pytest

from adapter.store.database import Database
from adapter.support.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock(datetime(2025, 3, 3, 9, 0, tzinfo=UTC))


@pytest.fixture
def database(any_url):
    database = Database(any_url)
    yield database
    database.close()
