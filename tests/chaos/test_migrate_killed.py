"""kill -9 of a process that brings the database to a new schema: it is at the old one or at the new one, never between,
and what waited in it is delivered by the process that comes after."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData, event

from adapter.store import migrate
from adapter.store.database import Database
from adapter.support.clock import SystemClock, to_micros

from .account import settle
from .conftest import SEED, Told
from .points import MIGRATION, changes_the_schema
from .site import Site, until

OLD = "0001"
_FOLDER = Path(migrate.__file__).parent / "migrations"


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes databases at an old schema."""
    made: list[str] = []

    def make() -> str:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path}/old-{len(made)}.db"
        else:
            url = request.getfixturevalue("postgresql").create()
        made.append(url)
        opened = Database(url)
        with opened.write() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(_FOLDER))
            command.upgrade(config, OLD)
        opened.close()
        return url

    yield make
    for url in made:
        if request.param == "postgresql":
            request.getfixturevalue("postgresql").drop(url)


def fill(database: Database, count: int) -> None:
    """Deliveries that wait, as an old version has written them: with the columns that it knew."""
    at = to_micros(SystemClock().now())
    with database.write() as connection:
        old = MetaData()
        old.reflect(connection)

        def add(name: str, **values: Any) -> int:
            table = old.tables[name]
            return int(connection.execute(table.insert().values(values).returning(table.c.id)).scalar_one())

        person = add("patient", protected=False, confidential=False, created_at=at)
        route = {"endpoint": "ehr", "receiver_party": "region", "receiver_unit": "SE0-1", "event": "general-message"}
        stream = add("stream", endpoint="ehr", receiver="region", patient_id=person, last_sequence=count)
        state = {"endpoint": "ehr", "state": "closed", "since": at, "consecutive_failures": 0}
        connection.execute(old.tables["endpoint_state"].insert().values(state))
        for number in range(1, count + 1):
            told = {"status": "accepted", "source": "fhir", "header_id": f"old-{number}", "content_hash": "h"}
            row = {"received_at": at, "http_status": 200, "size": 1, "config_version": "c", "issues": []}
            message = add("message", patient_id=person, **told, **row)
            due = {"status": "waiting", "blocking": True, "next_attempt_at": at if number == 1 else None}
            place = {"stream_id": stream, "sequence": number, "holds_stream": True, "created_at": at}
            form = {"media_type": "application/xml", "config_version": "c"}
            delivery = add("delivery", message_id=message, **route, **due, **place, **form)
            body = f"<m><meddelandeId>old-{number}</meddelandeId></m>".encode()
            kept = {"stage": "mapped", "key_id": "plain", "bytes": body, "sha256": "0" * 64, "created_at": at}
            add("content", message_id=message, delivery_id=delivery, media_type="application/xml", **kept)


def statements(url: str) -> int:
    """How many statements change the schema on the way from the old to the new."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, words: str, *_: Any) -> None:
        if changes_the_schema(words):
            seen.append(words)

    event.listen(Engine, "after_cursor_execute", note)
    try:
        opened = Database(url)
        migrate.upgrade(opened)
        opened.close()
    finally:
        event.remove(Engine, "after_cursor_execute", note)
    return len(seen)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_while_it_migrates(told: Told, open_site: Callable[..., Site], old_url: Callable[[], str], kills: int):
    chance = random.Random(SEED)
    last = statements(old_url())
    url = old_url()
    site = open_site(url, token=False)
    fill(site.adapter.database, 5)
    for _ in range(kills):
        victim = site.start("serve", arm=(MIGRATION, chance.randint(1, last)))
        until(lambda victim=victim: victim.ended, "it was not killed", site.said)
        assert victim.wait() < 0, site.said()
        assert migrate.current(site.adapter.database) == OLD
    site.start("serve")
    site.serving()
    assert migrate.pending(site.adapter.database) == []
    site.wait_until_delivered()
    site.end()
    account = settle(site)
    told(f"{kills} kills at {MIGRATION}, of {last} statements", account.line())
    account.sound()
    assert account.messages == 5
