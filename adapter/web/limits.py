"""How much a caller may make us read, wait for and keep."""

import asyncio
import hashlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request

READ_SECONDS = 60.0
"""A body that takes longer than this was stopped on its way, or holds a place on purpose."""


class TooLarge(Exception):  # noqa: N818 - an answer, not a failure
    """The body is larger than allowed. `seen` is what was read of it, `size` its size as far as known, in bytes."""

    def __init__(self, seen: bytes, size: int) -> None:
        super().__init__()
        self.seen = seen
        self.size = size


class TooSlow(Exception):  # noqa: N818 - an answer, not a failure
    """The body did not arrive in time."""


def declared(request: Request) -> int | None:
    """The Content-Length in bytes; None where there is none, or none that is a number."""
    given = request.headers.get("content-length", "")
    return int(given) if given.isascii() and given.isdigit() else None


async def read(request: Request, most: int, seconds: float = READ_SECONDS) -> bytes:
    """The body of at most `most` bytes. A Content-Length that is too large is refused before anything is read; one
    that is too small, or absent, changes nothing: what arrives is counted. Raises TooLarge or TooSlow."""
    size = declared(request)
    if size is not None and size > most:
        raise TooLarge(b"", size)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise TooLarge(bytes(body), len(body))
    except TimeoutError:
        raise TooSlow from None
    return bytes(body)


@dataclass(frozen=True)
class Fingerprint:
    """Size in bytes and SHA-256 (hex) of a body that is not kept; `size` may exceed what was read and hashed."""

    size: int
    sha256: str


def fingerprint(body: bytes, size: int | None = None) -> Fingerprint:
    return Fingerprint(len(body) if size is None else size, hashlib.sha256(body).hexdigest())


class Budget:
    """At most `most` in any `span`: for what an unknown caller can make us write. For one thread (the event loop)."""

    def __init__(self, most: int, span: timedelta) -> None:
        self._most = most
        self._span = span
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime) -> bool:
        """Whether one more is allowed now; if so it is counted."""
        while self._taken and now - self._taken[0] >= self._span:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            return False
        self._taken.append(now)
        return True
