"""The connections of an endpoint, lent to its requests: those that are replaced end with their last request."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx


class Lending:
    """Lends the newest transport. Safe from all threads."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._lock = threading.Lock()
        self._newest = transport
        self._uses: Counter[httpx.BaseTransport] = Counter()

    @contextmanager
    def transport(self) -> Iterator[httpx.BaseTransport]:
        """The newest transport; it stays open until it is given back, whatever replaces it meanwhile."""
        with self._lock:
            transport = self._newest
            self._uses[transport] += 1
        try:
            yield transport
        finally:
            self._give_back(transport)

    def replace(self, transport: httpx.BaseTransport) -> None:
        """Lend this one from now on; the one before is closed when nothing uses it any more."""
        with self._lock:
            before, self._newest = self._newest, transport
            idle = before not in self._uses
        if idle:
            before.close()

    def close(self) -> None:
        """Close all, what is lent too."""
        with self._lock:
            every = {self._newest, *self._uses}
        for transport in every:
            transport.close()

    def _give_back(self, transport: httpx.BaseTransport) -> None:
        with self._lock:
            self._uses[transport] -= 1
            ended = not self._uses[transport]
            if ended:
                del self._uses[transport]
            ended = ended and transport is not self._newest
        if ended:
            transport.close()
