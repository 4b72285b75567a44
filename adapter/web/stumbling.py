"""The files of a folder at which the adapter itself fails: each is tried again, more seldom each time, and keeps no
other waiting; operations are told where it goes on."""

import time
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass

from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import UnavailableError

FAILING = "inbox-file-failing"
"""Kind of the alarm; its subject is that of the folder."""
_TOLD_AFTER = 3
_WAITS = (0.0, 5.0, 15.0, 60.0, 300.0, 600.0)
"""Seconds to the next try, after each failure."""


@dataclass
class _Failed:
    times: int
    due: float


class Stumbling:
    """What one process knows of one folder. For one thread."""

    def __init__(self, subject: str, database: Database, clock: Clock) -> None:
        self._subject = subject
        self._database = database
        self._clock = clock
        self._failed: dict[str, _Failed] = {}
        self._told: bool | None = None  # an earlier process may have told
        self._last = ""

    def due(self, name: str) -> bool:
        """Whether a file is to be tried now."""
        known = self._failed.get(name)
        return known is None or known.due <= time.monotonic()

    def failed(self, name: str, words: str) -> None:
        """A file could not be dealt with; `words` say why without naming it or what is in it."""
        times = self._failed[name].times + 1 if name in self._failed else 1
        wait = _WAITS[min(times, len(_WAITS)) - 1]
        self._failed[name] = _Failed(times, time.monotonic() + wait)
        self._last = words

    def forget(self, name: str) -> None:
        """A file was dealt with."""
        self._failed.pop(name, None)

    def settle(self, there: Container[str]) -> None:
        """After a look: forget the files that are no longer there, and tell of the others, or that there are none."""
        self._failed = {name: each for name, each in self._failed.items() if name in there}
        lasting = sum(each.times >= _TOLD_AFTER for each in self._failed.values())
        if bool(lasting) == self._told or (self._told is None and self._failed and not lasting):
            return
        at, subject = to_micros(self._clock.now()), self._subject
        reason = f"the adapter cannot deal with {lasting} of the files: {self._last}"
        with suppress(UnavailableError), self._database.write() as connection:
            if lasting:
                raise_alarm(connection, kind=FAILING, subject=subject, reason=reason, command="adapter check", at=at)
            else:
                clear_alarm(connection, kind=FAILING, subject=subject, at=at)
            self._told = bool(lasting)
