"""HL7 v2 over MLLP: a block is <VT> message <FS><CR>; each message is answered before the next one is read.

Hostile or broken senders are bounded: in the size of a block, in the time that it may take, in how many connections
are open. What cannot be a block ends the connection, for where the next one begins is not known then.
"""

import asyncio
import logging
import socket
import ssl
import uuid
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass

from adapter.exchange.feeds.intake import FeedIntake
from adapter.feeds.events import RefusedEvent
from adapter.feeds.model import Feed, Mllp
from adapter.support.errors import AdapterError, UnavailableError
from adapter.web.certificates import Renewing

log = logging.getLogger("adapter.feeds")

_BEGIN, _END = b"\x0b", b"\x1c\r"
_BETWEEN = b"\r\n"
_FINISH_SECONDS = 30
_TLS_SECONDS = 5


class _Broken(Exception):  # noqa: N818 - the end of a connection, not a fault of ours
    """What came is no block, or not in time. `size` bytes were read of it at least."""

    def __init__(self, words: str, status: int, size: int = 0) -> None:
        super().__init__(words)
        self.words = words
        self.status = status
        self.size = size


@dataclass(frozen=True)
class Door:
    """What a listener hands messages to: the intake in force. `refused` keeps that a block was turned away: feed,
    status, words, size."""

    intake: Callable[[], FeedIntake]
    executor: Executor
    most_bytes: int
    refused: Callable[[Feed, int, str, int], None]


class Listener:
    """Listens for one feed from its making, so that its port is known; serves after `start`. `before` is a listener
    whose place it takes: at the same address both listen until that one is stopped, so that nobody is turned away.
    Raises AdapterError where its address or its certificate cannot be used."""

    def __init__(self, feed: Feed, door: Door, before: "Listener | None" = None) -> None:
        assert feed.mllp is not None  # noqa: S101 - the model: a feed over MLLP has them
        self.feed = feed
        self._settings: Mllp = feed.mllp
        self._door = door
        self._context = _context(feed.id, feed.mllp)
        if self._context is not None:
            files = (feed.mllp.tls_certificate, feed.mllp.tls_key, feed.mllp.tls_client_ca)
            Renewing(self._context, lambda: _context(feed.id, self._settings), [file for file in files if file])
        same = before is not None and before.place == self.place
        self._socket: socket.socket = before.shared() if before and same else _listen(feed.id, feed.mllp)
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def place(self) -> tuple[str, int]:
        return self._settings.address, self._settings.port

    def suits(self, feed: Feed) -> bool:
        """Whether it may go on for the feed as it is now. With TLS it may not: the certificates may be others."""
        return feed.mllp == self._settings and self._context is None

    def shared(self) -> socket.socket:
        """Its socket once more, for the listener that takes its place."""
        return self._socket.dup()

    def close(self) -> None:
        """Give up the socket of a listener that was never started."""
        self._socket.close()

    async def start(self) -> None:
        """Serve on the running event loop."""
        self._server = await asyncio.start_server(
            self._serve,
            sock=self._socket,
            limit=self._door.most_bytes + len(_END),
            ssl=self._context,
            ssl_handshake_timeout=_TLS_SECONDS if self._context else None,
            ssl_shutdown_timeout=_TLS_SECONDS if self._context else None,
        )

    async def stop(self) -> None:
        """Take no more connections, let messages under way be answered, and close."""
        self._stopping = True
        if self._server is None:
            self._socket.close()
            return
        self._server.close()
        for task in tuple(self._idle):
            task.cancel()
        if self._open:
            await asyncio.wait(tuple(self._open), timeout=_FINISH_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        try:
            if self._stopping or len(self._open) >= self._settings.connections:
                log.warning("feed connection turned away: too many are open", extra={"feed": self.feed.id})
                return
            self._open.add(task)
            while not self._stopping and (message := await self._next(reader, task)) is not None:
                writer.write(_BEGIN + await self._answer(message) + _END)
                async with asyncio.timeout(self._settings.message_within.total_seconds()):
                    await writer.drain()
        except _Broken as broken:
            await self._turned_away(broken, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            log.info("feed connection ended", extra={"feed": self.feed.id})
        finally:
            self._open.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _next(self, reader: asyncio.StreamReader, task: asyncio.Task[None]) -> bytes | None:
        """The next block's message; None where the sender has gone, or been silent for as long as it may."""
        self._idle.add(task)
        try:
            async with asyncio.timeout(self._settings.idle.total_seconds()):
                while (first := await reader.read(1)) and first in _BETWEEN:
                    pass
        except TimeoutError:
            return None
        finally:
            self._idle.discard(task)
        if not first:
            return None
        if first != _BEGIN:
            raise _Broken("a block begins with the character VT (0x0B)", 400, 1)
        return await self._block(reader)

    async def _block(self, reader: asyncio.StreamReader) -> bytes:
        within = self._settings.message_within.total_seconds()
        try:
            async with asyncio.timeout(within):
                block = await reader.readuntil(_END)
        except TimeoutError:
            raise _Broken(f"a block did not end within {within:.0f} seconds", 408) from None
        except asyncio.LimitOverrunError as error:
            raise _Broken(f"a block has more than {self._door.most_bytes} bytes", 413, error.consumed) from None
        except asyncio.IncompleteReadError as error:
            raise _Broken("the connection ended within a block", 400, len(error.partial)) from None
        message = block[: -len(_END)]
        if _BEGIN in message:
            raise _Broken("a block begins within another: expected FS CR (0x1C 0x0D) at its end", 400, len(block))
        return message

    async def _answer(self, message: bytes) -> bytes:
        loop, intake = asyncio.get_running_loop(), self._door.intake()
        request_id = str(uuid.uuid4())
        try:
            reply = await loop.run_in_executor(self._door.executor, intake.take, self.feed.id, message, request_id)
        except UnavailableError:
            words = "the message was not taken in, for a part of the adapter is away: send it again"
            return intake.refusal(self.feed, RefusedEvent(words, "207"), message, transient=True)
        except Exception:  # whatever it is, the sender must not take it for taken
            log.exception("feed message failed", extra={"feed": self.feed.id, "request_id": request_id})
            words = "the adapter failed: send it again, and tell operations the time"
            return intake.refusal(self.feed, RefusedEvent(words, "207"), message, transient=True)
        return reply.body

    async def _turned_away(self, broken: _Broken, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        log.warning("feed block refused: %s", broken.words, extra={"feed": self.feed.id})
        refused = RefusedEvent(broken.words, "207", reject=True)
        with suppress(OSError, TimeoutError, UnavailableError):
            await loop.run_in_executor(
                self._door.executor, self._door.refused, self.feed, broken.status, broken.words, broken.size
            )
            writer.write(_BEGIN + self._door.intake().refusal(self.feed, refused) + _END)
            async with asyncio.timeout(1):
                await writer.drain()


def _context(name: str, settings: Mllp) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: b"")
        if settings.tls_client_ca is not None:
            context.load_verify_locations(settings.tls_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError, ValueError) as error:
        words = f"feed {name}: mllp.tls_certificate, tls_key or tls_client_ca cannot be used ({type(error).__name__})"
        raise AdapterError(words) from error
    return context


def _listen(name: str, settings: Mllp) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    try:
        return socket.create_server((settings.address.strip("[]"), settings.port), family=family)
    except OSError as error:
        words = f"feed {name}: cannot listen on {settings.address} port {settings.port}: {error.strerror}"
        raise AdapterError(words) from error
