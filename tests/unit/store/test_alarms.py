"""Alarms are told on transition, not repeated."""

import pytest

from adapter.store.alarms import clear_alarm, raise_alarm, standing


@pytest.fixture
def connection(open_any):
    with open_any().write() as connection:
        yield connection


def dead_letter(connection, subject: str, at: int, reason: str = "refused") -> bool:
    return raise_alarm(
        connection, kind="dead-letter", subject=subject, reason=reason, command="adapter deliveries show 1", at=at
    )


def test_an_alarm_is_raised_once_and_keeps_its_first_reason(connection):
    assert dead_letter(connection, "delivery/1", 10)
    assert not dead_letter(connection, "delivery/1", 20, reason="later")
    (alarm,) = standing(connection)
    assert (alarm.raised_at, alarm.reason, alarm.command) == (10, "refused", "adapter deliveries show 1")


def test_a_cleared_alarm_may_be_raised_again(connection):
    dead_letter(connection, "delivery/1", 10)
    assert clear_alarm(connection, kind="dead-letter", subject="delivery/1", at=20)
    assert not clear_alarm(connection, kind="dead-letter", subject="delivery/1", at=30)
    assert standing(connection) == []
    assert dead_letter(connection, "delivery/1", 40)
    assert [alarm.raised_at for alarm in standing(connection)] == [40]


def test_alarms_stand_oldest_first_each_for_its_subject(connection):
    dead_letter(connection, "delivery/2", 20)
    dead_letter(connection, "delivery/1", 10)
    raise_alarm(connection, kind="endpoint-open", subject="delivery/1", reason="r", command="c", at=15)
    clear_alarm(connection, kind="dead-letter", subject="delivery/2", at=30)
    assert [(alarm.kind, alarm.subject) for alarm in standing(connection)] == [
        ("dead-letter", "delivery/1"),
        ("endpoint-open", "delivery/1"),
    ]
