"""What status says of alarms: one by one, many of a kind together, and that nobody is told."""

from datetime import timedelta

import pytest

from adapter.exchange import attention
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.support.clock import to_micros

OPERATIONS = Principal("test", "operations", frozenset(), frozenset(Right))


@pytest.fixture
def needed(database, clock):
    def look():
        with database.read() as connection:
            return attention.needed(connection, OPERATIONS, clock.now(), timedelta(hours=1))

    return look


@pytest.fixture
def alarms(database, clock):
    def make(kind, number):
        with database.write() as connection:
            for each in range(number):
                reason, at = f"reason {each}", to_micros(clock.now()) + each
                raise_alarm(connection, kind=kind, subject=f"message/{each}/x", reason=reason, command="c", at=at)

    return make


def test_up_to_five_of_a_kind_stand_for_themselves(needed, alarms):
    alarms("deadline-late", 5)
    assert [(each.what, each.count) for each in needed()] == [(f"reason {each}", 1) for each in range(5)]


def test_of_more_the_oldest_is_shown_with_how_many_there_are(needed, alarms):
    alarms("deadline-late", 700)
    alarms("sender-untold", 1)
    found = {each.kind: each for each in needed()}
    assert len(needed()) == 2
    assert found["deadline-late"].what == "reason 0 (and 699 more of deadline-late)"
    assert found["deadline-late"].count == 700


def test_urgent_is_what_a_law_or_all_traffic_depends_on(needed, alarms, database, clock):
    for kind in ("certificate-ending", "deadline-at-risk", "disk-low"):
        alarms(kind, 2)
    with database.write() as connection:
        law = {"kind": "deadline-at-risk", "subject": "message/9/x", "reason": "by law", "command": "c"}
        raise_alarm(connection, **law, at=to_micros(clock.now()) + 9, statutory=True)
    found = [(each.kind, each.what, each.severity, each.statutory) for each in needed()]
    assert found[0] == ("deadline-at-risk", "by law", "urgent", True)
    rest = {(kind, severity, statutory) for kind, _what, severity, statutory in found[1:]}
    assert rest == {
        ("disk-low", "urgent", False),
        ("deadline-at-risk", "soon", False),
        ("certificate-ending", "soon", False),
    }


def test_that_no_process_tells_anybody_is_said(needed, alarms, database, clock):
    alarms("sender-untold", 1)
    clock.advance(timedelta(minutes=5))
    assert [each.kind for each in needed()] == ["sender-untold"]
    clock.advance(timedelta(seconds=1))
    assert [each.kind for each in needed()] == ["sender-untold", "alert-unsent"]
    with database.write() as connection:
        at = to_micros(clock.now())
        connection.execute(tables.alert.update().values(planned_at=at))
        clear_alarm(connection, kind="sender-untold", subject="message/0/x", at=at)
    assert needed() == []


def test_a_message_that_no_process_tries_is_said(needed, stored, clock):
    stored.insert(
        tables.alert_message,
        uid="u",
        recipient="r",
        content={},
        status="waiting",
        created_at=stored.now,
        next_attempt_at=stored.now,
    )
    clock.advance(timedelta(minutes=6))
    assert [each.what for each in needed()] == ["people are not told of alarms: no process is at work"]
