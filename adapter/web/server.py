"""Runs an adapter as an HTTP server: listens, serves, and stops without dropping what it has begun."""

import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import create_ssl_context

from adapter.support.errors import AdapterError
from adapter.web.app import Kept, create
from adapter.web.certificates import Renewing
from adapter.web.protocol import Protocol

if TYPE_CHECKING:
    from adapter.support.settings import Server as ServerSettings
    from adapter.wiring import Adapter

_FINISH_SECONDS = 30
_BACKLOG = 512
_STARTED_WITHIN_SECONDS = 30.0


class _Current:
    """The application in force. A request has the one with which it began until its end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Server:
    """One adapter at one address. It listens from its making, so that its port is known before the first request.

    `worker` is the name of the worker that runs in this process, if one does. Raises AdapterError where the address or
    the certificate cannot be used.
    """

    def __init__(self, adapter: "Adapter", worker: str | None = None) -> None:
        settings = adapter.settings.server
        self._worker, self._kept = worker, Kept.of(adapter)
        self._current = _Current(create(adapter, worker, self._kept))
        self._uvicorn = uvicorn.Server(_config(self._current, settings))
        self._socket = _listen(settings.address, settings.port)
        self._thread: threading.Thread | None = None
        port = self._socket.getsockname()[1]
        self.url = settings.model_copy(update={"port": port}).url
        """the base URL for others, with the port that the system chose where the setting is 0"""
        self.address = settings.model_copy(update={"port": port, "public_url": None}).url
        """the URL at which it listens itself"""

    def prepare(self, adapter: "Adapter") -> Callable[[], None]:
        """Makes the application of another adapter; what is returned puts it in force. Raises AdapterError."""
        app = create(adapter, self._worker, self._kept)

        def commit() -> None:
            self._current.app = app

        return commit

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then accept no more, finish what is under way, and return."""
        with _returning_after_signals():
            self._uvicorn.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve in a thread of this process; returns when requests are answered."""
        self._thread = threading.Thread(target=self._uvicorn.run, args=([self._socket],), name="http", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _STARTED_WITHIN_SECONDS
        while not self._uvicorn.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise AdapterError("the HTTP server did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """End what `start` began, after the requests under way."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._socket.close()


def _config(app: ASGIApp, settings: "ServerSettings") -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # it would write paths and queries as they came: the envelope writes its own line
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_FINISH_SECONDS,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        ssl_ca_certs=settings.tls_client_ca,
        ssl_cert_reqs=ssl.CERT_REQUIRED if settings.tls_client_ca else ssl.CERT_NONE,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise AdapterError(f"server.tls_certificate, tls_key or tls_client_ca cannot be used: {error}") from error
    files = [file for file in (settings.tls_certificate, settings.tls_key, settings.tls_client_ca) if file is not None]
    if config.ssl is not None:
        Renewing(config.ssl, lambda: _context(config), files)
    return config


def _context(config: uvicorn.Config) -> ssl.SSLContext:
    """What `config.load` makes, from the files as they are now."""
    return create_ssl_context(
        certfile=config.ssl_certfile or "",
        keyfile=config.ssl_keyfile,
        password=config.ssl_keyfile_password,
        ssl_version=config.ssl_version,
        cert_reqs=config.ssl_cert_reqs,
        ca_certs=config.ssl_ca_certs,
        ciphers=config.ssl_ciphers,
    )


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address.strip("[]"), port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise AdapterError(f"cannot listen on {address} port {port}: {error.strerror}") from error


@contextmanager
def _returning_after_signals() -> Iterator[None]:
    """uvicorn raises a signal again once it has stopped: that must not end the process before the worker is stopped."""
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.signal(kind, lambda *_: None) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
