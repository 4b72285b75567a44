"""A bell between processes on one PostgreSQL: who has something for the workers rings, those of others hear it.

It only shortens a wait: a ring may be lost, for polling is the guarantee. A process rings once for all that came since
its last ring, from a connection and in a transaction of its own, since those with a NOTIFY commit one after another.
"""

import logging
import secrets
import threading
from collections.abc import Callable

from sqlalchemy import Engine, text

logger = logging.getLogger("adapter.store")

_CHANNEL = "adapter_due"
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 5.0
_APART_SECONDS = 0.02


class Bell:
    """Rings and hears from two threads of its own, once started. Both go on when the database is back.

    It does not hear itself: workers of its own process are woken without it."""

    def __init__(self, engine: Engine) -> None:
        self._name = secrets.token_hex(8)
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._rung = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, heard: Callable[[], None] | None = None) -> None:
        """Ring when asked; call `heard`, where it is given, when another has rung."""
        acts: list[Callable[[], None]] = [self._ring_on]
        if heard is not None:
            acts.append(lambda: self._listen(heard))
        for act in acts:
            thread = threading.Thread(target=self._always, args=(act,), name="bell", daemon=True)
            self._threads.append(thread)
            thread.start()

    def ring(self) -> None:
        """There is something for the workers. Returns at once."""
        self._rung.set()

    def stop(self) -> None:
        """Ring and hear no more."""
        self._stopping.set()
        self._rung.set()
        for thread in self._threads:
            thread.join()

    def _always(self, act: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                act()
            except Exception as error:  # noqa: BLE001 - the database is away: workers poll meanwhile
                logger.warning("bell between processes is silent", extra={"outcome": type(error).__name__})
                self._stopping.wait(_AGAIN_SECONDS)

    def _ring_on(self) -> None:
        self._rung.wait()
        self._rung.clear()
        if not self._stopping.is_set():
            with self._engine.connect() as connection:
                connection.execute(text(f"NOTIFY {_CHANNEL}, '{self._name}'"))
            self._stopping.wait(_APART_SECONDS)  # the first ring is heard at once, those that come with it together

    def _listen(self, heard: Callable[[], None]) -> None:
        with self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None  # noqa: S101 - it was opened above
            try:
                connection.execute(text(f"LISTEN {_CHANNEL}"))
                heard()  # for what came before it listened
                while not self._stopping.is_set():
                    for ring in driver.notifies(timeout=_LOOK_SECONDS, stop_after=1):
                        if ring.payload != self._name:
                            heard()
            finally:
                connection.invalidate()  # it listens: it does not go back among the others
