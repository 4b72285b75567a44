"""One try of one delivery: send its bytes, classify the answer, see to it that it is recorded."""

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

from tenacity import Retrying, retry_if_result, stop_after_attempt, stop_after_delay, wait_exponential
from tenacity.nap import sleep_using_event

from adapter.delivery.channels.base import Answer, Channel, Fault, Outgoing
from adapter.delivery.leases import Claim
from adapter.delivery.policy import Kind, Verdict, classify
from adapter.delivery.recording import Recorder, Tried, log
from adapter.fhir.canonical import ACKNOWLEDGEMENT
from adapter.store.statements import Row
from adapter.support.errors import AdapterError, UnavailableError

_QUICK_SECONDS = 2.0
NO_BYTES = Verdict(Kind.DEAD, "there are no mapped bytes to send", "there are no mapped bytes to send")

Channels = Callable[[str], Channel | None]


@dataclass(frozen=True)
class Sender:
    """Makes attempts. `stopping` cuts quick repeats short."""

    recorder: Recorder
    channels: Channels
    quick_retries: int
    stopping: threading.Event

    def attempt(self, claim: Claim, sealed: Row | None) -> Tried | None:
        """Make the attempt with the bytes as the database has them; how it went, which is to be recorded. Never raises:
        a fault of our own is logged and put off, None."""
        try:
            return self._attempt(claim, sealed)
        except Exception as error:  # noqa: BLE001 - a worker outlives any single delivery
            self._failed(claim, error)
            return None

    def record(self, tried: Tried) -> None:
        """Record how it went. Raises UnavailableError: it is to be recorded when the database is back. Any other fault
        is logged and tried again."""
        try:
            self.recorder.record(tried)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - a worker outlives any single delivery
            self._failed(tried.claim, error)

    def _failed(self, claim: Claim, error: Exception) -> None:
        claim = replace(claim, protected=True)  # whether it is so now cannot be asked
        log(claim, logging.ERROR, "delivery attempt failed inside the adapter", "error", place=_place(error))
        self._put_off(claim, error)

    def _attempt(self, claim: Claim, sealed: Row | None) -> Tried:
        if sealed is None:
            return Tried(claim, Answer(), NO_BYTES, heard=False)
        outgoing = Outgoing(
            delivery_id=claim.delivery_id,
            body=self.recorder.contents.opened(sealed).body,
            media_type=claim.media_type,
            idempotency_id=claim.idempotency_id,
            correlation_id=claim.correlation_id,
            acknowledged=claim.event != ACKNOWLEDGEMENT,
        )
        try:
            channel = self.channels(claim.endpoint)
        except AdapterError as error:
            unusable = Verdict(Kind.TRIP, "the endpoint cannot be used as configured", str(error))
            return Tried(claim, Answer(), unusable)
        if channel is None:
            absent = "the endpoint is not in the configuration"
            return Tried(claim, Answer(), Verdict(Kind.TRIP, absent, absent))
        answer = self._send(channel, outgoing, 0 if claim.probe else self.quick_retries)
        return Tried(claim, answer, classify(answer))

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

    def _put_off(self, claim: Claim, error: Exception) -> None:
        """Back to the schedule; where even that fails the lease runs out and the delivery is claimed again."""
        try:
            self.recorder.put_off(claim, f"a fault inside the adapter ({type(error).__name__}), outcome unknown")
        except Exception as second:  # noqa: BLE001 - the lease is the guarantee
            log(claim, logging.ERROR, "delivery could not be put off", "error", place=_place(second))


def _place(error: Exception) -> str:
    """What was raised and where, without its words: they may quote a message."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
