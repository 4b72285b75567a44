"""The worker: what an answer does to delivery, endpoint and stream, and that nothing stops it."""

import itertools
import json
import logging
import threading
import time

import pytest
from sqlalchemy import update

from adapter.delivery import breaker, outbox
from adapter.delivery.channels.base import Acknowledgement, Answer, Code, Fault
from adapter.delivery.worker import WorkerOptions
from adapter.store import statements, tables
from adapter.store.alarms import standing
from adapter.support.errors import AdapterError, NotFoundError, UnavailableError

OK = Answer(status=200, body=b"<ok/>", media_type="application/xml", acknowledgement=Acknowledgement(Code.OK))
REFUSED = Answer(status=422, body=b"no", acknowledgement=Acknowledgement(Code.FATAL, "no such unit"))
BUSY = Answer(status=503)
SHUT = Answer(status=401)


def alarms(store):
    with store.database.read() as connection:
        return standing(connection)


def wait_for(condition, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.02)


def test_done_with_attempt_response_and_callback(store, scripted):
    delivery = store.add(store.patient())
    told = []
    store.worker(scripted(OK), on_finished=lambda _, finished: told.append(finished)).run_until_idle()
    row = store.row(delivery)
    assert (row.status, row.delivered_at, row.acknowledgement, row.blocking) == ("done", store.now, "ok", False)
    assert (row.lease_owner, row.lease_expires_at, row.attempts) == (None, None, 1)
    (attempt,) = store.rows(tables.attempt)
    assert (attempt.number, attempt.outcome, attempt.http_status, attempt.ended_at) == (1, "done", 200, store.now)
    with store.database.read() as connection:
        response = store.contents.of_delivery(connection, delivery, "response")
    assert (response.body, response.media_type, response.attempt_id) == (b"<ok/>", "application/xml", attempt.id)
    (finished,) = told
    assert (finished.delivery_id, finished.status, finished.acknowledgement) == (delivery, "done", "ok")


def test_every_attempt_repeats_body_and_ids(store, scripted):
    store.add(store.patient(), "m1")
    channel = scripted(BUSY, Answer(fault=Fault.TIMEOUT), Answer(status=200))
    worker = store.worker(channel)
    for _ in range(4):
        worker.run_until_idle()
        store.advance(7 * 3600)
    assert len(channel.sent) == 4
    assert len({(one.body, one.idempotency_id, one.correlation_id, one.delivery_id) for one in channel.sent}) == 1


def test_transient_failures_follow_the_schedule_and_are_never_given_up(store, scripted):
    delivery = store.add(store.patient())
    worker = store.worker(scripted(*[BUSY] * 30), schedule=(5.0, 40.0), open_after=1_000)
    waits = []
    for _ in range(30):
        assert worker.run_until_idle() == 1
        waits.append((store.row(delivery).next_attempt_at - store.now) / 1e6)
        store.advance(waits[-1])
    assert waits == [5.0] + [40.0] * 29
    worker.run_until_idle()
    assert store.states(delivery) == ["done"]
    assert store.row(delivery).attempts == 31


def test_retry_after_moves_the_next_attempt(store, scripted):
    delivery = store.add(store.patient())
    store.worker(scripted(Answer(status=503, retry_after=90.0))).run_until_idle()
    assert 90.0 <= (store.row(delivery).next_attempt_at - store.now) / 1e6 <= 108.0


def test_dead_letter_names_no_receiver_in_its_alarm(store, scripted):
    delivery = store.add(store.patient(protected=True), released=True)
    told = []
    store.worker(scripted(REFUSED), on_finished=lambda _, one: told.append(one.status)).run_until_idle()
    row = store.row(delivery)
    assert (row.status, row.blocking, row.acknowledgement) == ("dead", True, "fatal-error")
    assert "no such unit" in row.reason
    (alarm,) = alarms(store)
    assert alarm.command == f"adapter deliveries show {delivery}"
    assert not any(word in alarm.reason for word in ("no such unit", "kommun", "SE0-1", "'a'"))
    assert told == ["dead"]


def test_without_bytes_to_send_it_is_a_dead_letter_and_the_endpoint_is_not_blamed(store, scripted):
    delivery = store.add(store.patient(), mapped=False)
    channel = scripted()
    store.worker(channel).run_until_idle()
    assert store.states(delivery) == ["dead"]
    assert channel.sent == []
    assert store.endpoint().last_success_at is None


@pytest.mark.parametrize("answer", [SHUT, Answer(fault=Fault.TLS), Answer(status=302), Answer(status=404)])
def test_a_trip_holds_everything_uses_nothing_up_and_resumes_by_itself(store, scripted, answer):
    people = [store.patient() for _ in range(3)]
    deliveries = [store.add(person, str(index)) for index, person in enumerate(people)]
    channel = scripted(answer, answer)
    worker = store.worker(channel)
    assert worker.run_until_idle() == 1
    assert store.endpoint().state == "tripped"
    (alarm,) = alarms(store)
    assert (alarm.kind, alarm.subject) == ("endpoint-tripped", "endpoint/a")
    store.advance(299)
    assert worker.run_until_idle() == 0
    store.advance(1)
    assert worker.run_until_idle() == 1  # one probe, and it fails
    assert [row.step for row in store.rows(tables.delivery)] == [0, 0, 0]
    store.advance(300)
    assert worker.run_until_idle() == 3
    assert store.states(*deliveries) == ["done"] * 3
    assert store.endpoint().state == "closed"
    assert alarms(store) == []


def test_ten_failures_in_a_row_open_the_breaker_and_a_success_makes_all_heads_due(store, scripted):
    deliveries = [store.add(store.patient()) for _ in range(12)]
    channel = scripted(*[BUSY] * 11)
    worker = store.worker(channel, schedule=(5_000.0,))  # by the schedule none would be due again today
    assert worker.run_until_idle() == 10
    assert store.endpoint().state == "open"
    assert [alarm.kind for alarm in alarms(store)] == ["endpoint-open"]
    store.advance(300)
    assert worker.run_until_idle() == 1
    used = sorted(row.step for row in store.rows(tables.delivery))
    assert used == [0, 0] + [1] * 10  # the probe used up nothing
    store.advance(300)
    assert worker.run_until_idle() == 11  # the probe, and what the first second after a recovery allows
    store.advance(1)
    assert worker.run_until_idle() == 1
    assert store.states(*deliveries) == ["done"] * 12
    assert alarms(store) == []


def test_nine_failures_and_a_success_do_not_open_it(store, scripted):
    for _ in range(15):
        store.add(store.patient())
    store.worker(scripted(*[BUSY] * 9, *[OK] * 5, BUSY)).run_until_idle()
    assert (store.endpoint().state, store.endpoint().consecutive_failures) == ("closed", 1)


def test_a_refusal_of_one_message_shows_that_the_endpoint_lives(store, scripted):
    store.add(store.patient())
    worker = store.worker(scripted(SHUT, REFUSED))
    worker.run_until_idle()
    store.advance(300)
    worker.run_until_idle()
    assert store.endpoint().state == "closed"


def test_a_paused_endpoint_gets_nothing_until_it_is_resumed(store, scripted):
    delivery = store.add(store.patient())
    worker = store.worker(scripted(BUSY))
    worker.run_until_idle()
    store.act(breaker.pause, "a", store.now, "their migration")
    store.advance(24 * 3600)
    assert worker.run_until_idle() == 0
    store.act(breaker.resume, "a", store.now)
    assert worker.run_until_idle() == 1
    assert store.states(delivery) == ["done"]


def test_a_pause_outlasts_what_was_under_way_and_an_unknown_endpoint_is_said(store, scripted):
    deliveries = [store.add(store.patient()) for _ in range(2)]

    def pause(_outgoing):
        store.act(breaker.pause, "a", store.now, "their migration")
        return SHUT

    store.worker(scripted(pause)).run_until_idle()
    assert (store.endpoint().state, store.endpoint().reason) == ("paused", "their migration")
    assert store.states(*deliveries) == ["waiting", "waiting"]
    assert alarms(store) == []
    with pytest.raises(NotFoundError):
        store.act(breaker.pause, "b", store.now, "r")
    with pytest.raises(NotFoundError):
        store.act(breaker.resume, "b", store.now)


def test_an_unknown_endpoint_is_tripped_not_forgotten(store, scripted):
    delivery = store.add(store.patient())
    worker = store.worker()
    worker.run_until_idle()
    assert (store.endpoint().state, store.row(delivery).status) == ("tripped", "waiting")
    store.channels["a"] = scripted()
    store.advance(300)
    worker.run_until_idle()
    assert store.states(delivery) == ["done"]


def test_an_endpoint_that_cannot_be_built_is_tripped(store):
    delivery = store.add(store.patient())

    def channels(_endpoint):
        raise AdapterError("endpoint 'a': its CA file cannot be used")

    store.worker(channels=channels).run_until_idle()
    assert (store.endpoint().state, store.row(delivery).step) == ("tripped", 0)
    assert "CA file" in store.row(delivery).reason


def test_an_unexpected_exception_is_logged_without_its_words_and_tried_again(store, scripted, caplog):
    delivery = store.add(store.patient(protected=True), released=True)
    worker = store.worker(scripted(RuntimeError("19410810-9168 at kommun")))
    with caplog.at_level(logging.DEBUG, "adapter.delivery"):
        worker.run_until_idle()
    assert store.states(delivery) == ["waiting"]
    assert store.row(delivery).next_attempt_at == store.now + 5_000_000
    (line,) = caplog.records
    assert line.place.startswith("RuntimeError at ")
    everything = json.dumps(line.__dict__, default=str)
    assert "19410810" not in everything
    assert not hasattr(line, "endpoint")
    store.advance(5)
    worker.run_until_idle()
    assert store.states(delivery) == ["done"]


def test_who_became_protected_while_it_was_under_way_is_held_before_it_leaves_again(store, scripted):
    person, other = store.patient(), store.patient()
    delivery, behind = store.add(person, "1"), store.add(person, "2")

    def label(_outgoing):
        with store.database.write() as connection:
            connection.execute(update(tables.patient).where(tables.patient.c.id == person).values(protected=True))
        return BUSY

    channel = scripted(label)
    worker = store.worker(channel)
    worker.run_until_idle()
    store.advance(5)
    store.add(other, "3")
    worker.run_until_idle()
    assert channel.bodies == ["1", "3"]
    row = store.row(delivery)
    assert (row.status, row.held_reason, row.next_attempt_at) == ("held", "protected", None)
    store.act(outbox.release, delivery, store.now)
    worker.run_until_idle()
    assert store.states(delivery, behind) == ["done", "held"]


def test_a_dead_letter_of_a_protected_person_is_retried_only_once_released(store, scripted):
    delivery = store.add(store.patient(protected=True), status="dead", held_reason="protected")
    worker = store.worker(scripted())
    store.act(outbox.retry, delivery, store.now)
    assert worker.run_until_idle() == 0
    assert store.states(delivery) == ["held"]


def test_a_callback_that_fails_undoes_the_record_and_the_delivery_is_repeated(store, scripted):
    delivery = store.add(store.patient())
    failures = [RuntimeError("x"), RuntimeError("x")]  # in the round, and by itself

    def on_finished(_connection, _finished):
        if failures:
            raise failures.pop()

    channel = scripted()
    worker = store.worker(channel, on_finished=on_finished)
    worker.run_until_idle()
    assert store.states(delivery) == ["waiting"]
    store.advance(5)
    worker.run_until_idle()
    assert store.states(delivery) == ["done"]
    assert channel.sent[0] == channel.sent[1]


def test_quick_repeats_only_where_nothing_was_sent(store, scripted):
    store.add(store.patient())
    channel = scripted(Answer(fault=Fault.CONNECT), Answer(fault=Fault.CONNECT), OK)
    store.worker(channel, quick_retries=2).run_until_idle()
    assert len(channel.sent) == 3
    assert len(store.rows(tables.attempt)) == 1
    store.add(store.patient())
    channel = scripted(Answer(fault=Fault.TIMEOUT), OK)
    store.worker(channel, quick_retries=2).run_until_idle()
    assert len(channel.sent) == 1


def test_an_end_that_cannot_be_recorded_keeps_no_other_back(store, scripted):
    good, bad, other = (store.add(store.patient(), name) for name in ("1", "2", "3"))
    together = threading.Barrier(3)

    def wait(_outgoing):
        together.wait(60)
        return OK

    def on_finished(_connection, finished):
        if finished.delivery_id == bad:
            raise RuntimeError("x")

    worker = store.worker(scripted(wait, wait, wait), on_finished=on_finished)
    worker.start()
    wait_for(lambda: store.states(good, bad, other) == ["done", "waiting", "done"])
    worker.stop()
    assert store.row(bad).step == 1
    assert len(store.rows(tables.attempt)) == 3


def test_an_end_that_the_database_cannot_take_is_recorded_when_it_is_back(store, scripted, monkeypatch):
    delivery, away, turned_away, real = store.add(store.patient()), [], [], store.database.transact

    def transact(work):
        if away:
            turned_away.append(work)
            raise UnavailableError("away")
        return real(work)

    def go_away(_outgoing):
        away.append(True)
        return OK

    monkeypatch.setattr(store.database, "transact", transact)
    channel = scripted(go_away)
    worker = store.worker(channel)
    worker.start()
    wait_for(lambda: len(turned_away) > 4)
    assert store.states(delivery) == ["running"]
    away.clear()
    wait_for(lambda: store.states(delivery) == ["done"])
    worker.stop()
    assert (len(channel.sent), store.row(delivery).attempts) == (1, 1)


@pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)
def test_what_ends_together_is_recorded_in_the_statements_of_one(store, scripted, monkeypatch):
    said = []
    run = statements._run
    monkeypatch.setattr(statements, "_run", lambda *given, **named: said.append(given[1]) or run(*given, **named))

    def round_trips(count):
        worker = store.worker()
        for _ in range(count):
            store.add(store.patient())
        store.channels["a"] = scripted()
        given = worker._round(count)
        for one in given:
            worker._send(*one)
        said.clear()
        worker._round(0)
        return len(said)

    round_trips(1)  # which makes the row of the endpoint's last minutes
    assert 0 < round_trips(1) == round_trips(4) < 8


@pytest.mark.parametrize("together", [True, False])
def test_ends_of_every_kind_in_one_round_are_what_they_are_one_by_one(store, scripted, together):
    answers = {
        "done": OK,
        "retry": BUSY,
        "dead": REFUSED,
        "silent": Answer(status=200, acknowledgement=Acknowledgement(Code.OK)),
    }
    kinds = [*answers, "done", "dead", "retry", "done"]
    first, following = [], []
    for number, kind in enumerate(kinds):
        person = store.patient()
        first.append(store.add(person, f"{kind} {number}", endpoint="ab"[number % 2]))
        following.append(store.add(person, f"after {number}", endpoint="ab"[number % 2]))
    by_body = scripted(*[lambda outgoing: answers[outgoing.body.decode().split()[0]]] * len(kinds))
    store.channels |= {"a": by_body, "b": by_body}
    told = []
    worker = store.worker(
        on_finished=lambda _, one: told.append(one), schedule=(60.0,), threads=16, limit=lambda _: 8, open_after=99
    )
    for one in worker._round(16):
        worker._send(*one)
    if together:
        worker._round(0)
    else:
        worker._record_apart(worker._in_flight.tries())
    ends = {"done": "done", "silent": "done", "dead": "dead", "retry": "waiting"}
    assert store.states(*first) == [ends[kind] for kind in kinds]
    due = [store.row(one).next_attempt_at for one in following]
    assert due == [store.now if ends[kind] == "done" else None for kind in kinds]
    tries = {row.delivery_id: row for row in store.rows(tables.attempt)}
    said = {"done": ("done", 200), "silent": ("done", 200), "dead": ("dead", 422), "retry": ("retry", 503)}
    assert [(tries[one].outcome, tries[one].http_status) for one in first] == [said[kind] for kind in kinds]
    assert {(row.ended_at, row.delivery_id in first) for row in tries.values()} == {(store.now, True)}
    kept = {
        row.delivery_id: (row.attempt_id, row.bytes) for row in store.rows(tables.content) if row.stage == "response"
    }
    bodies = {one: (tries[one].id, answers[kind].body) for one, kind in zip(first, kinds, strict=True)}
    assert kept == {one: told_ for one, told_ in bodies.items() if told_[1]}
    ended = {one: ends[kind] for one, kind in zip(first, kinds, strict=True) if ends[kind] != "waiting"}
    assert {one.delivery_id: one.status for one in told} == ended
    assert len(told) == len(ended)
    dead = {f"delivery/{one}" for one, kind in zip(first, kinds, strict=True) if kind == "dead"}
    assert {alarm.subject for alarm in alarms(store)} == dead
    counted = {row.endpoint: (row.tried, row.failed) for row in store.rows(tables.endpoint_outcome)}
    assert counted == {"a": (4, 1), "b": (4, 1)}


def test_log_lines_name_the_endpoint_only_of_the_unprotected(store, scripted, caplog):
    store.add(store.patient())
    store.add(store.patient(protected=True), released=True)
    with caplog.at_level(logging.INFO, "adapter.delivery"):
        store.worker(scripted(OK, OK)).run_until_idle()
    assert [getattr(record, "endpoint", None) for record in caplog.records] == ["a", None]
    assert [record.outcome for record in caplog.records] == ["done", "done"]


def test_a_label_that_comes_while_it_is_under_way_keeps_the_endpoint_out_of_the_log(store, scripted, caplog):
    person = store.patient()
    store.add(person)

    def label(_outgoing):
        with store.database.write() as connection:
            connection.execute(update(tables.patient).where(tables.patient.c.id == person).values(protected=True))
        return OK

    with caplog.at_level(logging.INFO, "adapter.delivery"):
        store.worker(scripted(label)).run_until_idle()
    assert [(record.outcome, hasattr(record, "endpoint")) for record in caplog.records] == [("done", False)]


@pytest.mark.parametrize(("protected", "named"), [(True, False), (False, True)])
def test_a_trip_is_logged_without_the_endpoint_where_a_protected_person_s_message_met_it(
    store, scripted, caplog, protected, named
):
    store.add(store.patient(protected=protected), released=protected)
    with caplog.at_level(logging.INFO, "adapter.delivery"):
        store.worker(scripted(Answer(status=401))).run_until_idle()
    assert [record.outcome for record in caplog.records] == ["trip", "tripped"]
    assert [hasattr(record, "endpoint") for record in caplog.records] == [named, named]


def test_order_in_a_stream_under_several_workers_and_threads(store, scripted):
    people = [store.patient() for _ in range(6)]
    expected = {person: [f"{person}-{index}" for index in range(8)] for person in people}
    flaky = threading.Lock()
    calls = [0]

    def sometimes(_outgoing):
        with flaky:
            calls[0] += 1
            return BUSY if calls[0] % 5 == 0 else OK

    channel = scripted(*[sometimes] * 500)
    for index in range(8):
        for person in people:
            store.add(person, expected[person][index])
    workers = [
        store.worker(channel, schedule=(0.0,), open_after=10_000, threads=4, poll_seconds=0.02) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    wait_for(lambda: all(row.status == "done" for row in store.rows(tables.delivery)))
    for worker in workers:
        worker.stop()
    for person in people:
        mine = [body for body in channel.bodies if body.startswith(f"{person}-")]
        assert list(dict.fromkeys(mine)) == expected[person]
        assert mine == sorted(mine, key=expected[person].index)  # a repeat comes before the next, never after
    ended = store.rows(tables.attempt)
    assert len(ended) == len(channel.sent)
    assert all(attempt.outcome in ("done", "retry") for attempt in ended)
    assert store.rows(tables.worker_heartbeat) == []


def test_a_slow_endpoint_leaves_threads_for_the_others(store, scripted):
    let_go = threading.Event()

    def slow(_outgoing):
        let_go.wait(60)
        return OK

    store.channels |= {"slow": scripted(*[slow] * 10), "b": scripted()}
    for _ in range(10):
        store.add(store.patient(), endpoint="slow")
    worker = store.worker(threads=4, limit=lambda _: 100)
    worker.start()
    wait_for(lambda: len(store.channels["slow"].sent) == 2)
    fast = [store.add(store.patient(), endpoint="b") for _ in range(5)]
    worker.wake()
    wait_for(lambda: store.states(*fast) == ["done"] * 5)
    assert len(store.channels["slow"].sent) == 2
    let_go.set()
    worker.stop()


@pytest.fixture
def stuck(store, scripted):
    """Begins a worker of one thread, which sends the first of the deliveries `added` until it is let go, and claims the
    second ahead."""
    let_go, added = threading.Event(), []

    def add_two(_outgoing):
        added.extend(store.add(store.patient(), endpoint=name) for name in ("b", "c"))
        return OK

    def slow(_outgoing):
        let_go.wait(60)
        return OK

    def begin(poll_seconds):
        store.channels |= {"a": scripted(add_two), "b": scripted(slow), "c": scripted()}
        store.add(store.patient(), endpoint="a")
        worker = store.worker(threads=1, poll_seconds=poll_seconds)
        worker.start()
        wait_for(lambda: store.channels["b"].sent)
        return worker, let_go, added

    yield begin
    let_go.set()


def test_what_waits_for_a_thread_for_longer_than_a_poll_goes_to_another_worker(store, stuck):
    worker, let_go, added = stuck(poll_seconds=0.2)
    wait_for(lambda: (late := store.row(added[1])).lease_token == 1 and late.status == "waiting")
    assert store.row(added[1]).attempts == 0
    assert store.worker().run_until_idle() == 1
    assert store.states(*added) == ["running", "done"]
    let_go.set()
    worker.stop()
    assert store.states(*added) == ["done", "done"]


def test_what_was_claimed_ahead_is_given_back_when_the_worker_stops(store, stuck):
    worker, let_go, added = stuck(poll_seconds=60)
    wait_for(lambda: store.states(*added) == ["running", "running"])
    ends = threading.Thread(target=worker.stop)
    ends.start()
    wait_for(worker._stopping.is_set)
    let_go.set()
    ends.join()
    assert store.states(*added) == ["done", "waiting"]
    assert store.channels["c"].sent == []


def test_the_chore_is_asked_for_once_a_poll_whatever_wakes_the_worker(store):
    asked = []
    worker = store.worker(chore=lambda: bool(asked.append(time.monotonic())), poll_seconds=0.8)
    worker.start()
    wait_for(lambda: asked)
    time.sleep(0.6)
    worker.wake()
    wait_for(lambda: len(asked) > 1)
    worker.stop()
    assert 0.8 <= asked[1] - asked[0] < 1.3


def test_a_chore_that_fails_is_asked_for_at_the_next_poll(store, caplog):
    asked = []

    def fail():
        asked.append(time.monotonic())
        raise OSError("kommun")

    worker = store.worker(chore=fail, poll_seconds=0.3)
    worker.start()
    wait_for(lambda: worker.wake() or len(asked) > 2)
    worker.stop()
    assert min(later - one for one, later in itertools.pairwise(asked)) >= 0.3
    assert "kommun" not in caplog.text


def test_stop_waits_for_what_is_being_sent_and_claims_nothing_more(store, scripted):
    person = store.patient()
    first, second = store.add(person), store.add(person)
    begun = threading.Event()

    def slow(_outgoing):
        begun.set()
        time.sleep(0.3)
        return OK

    worker = store.worker(scripted(slow))
    worker.start()
    assert begun.wait(60)
    worker.stop()
    assert store.states(first, second) == ["done", "waiting"]


def test_a_lease_is_renewed_while_its_delivery_is_being_sent(store, scripted):
    delivery = store.add(store.patient())
    let_go = threading.Event()

    def slow(_outgoing):
        let_go.wait(60)
        return OK

    worker = store.worker(scripted(slow), lease_seconds=0.3)
    worker.start()
    wait_for(lambda: store.states(delivery) == ["running"])
    expires_at = store.row(delivery).lease_expires_at
    store.advance(0.1)
    wait_for(lambda: store.row(delivery).lease_expires_at > expires_at)
    let_go.set()
    worker.stop()
    assert store.states(delivery) == ["done"]


def test_the_worker_beats_and_outlives_a_database_that_is_away(store, scripted, caplog):
    worker = store.worker(scripted(), heartbeat_seconds=0.1)
    real, away = worker._claim, [True]

    def claim(*given):
        if away:
            raise OSError("gone")
        return real(*given)

    worker._claim = claim
    worker.start()
    wait_for(lambda: [row.worker for row in store.rows(tables.worker_heartbeat)] == [worker.name])
    delivery = store.add(store.patient())
    wait_for(lambda: any(record.msg == "delivery worker cannot work" for record in caplog.records))
    away.clear()
    wait_for(lambda: store.states(delivery) == ["done"])
    worker.stop()
    with pytest.raises(RuntimeError):
        worker.start()


def test_two_workers_and_one_lease(store, scripted):
    """The first is slow beyond its lease; the second takes over; the first's late result changes nothing."""
    delivery = store.add(store.patient())
    second = store.worker()
    channel = scripted()

    def slow(_outgoing):
        store.advance(61)
        assert second.run_until_idle() == 1
        return REFUSED

    channel.answers = [slow, OK]
    store.worker(channel).run_until_idle()
    row = store.row(delivery)
    assert (row.status, row.acknowledgement, row.attempts) == ("done", "ok", 2)
    assert [attempt.outcome for attempt in store.rows(tables.attempt)] == ["unknown", "done"]
    assert alarms(store) == []
    assert store.endpoint().consecutive_failures == 0


@pytest.mark.parametrize("option", ["threads", "lease_seconds", "poll_seconds", "probe_seconds", "open_after"])
def test_options_that_make_no_sense_are_refused(option):
    with pytest.raises(ValueError):
        WorkerOptions(**{option: 0})


def test_an_alarm_of_a_dead_letter_is_cleared_by_cancelling_it(store, scripted):
    delivery = store.add(store.patient())
    store.worker(scripted(REFUSED)).run_until_idle()
    assert len(alarms(store)) == 1
    store.act(outbox.cancel, delivery, store.now, "by phone")
    assert alarms(store) == []


def test_an_alarm_that_stands_ends_when_the_delivery_arrives_and_no_other(store, scripted):
    arriving, other = store.add(store.patient()), store.add(store.patient(), endpoint="b")

    def raise_and_take(_outgoing):
        for one in (arriving, other):
            store.act(outbox.alarm_dead_letter, one, "admission-notice", "as of old", store.now)
        return OK

    store.worker(scripted(raise_and_take)).run_until_idle()
    assert store.states(arriving) == ["done"]
    assert [alarm.subject for alarm in alarms(store) if alarm.kind == outbox.DEAD_LETTER] == [f"delivery/{other}"]
