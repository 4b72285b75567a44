"""What a channel is: it sends one delivery's bytes and says what came back. It decides nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from adapter.delivery.channels.options import FolderSettings, OAuthSettings, SoapSettings, TaskSettings

DUPLICATE = "duplicate"
"""Issue code by which a receiver says that the message had arrived before; also the acknowledgement then recorded."""


class Code(StrEnum):
    """The technical acknowledgement, in the words of MessageHeader.response.code (FHIR R4)."""

    OK = "ok"
    TRANSIENT = "transient-error"
    FATAL = "fatal-error"


@dataclass(frozen=True)
class Acknowledgement:
    """What the receiver said of the message: `reason` in its own words, `issues` its issue codes
    (`duplicate` among them)."""

    code: Code
    reason: str = ""
    issues: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outgoing:
    """One delivery as it goes on the wire. Every attempt repeats body and ids unchanged; `idempotency_id` is the
    message id in the receiver's format."""

    delivery_id: int
    body: bytes
    media_type: str
    idempotency_id: str
    correlation_id: str
    acknowledged: bool = True
    """whether the receiver acknowledges it in its own format; an acknowledgement is never acknowledged"""


class Fault(StrEnum):
    """Why there is no answer."""

    CONNECT = "connect"
    """no connection was made: nothing was sent"""
    TIMEOUT = "timeout"
    """sent, perhaps received: the outcome is unknown"""
    BROKEN = "broken"
    """the connection broke or the answer was not HTTP: the outcome is unknown"""
    TLS = "tls"
    """the receiver's certificate or ours was not accepted"""
    TOO_LARGE = "too-large"
    """the answer was larger than allowed: the outcome is unknown"""
    CREDENTIALS = "credentials"
    """our own token, certificate, key or secret cannot be used, or gets us no token: nothing was sent"""
    ISSUER = "issuer"
    """the token endpoint does not answer now: nothing was sent"""
    FOLDER = "folder"
    """the folder is missing, full, or not ours to write in: nothing was handed over"""
    PROXY = "proxy"
    """our own proxy does not let us through: nothing was sent"""


@dataclass(frozen=True)
class Answer:
    """What came back: an HTTP status with body, or a fault. `acknowledgement` is what the body says, where the body
    is the receiver's own format; None where something else (a proxy) answered."""

    status: int | None = None
    fault: Fault | None = None
    reason: str = ""
    body: bytes = b""
    media_type: str = ""
    retry_after: float | None = None
    acknowledgement: Acknowledgement | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """those that are kept, their names in lower case"""
    final: bool = False
    """whether the acknowledgement alone decides, whatever the status: not HTTP, or SOAP, where every fault is a 500"""
    awaited: float | None = None
    """handed over, and the receiver has not said yet what it makes of it: seconds after which to look again"""
    handed_over: bool = False
    """whether this very try handed it over"""


ReadAcknowledgement = Callable[[bytes], Acknowledgement | None]
"""Reads a receiver's answer body; None where it is not in the receiver's format."""


@dataclass(frozen=True)
class ChannelSettings:
    """How one endpoint is reached. Times are in seconds; secrets are named by file or environment variable only.

    `address` is for `fhir` the FHIR base (or the whole URL of its $process-message), for `fhir-task` the FHIR base, for
    `xml-http`, `soap` and `rest-hook` the URL to post to, and empty for `folder`.
    `proxy` is an http URL, `environment` for what the machine's variables name, or None: called directly; the file
    beside it holds `user:password`. `signing_secret_file` holds the secret by which deliveries are signed (Standard
    Webhooks).
    """

    id: str
    channel: str
    address: str
    format: str = "json"
    token_file: Path | None = None
    token_env: str | None = None
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    connect_timeout: float = 5.0
    timeout: float = 30.0
    max_answer_bytes: int = 1 << 20
    concurrency: int = 4
    proxy: str | None = None
    proxy_password_file: Path | None = None
    oauth: OAuthSettings | None = None
    signing_secret_file: Path | None = None
    soap: SoapSettings | None = None
    folder: FolderSettings | None = None
    task: TaskSettings | None = None


class Bearer(Protocol):
    """Where bearer tokens come from: `bearer` gives one that counts now, `rejected` is told one that a receiver did not
    take."""

    def bearer(self) -> str: ...

    def rejected(self, token: str) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Check:
    """What a test of an endpoint found, without sending a message: what it proves, and what it cannot tell. `reason`
    says what is wrong where it is not `ok`."""

    ok: bool
    proves: tuple[str, ...]
    leaves_open: tuple[str, ...]
    reason: str = ""


class Channel(Protocol):
    """One kind of transport to one endpoint. Neither `send` nor `check` raises for what a receiver or network does."""

    def send(self, outgoing: Outgoing) -> Answer: ...

    def check(self) -> Check: ...

    def close(self) -> None: ...
