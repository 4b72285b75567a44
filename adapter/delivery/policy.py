"""The error contract: what an answer means for the delivery.

`done` it arrived; `retry` try again by the schedule; `trip` the endpoint is wrong or we are not let in: hold everything
to it; `dead` the receiver refuses this message for good; `wait` it is handed over, and the receiver has yet to say what
it makes of it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from adapter.delivery.channels.base import DUPLICATE, Acknowledgement, Answer, Code, Fault

_TRANSIENT_STATUS = frozenset({408, 425, 429})
_TRIP_STATUS = frozenset({401, 403, 410})
_WORDS_LIMIT = 1_000
_AWAITED = "handed over, the receiver's acknowledgement is waited for"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Kind(StrEnum):
    """What to do next."""

    DONE = "done"
    RETRY = "retry"
    TRIP = "trip"
    DEAD = "dead"
    WAIT = "wait"


@dataclass(frozen=True)
class Verdict:
    """`signature` says the same as `reason` without the receiver's words: for logs and alarms, and to group by.
    `retry_after` is in seconds; `acknowledgement` is what the receiver said, where it spoke in its own format."""

    kind: Kind
    signature: str
    reason: str
    retry_after: float | None = None
    acknowledgement: str | None = None


_FAULTS: dict[Fault, tuple[Kind, str]] = {
    Fault.CONNECT: (Kind.RETRY, "no connection"),
    Fault.TIMEOUT: (Kind.RETRY, "no answer in time, outcome unknown"),
    Fault.BROKEN: (Kind.RETRY, "the connection broke, outcome unknown"),
    Fault.TOO_LARGE: (Kind.RETRY, "the answer is larger than allowed, outcome unknown"),
    Fault.TLS: (Kind.TRIP, "TLS: a certificate was not accepted"),
    Fault.CREDENTIALS: (Kind.TRIP, "our own credentials cannot be used"),
    Fault.ISSUER: (Kind.RETRY, "the token endpoint gives no token now, nothing was sent"),
    Fault.FOLDER: (Kind.TRIP, "the folder cannot be used"),
    Fault.PROXY: (Kind.TRIP, "our proxy does not let us through"),
}

_TELLING = frozenset({Fault.CREDENTIALS, Fault.ISSUER, Fault.PROXY, Fault.FOLDER, Fault.TLS})
"""Faults whose words are of our own side or of TLS: they hold nothing of a message, and say what to mend."""

_BY_CODE = {Code.OK: Kind.DONE, Code.TRANSIENT: Kind.RETRY, Code.FATAL: Kind.DEAD}


def classify(answer: Answer) -> Verdict:
    """The verdict on an answer. Every answer has one: what is not understood is tried again with the same id."""
    if answer.fault is not None:
        kind, signature = _FAULTS[answer.fault]
        if answer.fault in _TELLING and answer.reason:
            signature = f"{signature}: {_clean(answer.reason)}"
            return Verdict(kind, signature, signature)
        return _verdict(answer, kind, signature)
    if answer.awaited is not None:
        return Verdict(Kind.WAIT, _AWAITED, _AWAITED, retry_after=answer.awaited)
    if answer.final and answer.acknowledgement is not None:
        return _said(answer, answer.acknowledgement)
    status = answer.status or 0
    if status in _TRIP_STATUS:
        return _verdict(answer, Kind.TRIP, f"HTTP {status}")
    if status in _TRANSIENT_STATUS or status >= 500:
        return _verdict(answer, Kind.RETRY, f"HTTP {status}")
    if 200 <= status < 300:
        return _acknowledged(answer, status)
    if 400 <= status < 500:
        return _refused(answer, status)
    if 300 <= status < 400:
        return _verdict(answer, Kind.TRIP, f"HTTP {status}, a redirect that is not followed")
    return _verdict(answer, Kind.RETRY, f"HTTP {status}, which is no final status")


def _said(answer: Answer, said: Acknowledgement) -> Verdict:
    if said.code is not Code.TRANSIENT and DUPLICATE in said.issues:
        return Verdict(Kind.DONE, DUPLICATE, said.reason or "it had arrived before", acknowledgement=DUPLICATE)
    status = "" if answer.status is None else f"HTTP {answer.status}, "
    return _verdict(answer, _BY_CODE[said.code], f"{status}{said.code}")


def _acknowledged(answer: Answer, status: int) -> Verdict:
    said = answer.acknowledgement
    if said is None:
        return _verdict(answer, Kind.RETRY, f"HTTP {status} without a readable acknowledgement, outcome unknown")
    return _verdict(answer, _BY_CODE[said.code], f"HTTP {status}, {said.code}")


def _refused(answer: Answer, status: int) -> Verdict:
    said = answer.acknowledgement
    if said is None:
        return _verdict(answer, Kind.TRIP, f"HTTP {status} that is not in the receiver's format")
    if status == 409 and DUPLICATE in said.issues:
        return Verdict(Kind.DONE, "HTTP 409, duplicate", "it had arrived before", acknowledgement=DUPLICATE)
    return _verdict(answer, Kind.DEAD, f"HTTP {status}, {Code.FATAL}", acknowledgement=Code.FATAL)


def _verdict(answer: Answer, kind: Kind, signature: str, acknowledgement: str | None = None) -> Verdict:
    said = answer.acknowledgement
    words = _clean(said.reason if said is not None and said.reason else answer.reason)
    return Verdict(
        kind=kind,
        signature=signature,
        reason=f"{signature}: {words}" if words else signature,
        retry_after=answer.retry_after if kind is Kind.RETRY else None,
        acknowledgement=acknowledgement or (said.code.value if said is not None else None),
    )


def _clean(words: str) -> str:
    """The receiver's words on one line, without control characters, of bounded length."""
    line = _UNPRINTABLE.sub(" ", words).strip()
    return line if len(line) <= _WORDS_LIMIT else line[: _WORDS_LIMIT - 1] + "…"
