"""What a receiver got, in the order it got it: the witness that the demo and the conformance kit judge by."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from adapter.support.clock import Clock


class Effect(StrEnum):
    """What a request did at the receiver."""

    STORED = "stored"
    """seen for the first time: the one side effect"""
    REPEATED = "repeated"
    """seen before with the same bytes: answered again, nothing stored"""
    CONFLICT = "conflict"
    """seen before with other bytes: refused"""
    REFUSED = "refused"
    """not taken in: a wrong token, an outage, unreadable content"""


@dataclass(frozen=True)
class Entry:
    """One request. `at` is aware UTC; `answers` is the id of the message that this one answers."""

    at: datetime
    effect: Effect
    status: int
    receiver: str | None = None
    message_id: str | None = None
    event: str | None = None
    answers: str | None = None


class Ledger:
    """Counts side effects: one for each (message id, receiver), whatever is sent again. Safe for threads."""

    def __init__(self, clock: Clock, on_entry: Callable[[Entry], None] | None = None) -> None:
        self._clock = clock
        self._on_entry = on_entry
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._digests: dict[tuple[str, str], str] = {}

    def take(
        self, message_id: str, receiver: str, body: bytes, *, event: str | None = None, answers: str | None = None
    ) -> Effect:
        """Store, recognise or refuse a message; the check and the entry are one step."""
        digest = hashlib.sha256(body).hexdigest()
        with self._lock:
            known = self._digests.setdefault((message_id, receiver), digest)
            effect = Effect.CONFLICT if known != digest else self._effect(message_id, receiver)
            status = HTTPStatus.CONFLICT if effect is Effect.CONFLICT else HTTPStatus.OK
            entry = Entry(self._clock.now(), effect, status, receiver, message_id, event, answers)
            self._entries.append(entry)
        self._tell(entry)
        return effect

    def refuse(self, status: int) -> None:
        """Note a request that was turned away with an HTTP status."""
        entry = Entry(self._clock.now(), Effect.REFUSED, status)
        with self._lock:
            self._entries.append(entry)
        self._tell(entry)

    def _effect(self, message_id: str, receiver: str) -> Effect:
        stored = any((entry.message_id, entry.receiver) == (message_id, receiver) for entry in self._entries)
        return Effect.REPEATED if stored else Effect.STORED

    @property
    def entries(self) -> tuple[Entry, ...]:
        with self._lock:
            return tuple(self._entries)

    @property
    def stored(self) -> tuple[Entry, ...]:
        """The side effects, in order."""
        return tuple(entry for entry in self.entries if entry.effect is Effect.STORED)

    def _tell(self, entry: Entry) -> None:
        if self._on_entry is not None:
            self._on_entry(entry)
