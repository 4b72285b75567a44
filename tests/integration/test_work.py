"""What the database does for a message, in steps of SQLite's machine: it does not grow with what is stored."""

import copy
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from adapter.fhir import json as fhir_json

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

STEPS = 10
"""of the machine between two counts"""


@pytest.fixture
def work(installation):
    """Counts the steps of what is done within."""
    engine = installation.adapter.database.engine

    @contextmanager
    def counted():
        found = []

        def count(connection, *_):
            connection.set_progress_handler(lambda: found.append(1), STEPS)

        event.listen(engine, "checkout", count)
        try:
            yield found
        finally:
            event.remove(engine, "checkout", count)

    return counted


def refused(message):
    """A statutory notice whose refusal raises an alarm."""
    bad = copy.deepcopy(message)
    del next(e["resource"] for e in bad["entry"] if e["resource"]["resourceType"] == "Encounter")["status"]
    return bad


def test_what_a_message_takes_does_not_grow_with_what_is_stored(installation, messages, work):
    def play(name):
        """The steps to accept and deliver each message of a journey, and to answer it again."""
        for message in messages(name):
            body = fhir_json.serialize(message)
            with work() as accepting:
                party = next(each for each in ("region", "kommun") if installation.send(body, each).status == 200)
            with work() as repeating:
                assert installation.send(body, party).status == 200
            with work() as delivering:
                installation.adapter.worker.run_until_idle()
            yield from (len(accepting), len(repeating), len(delivering))

    def store(count, name):
        for number in range(count):
            assert installation.send(refused(messages(f"bad-{name}{number}")[0])).status == 422
            list(play(f"{name}{number}"))

    store(2, "first")
    before = list(play("few"))
    store(25, "more")
    after = list(play("many"))
    assert all(now <= 1.25 * then + 20 for now, then in zip(after, before, strict=True)), (before, after)
