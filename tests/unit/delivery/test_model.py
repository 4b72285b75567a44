"""The outbox against a reference that anyone can read: lists in memory, one rule after the other.

Whatever order people, workers and clocks act in: nothing is lost, a stream keeps its order, at most one delivery of a
stream is under way, and who lost the lease changes nothing.
"""

import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from sqlalchemy import insert, select

from adapter.delivery import breaker, leases, outbox
from adapter.delivery.channels.base import Answer
from adapter.delivery.leases import Terms
from adapter.delivery.outbox import DeliveryStateError, NewDelivery
from adapter.delivery.policy import Kind, Verdict
from adapter.delivery.recording import Recorder, Tried, ignore
from adapter.delivery.schedule import Schedule
from adapter.store import tables
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database
from adapter.support.clock import from_micros, to_micros

SECOND = 1_000_000
LEASE = 60 * SECOND
WAIT = 5 * SECOND
PROBE = 300 * SECOND
START = to_micros(datetime(2026, 3, 2, 9, tzinfo=UTC))
ENDPOINTS = ("a", "b")
PEOPLE = 1
WORKERS = ("w1", "w2")
ENDS = (Kind.DONE, Kind.DEAD, Kind.RETRY, Kind.TRIP)


@dataclass
class Expected:
    """A delivery as the reference has it."""

    stream: tuple[str, int]
    place: int
    holds: bool
    yields: bool
    status: str = "waiting"
    due: int = 0
    token: int = 0
    expires: int = 0
    blocking: bool = True
    tries: int = 0


@dataclass
class Door:
    """An endpoint as the reference has it."""

    state: str = "closed"
    probe_at: int = 0
    failures: int = 0


@dataclass
class Reference:
    deliveries: dict[int, Expected] = field(default_factory=dict)
    doors: dict[str, Door] = field(default_factory=lambda: {name: Door() for name in ENDPOINTS})

    def stream_of(self, one: Expected) -> list[Expected]:
        found = [other for other in self.deliveries.values() if other.stream == one.stream]
        return sorted(found, key=lambda other: other.place)

    def is_head(self, one: Expected) -> bool:
        ahead = [other for other in self.stream_of(one) if other.blocking and other.place < one.place]
        running = [other for other in self.stream_of(one) if other.status == "running" and other is not one]
        return one.blocking and not ahead and not running

    def may_go(self, one: Expected, at: int) -> bool:
        """Whether a worker may take it now."""
        door = self.doors[one.stream[0]]
        if door.state == "paused" or not self.is_head(one):
            return False
        if one.status == "running":
            ready = one.expires <= at
        else:
            ready = one.status == "waiting" and (one.due <= at or door.state != "closed")
        if door.state != "closed":
            others = [
                other
                for other in self.deliveries.values()
                if other.stream[0] == one.stream[0] and other.status == "running" and other.expires > at
            ]
            return ready and door.probe_at <= at and not others
        return ready

    def settle_heads(self, stream: tuple[str, int], at: int) -> None:
        """What has just become a head is due now; what is no head has no time."""
        line = sorted((one for one in self.deliveries.values() if one.stream == stream), key=lambda one: one.place)
        blocking = [one for one in line if one.blocking]
        for one in blocking[1:]:
            if one.status == "waiting":
                one.due = 0
        if blocking and blocking[0].status == "waiting" and blocking[0].due == 0:
            blocking[0].due = at

    def has_later(self, one: Expected) -> bool:
        return any(o.place > one.place and o.yields and o.status != "cancelled" for o in self.stream_of(one))

    def open_again(self, name: str, at: int) -> None:
        door = self.doors[name]
        door.state, door.failures = "closed", 0
        for one in self.deliveries.values():
            if one.stream[0] == name and one.status == "waiting" and one.due > at:
                one.due = at


@cache
def store() -> Database:
    """One file for all runs, which nothing has to survive."""
    folder = tempfile.mkdtemp(prefix="outbox-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = Database(f"sqlite:///{folder}/adapter.db")
    atexit.register(database.close)
    message = {"status": "accepted", "source": "fhir", "content_hash": "h", "patient_id": 1, "received_at": 0}
    more = {"http_status": 200, "size": 1, "config_version": "c", "issues": []}
    with database.write() as connection:
        tables.metadata.create_all(connection)
        for _ in range(PEOPLE):
            connection.execute(insert(tables.patient).values(created_at=0))
        connection.execute(insert(tables.message).values(message | more))
    return database


class Clock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> Any:
        return from_micros(self.at)


class Outbox(RuleBasedStateMachine):
    """Every rule does one thing to the outbox and to the reference."""

    claims = Bundle("claims")

    @initialize()
    def begin(self) -> None:
        self.database = store()
        self.clock, self.expected = Clock(), Reference()
        self.arrived: dict[tuple[str, int], list[int]] = {}
        with self.database.write() as connection:
            for table in (tables.attempt, tables.delivery, tables.stream, tables.endpoint_outcome):
                connection.execute(table.delete())
            connection.execute(tables.endpoint_state.delete())
            connection.execute(tables.alarm.delete())
        schedule = Schedule((WAIT / SECOND,), 0.0)
        parts = (self.database, ContentStore(Plain()), self.clock, schedule)
        self.recorder = Recorder(*parts, open_after=3, probe_seconds=PROBE / SECOND, on_finished=ignore)

    def act(self, action: Any, *arguments: Any) -> Any:
        with self.database.write() as connection:
            return action(connection, *arguments)

    # -- what is put in

    @rule(
        endpoint=st.sampled_from(ENDPOINTS),
        person=st.integers(1, PEOPLE),
        kinds=st.lists(st.sampled_from(["hold", "release", "yield"]), min_size=1, max_size=3),
    )
    def enqueue(self, endpoint: str, person: int, kinds: list[str]) -> None:
        for kind in kinds:
            self.enqueue_one(endpoint, person, kind)

    def enqueue_one(self, endpoint: str, person: int, kind: str) -> None:
        at, holds, yields = self.clock.at, kind != "release", kind == "yield"
        new = NewDelivery(
            message_id=1,
            patient_id=person,
            endpoint=endpoint,
            receiver_party="kommun",
            receiver_unit="SE0-1",
            event=kind,
            holds_stream=holds,
            yields=yields,
            media_type="text/plain",
            config_version="c",
            at=at,
        )
        number = self.act(outbox.enqueue, new)
        stream = (endpoint, person)
        place = sum(one.stream == stream for one in self.expected.deliveries.values())
        self.expected.deliveries[number] = Expected(stream, place, holds, yields)
        for one in self.expected.deliveries.values():
            if yields and one.stream == stream and one.yields and one.status == "dead":
                one.blocking = False
        self.expected.settle_heads(stream, at)

    # -- what workers do

    @rule(target=claims, worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> Any:
        return self.claimed(worker)

    @rule(target=claims, worker=st.sampled_from(WORKERS))
    def claim_after_a_lease_has_run_out(self, worker: str) -> Any:
        self.clock.at += LEASE
        return self.claimed(worker)

    def claimed(self, worker: str) -> Any:
        at = self.clock.at
        terms = Terms(worker, at, LEASE / SECOND, lambda _: 4, PROBE / SECOND)
        may = {number for number, one in self.expected.deliveries.items() if self.expected.may_go(one, at)}
        found = self.act(leases.claim, terms, 1)
        assert bool(found) == bool(may)
        for claim in found:
            assert claim.delivery_id in may
            one = self.expected.deliveries[claim.delivery_id]
            assert claim.token == one.token + 1
            one.status, one.token, one.expires, one.tries = "running", claim.token, at + LEASE, one.tries + 1
            one.due = 0
            door = self.expected.doors[one.stream[0]]
            assert claim.probe == (door.state != "closed")
            if claim.probe:
                door.probe_at = at + PROBE
        return multiple(*found)

    @rule(worker=st.sampled_from(WORKERS), kind=st.sampled_from(ENDS))
    def claim_and_finish(self, worker: str, kind: Kind) -> None:
        found = self.claimed(worker)
        for claim in found.values:
            self.ended(claim, kind)

    def record(self, claim: Any, kind: Kind) -> Expected | None:
        """The delivery where the result counts; None, and nothing may have changed, where the lease was lost."""
        one = self.expected.deliveries[claim.delivery_id]
        ours = one.status == "running" and one.token == claim.token
        recorded = self.recorder.record(Tried(claim, Answer(status=200), Verdict(kind, kind.value, kind.value)))
        assert recorded == ours
        return one if ours else None

    @precondition(lambda self: self.expected.deliveries)
    @rule(claim=consumes(claims), kind=st.sampled_from(ENDS))
    def finish(self, claim: Any, kind: Kind) -> None:
        self.ended(claim, kind)

    def ended(self, claim: Any, kind: Kind) -> None:
        if (one := self.record(claim, kind)) is None:
            return
        at, name = self.clock.at, one.stream[0]
        door = self.expected.doors[name]
        was = door.state
        if kind is Kind.DONE:
            one.status, one.blocking = "done", False
            self.arrived.setdefault(one.stream, []).append(one.place)
        elif kind is Kind.DEAD:
            one.status, one.blocking = "dead", one.holds and not (one.yields and self.expected.has_later(one))
        else:
            one.status, one.due = "waiting", at + (WAIT if kind is Kind.RETRY and was == "closed" else 0)
        self.expected.settle_heads(one.stream, at)
        if kind in (Kind.DONE, Kind.DEAD):
            door.failures = 0
            if was in ("open", "tripped"):
                self.expected.open_again(name, at)
        elif kind is Kind.RETRY:
            door.failures += 1
            if was == "closed" and (door.failures >= 3 or self.share_opened(name)):
                door.state, door.probe_at = "open", at + PROBE
        elif was in ("closed", "open"):
            door.state, door.probe_at = "tripped", at + PROBE

    def share_opened(self, name: str) -> bool:
        """The share of failures is tested elsewhere: here the store is believed."""
        with self.database.read() as connection:
            return breaker.state(connection, name) == "open"

    @rule(claim=consumes(claims))
    def give_back(self, claim: Any) -> None:
        one = self.expected.deliveries[claim.delivery_id]
        ours = one.status == "running" and one.token == claim.token
        assert self.act(leases.give_back, claim, self.clock.at) == ours
        if ours:
            one.status, one.due, one.tries = "waiting", self.clock.at, one.tries - 1

    @rule(claim=claims)
    def renew(self, claim: Any) -> None:
        self.act(leases.renew, [claim], self.clock.at + LEASE)
        one = self.expected.deliveries[claim.delivery_id]
        if one.status == "running" and one.token == claim.token:
            one.expires = self.clock.at + LEASE

    # -- what people do

    def by_person(self, number: int, allowed: tuple[str, ...], act: Any, *arguments: Any) -> Expected | None:
        one = self.expected.deliveries[number]
        try:
            self.act(act, number, self.clock.at, *arguments)
        except DeliveryStateError:
            superseded = one.status == "dead" and one.yields and not one.blocking and self.expected.has_later(one)
            assert one.status not in allowed or (act is outbox.retry and superseded)
            return None
        assert one.status in allowed
        return one

    def some(self, data: Any) -> int:
        return data.draw(st.sampled_from(sorted(self.expected.deliveries)))

    @precondition(lambda self: self.expected.deliveries)
    @rule(data=st.data())
    def hold(self, data: Any) -> None:
        if (one := self.by_person(self.some(data), ("waiting",), outbox.hold, "x")) is not None:
            one.status, one.due = "held", 0

    @precondition(lambda self: self.expected.deliveries)
    @rule(data=st.data())
    def release(self, data: Any) -> None:
        if (one := self.by_person(self.some(data), ("held",), outbox.release)) is not None:
            one.status = "waiting"
            self.expected.settle_heads(one.stream, self.clock.at)

    @precondition(lambda self: self.expected.deliveries)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        if (one := self.by_person(self.some(data), ("waiting", "held", "dead"), outbox.cancel, "x")) is not None:
            one.status, one.blocking, one.due = "cancelled", False, 0
            self.expected.settle_heads(one.stream, self.clock.at)

    @precondition(lambda self: self.expected.deliveries)
    @rule(data=st.data())
    def retry(self, data: Any) -> None:
        if (one := self.by_person(self.some(data), ("dead", "waiting"), outbox.retry)) is None:
            return
        if one.status == "dead":
            one.status, one.blocking, one.due = "waiting", True, 0
        elif one.due:
            one.due = self.clock.at
        self.expected.settle_heads(one.stream, self.clock.at)

    @rule(endpoint=st.sampled_from(ENDPOINTS), to=st.sampled_from(("paused", "closed")))
    def pause_or_resume(self, endpoint: str, to: str) -> None:
        if not any(one.stream[0] == endpoint for one in self.expected.deliveries.values()):
            return
        if to == "paused":
            self.act(breaker.pause, endpoint, self.clock.at, "x")
            self.expected.doors[endpoint].state = "paused"
        else:
            self.act(breaker.resume, endpoint, self.clock.at)
            self.expected.open_again(endpoint, self.clock.at)

    # -- what clocks do

    @rule(seconds=st.sampled_from((1, 4, 5, 59, 60, 61, 300, 7_200, -1, -45, -400)))
    def time(self, seconds: int) -> None:
        self.clock.at += seconds * SECOND

    # -- what always holds

    @invariant()
    def the_store_is_as_the_reference(self) -> None:
        column = tables.delivery.c
        with self.database.read() as connection:
            rows = connection.execute(select(tables.delivery).order_by(column.id)).all()
            doors = {row.endpoint: row for row in connection.execute(select(tables.endpoint_state)).all()}
            tries = connection.execute(select(tables.attempt)).all()
        assert len(rows) == len(self.expected.deliveries)
        for row in rows:
            one = self.expected.deliveries[row.id]
            assert (row.status, row.blocking, row.lease_token) == (one.status, one.blocking, one.token), row
            assert (row.next_attempt_at or 0) == one.due, (row, one)
            assert row.attempts == one.tries
        for name, row in doors.items():
            assert row.state == self.expected.doors[name].state
        assert len(tries) == sum(one.tries for one in self.expected.deliveries.values())
        running = [one.stream for one in self.expected.deliveries.values() if one.status == "running"]
        assert len(running) == len(set(running))

    @invariant()
    def every_stream_has_a_head_that_can_move(self) -> None:
        """Nothing is forgotten: the first that blocks is under way, has a time, or waits for a person."""
        streams = {one.stream for one in self.expected.deliveries.values()}
        for stream in streams:
            line = [one for one in self.expected.deliveries.values() if one.stream == stream and one.blocking]
            if line:
                head = min(line, key=lambda one: one.place)
                assert head.status in ("running", "held", "dead") or head.due > 0


thorough = os.environ.get("HYPOTHESIS_PROFILE") == "prove"
TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(
    max_examples=2_000 if thorough else 8,
    stateful_step_count=80 if thorough else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
