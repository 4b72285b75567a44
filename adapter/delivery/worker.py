"""The worker: claims what is due, sends it from a few threads, and stops without losing anything.

Polling the database is the guarantee; `wake` only shortens the wait. Any number of workers share one database.
"""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, update

from adapter.delivery import leases, pulling
from adapter.delivery.attempt import Channels, Sender
from adapter.delivery.doors import Terms
from adapter.delivery.leases import Claim
from adapter.delivery.recording import Finished, GiveUp, OnFinished, Recorder, Tried, ignore, never
from adapter.delivery.schedule import DEFAULT, Schedule
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.store.statements import Row
from adapter.support.clock import Clock, SystemClock, to_micros
from adapter.support.errors import UnavailableError

__all__ = ["Finished", "Worker", "WorkerOptions"]

logger = logging.getLogger("adapter.delivery")

_MICROS = 1_000_000
_DAY = 86_400 * _MICROS
_CHORE_SECONDS = 0.5
_UNAVAILABLE = 2
_heartbeat = tables.worker_heartbeat.c


@dataclass(frozen=True)
class WorkerOptions:
    """Times are in seconds. `schedule` are the waits between tries, `jitter` the share by which they differ.

    A lease is renewed while its delivery is being sent, so that it may be short: it bounds how long a delivery rests
    after a crash. `open_after` failures in a row open an endpoint's breaker.
    """

    schedule: tuple[float, ...] = DEFAULT
    jitter: float = 0.2
    threads: int = 8
    lease_seconds: float = 60.0
    poll_seconds: float = 1.0
    probe_seconds: float = 300.0
    heartbeat_seconds: float = 10.0
    stop_seconds: float = 30.0
    quick_retries: int = 2
    open_after: int = 10

    def __post_init__(self) -> None:
        above_zero = (self.threads, self.lease_seconds, self.poll_seconds, self.probe_seconds, self.heartbeat_seconds)
        if min(above_zero) <= 0 or self.open_after < 1 or self.quick_retries < 0 or self.stop_seconds < 0:
            raise ValueError("threads, lease, poll, probe, heartbeat and open_after must be above zero")


def _four(_endpoint: str) -> int:
    return 4


def _none() -> Mapping[str, float]:
    return {}


def _any(_endpoint: str) -> float | None:
    return None


def _nothing() -> bool:
    return False


_Given = tuple[Claim, Row | None]
"""What is to be sent, with its bytes as the database has them."""


class _HandedOut(NamedTuple):
    """A claim that waits for a thread since then, seconds of the monotonic clock, or is with one."""

    claim: Claim
    since: float
    sending: "Future[None]"


@dataclass
class _InFlight:
    """What this worker has claimed and not yet recorded: what is being sent, and the tries that have ended."""

    sending: dict[int, Claim] = field(default_factory=dict)
    ended: dict[int, Tried] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, claims: Iterable[Claim]) -> None:
        with self.lock:
            self.sending |= {claim.attempt_id: claim for claim in claims}

    def end(self, claim: Claim, tried: Tried | None) -> None:
        with self.lock:
            self.sending.pop(claim.attempt_id, None)
            if tried is not None:
                self.ended[claim.attempt_id] = tried

    def recorded(self, tries: Iterable[Tried]) -> None:
        with self.lock:
            for tried in tries:
                self.ended.pop(tried.claim.attempt_id, None)

    def put_last(self, tried: Tried) -> None:
        with self.lock:
            self.ended[tried.claim.attempt_id] = self.ended.pop(tried.claim.attempt_id)

    def tries(self) -> list[Tried]:
        """Those that have ended, the first first."""
        with self.lock:
            return list(self.ended.values())

    def all(self) -> list[Claim]:
        with self.lock:
            return [*self.sending.values(), *(tried.claim for tried in self.ended.values())]


class Worker:
    """Delivers from the outbox until stopped.

    `channels` gives the channel of an endpoint (asked at every attempt, so that configuration may change; None
    where the endpoint is unknown), `limit` how many deliveries may run at once to it, `rate` how many may be sent to it
    in a second; one endpoint never gets more than half of the threads. `give_up` says after how many seconds of trying
    a delivery of an event is a dead letter, None for never. `chore` is done between the rounds, a piece at a time while
    it says that there is more, and asked for once a poll. `pulled` gives the endpoints whose receivers come for their
    messages, which are left to them, and after how many seconds without a visit operations are told. `on_finished` is
    called in the transaction that records the ends of deliveries: what it raises undoes that transaction, and the
    delivery whose end cannot be recorded by itself either is tried again.

    One thread speaks to the database: each round of it is one transaction, which records what has ended and claims what
    is due. The others send. So that they need not wait for it, it claims as many more than there are threads free as
    have ended since its last round; what then waits for a thread for longer than a poll is given back.
    """

    def __init__(
        self,
        database: Database,
        contents: ContentStore,
        channels: Channels,
        clock: Clock | None = None,
        options: WorkerOptions | None = None,
        on_finished: OnFinished = ignore,
        *,
        limit: Callable[[str], int] = _four,
        rate: Callable[[str], float | None] = _any,
        pulled: Callable[[], Mapping[str, float]] = _none,
        give_up: GiveUp = never,
        chore: Callable[[], bool] = _nothing,
        random: Random | None = None,
    ) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._options = options or WorkerOptions()
        self._limit = limit
        self._rate = rate
        self._chore = chore
        self._pulled = pulled
        self.name = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._in_flight = _InFlight()
        self._handed_out: list[_HandedOut] = []
        self._dispatcher: threading.Thread | None = None
        self._next_chore = 0.0
        self.recorder = Recorder(
            database=database,
            contents=contents,
            clock=self._clock,
            schedule=Schedule(self._options.schedule, self._options.jitter, random or Random()),  # noqa: S311 - jitter
            open_after=self._options.open_after,
            probe_seconds=self._options.probe_seconds,
            on_finished=on_finished,
            give_up=give_up,
        )
        """how tries end here: for a mailbox, whose tries are not the worker's, too"""
        self._sender = Sender(self.recorder, channels, self._options.quick_retries, self._stopping)

    def start(self) -> None:
        """Deliver in the background until `stop`. A worker is started once."""
        if self._dispatcher is not None:
            raise RuntimeError("a worker is started once")
        self._dispatcher = threading.Thread(target=self._dispatch, name="delivery", daemon=True)
        self._dispatcher.start()

    def stop(self) -> None:
        """Claim nothing more and wait, at most `stop_seconds`, for what is being sent.

        What then still has no answer keeps its lease, which runs out: its outcome is unknown.
        """
        self._stopping.set()
        self._wake.set()
        if self._dispatcher is not None:
            self._dispatcher.join()

    def wake(self) -> None:
        """Something may be due: look now rather than at the next poll."""
        self._wake.set()

    def run_until_idle(self) -> int:
        """Deliver in this thread until nothing is due and the chore is done; returns the number of attempts made."""
        attempts = 0
        while (given := self._round(1)) or self._chore():
            for one in given:
                self._send(*one)
                attempts += 1
        return attempts

    def _dispatch(self) -> None:
        pool = ThreadPoolExecutor(self._options.threads, thread_name_prefix="delivery")
        beat_seconds = min(self._options.heartbeat_seconds, self._options.lease_seconds / 3)
        next_beat = 0.0
        while not self._stopping.is_set():
            if time.monotonic() >= next_beat:
                next_beat = time.monotonic() + beat_seconds
                self._safely(self._beat)
            self._safely(lambda: self._hand_out(pool))
            self._give_back_late()
            self._safely(self._chores)
            self._wake.wait(max(0.0, min(self._next_chore - time.monotonic(), beat_seconds)))
            self._wake.clear()
        self._drain(pool, beat_seconds)

    def _drain(self, pool: ThreadPoolExecutor, beat_seconds: float) -> None:
        pool.shutdown(wait=False)
        until = time.monotonic() + self._options.stop_seconds
        while self._in_flight.all() and time.monotonic() < until:
            self._wake.wait(min(beat_seconds, max(0.0, until - time.monotonic())))
            self._wake.clear()
            self._safely(self._record_the_rest)
            self._safely(self._beat)
        self._safely(self._leave)

    def _safely(self, act: Callable[[], None]) -> None:
        """The dispatcher outlives a database that is away: what fails now is done at a later round."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the worker goes on when the store is back
            logger.error("delivery worker cannot work", extra={"outcome": type(error).__name__})  # noqa: TRY400 - its words may hold data

    def _chores(self) -> None:
        """For a bounded time: leases are to be prolonged and deliveries to be handed out. Where nothing was to be done,
        not again before the next poll, for which the worker wakes."""
        if time.monotonic() < self._next_chore:
            return
        until, more = time.monotonic() + _CHORE_SECONDS, False
        try:
            while not self._stopping.is_set() and time.monotonic() < until and (more := self._chore()):
                self._wake.set()  # what it made is due
        finally:
            self._next_chore = 0.0 if more else time.monotonic() + self._options.poll_seconds

    def _hand_out(self, pool: ThreadPoolExecutor) -> None:
        threads = self._options.threads
        ahead = min(threads, len(self._in_flight.ended))
        given = self._round(max(0, threads + ahead - len(self._in_flight.sending)))
        now = time.monotonic()
        self._handed_out += [_HandedOut(claim, now, pool.submit(self._run, claim, sealed)) for claim, sealed in given]

    def _give_back_late(self) -> None:
        """What no thread has been free for: another worker may have one."""
        since = time.monotonic() - self._options.poll_seconds
        self._handed_out = [each for each in self._handed_out if not each.sending.done()]
        for each in self._handed_out:
            if each.since < since and each.sending.cancel():
                self._give_back(each.claim)

    def _run(self, claim: Claim, sealed: Row | None) -> None:
        try:
            if self._stopping.is_set():
                self._give_back(claim)
            else:
                self._send(claim, sealed)
        finally:
            self._wake.set()

    def _send(self, claim: Claim, sealed: Row | None) -> None:
        self._in_flight.end(claim, self._sender.attempt(claim, sealed))

    def _round(self, wanted: int) -> list[_Given]:
        """Record what has ended, and claim up to so many, in one transaction. Where that fails, each end is recorded by
        itself: one that cannot be keeps no other back."""
        tries = self._in_flight.tries()
        if not tries and not wanted:
            return []
        try:
            given = self.recorder.record_all(tries, lambda connection: self._claim(connection, wanted))
        except Exception:
            if not tries:
                raise
            self._record_apart(tries)
            given = self.recorder.record_all([], lambda connection: self._claim(connection, wanted))
        else:
            self._in_flight.recorded(tries)
        self._in_flight.begin(claim for claim, _ in given)
        return given

    def _record_the_rest(self) -> None:
        self._round(0)

    def _record_apart(self, tries: Sequence[Tried]) -> None:
        """Each by itself. What the database does not take now is recorded at a later round, after the others, unless
        its lease is lost by then; raises UnavailableError when that has happened twice: it is the database's fault."""
        unavailable = 0
        for tried in tries:
            try:
                self._sender.record(tried)
            except UnavailableError:
                self._in_flight.put_last(tried)
                unavailable += 1
                if unavailable == _UNAVAILABLE:
                    raise
            else:
                self._in_flight.recorded([tried])

    def _give_back(self, claim: Claim) -> None:
        """Nothing of it was sent. Where the database cannot be told, its lease runs out."""
        self._safely(lambda: self._tell_given_back(claim))
        self._in_flight.end(claim, None)

    def _tell_given_back(self, claim: Claim) -> None:
        with self._database.write() as connection:
            leases.give_back(connection, claim, self._now())

    def _claim(self, connection: Connection, wanted: int) -> list[_Given]:
        half = max(1, self._options.threads // 2)
        terms = Terms(
            owner=self.name,
            at=self._now(),
            seconds=self._options.lease_seconds,
            limit=lambda endpoint: min(self._limit(endpoint), half),
            probe_seconds=self._options.probe_seconds,
            rate=self._rate,
            leave=frozenset(self._pulled()),
        )
        claims = leases.claim(connection, terms, wanted) if wanted else []
        if not claims:
            return []
        sealed = self.recorder.contents.sealed(connection, [claim.delivery_id for claim in claims], "mapped")
        return [(claim, sealed.get(claim.delivery_id)) for claim in claims]

    def _beat(self) -> None:
        """Say that we live, prolong our leases, forget workers that have been silent for a day, and tell of mailboxes
        that nobody empties."""
        at = self._now()
        with self._database.write() as connection:
            beaten = connection.execute(
                update(tables.worker_heartbeat).where(_heartbeat.worker == self.name).values(polled_at=at)
            )
            if beaten.rowcount == 0:
                row = {"worker": self.name, "started_at": at, "polled_at": at}
                connection.execute(insert(tables.worker_heartbeat).values(row))
                connection.execute(delete(tables.worker_heartbeat).where(_heartbeat.polled_at < at - _DAY))
            expires_at = at + round(self._options.lease_seconds * _MICROS)
            leases.renew(connection, self._in_flight.all(), expires_at)
            pulling.watch(connection, self._pulled(), at)

    def _leave(self) -> None:
        with self._database.write() as connection:
            connection.execute(delete(tables.worker_heartbeat).where(_heartbeat.worker == self.name))

    def _now(self) -> int:
        return to_micros(self._clock.now())
