"""A ring in one process is heard in another, also after the connection was lost."""

import threading

from sqlalchemy import text

from adapter.store.bell import Bell
from adapter.store.database import Database


def test_a_ring_is_heard_by_another_also_after_its_connection_was_cut(postgresql_url, monkeypatch):
    monkeypatch.setattr("adapter.store.bell._AGAIN_SECONDS", 0.05)
    here, there = Database(postgresql_url), Database(postgresql_url)
    ringing, hearing, heard = Bell(here.engine), Bell(there.engine), threading.Semaphore(0)
    ringing.start()
    hearing.start(heard.release)
    assert heard.acquire(timeout=60)  # it listens
    ringing.ring()
    assert heard.acquire(timeout=60)
    with here.write() as connection:
        cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = 'LISTEN adapter_due'"
        assert connection.execute(text(cut)).scalar_one() == 1
    assert heard.acquire(timeout=60)  # it listens again
    ringing.ring()
    assert heard.acquire(timeout=60)
    for bell in (ringing, hearing):
        bell.stop()
    for database in (here, there):
        database.close()


def test_it_does_not_hear_itself(postgresql_url):
    here, there = Database(postgresql_url), Database(postgresql_url)
    bells = ((Bell(here.engine), threading.Semaphore(0)), (Bell(there.engine), threading.Semaphore(0)))
    (one, by_one), (other, by_other) = bells
    for bell, heard in bells:
        bell.start(heard.release)
        assert heard.acquire(timeout=60)  # it listens
    one.ring()
    assert by_other.acquire(timeout=60)
    other.ring()
    assert by_one.acquire(timeout=60)
    assert not by_one.acquire(timeout=0.5)  # its own came before
    for bell, _ in bells:
        bell.stop()
    for database in (here, there):
        database.close()
