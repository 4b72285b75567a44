"""HTTP towards one endpoint: posts bytes, gives back what came, and never raises for it. httpx stays in here."""

import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpx

from adapter import __version__
from adapter.delivery.channels import proxies, signing, tls
from adapter.delivery.channels.base import Answer, Bearer, ChannelSettings, Check, Fault, Outgoing
from adapter.delivery.channels.lending import Lending
from adapter.support import bounded
from adapter.support.errors import AdapterError, UnavailableError

logger = logging.getLogger("adapter.delivery")

_HEADER_SAFE = re.compile(r"[!-~]{1,128}")
_TOKEN = re.compile(r"[!-~]+")
_ADDRESSES = 256
_KEPT_HEADERS = (
    "content-type",
    "retry-after",
    "x-request-id",
    "x-correlation-id",
    "server",
    "via",
    "etag",
    "location",
    "date",
)


class HttpSender:
    """Speaks to one endpoint over a pool of connections shared by all threads.

    The token is read at each request (or comes from `bearer`, and is renewed once where it is not taken) and the
    certificates when their files change, so that both are renewed without a restart. Redirects are not followed, a
    proxy is used only where the settings name one, and answers are read up to a limit of bytes and of time.
    """

    def __init__(self, settings: ChannelSettings, bearer: Bearer | None = None) -> None:
        """Raises AdapterError where the address, the proxy or a certificate cannot be used."""
        tls.check_address(settings)
        self._settings = settings
        self._bearer = bearer
        self._lock = threading.Lock()
        self._stamp = tls.stamp(settings)
        self._timeouts = httpx.Timeout(
            settings.timeout, connect=settings.connect_timeout, pool=settings.connect_timeout
        ).as_dict()
        self._transports = Lending(self._connect())

    def post(self, url: str, outgoing: Outgoing, accept: str) -> Answer:
        """One request with a delivery's bytes as they are."""
        return self.deliver("POST", url, outgoing, {"Accept": accept})

    def get(self, url: str, accept: str) -> Answer:
        """One reading. A redirect is an answer like others: it is not followed."""
        return self.request("GET", url, {"Accept": accept})

    def deliver(
        self,
        method: str,
        url: str,
        outgoing: Outgoing,
        headers: dict[str, str],
        body: bytes | None = None,
        *,
        part: str = "",
    ) -> Answer:
        """One request of a delivery; `body` is what goes on the wire, where that is not the delivery's bytes alone, and
        `part` which one of its requests this is, where it has several. `X-Request-ID` is new each time; correlation id
        and idempotency key are not."""
        correlation_id = outgoing.correlation_id
        key = "-".join(filter(None, [outgoing.idempotency_id, str(outgoing.delivery_id), part]))
        content = outgoing.body if body is None else body
        told = {
            "Content-Type": outgoing.media_type,
            "X-Correlation-ID": correlation_id if _HEADER_SAFE.fullmatch(correlation_id) else outgoing.idempotency_id,
            "Idempotency-Key": key,
        }
        try:
            signed = signing.headers(self._settings.signing_secret_file, key, datetime.now(UTC), content)
        except AdapterError as error:
            return Answer(fault=Fault.CREDENTIALS, reason=str(error))
        return self.request(method, url, told | signed | headers, content)

    def request(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """One request with these headers and the endpoint's credentials. Never raises for what comes of it."""
        try:
            token = self._token()
            answer = self._ask(method, url, headers, body, token)
            if answer.status == 401 and self._bearer is not None and token is not None:
                self._bearer.rejected(token)
                renewed = self._bearer.bearer()
                if renewed != token:
                    answer = self._ask(method, url, headers, body, renewed)
        except UnavailableError as error:
            return Answer(fault=Fault.ISSUER, reason=str(error))
        except AdapterError as error:
            return Answer(fault=Fault.CREDENTIALS, reason=str(error))
        except (OSError, ValueError) as error:
            return Answer(fault=Fault.CREDENTIALS, reason=f"the token cannot be read ({type(error).__name__})")
        return answer

    def check(self, url: str, accept: str = "*/*") -> Check:
        """What a GET proves: it sends no message, so that a receiver may well answer that it takes only POST."""
        answer = self.get(url, accept)
        leaves = ("that the receiver takes our messages",)
        if answer.fault is not None:
            return Check(False, (), leaves, f"{answer.fault}: {answer.reason}")
        status = answer.status or 0
        reached = [f"the address answers (HTTP {status})"]
        reached += ["its certificate is trusted"] if url.lower().startswith("https:") else []
        reached += ["the token endpoint gives a token"] if self._bearer is not None else []
        wrong = 300 <= status < 400 or status in (401, 403, 404, 407, 410) or status in (502, 503, 504)
        return Check(not wrong, tuple(reached), leaves, f"HTTP {status}" if wrong else "")

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None, token: str | None) -> Answer:
        """By a transport of httpx without its client: there are no redirects to follow and no cookies to keep, and what
        the client does besides takes as long as the request."""
        own = {
            "Accept-Encoding": "identity",  # an answer's size is what comes over the wire
            "User-Agent": f"discharge-adapter/{__version__}",
            "X-Request-ID": str(uuid.uuid4()),
        } | ({"Authorization": f"Bearer {token}"} if token is not None else {})
        deadline = time.monotonic() + self._settings.connect_timeout + self._settings.timeout
        try:
            self._renew()
            timeouts = {"timeout": self._timeouts}
            request = httpx.Request(
                method, _url(url), headers={"Accept": "*/*"} | headers | own, content=body, extensions=timeouts
            )
            with (
                bounded.until(deadline),
                self._transports.transport() as transport,
                closing(transport.handle_request(request)) as response,
            ):
                return self._read(response, deadline)
        except httpx.HTTPError as error:
            return Answer(fault=_fault(error), reason=_words(error))

    def close(self) -> None:
        self._transports.close()
        if self._bearer is not None:
            self._bearer.close()

    def _token(self) -> str | None:
        settings = self._settings
        if self._bearer is not None:
            return self._bearer.bearer()
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
        if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED and self._settings.proxy is not None:
            return Answer(fault=Fault.PROXY, reason="407 Proxy Authentication Required")
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

    def _renew(self) -> None:
        """Take a new transport where a certificate was renewed; requests under way keep the one they have."""
        with self._lock:
            stamp = tls.stamp(self._settings)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            try:
                renewed = self._connect()
            except AdapterError:
                logger.warning("certificates not reloaded", extra={"endpoint": self._settings.id})
            else:
                self._transports.replace(renewed)

    def _connect(self) -> httpx.HTTPTransport:
        settings = self._settings
        encrypted = settings.address.lower().startswith("https:")
        transport = httpx.HTTPTransport(
            verify=tls.context(settings) if encrypted else False,
            limits=httpx.Limits(max_connections=max(1, settings.concurrency), keepalive_expiry=30.0),
            trust_env=False,
            proxy=proxies.chosen(settings),
        )
        return bounded.bind(transport)


@lru_cache(_ADDRESSES)
def _url(address: str) -> httpx.URL:
    return httpx.URL(address)


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
    if tls.refusal(error) is not None:
        return Fault.TLS
    if isinstance(error, httpx.ProxyError):
        return Fault.CONNECT if proxies.passing(str(error)) else Fault.PROXY
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Fault.CONNECT
    if isinstance(error, httpx.TimeoutException):
        return Fault.TIMEOUT
    return Fault.BROKEN


def _words(error: httpx.HTTPError) -> str:
    """What failed, in the words of TLS, or of a proxy where it spoke: those of others may quote an address."""
    if (wrong := tls.refusal(error)) is not None:
        return wrong
    said = f": {error}" if isinstance(error, httpx.ProxyError) else ""
    return type(error).__name__ + said
