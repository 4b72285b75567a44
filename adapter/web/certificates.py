"""A server's certificate is renewed without a restart: who connects after its files have changed gets the new one."""

import logging
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from adapter.support.errors import AdapterError

log = logging.getLogger("adapter")

Make = Callable[[], ssl.SSLContext | None]


class Renewing:
    """Makes `context` serve by what `make` reads from `files`, anew whenever one of them has changed.

    The files are looked at as each connection begins. A context in use is never changed: the next connection gets
    another. Where the new files cannot be used, as while only one of a pair has been replaced, the old certificate
    stays, and a warning is logged.
    """

    def __init__(self, context: ssl.SSLContext, make: Make, files: Sequence[Path]) -> None:
        self._make = make
        self._files = tuple(files)
        self._stamp = self._stamped()
        self._current = context
        self._lock = threading.Lock()
        context.sni_callback = self._begin

    def _begin(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called as a connection begins, whether it names a server or not."""
        with self._lock:
            stamp = self._stamped()
            if stamp != self._stamp:
                self._stamp = stamp
                self._renew()
            connection.context = self._current

    def _renew(self) -> None:
        try:
            self._current = self._make() or self._current
        except (AdapterError, OSError, ssl.SSLError) as error:
            log.warning("the server's certificate cannot be renewed, the old one stays: %s", type(error).__name__)
        else:
            log.info("the server's certificate was renewed")

    def _stamped(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_stamp(file) for file in self._files)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
