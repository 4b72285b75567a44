"""One try of one delivery: read the bytes, send them, classify the answer, record it in one transaction."""

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from tenacity import Retrying, retry_if_result, stop_after_attempt, stop_after_delay, wait_exponential
from tenacity.nap import sleep_using_event

from adapter.delivery import breaker, leases, outbox
from adapter.delivery.channels.base import Answer, Channel, Fault, Outgoing
from adapter.delivery.leases import Claim
from adapter.delivery.policy import Kind, Verdict, classify
from adapter.delivery.schedule import Schedule
from adapter.fhir.canonical import ACKNOWLEDGEMENT
from adapter.store.alarms import clear_alarm
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import AdapterError

logger = logging.getLogger("adapter.delivery")

_MICROS = 1_000_000
_QUICK_SECONDS = 2.0
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


Channels = Callable[[str], Channel | None]
OnFinished = Callable[[Connection, Finished], None]


def ignore(_connection: Connection, _finished: Finished) -> None:
    """For those who need not be told."""


@dataclass(frozen=True)
class Sender:
    """Makes attempts. `stopping` cuts quick repeats short."""

    database: Database
    contents: ContentStore
    channels: Channels
    clock: Clock
    schedule: Schedule
    open_after: int
    probe_seconds: float
    quick_retries: int
    on_finished: OnFinished
    stopping: threading.Event

    def attempt(self, claim: Claim) -> None:
        """Make the attempt and record how it went. Never raises: a fault of our own is logged and tried again."""
        try:
            self._attempt(claim)
        except Exception as error:  # noqa: BLE001 - a worker outlives any single delivery
            claim = replace(claim, protected=True)  # whether it is so now cannot be asked
            _log(claim, logging.ERROR, "delivery attempt failed inside the adapter", "error", place=_place(error))
            self._put_off(claim, error)

    def _attempt(self, claim: Claim) -> None:
        with self.database.read() as connection:
            content = self.contents.of_delivery(connection, claim.delivery_id, "mapped")
        if content is None:
            nothing = "there are no mapped bytes to send"
            self._record(claim, Answer(), Verdict(Kind.DEAD, nothing, nothing), heard=False)
            return
        outgoing = Outgoing(
            delivery_id=claim.delivery_id,
            body=content.body,
            media_type=claim.media_type,
            idempotency_id=claim.idempotency_id,
            correlation_id=claim.correlation_id,
            acknowledged=claim.event != ACKNOWLEDGEMENT,
        )
        try:
            channel = self.channels(claim.endpoint)
        except AdapterError as error:
            self._record(claim, Answer(), Verdict(Kind.TRIP, "the endpoint cannot be used as configured", str(error)))
            return
        if channel is None:
            absent = "the endpoint is not in the configuration"
            self._record(claim, Answer(), Verdict(Kind.TRIP, absent, absent))
            return
        answer = self._send(channel, outgoing, 0 if claim.probe else self.quick_retries)
        self._record(claim, answer, classify(answer))

    def _send(self, channel: Channel, outgoing: Outgoing, repeats: int) -> Answer:
        """Send; repeat at once, for less than two seconds, where no connection was made and so nothing was sent."""
        quick = Retrying(
            retry=retry_if_result(lambda answer: answer.fault is Fault.CONNECT and not self.stopping.is_set()),
            stop=stop_after_attempt(1 + repeats) | stop_after_delay(_QUICK_SECONDS / 2),
            wait=wait_exponential(multiplier=0.1, max=_QUICK_SECONDS / 2),
            sleep=sleep_using_event(self.stopping),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        answer: Answer = quick(channel.send, outgoing)
        return answer

    def _record(self, claim: Claim, answer: Answer, verdict: Verdict, *, heard: bool = True) -> None:
        """One transaction: the delivery's next state, the attempt, the answer's bytes, the endpoint's state.

        `heard` is False where the verdict says nothing about the endpoint.
        """
        at = to_micros(self.clock.now())
        with self.database.write() as connection:
            claim = leases.as_protected_now(connection, claim)
            if not self._settle(connection, claim, at, verdict, answer):
                _log(claim, logging.WARNING, "delivery lease lost, result not recorded", verdict.kind, answer.status)
                return
            if answer.body:
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
            change = self._tell_breaker(connection, claim.endpoint, at, verdict) if heard else None
            if verdict.kind in (Kind.DONE, Kind.DEAD):
                self._finish(connection, claim, at, verdict)
        level = logging.INFO if verdict.kind is Kind.DONE else logging.WARNING
        _log(claim, level, "delivery attempt", verdict.kind, answer.status)
        if change is not None:
            # beside a protected person's attempt the name would tell where it went; the alarm has it
            where = {} if claim.protected else {"endpoint": claim.endpoint}
            logger.warning("endpoint %s", change, extra={"outcome": change} | where)

    def _settle(self, connection: Connection, claim: Claim, at: int, verdict: Verdict, answer: Answer) -> bool:
        if verdict.kind is Kind.DONE:
            return leases.complete(connection, claim, at, verdict, answer.status)
        if verdict.kind is Kind.DEAD:
            return leases.bury(connection, claim, at, verdict, answer.status)
        due, step = at, claim.step
        if verdict.kind is Kind.RETRY and breaker.state(connection, claim.endpoint) == "closed":
            due += round(self.schedule.wait(claim.step, verdict.retry_after) * _MICROS)
            step += 1
        return leases.reschedule(connection, claim, at, verdict, answer.status, due=due, step=step)

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

    def _put_off(self, claim: Claim, error: Exception) -> None:
        """Back to the schedule; where even that fails the lease runs out and the delivery is claimed again."""
        at = to_micros(self.clock.now())
        cause = f"a fault inside the adapter ({type(error).__name__}), outcome unknown"
        due = at + round(self.schedule.wait(claim.step) * _MICROS)
        try:
            with self.database.write() as connection:
                leases.reschedule(
                    connection, claim, at, Verdict(Kind.RETRY, cause, cause), None, due=due, step=claim.step + 1
                )
        except Exception as second:  # noqa: BLE001 - the lease is the guarantee
            _log(claim, logging.ERROR, "delivery could not be put off", "error", place=_place(second))


def _log(
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


def _place(error: Exception) -> str:
    """What was raised and where, without its words: they may quote a message."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
