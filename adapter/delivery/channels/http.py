"""HTTP towards one endpoint: posts bytes, gives back what came, and never raises for it. httpx stays in here."""

import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from adapter import __version__
from adapter.delivery.channels import tls
from adapter.delivery.channels.base import Answer, ChannelSettings, Fault, Outgoing
from adapter.support.errors import AdapterError

logger = logging.getLogger("adapter.delivery")

_HEADER_SAFE = re.compile(r"[!-~]{1,128}")
_TOKEN = re.compile(r"[!-~]+")
_KEPT_HEADERS = ("content-type", "retry-after", "x-request-id", "x-correlation-id", "server", "via")


class HttpSender:
    """Posts to one endpoint over a pool of connections shared by all threads.

    The token is read at each request and the certificates when their files change, so that both are renewed without a
    restart. Redirects are not followed, proxies of the environment not used, and answers read up to a limit of bytes
    and of time.
    """

    def __init__(self, settings: ChannelSettings) -> None:
        """Raises AdapterError where the address or a certificate cannot be used."""
        tls.check_address(settings)
        self._settings = settings
        self._lock = threading.Lock()
        self._stamp = tls.stamp(settings)
        self._client = self._connect()
        self._retired: list[httpx.Client] = []

    def post(self, url: str, outgoing: Outgoing, accept: str) -> Answer:
        """One request. `X-Request-ID` is new each time; body, correlation id and idempotency key are not."""
        correlation_id = outgoing.correlation_id
        more = {
            "Content-Type": outgoing.media_type,
            "X-Correlation-ID": correlation_id if _HEADER_SAFE.fullmatch(correlation_id) else outgoing.idempotency_id,
            "Idempotency-Key": f"{outgoing.idempotency_id}-{outgoing.delivery_id}",
        }
        return self._ask("POST", url, accept, more, outgoing.body)

    def get(self, url: str, accept: str) -> Answer:
        """One reading. A redirect is an answer like others: it is not followed."""
        return self._ask("GET", url, accept, {}, None)

    def _ask(self, method: str, url: str, accept: str, more: dict[str, str], body: bytes | None) -> Answer:
        try:
            headers = self._headers(accept) | more
        except (OSError, ValueError) as error:
            return Answer(fault=Fault.CREDENTIALS, reason=f"the token cannot be read ({type(error).__name__})")
        deadline = time.monotonic() + self._settings.connect_timeout + self._settings.timeout
        try:
            with self._current().stream(method, url, content=body, headers=headers) as response:
                return self._read(response, deadline)
        except httpx.HTTPError as error:
            return Answer(fault=_fault(error), reason=type(error).__name__)

    def close(self) -> None:
        for client in (self._client, *self._retired):
            client.close()

    def _headers(self, accept: str) -> dict[str, str]:
        headers = {
            "Accept": accept,
            "Accept-Encoding": "identity",  # an answer's size is what comes over the wire
            "User-Agent": f"discharge-adapter/{__version__}",
            "X-Request-ID": str(uuid.uuid4()),
        }
        token = self._token()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _token(self) -> str | None:
        settings = self._settings
        if settings.token_file is not None:
            token = settings.token_file.read_text(encoding="ascii").strip()
        elif settings.token_env is not None:
            token = os.environ.get(settings.token_env, "").strip()
        else:
            return None
        if not _TOKEN.fullmatch(token):
            raise ValueError("the token is empty or holds what a header cannot")
        return token

    def _read(self, response: httpx.Response, deadline: float) -> Answer:
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > self._settings.max_answer_bytes:
                return Answer(fault=Fault.TOO_LARGE, reason=f"more than {self._settings.max_answer_bytes} bytes")
            if time.monotonic() > deadline:
                return Answer(fault=Fault.TIMEOUT, reason="the answer did not end in time")
        return Answer(
            status=response.status_code,
            body=bytes(body),
            media_type=response.headers.get("content-type", ""),
            retry_after=retry_after(response.headers, datetime.now(UTC)),
            headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
        )

    def _current(self) -> httpx.Client:
        """The client, made anew when a certificate was renewed; requests under way keep the one they have."""
        with self._lock:
            stamp = tls.stamp(self._settings)
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    renewed = self._connect()
                except AdapterError:
                    logger.warning("certificates not reloaded", extra={"endpoint": self._settings.id})
                else:
                    self._retired.append(self._client)
                    self._client = renewed
            return self._client

    def _connect(self) -> httpx.Client:
        settings = self._settings
        encrypted = settings.address.lower().startswith("https:")
        return httpx.Client(
            verify=tls.context(settings) if encrypted else False,
            timeout=httpx.Timeout(settings.timeout, connect=settings.connect_timeout, pool=settings.connect_timeout),
            limits=httpx.Limits(max_connections=max(1, settings.concurrency), keepalive_expiry=30.0),
            follow_redirects=False,
            trust_env=False,
        )


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of a Retry-After header (a number, or an HTTP date); None where absent or unreadable, never below 0."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


def _fault(error: httpx.HTTPError) -> Fault:
    if tls.is_refusal(error):
        return Fault.TLS
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Fault.CONNECT
    if isinstance(error, httpx.TimeoutException):
        return Fault.TIMEOUT
    return Fault.BROKEN
