"""How tries ended, recorded in one transaction: the delivery's next state, the attempt, the answer's bytes, and the
endpoint's state. The same for what a worker sends and for what a receiver fetches.

Deliveries that arrived are recorded together, in as many statements as one: what ends at the same time waits for the
disk once.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import Connection

from adapter.delivery import breaker, leases, outbox
from adapter.delivery.channels.base import Answer
from adapter.delivery.leases import Claim
from adapter.delivery.policy import Kind, Verdict
from adapter.delivery.schedule import Schedule
from adapter.store.alarms import clear_alarms
from adapter.store.batch import Batch
from adapter.store.content import ContentStore, Piece
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros

logger = logging.getLogger("adapter.delivery")

_MICROS = 1_000_000
_MEDIA_TYPE_LIMIT = 128

_Also = TypeVar("_Also")


@dataclass(frozen=True)
class Tried:
    """A try that has ended, with the verdict on its answer. `heard` is False where that says nothing about the
    endpoint."""

    claim: Claim
    answer: Answer
    verdict: Verdict
    heard: bool = True


@dataclass(frozen=True)
class Finished:
    """A delivery about a person that ended: `status` is done or dead, `acknowledgement` what the receiver said (ok,
    duplicate, fatal-error, None where it said nothing), `at` UTC microseconds."""

    delivery_id: int
    message_id: int
    patient_id: int
    status: str
    acknowledgement: str | None
    reason: str
    at: int


OnFinished = Callable[[Connection, Sequence[Finished]], None]


GiveUp = Callable[[str], float | None]


def never(_event: str) -> float | None:
    """For those who try for ever."""
    return None


def ignore(_connection: Connection, _finished: Sequence[Finished]) -> None:
    """For those who need not be told."""


@dataclass(frozen=True)
class Recorder:
    """Writes down how tries ended. `open_after` failures in a row open an endpoint's breaker; `on_finished` is called
    in the transaction that records the ends of deliveries. `give_up` says after how many seconds of trying a delivery
    of an event becomes a dead letter, None for never; time with its endpoint down does not count."""

    database: Database
    contents: ContentStore
    clock: Clock
    schedule: Schedule
    open_after: int
    probe_seconds: float
    on_finished: OnFinished
    give_up: GiveUp = never

    def record(self, tried: Tried) -> bool:
        """Record the end of a try; False, and nothing changed, where its lease was lost."""
        ended, _ = self._record([tried], lambda _: None)
        return not ended[0].lost

    def record_all(self, tries: Sequence[Tried], also: Callable[[Connection], _Also]) -> _Also:
        """Record the ends of tries and do something else in one transaction: all of it, or nothing. Returns what `also`
        returns."""
        return self._record(tries, also)[1]

    def _record(self, tries: Sequence[Tried], also: Callable[[Connection], _Also]) -> tuple[list["_Ended"], _Also]:
        at = to_micros(self.clock.now())
        ended, done = self.database.transact(
            lambda connection: (self._end(connection, tries, at) if tries else [], also(connection))
        )
        for one in ended:
            one.tell()
        return ended, done

    def _end(self, connection: Connection, tries: Sequence[Tried], at: int) -> list["_Ended"]:
        """Deliveries and their streams first, then endpoints, each kind in one order: no two workers wait for each
        other."""
        held = {one.attempt_id: one for one in leases.held_still(connection, [each.claim for each in tries])}
        ended = [self._settled(connection, each, held.get(each.claim.attempt_id), at) for each in tries]
        arrived = [(each.claim, each.verdict, each.tried.answer.status) for each in ended if each.arrived]
        after = Batch(connection)
        leases.complete(connection, arrived, at, after)
        kept = [each for each in ended if not each.lost]
        self._keep(after, kept, at)
        after.run()
        changes = self._tell_breakers(connection, kept, at)
        self._finish(connection, kept, at)
        return [replace(each, change=changes.get(each.claim.attempt_id)) for each in ended]

    def put_off(self, claim: Claim, cause: str) -> None:
        """Back to the schedule: a fault of ours, which says nothing of the receiver."""
        at = to_micros(self.clock.now())
        due, step = at + round(self.schedule.wait(claim.step) * _MICROS), claim.step + 1
        with self.database.write() as connection:
            leases.reschedule(connection, claim, at, Verdict(Kind.RETRY, cause, cause), None, due=due, step=step)

    def _settled(self, connection: Connection, tried: Tried, held: Claim | None, at: int) -> "_Ended":
        """What becomes of the delivery; those that arrived are completed together, afterwards."""
        if held is None:  # whether the person is protected is not asked
            return _Ended(tried, replace(tried.claim, protected=True), tried.verdict, lost=True)
        verdict = self._or_given_up(connection, held, at, tried.verdict)
        settled = verdict.kind is Kind.DONE or self._settle(connection, held, at, verdict, tried.answer)
        return _Ended(tried, held, verdict, lost=not settled)

    def _or_given_up(self, connection: Connection, claim: Claim, at: int, verdict: Verdict) -> Verdict:
        """The verdict, or that it has been tried for long enough."""
        seconds = self.give_up(claim.event) if verdict.kind is Kind.RETRY else None
        if seconds is None:
            return verdict
        tried = breaker.uptime_of(connection, claim.endpoint, at) - claim.tried_from
        if tried < seconds * _MICROS:
            return verdict
        words = f"given up after {seconds / 3600:g} h of trying, the last: "
        said = {"signature": words + verdict.signature, "reason": words + verdict.reason}
        return replace(verdict, kind=Kind.DEAD, retry_after=None, **said)

    def _settle(self, connection: Connection, claim: Claim, at: int, verdict: Verdict, answer: Answer) -> bool:
        if verdict.kind is Kind.DEAD:
            return leases.bury(connection, claim, at, verdict, answer.status)
        due, step = at, claim.step
        if verdict.kind is Kind.WAIT:
            due += round((verdict.retry_after or 0) * _MICROS)
            if not answer.handed_over:  # it was only looked at: that is no try
                return leases.give_back(connection, claim, at, due=due)
        if verdict.kind is Kind.RETRY and breaker.state(connection, claim.endpoint) == "closed":
            due += round(self.schedule.wait(claim.step, verdict.retry_after) * _MICROS)
            step += 1
        return leases.reschedule(connection, claim, at, verdict, answer.status, due=due, step=step)

    def _keep(self, batch: Batch, kept: Iterable["_Ended"], at: int) -> None:
        """The bytes of the answers."""
        answers = [(each.claim, each.tried.answer) for each in kept if each.tried.answer.body]
        pieces = [
            (
                claim.message_id,
                Piece(
                    stage="response",
                    media_type=(answer.media_type or "application/octet-stream")[:_MEDIA_TYPE_LIMIT],
                    body=answer.body,
                    delivery_id=claim.delivery_id,
                    attempt_id=claim.attempt_id,
                ),
            )
            for claim, answer in answers
        ]
        self.contents.add_each(batch, pieces, at)

    def _tell_breakers(self, connection: Connection, kept: Sequence["_Ended"], at: int) -> dict[int, str]:
        """By attempt, the change of its endpoint's state, where it changed."""
        heard = [each for each in kept if each.tried.heard]
        changes = {}
        for endpoint in sorted({each.claim.endpoint for each in heard}):
            here = [each for each in heard if each.claim.endpoint == endpoint]
            well = [each for each in here if each.tried.verdict.kind not in (Kind.TRIP, Kind.RETRY)]
            for each in here:
                change = None if each in well else self._tell_breaker(connection, endpoint, at, each.tried.verdict)
                if change is not None:
                    changes[each.claim.attempt_id] = change
            if well and breaker.succeeded(connection, endpoint, at, len(well)):
                changes[well[0].claim.attempt_id] = "closed"
        return changes

    def _tell_breaker(self, connection: Connection, endpoint: str, at: int, verdict: Verdict) -> str | None:
        """The change of the endpoint's state by a failure, None where it stays."""
        if verdict.kind is Kind.TRIP:
            tripped = breaker.trip(connection, endpoint, at, cause=verdict.signature, probe_seconds=self.probe_seconds)
            return "tripped" if tripped else None
        opened = breaker.failed(
            connection,
            endpoint,
            at,
            cause=verdict.signature,
            open_after=self.open_after,
            probe_seconds=self.probe_seconds,
        )
        return "open" if opened else None

    def _finish(self, connection: Connection, kept: Sequence["_Ended"], at: int) -> None:
        dead = [each for each in kept if each.verdict.kind is Kind.DEAD]
        arrived = [each for each in kept if each.arrived]
        for each in dead:
            claim = each.claim
            outbox.alarm_dead_letter(connection, claim.delivery_id, claim.event, each.verdict.signature, at)
        if alarmed := [outbox.subject(each.claim.delivery_id) for each in arrived if each.claim.alarmed]:
            clear_alarms(connection, kind=outbox.DEAD_LETTER, subjects=alarmed, at=at)
        if finished := [each.finished(at) for each in (*arrived, *dead)]:
            self.on_finished(connection, finished)


@dataclass(frozen=True)
class _Ended:
    """A try as it was recorded, its claim as the database has it, and the change of its endpoint's state that it made;
    `lost`: its lease was, nothing was recorded."""

    tried: Tried
    claim: Claim
    verdict: Verdict
    change: str | None = None
    lost: bool = False

    @property
    def arrived(self) -> bool:
        return self.verdict.kind is Kind.DONE and not self.lost

    def finished(self, at: int) -> Finished:
        claim, verdict = self.claim, self.verdict
        status = "dead" if verdict.kind is Kind.DEAD else "done"
        return Finished(
            delivery_id=claim.delivery_id,
            message_id=claim.message_id,
            patient_id=claim.patient_id,
            status=status,
            acknowledgement=verdict.acknowledgement,
            reason=verdict.reason,
            at=at,
        )

    def tell(self) -> None:
        """The log lines of a try whose end is recorded."""
        claim, verdict, answer = self.claim, self.verdict, self.tried.answer
        if self.lost:
            log(claim, logging.WARNING, "delivery lease lost, result not recorded", verdict.kind, answer.status)
            return
        level = logging.INFO if verdict.kind in (Kind.DONE, Kind.WAIT) else logging.WARNING
        if verdict.kind is not Kind.WAIT or answer.handed_over:  # else it was only looked at
            log(claim, level, "delivery attempt", verdict.kind, answer.status)
        if self.change is not None:
            # beside a protected person's attempt the name would tell where it went; the alarm has it
            where = {} if claim.protected else {"endpoint": claim.endpoint}
            logger.warning("endpoint %s", self.change, extra={"outcome": self.change} | where)


def log(
    claim: Claim, level: int, words: str, outcome: str, http_status: int | None = None, place: str | None = None
) -> None:
    """A line without personal data; of a protected person also without the endpoint, which tells a municipality."""
    about: dict[str, object] = {
        "delivery_id": claim.delivery_id,
        "message_id": claim.message_id,
        "event": claim.event,
        "attempt": claim.number,
        "outcome": str(outcome),
    }
    if http_status is not None:
        about["http_status"] = http_status
    if not claim.protected:
        about["endpoint"] = claim.endpoint
    if place is not None:
        about["place"] = place
    logger.log(level, words, extra=about)
