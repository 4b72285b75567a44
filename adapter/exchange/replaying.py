"""Takes the deliveries of replays one by one, beside the worker that sends them."""

import logging
import threading
from collections.abc import Callable

from adapter.support.errors import UnavailableError

log = logging.getLogger("adapter.replays")

_EVERY = 1.0
_AFTER_A_FAULT = 10.0


class Replaying:
    """A thread that calls `step` while it says that something was done, and looks again every second."""

    def __init__(self, step: Callable[[], bool], every: float = _EVERY) -> None:
        self._step = step
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replays", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the delivery that is under way."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        wait = 0.0
        while not self._stopped.wait(wait):
            wait = self._round()

    def _round(self) -> float:
        """After how many seconds to look again."""
        try:
            return 0.0 if self._step() else self._every
        except UnavailableError:
            log.warning("replays wait: the store does not answer")
        except Exception as error:  # noqa: BLE001 - it goes on when the fault is mended
            log.error("replays cannot go on", extra={"outcome": type(error).__name__})  # noqa: TRY400 - its words may hold data
        return _AFTER_A_FAULT
