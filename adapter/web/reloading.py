"""Reload without restart: what the files below adapter.toml say now, in place of what they said.

All of it is made and checked beside what is in force; only then is it swapped. A request, an event of a feed, a try of
a delivery has the configuration with which it began until its end. What is faulty changes nothing and raises an alarm.
"""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from adapter.delivery import remaining
from adapter.security import audit
from adapter.security.principals import Principal
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.support import settings
from adapter.support.clock import to_micros
from adapter.support.errors import AdapterError, ConfigurationError

if TYPE_CHECKING:
    from adapter.wiring import Adapter

log = logging.getLogger("adapter")

REFUSED = "configuration-refused"
"""Kind of the alarm that a new configuration was not taken; its subject is `configuration/<host>`."""
_BY = Principal("SIGHUP", "operations", frozenset(), frozenset())
_LONGEST_REASON = 2000


class Part(Protocol):
    """What runs by a configuration. `prepare` makes ready for another and raises AdapterError where it cannot; what it
    returns puts that in force."""

    def prepare(self, adapter: "Adapter") -> Callable[[], None]: ...


class Reloading:
    """Reloads one process's configuration when it gets SIGHUP. `parts` besides the worker run by it."""

    def __init__(self, adapter: "Adapter", parts: Sequence[Part] = ()) -> None:
        self._adapter = adapter
        self._parts = parts
        self._subject = f"configuration/{socket.gethostname()[:100]}"
        self._asked, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._wait, name="reload", daemon=True)

    def start(self) -> None:
        """Reload at each SIGHUP from now on. The configuration with which the process started is a sound one."""
        self._tell(self._clear)
        signal.signal(signal.SIGHUP, lambda *_: self._asked.set())
        self._thread.start()

    def stop(self) -> None:
        """Reload no more, after one that is under way."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._stopping.set()
        self._asked.set()
        self._thread.join()

    def reload(self) -> bool:
        """Put in force what the files say now; False where they are faulty: nothing has changed then."""
        before = self._adapter
        try:
            adapter = before.renewed()
            self._check_endpoints(adapter)
            commits = [part.prepare(adapter) for part in self._parts]
            late = settings.load(before.settings.file).version != before.settings.version
        except (AdapterError, OSError) as error:
            self._refuse(error)
            return False
        adapter.take_over()
        for commit in commits:
            commit()
        self._adapter = adapter
        for warning in adapter.directory.warnings:
            log.warning("doubtful configuration: %s", warning)
        if late:
            log.warning("adapter.toml has changed: what it says counts from the next start")
        log.info("configuration reloaded", extra={"outcome": adapter.config_version})
        self._tell(self._accepted)
        return True

    def _wait(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            if self._stopping.is_set():
                return
            try:
                self.reload()
            except Exception:  # the thread must live: the next reload may be the one that mends it
                log.exception("reload failed")

    def _check_endpoints(self, adapter: "Adapter") -> None:
        """An endpoint that is in force stays until nothing waits for it. Raises ConfigurationError."""
        with adapter.database.read() as connection:
            not_done = remaining.not_done(connection)
        here = {name: count for name, count in not_done.items() if name in self._adapter.directory.endpoints}
        if problems := adapter.directory.missing(here, adapter.settings.directory.folder):
            raise ConfigurationError(problems)

    def _refuse(self, error: Exception) -> None:
        log.error("configuration refused, the old one stays in force: %s", error)
        reason = f"a new configuration is refused, the old one stays in force: {error}"[:_LONGEST_REASON]

        def tell() -> None:
            at = to_micros(self._adapter.clock.now())
            with self._adapter.database.write() as connection:
                clear_alarm(connection, kind=REFUSED, subject=self._subject, at=at)  # this one says what is wrong now
                raise_alarm(
                    connection, kind=REFUSED, subject=self._subject, reason=reason, command="adapter check", at=at
                )

        self._tell(tell)

    def _accepted(self) -> None:
        at = to_micros(self._adapter.clock.now())
        with self._adapter.database.write() as connection:
            name = f"configuration/{self._adapter.config_version}"
            audit.record(connection, _BY, "configuration-reload", name, at)
        self._clear()

    def _clear(self) -> None:
        at = to_micros(self._adapter.clock.now())
        with self._adapter.database.write() as connection:
            clear_alarm(connection, kind=REFUSED, subject=self._subject, at=at)

    def _tell(self, act: Callable[[], None]) -> None:
        """The log has it, whatever the store does."""
        try:
            act()
        except AdapterError as error:
            log.warning("configuration: %s", error)
