"""How a try ended, recorded in one transaction: the delivery's next state, the attempt, the answer's bytes, and the
endpoint's state. The same for what a worker sends and for what a receiver fetches."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from adapter.delivery import breaker, leases, outbox
from adapter.delivery.channels.base import Answer
from adapter.delivery.leases import Claim
from adapter.delivery.policy import Kind, Verdict
from adapter.delivery.schedule import Schedule
from adapter.store.alarms import clear_alarm
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros

logger = logging.getLogger("adapter.delivery")

_MICROS = 1_000_000
_MEDIA_TYPE_LIMIT = 128


@dataclass(frozen=True)
class Finished:
    """A delivery that ended: `status` is done or dead, `acknowledgement` what the receiver said (ok, duplicate,
    fatal-error, None where it said nothing), `at` UTC microseconds."""

    delivery_id: int
    message_id: int
    status: str
    acknowledgement: str | None
    reason: str
    at: int


OnFinished = Callable[[Connection, Finished], None]


GiveUp = Callable[[str], float | None]


def never(_event: str) -> float | None:
    """For those who try for ever."""
    return None


def ignore(_connection: Connection, _finished: Finished) -> None:
    """For those who need not be told."""


@dataclass(frozen=True)
class Recorder:
    """Writes down how tries ended. `open_after` failures in a row open an endpoint's breaker; `on_finished` is called
    in the transaction that records the end of a delivery. `give_up` says after how many seconds of trying a delivery of
    an event becomes a dead letter, None for never; time with its endpoint down does not count."""

    database: Database
    contents: ContentStore
    clock: Clock
    schedule: Schedule
    open_after: int
    probe_seconds: float
    on_finished: OnFinished
    give_up: GiveUp = never

    def record(self, claim: Claim, answer: Answer, verdict: Verdict, *, heard: bool = True) -> bool:
        """Record the end of a try; False, and nothing changed, where its lease was lost.

        `heard` is False where the verdict says nothing about the endpoint.
        """
        at = to_micros(self.clock.now())
        ended = self.database.transact(
            lambda connection: self._end(connection, claim, at, answer, verdict, heard=heard)
        )
        claim, verdict, change = ended.claim, ended.verdict, ended.change
        if ended.lost:
            log(claim, logging.WARNING, "delivery lease lost, result not recorded", verdict.kind, answer.status)
            return False
        level = logging.INFO if verdict.kind in (Kind.DONE, Kind.WAIT) else logging.WARNING
        if verdict.kind is not Kind.WAIT or answer.handed_over:  # else it was only looked at
            log(claim, level, "delivery attempt", verdict.kind, answer.status)
        if change is not None:
            # beside a protected person's attempt the name would tell where it went; the alarm has it
            where = {} if claim.protected else {"endpoint": claim.endpoint}
            logger.warning("endpoint %s", change, extra={"outcome": change} | where)
        return True

    def _end(
        self, connection: Connection, claim: Claim, at: int, answer: Answer, told: Verdict, *, heard: bool
    ) -> "_Ended":
        claim = leases.as_protected_now(connection, claim)
        verdict = self._or_given_up(connection, claim, at, told)
        if not self._settle(connection, claim, at, verdict, answer):
            return _Ended(claim, verdict, None, lost=True)
        if answer.body:
            self._keep(connection, claim, at, answer)
        change = self._tell_breaker(connection, claim.endpoint, at, told) if heard else None
        if verdict.kind in (Kind.DONE, Kind.DEAD):
            self._finish(connection, claim, at, verdict)
        return _Ended(claim, verdict, change)

    def put_off(self, claim: Claim, cause: str) -> None:
        """Back to the schedule: a fault of ours, which says nothing of the receiver."""
        at = to_micros(self.clock.now())
        due, step = at + round(self.schedule.wait(claim.step) * _MICROS), claim.step + 1
        with self.database.write() as connection:
            leases.reschedule(connection, claim, at, Verdict(Kind.RETRY, cause, cause), None, due=due, step=step)

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
        if verdict.kind is Kind.DONE:
            return leases.complete(connection, claim, at, verdict, answer.status)
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

    def _keep(self, connection: Connection, claim: Claim, at: int, answer: Answer) -> None:
        self.contents.add(
            connection,
            message_id=claim.message_id,
            delivery_id=claim.delivery_id,
            attempt_id=claim.attempt_id,
            stage="response",
            media_type=(answer.media_type or "application/octet-stream")[:_MEDIA_TYPE_LIMIT],
            body=answer.body,
            at=at,
        )

    def _tell_breaker(self, connection: Connection, endpoint: str, at: int, verdict: Verdict) -> str | None:
        """The change of the endpoint's state, None where it stays."""
        if verdict.kind is Kind.TRIP:
            tripped = breaker.trip(connection, endpoint, at, cause=verdict.signature, probe_seconds=self.probe_seconds)
            return "tripped" if tripped else None
        if verdict.kind is Kind.RETRY:
            opened = breaker.failed(
                connection,
                endpoint,
                at,
                cause=verdict.signature,
                open_after=self.open_after,
                probe_seconds=self.probe_seconds,
            )
            return "open" if opened else None
        return "closed" if breaker.succeeded(connection, endpoint, at) else None

    def _finish(self, connection: Connection, claim: Claim, at: int, verdict: Verdict) -> None:
        if verdict.kind is Kind.DEAD:
            outbox.alarm_dead_letter(connection, claim.delivery_id, claim.event, verdict.signature, at)
        else:
            clear_alarm(connection, kind=outbox.DEAD_LETTER, subject=outbox.subject(claim.delivery_id), at=at)
        status = "dead" if verdict.kind is Kind.DEAD else "done"
        self.on_finished(
            connection,
            Finished(claim.delivery_id, claim.message_id, status, verdict.acknowledgement, verdict.reason, at),
        )


@dataclass(frozen=True)
class _Ended:
    """A try as it was recorded, and the change of its endpoint's state; `lost`: its lease was, nothing was recorded."""

    claim: Claim
    verdict: Verdict
    change: str | None
    lost: bool = False


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
