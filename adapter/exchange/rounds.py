"""Work that is done again and again by a thread of its own, beside the server or the worker."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from adapter.support.errors import UnavailableError

log = logging.getLogger("adapter")


class Rounds:
    """A thread that calls `step` while it says that something was done, with a pause between, and else looks again
    after `every` seconds. A fault ends nothing: it goes on later. `name` stands in the log."""

    def __init__(
        self,
        name: str,
        step: Callable[[], bool],
        every: float = 1.0,
        *,
        pause: float = 0.0,
        after_a_fault: float = 10.0,
    ) -> None:
        self._name = name
        self.step = step
        """one round of the work; False where there was nothing to do"""
        self._every = every
        self._pause = pause
        self._after_a_fault = after_a_fault
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the step that is under way."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        wait = 0.0
        while not self._stopped.wait(wait):
            wait = self._round()

    def _round(self) -> float:
        """After how many seconds to look again."""
        try:
            return self._pause if self.step() else self._every
        except UnavailableError:
            log.warning("%s wait: the store does not answer", self._name)
        except Exception as error:  # noqa: BLE001 - it goes on when the fault is mended
            log.error("%s cannot go on", self._name, extra={"outcome": type(error).__name__})  # noqa: TRY400 - its words may hold data
        return self._after_a_fault


@contextmanager
def running(rounds: Sequence[Rounds]) -> Iterator[None]:
    """All of them go while the block lasts."""
    for each in rounds:
        each.start()
    try:
        yield
    finally:
        for each in rounds:
            each.stop()
