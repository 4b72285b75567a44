"""The way of a message from the socket to the exchange: who sends, in what form, how large; then off the event loop.

Whatever is refused here is kept as a rejected message without its content: who, when, how large, which hash.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import to_thread
from starlette.requests import Request

from adapter.exchange.submission import Submission
from adapter.security.principals import Principal, Right
from adapter.support import memory
from adapter.support.errors import ForbiddenError
from adapter.web import auth, limits
from adapter.web.errors import BUSY, MEDIA_TYPE, SIZE, SLOW, Refused, refused
from adapter.web.negotiation import Format, NotAcceptable, UnsupportedMediaType, content_format

if TYPE_CHECKING:
    from adapter.wiring import Adapter

Result = TypeVar("Result")

_UNKNOWN_CALLERS_KEPT = 20
"""Rejected messages a minute from callers without a valid token. A sender whose token ran out shows itself in a few
of them; a flood from a stranger then costs under 30 MB of disk a day."""
_WAITING_PER_THREAD = 16
"""Places for each thread that works on messages; when all are taken a caller is asked to come back."""
_PLACE_BYTES = 256 * 1024
"""The body that one place is for: a larger one takes as many as it fills, so that places bound the memory for bodies.
A parsed body is up to a hundred times as large as it came: those of more than one place are worked on one at a time."""
_KINDS = (Right.SEND, Right.MAILBOX, Right.CONTENT)
"""What a token is for, where bodies are read: the first that it may do."""


class Intake:
    """Takes messages in for one adapter. Lives on the event loop."""

    def __init__(self, adapter: "Adapter") -> None:
        self._adapter = adapter
        self._exchange = adapter.exchange
        self._most_bytes = adapter.settings.server.max_message_bytes
        self._threads = adapter.settings.server.threads
        self._limiter = anyio.CapacityLimiter(self._threads)
        self._large = anyio.CapacityLimiter(1)
        self._inside = 0
        self._reads: Counter[tuple[str, Right | None]] = Counter()
        self._unknown = limits.Budget(_UNKNOWN_CALLERS_KEPT, timedelta(minutes=1))

    @asynccontextmanager
    async def place(self, request: Request) -> AsyncIterator[None]:
        """Room for one message from its first byte to its answer. Raises Refused (503) where there is none."""
        places = self._threads * _WAITING_PER_THREAD
        filled = self._filled(request, places)
        if self._inside + filled > places:
            raise Refused(503, BUSY, "too many messages are being processed: send it again", {"Retry-After": "1"})
        self._inside += filled
        try:
            yield
        finally:
            self._inside -= filled

    @contextmanager
    def reading(self, caller: Principal, request: Request) -> Iterator[None]:
        """A party may fill half of the places with messages that are still coming, and an eighth with the bodies of
        each other kind of token, so that slow ones never keep out the others, nor a token that may do little the
        party's own messages. Raises Refused (503) beyond that."""
        kind = next((right for right in _KINDS if right in caller.rights), None)
        places = self._threads * _WAITING_PER_THREAD // (2 if kind is Right.SEND else 8)
        share = (caller.party, kind)
        filled = self._filled(request, places)
        if self._reads[share] + filled > places:
            raise Refused(503, BUSY, "too many messages of yours are under way: send it again", {"Retry-After": "1"})
        self._reads[share] += filled
        try:
            yield
        finally:
            self._reads[share] -= filled
            if not self._reads[share]:
                del self._reads[share]

    async def call(self, task: Callable[..., Result], *arguments: object) -> Result:
        """Run a short task off the event loop, without waiting behind messages."""
        return await to_thread.run_sync(task, *arguments)

    async def work(self, task: Callable[..., Result], *arguments: object, size: int = 0) -> Result:
        """Run the task on one of the threads for messages; `size` is that of the body that it reads, in bytes."""
        if size <= _PLACE_BYTES:
            return await to_thread.run_sync(task, *arguments, limiter=self._limiter)
        async with self._large:
            try:
                return await to_thread.run_sync(task, *arguments, limiter=self._limiter)
            finally:
                await to_thread.run_sync(memory.give_back)

    def _filled(self, request: Request, places: int) -> int:
        """The places that a body fills, of so many: as it is declared, else as the largest that is taken in."""
        declared = limits.declared(request)
        size = self._most_bytes if declared is None else min(declared, self._most_bytes)
        return min(max(1, ceil(size / _PLACE_BYTES)), max(1, places))

    async def take(
        self,
        request: Request,
        source: str,
        readable: dict[str, Format],
        check: Callable[[Request], object],
    ) -> tuple[Submission, Principal]:
        """The submission in a request and who makes it. `check` may raise for what else is wrong with the request.

        Raises Refused, after the refusal was kept.
        """
        caller: Principal | None = None
        try:
            caller = await self.call(auth.principal, request, self._adapter)
            caller.require(Right.SEND)
            check(request)
            content_format(request.headers.get("content-type"), request.headers.get("content-encoding"), readable)
            with self.reading(caller, request):
                body = await self.body(request)
        except (Refused, ForbiddenError, NotAcceptable, UnsupportedMediaType, limits.TooLarge) as error:
            told = answer(error, self._most_bytes)
            if told.rule not in (SLOW, BUSY):
                await self._keep(request, source, told, caller, error)
            raise told from error
        return Submission(
            body=body,
            media_type=request.headers["content-type"],
            request_id=request.state.request_id,
            correlation_id=request.state.correlation_id,
            source=source,
        ), caller

    async def body(self, request: Request) -> bytes:
        """The body within our limits. Raises TooLarge, or Refused (408) where it does not come."""
        try:
            return await limits.read(request, self._most_bytes)
        except limits.TooSlow:
            text = f"the body did not arrive within {limits.READ_SECONDS:.0f} seconds"
            raise Refused(408, SLOW, text, {"Connection": "close"}) from None

    async def _keep(
        self, request: Request, source: str, told: Refused, caller: Principal | None, error: Exception
    ) -> None:
        if caller is None and not self._unknown.take(self._adapter.clock.now()):
            return
        seen = await self._fingerprint(request, error)
        keep = partial(
            self._exchange.refuse,
            told.status,
            told.rule.code,
            told.text,
            size=seen.size,
            sha256=seen.sha256,
            request_id=request.state.request_id,
            correlation_id=request.state.correlation_id,
            source=source,
            principal=caller,
        )
        await self.work(keep)

    async def _fingerprint(self, request: Request, error: Exception) -> limits.Fingerprint:
        try:
            if not isinstance(error, limits.TooLarge):
                return limits.fingerprint(await self.body(request))
        except limits.TooLarge as too_large:
            error = too_large
        except Refused:
            return limits.fingerprint(b"")
        return limits.fingerprint(error.seen, error.size)


def answer(error: Exception, most_bytes: int) -> Refused:
    """What is told of a request that cannot be taken in."""
    match error:
        case UnsupportedMediaType():
            return Refused(415, MEDIA_TYPE, str(error))
        case limits.TooLarge():
            return Refused(413, SIZE, f"the body has more than the {most_bytes} bytes that are allowed")
        case _:
            return refused(error)
