"""The client of an endpoint, lent to one request at a time of many: a replaced one ends with its last request."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx


class Lending:
    """Lends the newest client. Safe from all threads."""

    def __init__(self, client: httpx.Client) -> None:
        self._lock = threading.Lock()
        self._newest = client
        self._uses: Counter[httpx.Client] = Counter()

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """The newest client; it stays open until it is given back, whatever replaces it meanwhile."""
        with self._lock:
            client = self._newest
            self._uses[client] += 1
        try:
            yield client
        finally:
            self._give_back(client)

    def replace(self, client: httpx.Client) -> None:
        """Lend this one from now on; the one before is closed when nothing uses it any more."""
        with self._lock:
            before, self._newest = self._newest, client
            idle = before not in self._uses
        if idle:
            before.close()

    def close(self) -> None:
        """Close all, what is lent too."""
        with self._lock:
            every = {self._newest, *self._uses}
        for client in every:
            client.close()

    def _give_back(self, client: httpx.Client) -> None:
        with self._lock:
            self._uses[client] -= 1
            ended = not self._uses[client]
            if ended:
                del self._uses[client]
            ended = ended and client is not self._newest
        if ended:
            client.close()
