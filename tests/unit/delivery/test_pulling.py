"""A mailbox: heads only, under a lease, left alone by the workers; and told of where nobody empties it."""

import time

import pytest

from adapter.delivery import breaker, leases, outbox, pulling
from adapter.delivery.channels.base import Answer
from adapter.delivery.leases import Terms
from adapter.delivery.policy import Kind, Verdict
from adapter.delivery.recording import Tried
from adapter.store import alarms, marks, tables

DONE = Verdict(Kind.DONE, "ok", "ok", acknowledgement="ok")


def terms(store, seconds: float = 300) -> Terms:
    return Terms("fetched by kommun", store.now, seconds, lambda _: 1_000, 300)


def fetch(store, count: int = 10, size: int = 1_000_000, after: int | None = None):
    return store.act(pulling.hand_out, store.contents, "a", terms(store), count=count, size=size, after=after)


def ids(handed) -> list[int]:
    return [claim.delivery_id for claim, _ in handed]


def test_heads_only_each_a_try_on_record(store):
    person, other = store.patient(), store.patient()
    first, second = store.add(person, "1"), store.add(person, "2")
    third = store.add(other, "3")
    handed = fetch(store)
    assert ids(handed) == [first, third]
    assert [content.body for _, content in handed] == [b"1", b"3"]
    assert [row.worker for row in store.rows(tables.attempt)] == ["fetched by kommun"] * 2
    assert fetch(store) == []
    assert store.complete(handed[0][0])
    assert ids(fetch(store)) == [second]


def test_workers_leave_it_alone(store, scripted):
    channel = scripted()
    store.channels["a"] = store.channels["b"] = channel
    store.add(store.patient(), "mine")
    store.add(store.patient(), "theirs", endpoint="b")
    worker = store.worker(pulled=lambda: {"a": 60.0})
    assert worker.run_until_idle() == 1
    assert channel.bodies == ["theirs"]
    assert len(fetch(store)) == 1


def test_nothing_leaves_after_a_restore_until_a_person_resumes(store, scripted):
    channel = scripted()
    store.channels["a"] = store.channels["b"] = channel
    store.add(store.patient(), "mine")
    store.add(store.patient(), "theirs", endpoint="b")
    worker = store.worker(pulled=lambda: {"a": 60.0})
    store.act(marks.put_back, "said", store.now, None)
    assert fetch(store) == []
    assert worker.run_until_idle() == 0
    assert store.act(marks.resume, store.now, "me", "senders have sent again")
    assert worker.run_until_idle() == 1
    assert len(fetch(store)) == 1


def test_what_is_not_confirmed_in_time_goes_again_with_the_same_bytes(store):
    store.add(store.patient(), "1")
    [(old, before)] = fetch(store)
    store.advance(299)
    assert fetch(store) == []
    store.advance(1)
    [(new, after)] = fetch(store)
    assert (new.delivery_id, new.number, new.token) == (old.delivery_id, 2, old.token + 1)
    assert new.idempotency_id == old.idempotency_id
    assert before.body == after.body
    assert store.act(leases.held_by, old.delivery_id, old.token) is None
    assert store.act(leases.held_by, new.delivery_id, new.token) == new


def test_from_a_cursor_on_what_was_lost_goes_again_at_once(store):
    for body in "123":
        store.add(store.patient(), body)
    [(known, _)] = fetch(store, count=1)
    lost = fetch(store)
    assert len(lost) == 2
    assert fetch(store, after=lost[-1][0].attempt_id) == []
    assert ids(fetch(store, after=known.attempt_id)) == ids(lost)
    assert store.act(leases.held_by, known.delivery_id, known.token) == known


def test_bounded_by_count_and_by_size_but_one_at_least(store):
    for body in ("x" * 60, "y" * 60, "z"):
        store.add(store.patient(), body)
    assert len(fetch(store, size=50)) == 1
    assert [content.body for _, content in fetch(store, size=60)] == [b"y" * 60]
    store.advance(300)
    assert len(fetch(store, count=2)) == 2
    assert len(fetch(store)) == 1


def test_what_did_not_fit_was_never_tried(store):
    first, second = store.add(store.patient(), "x" * 60), store.add(store.patient(), "y" * 60)
    assert ids(fetch(store, size=100)) == [first]
    assert (store.row(second).attempts, store.row(second).status) == (0, "waiting")


@pytest.mark.parametrize("keep", ["held", "cancelled", "paused", "protected"])
def test_what_must_not_leave_is_not_handed_out(store, keep):
    person = store.patient(protected=keep == "protected")
    delivery = store.add(person)
    if keep == "held":
        store.act(outbox.hold, delivery, store.now, "a reason")
    if keep == "cancelled":
        store.act(outbox.cancel, delivery, store.now, "a reason")
    if keep == "paused":
        store.act(breaker.pause, "a", store.now, "a reason")
    assert fetch(store) == []
    assert store.rows(tables.attempt) == []


def test_a_visit_ends_what_it_was_before_it_became_a_mailbox(store):
    store.add(store.patient())
    store.act(breaker.trip, "a", store.now, cause="HTTP 401", probe_seconds=300)
    assert len(fetch(store)) == 1
    assert store.endpoint().state == "closed"
    assert store.act(alarms.standing) == []


def test_nobody_comes(store):
    pulled = {"a": 3600.0, "never-used": 60.0}

    def told() -> list[str]:
        store.act(pulling.watch, pulled, store.now)
        return [alarm.reason for alarm in store.act(alarms.standing)]

    store.add(store.patient())
    store.advance(3599)
    assert told() == []
    store.advance(1)
    assert told() == ["messages wait in the mailbox a, and nobody has come for them yet"]
    [(claim, _)] = fetch(store)
    assert told() == []
    store.advance(3600 + 300)
    assert told() == ["messages wait in the mailbox a, and nobody has come for them since 2026-03-02 10:00 UTC"]
    assert store.worker().recorder.record(Tried(claim, Answer(status=200), DONE))
    assert told() == []


def test_the_worker_looks(store):
    store.add(store.patient())
    store.advance(61)
    worker = store.worker(pulled=lambda: {"a": 60.0})
    worker.start()
    until = time.monotonic() + 60
    while not store.act(alarms.standing) and time.monotonic() < until:
        time.sleep(0.01)
    worker.stop()
    [alarm] = store.act(alarms.standing)
    assert (alarm.kind, alarm.subject, alarm.command) == (pulling.SILENT, "endpoint/a", "adapter endpoints show a")


def test_a_mailbox_that_is_paused_is_not_silent(store):
    store.add(store.patient())
    store.act(breaker.pause, "a", store.now, "moving")
    store.advance(7200)
    store.act(pulling.watch, {"a": 60.0}, store.now)
    assert store.act(alarms.standing) == []
