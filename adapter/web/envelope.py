"""Around every request: its ids, the safe headers, one line in the log, and an answer even when we fail.

A path or query may hold an identifier by a caller's mistake, and a traceback may quote content: the log has the route's
template, the kind of an exception and the places it went through, never its words.
"""

import logging
import re
import time
import traceback
from collections.abc import Callable
from pathlib import PurePath
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapter.web.errors import PARAMETER, Refused

log = logging.getLogger("adapter.web")

_VISIBLE = re.compile(r"[\x21-\x7e]{1,128}")
_HTML_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
_YEAR = 365 * 24 * 3600
_FRAMES = 8
_NULL = Refused(400, PARAMETER, "the address holds the character %00, which nothing here has")
"""No database can look for it."""
_LONGEST_PLACE = 400

Render = Callable[[Request, Exception], Response]


class Envelope:
    """ASGI middleware. `render` writes an exception as an answer in the format of the request's area."""

    def __init__(self, app: ASGIApp, render: Render) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        method = scope["method"]
        request_id, correlation_id = _ids(Headers(scope=scope))
        # a HEAD is a GET whose body the server leaves out
        scope = {**scope, "method": "GET" if method == "HEAD" else method}
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "correlation_id": correlation_id}
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Correlation-ID"] = correlation_id
                _protect(headers, secure=scope["scheme"] == "https")
            await send(message)

        try:
            if "\0" in scope["path"] or b"%00" in scope["query_string"]:
                answer = self._render(Request(scope, receive), _NULL)
                await answer(scope, receive, dressed)
            else:
                await self._app(scope, receive, dressed)
        except ClientDisconnect:
            log.info("the caller went away before its request was read", extra={"request_id": request_id})
        except Exception as error:  # noqa: BLE001 - the last place where it can become an answer
            what = {"outcome": type(error).__name__, "place": _places(error), "request_id": request_id}
            log.error("a request failed inside the adapter", extra=what)  # noqa: TRY400 - its words may hold data
            if not status:
                await self._render(Request(scope, receive), error)(scope, receive, dressed)
        log.info(
            "request",
            extra={
                "action": method,
                "place": getattr(scope.get("route"), "path", "no such path"),
                "http_status": status,
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                "request_id": request_id,
                "correlation_id": correlation_id,
            },
        )


def _ids(headers: Headers) -> tuple[str, str]:
    """(request id, correlation id): the caller's where they can be echoed safely, else our own."""
    given = headers.get("x-request-id", "")
    request_id = given if _VISIBLE.fullmatch(given) else str(uuid4())
    correlation_id = headers.get("x-correlation-id", "")
    return request_id, correlation_id if _VISIBLE.fullmatch(correlation_id) else request_id


def _protect(headers: MutableHeaders, *, secure: bool) -> None:
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Referrer-Policy", "no-referrer")
    if headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("Content-Security-Policy", _HTML_POLICY)
    if secure:
        headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")


def _places(error: Exception) -> str:
    """Where it was raised, innermost first."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-_FRAMES:])
    return " < ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames)[:_LONGEST_PLACE]
