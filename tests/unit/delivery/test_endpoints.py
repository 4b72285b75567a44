"""An endpoint's breaker, pace and clock: shared through the database, by workers that know nothing of each other."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

from adapter.delivery import breaker, outbox, window
from adapter.delivery.channels.base import Acknowledgement, Answer, Code
from adapter.delivery.outbox import DeliveryStateError
from adapter.delivery.pace import Pace
from adapter.store import tables

BUSY = Answer(status=503)
OK = Answer(status=200, acknowledgement=Acknowledgement(Code.OK))
REFUSED = Answer(status=422, acknowledgement=Acknowledgement(Code.FATAL))
SHUT = Answer(status=401)

SECOND = 1_000_000
HOUR = 3_600
START = 1_000 * SECOND


def sent_within(pace, seconds, at=START, rate_at=None, step=0.01):
    """How many go in so many seconds where somebody asks every 10 ms."""
    count = 0
    for tick in range(round(seconds / step)):
        now = at + round(tick * step * SECOND)
        while (following := Pace(pace.rate, pace.recovered_at, rate_at).next(now)) is not None:
            rate_at, count = following, count + 1
            assert count < 100_000
    return count


class TestPace:
    @pytest.mark.parametrize("rate", [0.5, 1.0, 3.0, 20.0, 250.0])
    def test_a_rate_is_kept_and_a_second_of_it_may_go_at_once(self, rate):
        pace = Pace(rate, None, None)
        assert abs(sent_within(pace, 20) - (20 * rate + max(1, rate))) <= 1 + rate * 0.02
        assert sent_within(pace, 0.01) == max(1, int(rate))

    def test_without_a_rate_any_number_goes(self):
        assert Pace(None, None, START + HOUR).next(START) == START

    def test_after_a_recovery_it_begins_gently_and_then_nothing_is_held_back(self):
        pace = Pace(None, START, None)
        assert sent_within(pace, 1, step=0.05) == pytest.approx(20, abs=2)
        assert sent_within(pace, 10, step=0.05) == pytest.approx(10 + 144, abs=15)
        assert pace.next(START + 120 * SECOND) == START + 120 * SECOND

    def test_a_rate_of_its_own_is_not_exceeded_by_the_gentle_start(self):
        assert sent_within(Pace(2.0, START, None), 10) == pytest.approx(22, abs=1)

    def test_a_clock_that_was_set_back_by_much_stops_nothing(self):
        assert sent_within(Pace(2.0, None, None), 10, rate_at=START + HOUR * SECOND) >= 19

    def test_a_clock_that_is_a_little_behind_another_gets_no_more(self):
        assert Pace(2.0, None, START + 5 * SECOND).next(START) is None


def test_two_workers_share_one_rate(store, scripted):
    for _ in range(30):
        store.add(store.patient())
    channel = scripted()
    workers = [store.worker(channel, rate=lambda _: 5.0) for _ in range(2)]
    assert [worker.run_until_idle() for worker in workers] == [5, 0]
    store.advance(1)
    assert [worker.run_until_idle() for worker in reversed(workers)] == [5, 0]
    store.advance(0.2)
    assert workers[0].run_until_idle() == 1


def test_a_receiver_that_comes_itself_is_not_slowed_down(store, scripted):
    from adapter.delivery.leases import Terms, claim_at

    for _ in range(15):
        store.add(store.patient())
    store.act(breaker.pause, "a", store.now, "x")
    store.act(breaker.resume, "a", store.now)
    terms = Terms("them", store.now, 60.0, lambda _: 1_000, 300.0)
    claimed = [store.act(claim_at, "a", terms) for _ in range(15)]
    assert None not in claimed


class TestShareOfFailures:
    def answers(self, store, scripted, *answers, apart=0.0):
        """One try each, of patients of their own."""
        worker = store.worker(scripted(*answers), schedule=(5_000.0,), open_after=1_000)
        for _ in answers:
            store.add(store.patient())
            worker.run_until_idle()
            store.advance(apart)
        return store.endpoint()

    def test_seven_of_ten_open_it(self, store, scripted):
        assert self.answers(store, scripted, *[OK] * 3, *[BUSY] * 6).state == "closed"
        endpoint = self.answers(store, scripted, BUSY)
        assert endpoint.state == "open"
        (alarm,) = store.rows(tables.alarm)
        assert alarm.reason.startswith("7 of 10 tries failed within five minutes")

    def test_fewer_than_seventy_of_a_hundred_do_not(self, store, scripted):
        assert self.answers(store, scripted, *[OK] * 4, *[BUSY] * 8).state == "closed"

    def test_refusals_of_messages_are_no_failures_of_the_endpoint(self, store, scripted):
        assert self.answers(store, scripted, *[REFUSED] * 12).state == "closed"

    def test_what_is_older_than_five_minutes_does_not_count(self, store, scripted):
        self.answers(store, scripted, *[BUSY] * 9)
        store.advance(301)
        assert self.answers(store, scripted, BUSY).state == "closed"

    def test_the_rows_are_bounded_whatever_time_does(self, store):
        with store.database.write() as connection:
            for number in range(200):
                window.note(connection, "a", store.now, failed=number % 2 == 0)
                store.advance(-500 if number % 17 == 16 else 31)
        rows = store.rows(tables.endpoint_outcome)
        assert len(rows) == 10
        assert all(row.failed <= row.tried for row in rows)

    def test_after_a_recovery_it_counts_anew(self, store, scripted):
        self.answers(store, scripted, *[BUSY] * 10)
        store.advance(300)
        store.worker(scripted()).run_until_idle()
        assert store.endpoint().state == "closed"
        assert {row.failed for row in store.rows(tables.endpoint_outcome)} == {0}


class TestProbes:
    def test_are_at_most_five_minutes_apart_however_long_each_takes(self, store, scripted):
        store.add(store.patient())
        starts = []

        def slow(_outgoing):
            starts.append(store.now)
            store.advance(40)
            return SHUT

        worker = store.worker(scripted(*[slow] * 4))
        while len(starts) < 4:
            worker.run_until_idle()
            store.advance(10)
        probes = itertools.pairwise(starts[1:])
        assert max(later - start for start, later in probes) <= 310 * SECOND  # and 10 s until we look

    @pytest.mark.parametrize("answer", [SHUT, Answer(status=403), Answer(status=410)])
    def test_a_door_that_opens_again_needs_nobody(self, store, scripted, answer):
        deliveries = [store.add(store.patient()) for _ in range(3)]
        worker = store.worker(scripted(answer, answer))
        worker.run_until_idle()
        assert store.endpoint().state == "tripped"
        assert {row.step for row in store.rows(tables.delivery)} == {0}
        store.advance(300)
        assert worker.run_until_idle() == 1
        store.advance(300)
        worker.run_until_idle()
        assert store.states(*deliveries) == ["done"] * 3

    @pytest.mark.parametrize("down", ["open", "tripped"])
    def test_the_reason_is_what_the_last_probe_saw(self, store, scripted, down):
        store.add(store.patient())
        last = {"open": Answer(status=502), "tripped": BUSY}[down]
        worker = store.worker(scripted(*([BUSY] * 2 if down == "open" else [SHUT]), last), open_after=2)
        while store.endpoint().state != down:
            worker.run_until_idle()
            store.advance(300)
        assert store.endpoint().reason == ("HTTP 503" if down == "open" else "HTTP 401")
        worker.run_until_idle()
        assert (store.endpoint().state, store.endpoint().reason) == (down, f"HTTP {last.status}")

    def test_a_probe_does_not_change_why_a_person_paused(self, store, scripted):
        store.add(store.patient())

        def paused_meanwhile(_outgoing):
            store.act(breaker.pause, "a", store.now, "their upgrade")
            return BUSY

        store.worker(scripted(paused_meanwhile)).run_until_idle()
        assert store.endpoint().reason == "their upgrade"


class TestGivingUp:
    def give_up(self, event):
        return 72.0 * HOUR if event == "general-message" else None

    def worker(self, store, channel, **options):
        return store.worker(channel, give_up=self.give_up, schedule=(5.0, 6 * HOUR), **options)

    def hours(self, store, worker, hours):
        for _ in range(hours // 7 + 1):
            worker.run_until_idle()
            store.advance(7 * HOUR)

    def test_a_general_message_is_tried_for_three_days(self, store, scripted):
        general = store.add(store.patient(), event="general-message", holds_stream=False)
        state = store.add(store.patient())
        worker = self.worker(store, scripted(*[BUSY] * 100), open_after=1_000)
        self.hours(store, worker, 63)
        assert store.states(general, state) == ["waiting"] * 2
        self.hours(store, worker, 21)
        assert store.states(general, state) == ["dead", "waiting"]
        assert store.row(general).reason.startswith("given up after 72 h of trying, the last: HTTP 503")
        self.hours(store, worker, 35)
        assert store.states(state) == ["waiting"]

    @pytest.mark.parametrize("down", ["open", "tripped", "paused"])
    def test_time_with_the_endpoint_down_does_not_count(self, store, scripted, down):
        general = store.add(store.patient(), event="general-message", holds_stream=False)
        first = {"open": BUSY, "tripped": SHUT, "paused": BUSY}[down]
        worker = self.worker(store, scripted(BUSY, first, OK), open_after=2)
        worker.run_until_idle()
        store.advance(HOUR)
        if down == "paused":
            store.act(breaker.pause, "a", store.now, "x")
        worker.run_until_idle()
        assert store.endpoint().state == down
        store.advance(100 * 24 * HOUR)
        if down == "paused":
            store.act(breaker.resume, "a", store.now)
        self.hours(store, worker, 14)
        assert store.states(general) == ["done"]

    def test_what_was_never_tried_is_tried(self, store, scripted):
        person = store.patient()
        blocked = store.add(person)
        general = store.add(person, event="general-message", holds_stream=False)
        worker = self.worker(store, scripted(REFUSED, BUSY, OK))
        worker.run_until_idle()
        store.advance(200 * HOUR)
        store.act(outbox.cancel, blocked, store.now, "x")
        worker.run_until_idle()
        assert store.states(general) == ["waiting"]

    def test_retried_by_a_person_it_has_its_time_again(self, store, scripted):
        general = store.add(store.patient(), event="general-message", holds_stream=False)
        worker = self.worker(store, scripted(*[BUSY] * 50), open_after=1_000)
        self.hours(store, worker, 90)
        assert store.states(general) == ["dead"]
        store.act(outbox.retry, general, store.now)
        self.hours(store, worker, 14)
        assert store.states(general) == ["waiting"]


class TestSuperseded:
    UPDATE: ClassVar[dict[str, Any]] = {"event": "admission-notice-update", "yields": True}

    def test_an_update_holds_until_there_is_a_later_one(self, store, scripted):
        person = store.patient()
        old = store.add(person, **self.UPDATE)
        other = store.add(person)
        worker = store.worker(scripted(REFUSED))
        worker.run_until_idle()
        assert store.states(old, other) == ["dead", "waiting"]
        new = store.add(person, **self.UPDATE)
        worker.run_until_idle()
        assert store.states(old, other, new) == ["dead", "done", "done"]
        with pytest.raises(DeliveryStateError, match="superseded"):
            store.act(outbox.retry, old, store.now)

    def test_one_that_is_refused_when_a_later_one_waits_holds_nothing(self, store, scripted):
        person = store.patient()
        both = [store.add(person, **self.UPDATE) for _ in range(2)]
        store.worker(scripted(REFUSED)).run_until_idle()
        assert store.states(*both) == ["dead", "done"]

    def test_a_later_one_that_was_cancelled_supersedes_nothing(self, store, scripted):
        person = store.patient()
        old, new, other = store.add(person, **self.UPDATE), store.add(person, **self.UPDATE), store.add(person)
        store.act(outbox.cancel, new, store.now, "x")
        store.worker(scripted(REFUSED)).run_until_idle()
        assert store.states(old, other) == ["dead", "waiting"]


class TestWhoIsTold:
    def tell_at(self, store, delivery):
        return store.row(delivery).tell_at

    def test_when_it_waits_for_too_long_when_it_dies_and_when_it_is_cancelled(self, store, scripted):
        late = store.now + HOUR * SECOND
        waits, dies, cancelled, arrives = [store.add(store.patient(), tell_at=late) for _ in range(4)]
        store.act(outbox.cancel, cancelled, store.now, "x")
        store.worker(scripted(BUSY, REFUSED, OK)).run_until_idle()
        assert [self.tell_at(store, one) for one in (waits, dies, cancelled, arrives)] == [
            late,
            store.now,
            store.now,
            None,
        ]

    def test_who_was_told_that_it_waits_is_told_that_it_arrived(self, store, scripted):
        delivery = store.add(store.patient(), tell_at=store.now)
        with store.database.write() as connection:
            connection.execute(tables.delivery.update().values(reported="held", tell_at=None))
        store.worker(scripted()).run_until_idle()
        assert self.tell_at(store, delivery) == store.now

    def test_of_what_is_told_to_nobody_nobody_is_told(self, store, scripted):
        deliveries = [store.add(store.patient()) for _ in range(3)]
        store.act(outbox.cancel, deliveries[2], store.now, "x")
        store.worker(scripted(REFUSED)).run_until_idle()
        assert [self.tell_at(store, one) for one in deliveries] == [None] * 3


def test_a_slow_receiver_leaves_room_for_the_others(store, scripted):
    """Eight threads, a receiver that never answers while the test runs, and another that does."""
    release = threading.Event()

    def hang(_outgoing):
        release.wait(60)
        return OK

    for _ in range(20):
        store.add(store.patient(), endpoint="slow")
        store.add(store.patient(), endpoint="quick")
    done = threading.Event()
    quick = scripted(*[OK] * 19, lambda _outgoing: (done.set(), OK)[1])
    channels = {"slow": scripted(*[hang] * 20), "quick": quick}
    worker = store.worker(channels=channels.get, limit=lambda _: 64, threads=8)
    worker.start()
    try:
        assert done.wait(60)
        assert len(channels["slow"].sent) <= 4
    finally:
        release.set()
        worker.stop()
    with store.database.read() as connection:
        column = tables.delivery.c
        states = connection.execute(select(column.status).where(column.endpoint == "quick")).scalars().all()
    assert set(states) == {"done"}


@pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("before", "counted"), [("nothing", 2), ("a success", 3), ("long ago", 2), ("tripped", 1)])
def test_two_workers_whose_receiver_spoke_at_once_are_both_counted(store, before, counted):
    store.add(store.patient())
    if before != "nothing":
        store.act(breaker.succeeded, "a", store.now)
    if before == "long ago":
        store.advance(300)
    if before == "tripped":
        store.act(breaker.trip, "a", store.now, cause="c", probe_seconds=1)
    with ThreadPoolExecutor(1) as pool, store.database.write() as connection:
        assert breaker.succeeded(connection, "a", store.now) == (before == "tripped")
        other = pool.submit(store.act, breaker.succeeded, "a", store.now)
        time.sleep(0.2)  # it waits for the endpoint
        connection.commit()
        assert not other.result(60)
    assert [(row.tried, row.failed) for row in store.rows(tables.endpoint_outcome)] == [(counted, 0)]
    assert store.endpoint().state == "closed"
