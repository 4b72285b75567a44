"""Connections on which a whole request has an end: a limit for each reading and writing alone never comes to pass where
the other side sends, or takes, a byte at a time."""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpcore
import httpx

_PIECE = 16 * 1024
_ends = threading.local()


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """What this thread reads and writes over bounded connections ends at `deadline` (monotonic), in a time-out."""
    _ends.at = deadline
    try:
        yield
    finally:
        _ends.at = None


def bind(transport: httpx.HTTPTransport) -> httpx.HTTPTransport:
    """The transport, its connections bounded. To be called before its first request."""
    transport._pool._network_backend = _Backend()  # noqa: SLF001 - httpx passes none on; httpcore asks at each connection
    return transport


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    end = getattr(_ends, "at", None)
    if end is None:
        return timeout
    left: float = end - time.monotonic()
    if left <= 0:
        raise late("the request did not end in time")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # a piece at a time: within one call the limit is for each piece that the other side takes
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, left, local_address, socket_options))


class Ending:
    """Shuts the sockets that it is given when the time is over, whatever they are wrapped in by then: for what speaks
    over sockets of its own."""

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._over = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connection: socket.socket) -> None:
        """From now on: one that comes too late is shut at once."""
        with self._lock:
            self._sockets.append(connection.dup())
            if self._over:
                self._shut()

    def cancel(self) -> None:
        """Nothing is shut any more."""
        self._timer.cancel()
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()

    def _end(self) -> None:
        with self._lock:
            self._over = True
            self._shut()

    def _shut(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
