"""What came to whom, and the events of subscriptions: checked, expunged and counted."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from adapter.exchange.retention import Keeper
from adapter.exchange.verification import CHECKS, Source
from adapter.exchange.watch import gauges
from adapter.exchange.watch.gauges import Gauges
from adapter.store import tables
from adapter.support.keeping import Retention

DAY = timedelta(days=1)


@pytest.fixture
def subscription(stored: Any) -> Any:
    """A subscription with five events, a day apart, of which so many were taken."""

    def made(taken: int, **values: Any) -> int:
        plain = {
            "party": "region", "principal": "t", "topic": "Encounter", "endpoint": "hook", "payload": "id-only",
            "media_type": "application/fhir+json", "max_count": 2, "reason": "r", "created_at": stored.now,
            "status": "active", "last_event": 5, "sent_event": taken,
        }  # fmt: skip
        number: int = stored.insert(tables.subscription, **plain | values)
        message = stored.message()
        with stored.database.write() as connection:
            for event in range(1, 6):
                row = {"type": "Encounter", "resource_id": event, "version": 1, "message_id": message}
                at = stored.now + (event - 1) * DAY // timedelta(microseconds=1)
                connection.execute(
                    insert(tables.subscription_event).values(subscription_id=number, number=event, at=at, **row)
                )
        return number

    return made


def findings(stored: Any, name: str) -> list[str]:
    source = Source(stored.database, stored.contents)
    return [each.subject for _, found in CHECKS[name](source) for each in found]


def numbers(stored: Any, subscription: int) -> list[int]:
    event = tables.subscription_event.c
    query = select(event.number).where(event.subscription_id == subscription).order_by(event.number)
    with stored.database.read() as connection:
        return list(connection.execute(query).scalars())


def test_events_that_were_taken_go_and_leave_no_hole(stored: Any, subscription: Any) -> None:
    taken, half, fresh = subscription(5), subscription(2), subscription(0)
    stored.clock.advance(32.5 * DAY)
    keeper = Keeper(stored.database, stored.clock, Retention(batch=2))
    assert keeper.count()["notifications"] == 2
    while keeper.step():
        pass
    # The fourth is less than 30 days old; what was not taken stays whatever its age.
    assert (numbers(stored, taken), numbers(stored, half)) == ([4, 5], [3, 4, 5])
    assert numbers(stored, fresh) == [1, 2, 3, 4, 5]
    assert findings(stored, "notifications") == []
    stored.clock.advance(33 * DAY)
    while keeper.step():
        pass
    assert (numbers(stored, taken), numbers(stored, half)) == ([], [3, 4, 5])
    assert findings(stored, "notifications") == []


@pytest.mark.parametrize("lost", [(2,), (5,), (3, 4, 5), (1, 2, 3, 4, 5)])
def test_a_hole_in_the_numbers_is_found(stored: Any, subscription: Any, lost: tuple[int, ...]) -> None:
    number, other = subscription(1), subscription(5)
    event = tables.subscription_event.c
    with stored.database.write() as connection:
        gone = delete(tables.subscription_event).where(event.subscription_id == number, event.number.in_(lost))
        connection.execute(gone)
    assert findings(stored, "notifications") == [f"subscription/{number}"]
    with stored.database.write() as connection:
        connection.execute(update(tables.subscription).values(last_event=4, sent_event=4))
    assert f"subscription/{other}" in findings(stored, "notifications")


def disclosed(stored: Any, kind: str, version: int, *, of: str | None = None, **values: Any) -> int:
    message = stored.message(**values)
    patient = stored.patient()
    if of == "Task":
        sides = {"owner_party": "p", "owner_unit": "o", "requester_party": "q", "requester_unit": "r"}
        told = {"version": 1, "status": "requested", "happened_at": 1}
        named = {"identifier": f"t{message}", "case_id": "c", "patient_id": patient}
        known = stored.insert(tables.task, **named, **sides, **told)
        told = {"version": 1, "status": "requested", "digest": "d", "recorded_at": 1}
        stored.insert(tables.task_version, task_id=known, message_id=message, entry=0, **told)
    else:
        named = {"type": of or kind, "key": f"k{message}", "case_id": "c", "patient_id": patient}
        known = stored.insert(tables.resource, **named, party="p", version=1)
        told = {"version": 1, "digest": "d", "happened_at": 1, "recorded_at": 1}
        stored.insert(tables.resource_version, resource_id=known, message_id=message, **told)
    row = {"party": "p", "type": kind, "resource_id": known, "version": version, "message_id": message}
    number: int = stored.insert(tables.disclosed, **row, at=stored.now)
    return number


def test_what_came_to_a_party_is_there(stored: Any) -> None:
    disclosed(stored, "CarePlan", 1)
    disclosed(stored, "Task", 1, of="Task")
    lost = [
        disclosed(stored, "CarePlan", 2),
        disclosed(stored, "CarePlan", 1, of="Encounter"),
        disclosed(stored, "Task", 2, of="Task"),
    ]
    assert findings(stored, "disclosed") == [f"disclosed/{number}" for number in lost]


def test_what_came_to_whom_goes_long_after_its_content(stored: Any) -> None:
    kept = disclosed(stored, "CarePlan", 1)
    stored.delivery(stored.rows(tables.message)[0]["id"], status="held")  # whose content is kept
    disclosed(stored, "CarePlan", 1, expunged_at=stored.now)
    keeper = Keeper(stored.database, stored.clock, Retention())
    stored.clock.advance(1000 * DAY)
    while keeper.step():
        pass
    assert len(stored.rows(tables.disclosed)) == 2
    stored.clock.advance(1000 * DAY)
    while keeper.step():
        pass
    assert [row["id"] for row in stored.rows(tables.disclosed)] == [kept]


def test_steps_of_the_ladder_that_are_over_go(stored: Any) -> None:
    message = stored.message()
    plain = {
        "case_id": "c", "message_id": message, "trigger": "t", "rule": "r", "unit": "u", "step": 0, "recipient": "x",
        "channel": "operations", "clause": "§", "raised_at": stored.now,
    }  # fmt: skip
    stored.insert(tables.escalation, **plain, since=1, ended_at=stored.now)
    stands = stored.insert(tables.escalation, **plain, since=2)
    stored.clock.advance(1900 * DAY)
    keeper = Keeper(stored.database, stored.clock, Retention())
    while keeper.step():
        pass
    assert [row["id"] for row in stored.rows(tables.escalation)] == [stands]


def test_notifications_are_counted_by_endpoint(stored: Any, subscription: Any) -> None:
    begun = stored.clock.now().timestamp()
    subscription(2, sent_total=7, failed_total=1)
    subscription(5, sent_total=1)
    subscription(0, status="off", endpoint="gone")
    Gauges(stored.database, stored.clock).step()
    with stored.database.read() as connection:
        found = {(name, label): value for name, label, value in gauges.read(connection)}
    got = {name: found[f"notifications_{name}", "hook"] for name in ("waiting", "sent", "failed")}
    assert got == {"waiting": 3, "sent": 8, "failed": 1}
    assert found["notifications_waiting", "gone"] == 0
    assert 0 <= found["notifications_oldest", "hook"] - begun - 2 * 86_400 < 60  # the third of the first is the oldest
    assert ("notifications_oldest", "gone") not in found
