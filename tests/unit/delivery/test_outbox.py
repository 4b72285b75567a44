"""The outbox: places in a stream, and what a person may do with a delivery."""

import pytest

from adapter.delivery import outbox
from adapter.delivery.channels.base import Acknowledgement, Answer, Code
from adapter.delivery.outbox import DeliveryStateError
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support.errors import NotFoundError

REFUSED = Answer(status=422, acknowledgement=Acknowledgement(Code.FATAL, "no such unit"))


def alarms(store) -> list[tuple[str, str]]:
    with store.database.read() as connection:
        return [(alarm.kind, alarm.subject) for alarm in standing(connection)]


def test_places_in_a_stream_and_only_the_head_is_due(store):
    person, other = store.patient(), store.patient()
    first, second = store.add(person), store.add(person)
    elsewhere, another = store.add(person, endpoint="b"), store.add(other)
    rows = [store.row(one) for one in (first, second, elsewhere, another)]
    assert [row.sequence for row in rows] == [1, 2, 1, 1]
    assert len({row.stream_id for row in rows}) == 3
    assert [row.next_attempt_at for row in rows] == [store.now, None, store.now, store.now]
    assert {row.endpoint for row in store.rows(tables.endpoint_state)} == {"a", "b"}


def test_receiving_parties_behind_one_endpoint_are_streams_apart(store):
    person = store.patient()
    rows = [store.row(store.add(person, receiver_party=party)) for party in ("skellefteå", "umeå")]
    assert rows[0].stream_id != rows[1].stream_id


def test_one_that_could_not_be_mapped_is_a_dead_letter_with_an_alarm(store):
    person = store.patient()
    dead = store.add(person, status="dead", reason="element x has no place", mapped=False)
    behind = store.add(person)
    assert alarms(store) == [("dead-letter", f"delivery/{dead}")]
    assert store.row(behind).next_attempt_at is None
    released = store.add(store.patient(), status="dead", holds_stream=False, mapped=False)
    assert not store.row(released).blocking


def test_held_until_released_and_so_is_what_follows(store, scripted):
    person = store.patient()
    held = store.add(person, "held", status="held", held_reason="protected")
    behind = store.add(person, "behind")
    channel = scripted()
    worker = store.worker(channel)
    assert worker.run_until_idle() == 0
    store.act(outbox.release, held, store.now)
    worker.run_until_idle()
    assert channel.bodies == ["held", "behind"]
    row = store.row(held)
    assert (row.released_at, row.held_reason) == (store.now, "protected")
    assert store.states(held, behind) == ["done", "done"]


def test_hold_and_cancel(store, scripted):
    person = store.patient()
    first, second, third = (store.add(person, name) for name in ("1", "2", "3"))
    store.act(outbox.hold, first, store.now, "asked by the ward")
    channel = scripted()
    worker = store.worker(channel)
    assert worker.run_until_idle() == 0
    store.act(outbox.cancel, first, store.now, "sent by post")
    worker.run_until_idle()
    assert channel.bodies == ["2", "3"]
    assert store.states(first, second, third) == ["cancelled", "done", "done"]
    assert store.row(first).reason == "sent by post"


def test_a_dead_letter_holds_its_stream_and_goes_again_from_its_place(store, scripted):
    person = store.patient()
    first, second = store.add(person, "1"), store.add(person, "2")
    channel = scripted(REFUSED)
    worker = store.worker(channel)
    worker.run_until_idle()
    assert store.states(first, second) == ["dead", "waiting"]
    assert alarms(store) == [("dead-letter", f"delivery/{first}")]
    store.act(outbox.retry, first, store.now)
    assert alarms(store) == []
    worker.run_until_idle()
    assert channel.bodies == ["1", "1", "2"]
    assert store.states(first, second) == ["done", "done"]


def test_a_dead_letter_that_releases_lets_the_others_go_and_comes_back_first(store, scripted):
    person = store.patient()
    first = store.add(person, "1", holds_stream=False)
    second = store.add(person, "2")
    channel = scripted(REFUSED, Answer(status=503))
    worker = store.worker(channel)
    worker.run_until_idle()
    assert store.states(first, second) == ["dead", "waiting"]
    store.act(outbox.retry, first, store.now)
    assert store.row(second).next_attempt_at is None  # the earlier one has the turn again
    worker.run_until_idle()
    assert channel.bodies == ["1", "2", "1", "2"]
    assert store.states(first, second) == ["done", "done"]


def test_retry_now_of_one_that_waits_for_its_schedule(store, scripted):
    delivery = store.add(store.patient())
    worker = store.worker(scripted(Answer(status=503)))
    worker.run_until_idle()
    assert store.row(delivery).next_attempt_at > store.now
    store.act(outbox.retry, delivery, store.now)
    worker.run_until_idle()
    assert store.states(delivery) == ["done"]


def test_retry_does_not_overtake(store):
    person = store.patient()
    store.add(person)
    second = store.add(person)
    store.act(outbox.retry, second, store.now)
    assert store.row(second).next_attempt_at is None


@pytest.mark.parametrize(
    ("act", "arguments"), [(outbox.retry, ()), (outbox.release, ()), (outbox.hold, ("r",)), (outbox.cancel, ("r",))]
)
def test_what_is_done_stays_done_and_what_is_not_there_is_said(store, scripted, act, arguments):
    delivery = store.add(store.patient())
    store.worker(scripted()).run_until_idle()
    with pytest.raises(DeliveryStateError, match=f"delivery {delivery} is done: only "):
        store.act(act, delivery, store.now, *arguments)
    with pytest.raises(NotFoundError):
        store.act(act, 4711, store.now, *arguments)
