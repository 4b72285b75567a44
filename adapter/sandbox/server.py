"""A small real HTTP server on loopback that can be made to refuse connections and to come back on the same port."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_LOOPBACK = "127.0.0.1"
_IDLE_SECONDS = 10.0
_POLL_SECONDS = 0.05
_LONGEST_BODY = 4 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """What came in. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def bearer(self) -> str | None:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if scheme.lower() == "bearer" else None

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Response:
    """What goes back."""

    status: int
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


def words(status: int, text: str, **headers: str) -> Response:
    """A plain answer in words; underscores in header names become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, f"{text}\n".encode(), headers=named)


Handle = Callable[[Request], Response]


class LoopbackServer:
    """Serves `handle`, one thread a request, until stopped. Every connection carries one request, so that
    refusing begins at once."""

    def __init__(self, handle: Handle, port: int = 0) -> None:
        self._handle = handle
        self._server = self._bound(port)
        self._port = int(self._server.server_address[1])
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """`http://127.0.0.1:<port>`, without a slash at the end."""
        return f"http://{_LOOPBACK}:{self._port}"

    def accept(self) -> None:
        """Listen and answer; nothing happens where it already does."""
        if self._thread is None:
            self._server.server_activate()
            self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
            self._thread.start()

    def refuse(self) -> None:
        """Close the listening socket: connections are refused, and the port stays ours."""
        if self._thread is not None:
            self.stop()
            self._server = self._bound(self._port)

    def stop(self) -> None:
        """Stop for good and give the port back."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __enter__(self) -> Self:
        self.accept()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _bound(self, port: int) -> ThreadingHTTPServer:
        """Bound but not listening: the system answers a connection to it with a refusal."""
        server = ThreadingHTTPServer((_LOOPBACK, port), _handler(self._handle), bind_and_activate=False)
        server.daemon_threads = True
        server.block_on_close = False
        try:
            server.server_bind()
        except OSError:
            server.server_close()
            raise
        return server


def _handler(handle: Handle) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _IDLE_SECONDS

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Silent: what a receiver got stands in its ledger."""

        def _answer(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if not length.isascii() or not length.isdigit():
                response = words(411, "Content-Length is missing or not a number")
            elif int(length) > _LONGEST_BODY:
                response = words(413, f"the body is longer than {_LONGEST_BODY} bytes")
            else:
                headers = {name.lower(): value for name, value in self.headers.items()}
                response = handle(Request(self.command, self.path, headers, self.rfile.read(int(length))))
            self._send(response)

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            head = {
                "Content-Type": response.media_type,
                "Content-Length": str(len(response.body)),
                "Connection": "close",
            }
            for name, value in (head | response.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

    return Handler
