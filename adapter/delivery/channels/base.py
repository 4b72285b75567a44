"""What a channel is: it sends one delivery's bytes and says what came back. It decides nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


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
    """our own token, certificate or key cannot be read: nothing was sent"""


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


ReadAcknowledgement = Callable[[bytes], Acknowledgement | None]
"""Reads a receiver's answer body; None where it is not in the receiver's format."""


@dataclass(frozen=True)
class ChannelSettings:
    """How one endpoint is reached. Times are in seconds; secrets are named by file or environment variable only.

    `address` is for `fhir` the FHIR base (or the whole URL of its $process-message), for `xml-http` the URL to post to.
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


class Channel(Protocol):
    """One kind of transport to one endpoint. `send` never raises for what a receiver or network does."""

    def send(self, outgoing: Outgoing) -> Answer: ...

    def close(self) -> None: ...
