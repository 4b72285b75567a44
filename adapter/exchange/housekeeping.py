"""Keeps house beside the worker: the database's mark, the ledger's days, and the end of what is too old."""

import logging
import threading
import time
from collections.abc import Callable

from adapter.exchange import ledger
from adapter.exchange.retention import Keeper
from adapter.store.database import Database
from adapter.store.marks import Marks
from adapter.support.clock import Clock, to_micros

log = logging.getLogger("adapter.housekeeping")

_EVERY = 10.0
_BETWEEN = 0.05
"""Seconds between two batches: what comes in meanwhile goes first."""


class Housekeeping:
    """A thread of its own. `keeper` is None in a process that only takes messages."""

    def __init__(self, database: Database, clock: Clock, marks: Marks, keeper: Keeper | None) -> None:
        self._database = database
        self._clock = clock
        self._marks = marks
        self._keeper = keeper
        self._looked = float("-inf")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that is under way."""
        self._stopped.set()
        self._thread.join()

    def step(self) -> bool:
        """What is due now; True where there may be more. A fault of one does not keep the others from their work."""
        if time.monotonic() - self._looked >= _EVERY:
            self._looked = time.monotonic()
            self._safely("mark", lambda: bool(self._marks.look(to_micros(self._clock.now()))))
        if self._keeper is None:
            return False
        more = self._safely("ledger", self._close)
        return self._safely("retention", self._keeper.step) or more

    def _close(self) -> bool:
        with self._database.write() as connection:
            return ledger.step(connection, self._clock.now())

    def _safely(self, what: str, act: Callable[[], bool]) -> bool:
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - it goes on when the fault is mended
            extra = {"outcome": type(error).__name__, "part": what}
            log.error("housekeeping cannot go on", extra=extra)  # noqa: TRY400 - its words may hold data
            return False

    def _run(self) -> None:
        while not self._stopped.wait(_BETWEEN if self.step() else _EVERY):
            pass
