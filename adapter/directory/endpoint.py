"""Endpoints: where a system takes its messages, by which channel, and how the adapter shows who it is."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from adapter.directory.model import DeadLetters, Entry, Identifier, LocalPath, Wait
from adapter.support import checked, secrets
from adapter.support.durations import Duration
from adapter.support.hosts import is_loopback

MAILBOX = "mailbox"
FOLDER = "folder"
TASK = "fhir-task"
HOOK = "rest-hook"
_FORMAT: dict[str, Literal["json", "xml"]] = {"xml-http": "xml", "soap": "xml"}
_RECORDS = ("xml-http", "soap")
_FHIR = ("fhir", TASK, MAILBOX, HOOK)
_CALLED = ("fhir", TASK, "xml-http", "soap", HOOK)

Codes = Annotated[tuple[str, ...], AfterValidator(checked.not_empty)]
ElementPath = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9._-]*(/[A-Za-z_][A-Za-z0-9._-]*){0,15}$")]


def _url(address: str, example: str) -> str:
    """Closed, without a secret in it."""
    try:
        url = urlsplit(address)
        host, _ = url.hostname, url.port
    except ValueError:
        host = None
    if host is None or url.scheme not in {"http", "https"} or url.fragment:
        raise ValueError(f"expected a URL such as {example}")
    if url.username is not None or url.password is not None:
        raise ValueError("must not hold a user or password: name a file that holds it")
    if url.scheme == "http" and not is_loopback(host):
        raise ValueError("http:// is only for this machine: use https://")
    return address


class OAuth(Entry):
    """OAuth 2 client credentials: the adapter fetches its tokens itself."""

    token_url: Annotated[str, AfterValidator(lambda url: _url(url, "https://auth.example/token"))]
    """the token endpoint; reached with the endpoint's own authorities, certificate and proxy"""
    client_id: Annotated[str, Field(min_length=1, max_length=400)]
    """the name under which the adapter is registered there"""
    method: Literal["private_key_jwt", "client_secret_basic", "client_secret_post"] = "private_key_jwt"
    """private_key_jwt: an assertion signed with key_file; client_secret_basic or client_secret_post: a secret"""
    scope: str = ""
    """the scopes to ask for, with spaces between"""
    audience: str = ""
    """the assertion's aud; the token endpoint where not set"""
    key_file: LocalPath | None = None
    """PEM file with the private key whose public part is registered there"""
    key_id: str = ""
    """the key's kid"""
    algorithm: Literal["RS384", "ES384", "RS256", "ES256", "PS256"] = "RS384"
    """how the assertion is signed"""
    secret_file: LocalPath | None = None
    """the file with the client's secret"""
    secret_env: str | None = None
    """the environment variable with the client's secret"""

    @field_validator("key_file")
    @classmethod
    def _signs(cls, file: Path | None, known: ValidationInfo) -> Path | None:
        if (known.data.get("method") == "private_key_jwt") != (file is not None):
            raise ValueError("goes with method private_key_jwt, which needs it")
        return file

    @field_validator("secret_env")
    @classmethod
    def _one_secret(cls, variable: str | None, known: ValidationInfo) -> str | None:
        given = [each for each in (known.data.get("secret_file"), variable) if each is not None]
        wanted = 0 if known.data.get("method") == "private_key_jwt" else 1
        if len(given) != wanted:
            raise ValueError(
                "a client secret needs either secret_file or secret_env"
                if wanted
                else "method private_key_jwt needs key_file and no secret"
            )
        return variable


class SoapResult(Entry):
    """Where a SOAP answer says what became of the message. What is in none of the lists is refused for good."""

    code: ElementPath
    """path to the result code: local names below the body's element, such as result/resultCode"""
    text: ElementPath | None = None
    """path to the words beside it"""
    ok: Codes
    """the codes that mean taken"""
    transient: tuple[str, ...] = ()
    """the codes after which the same is tried again"""
    duplicate: tuple[str, ...] = ()
    """the codes that mean that it had arrived before"""


class Soap(Entry):
    """A SOAP 1.1 operation, document/literal."""

    action: Annotated[str, Field(max_length=400, pattern=r"^[!#-~]*$")]
    """the SOAPAction"""
    logical_address: Annotated[str, Field(max_length=64, pattern=r"^[!-~]*$")] = ""
    """the LogicalAddress of RIV TA that goes into the header; none where not set"""
    result: SoapResult | None = None
    """where the answer holds a result of its own; where not set, every answer that is no fault means taken"""


class Drop(Entry):
    """A folder in which the receiver finds its messages, one file each."""

    path: LocalPath
    """the folder"""
    acknowledge_within: Annotated[Duration, Field(ge=timedelta(seconds=10))] | None = None
    """how long to wait for the receiver's <file>.ok or <file>.error; where not set, what lies there is delivered"""


class Endpoint(Entry):
    id: Identifier
    """the endpoint's name in routes, lists and metrics"""
    system: Identifier
    """the system that it leads to"""
    channel: Literal["fhir", "fhir-task", "xml-http", "soap", "folder", "mailbox", "rest-hook"]
    """fhir: messages as FHIR, posted; fhir-task: the Task of an answer, put on the receiver's FHIR server; xml-http and
    soap: records of a mapping, posted; folder: files of either; mailbox: FHIR, fetched by the receiver; rest-hook:
    notifications of a Subscription, posted, and no messages"""
    address: str = ""
    """the URL that messages are posted to, for fhir-task the FHIR base; https off this machine; none for folder and
    mailbox"""
    logical: str = Field(default_factory=lambda known: str(known.get("address", "")))
    """the address named in MessageHeader.destination.endpoint, where it differs from the URL"""
    format: Literal["json", "xml"] = Field(default_factory=lambda known: _FORMAT.get(known.get("channel", ""), "json"))
    """how FHIR is written: json where not set; always xml for records"""
    mapping: Identifier | None = None
    """the folder under mappings/ that turns messages to records and back; none where FHIR is sent"""
    token_file: LocalPath | None = None
    """the file with the bearer token that the receiver gave"""
    token_env: str | None = None
    """the environment variable with the bearer token that the receiver gave"""
    oauth: OAuth | None = None
    """or: how the adapter fetches tokens itself (`oauth` below)"""
    ca_file: LocalPath | None = None
    """PEM file with the authorities that the receiver's certificate comes from; the system's where not set"""
    client_certificate: LocalPath | None = None
    """PEM file with the certificate that the adapter shows the receiver"""
    client_key: LocalPath | None = None
    """PEM file with the private key of client_certificate"""
    proxy: str | None = None
    """the proxy to go through, such as http://proxy.example:8080, or environment for what the machine's variables say;
    where not set the receiver is called directly, whatever they say"""
    proxy_password_file: LocalPath | None = None
    """the file with user:password for the proxy"""
    signing_secret_file: LocalPath | None = None
    """the file with the secret that deliveries are signed with (Standard Webhooks); not signed where not set"""
    soap: Soap | None = None
    """for soap: the operation (`soap` below)"""
    folder: Drop | None = None
    """for folder: where it is (`folder` below)"""
    missing_task: Literal["refuse", "create"] = "refuse"
    """for fhir-task: what to do where the receiver has no such Task: a dead letter, or make it there"""
    connect_timeout: Wait = timedelta(seconds=5)
    """how long to wait for a connection"""
    timeout: Wait = Field(default_factory=lambda known: _patience(known))
    """how long to wait for the answer; for mailbox until a message that was not confirmed is handed out again"""
    max_answer_bytes: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    """the largest answer that is read"""
    concurrency: int = Field(4, ge=1, le=64)
    """how many messages may be under way to it at the same time"""
    rate: float | None = Field(None, gt=0, le=1000)
    """how many messages may be sent to it in a second; any number where not set"""
    silent_after: Duration = Field(timedelta(hours=1), ge=timedelta(minutes=1))
    """for mailbox: how long a message may wait without anybody coming, before operations are told"""
    dead_letter: DeadLetters = {}  # noqa: RUF012 - pydantic gives each its own
    """for an event: whether a dead letter holds the patient's later messages, where it differs from the event's own"""

    @field_validator("address")
    @classmethod
    def _is_closed(cls, address: str, known: ValidationInfo) -> str:
        channel = known.data.get("channel")
        if channel not in (MAILBOX, FOLDER):
            return _url(address, "https://receiver.example/fhir")
        if address:
            how = "emptied by its receiver" if channel == MAILBOX else "named by folder"
            raise ValueError(f"a {channel} is {how}: leave address out")
        return address

    @field_validator("format")
    @classmethod
    def _suits_channel(cls, form: str, known: ValidationInfo) -> str:
        channel = known.data.get("channel")
        if channel in _RECORDS and form == "json":
            raise ValueError(f"a channel of kind {channel} needs format: xml")
        return form

    @field_validator("mapping")
    @classmethod
    def _needs_mapping(cls, mapping: str | None, known: ValidationInfo) -> str | None:
        channel = known.data.get("channel")
        if channel in _RECORDS and mapping is None:
            raise ValueError(f"a channel of kind {channel} needs the mapping that writes its records")
        if channel in _FHIR and mapping is not None:
            raise ValueError(f"a channel of kind {channel} sends FHIR as it is: leave mapping out")
        return mapping

    @field_validator(
        "token_file", "token_env", "oauth", "ca_file", "client_certificate", "client_key", "proxy",
        "proxy_password_file", "signing_secret_file",
    )  # fmt: skip
    @classmethod
    def _is_called(cls, means: object, known: ValidationInfo) -> object:
        channel = known.data.get("channel", "fhir")
        if means is not None and channel == MAILBOX:
            raise ValueError("a mailbox is not called: its receiver shows a token of its own, leave this out")
        if means is not None and channel not in _CALLED:
            raise ValueError(f"a {channel} is not called: leave this out")
        return means

    @field_validator("token_env", "oauth")
    @classmethod
    def _one_token(cls, means: object, known: ValidationInfo) -> object:
        others = [known.data.get(name) for name in ("token_file", "token_env") if name != known.field_name]
        if means is not None and any(others):
            raise ValueError("expected one of token_file, token_env and oauth")
        return means

    @field_validator("ca_file", "client_certificate", "client_key")
    @classmethod
    def _is_there(cls, file: Path | None) -> Path | None:
        if file is not None and not file.is_file():
            raise ValueError(f"there is no file {file}")
        return file

    @field_validator("client_key")
    @classmethod
    def _in_pair(cls, key: Path | None, known: ValidationInfo) -> Path | None:
        certificate = known.data.get("client_certificate", key)
        if (key is None) != (certificate is None):
            raise ValueError("client_certificate and client_key go together")
        return key

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, proxy: str | None) -> str | None:
        if proxy is None or proxy == "environment":
            return proxy
        try:
            url = urlsplit(proxy)
            host, _ = url.hostname, url.port
        except ValueError:
            host = None
        if host is None or url.scheme not in {"http", "https"} or url.path not in {"", "/"}:
            raise ValueError("expected environment, or a URL such as http://proxy.example:8080")
        if url.username is not None or url.password is not None:
            raise ValueError("must not hold a user or password: name a file by proxy_password_file")
        return proxy

    @field_validator("proxy_password_file")
    @classmethod
    def _goes_with_proxy(cls, file: Path | None, known: ValidationInfo) -> Path | None:
        if file is not None and known.data.get("proxy", file) is None:
            raise ValueError("needs proxy beside it")
        return file

    @field_validator("soap", "folder")
    @classmethod
    def _of_its_kind(cls, part: object, known: ValidationInfo) -> object:
        channel, name = known.data.get("channel"), known.field_name
        if channel is not None and (channel == name) != (part is not None):
            reason = "is missing: this channel needs it" if part is None else f"is for a channel of kind {name}"
            raise ValueError(reason)
        return part

    @field_validator("missing_task")
    @classmethod
    def _has_tasks(cls, missing: str, known: ValidationInfo) -> str:
        if missing == "create" and known.data.get("channel", TASK) != TASK:
            raise ValueError(f"is for a channel of kind {TASK}")
        return missing

    @property
    def pulled(self) -> bool:
        """Whether its receiver fetches the messages itself."""
        return self.channel == MAILBOX

    @property
    def secret_files(self) -> dict[tuple[str, ...], Path]:
        """The files that hold secrets, by the key that names each."""
        named: dict[tuple[str, ...], Path | None] = {
            ("token_file",): self.token_file,
            ("client_key",): self.client_key,
            ("proxy_password_file",): self.proxy_password_file,
            ("signing_secret_file",): self.signing_secret_file,
        }
        if self.oauth is not None:
            named |= {("oauth", "key_file"): self.oauth.key_file, ("oauth", "secret_file"): self.oauth.secret_file}
        return {place: file for place, file in named.items() if file is not None}

    def token(self) -> str | None:
        """The bearer token to send, read anew on each call; None where the endpoint uses none. Raises SecretError."""
        if self.token_file is None and self.token_env is None:
            return None
        token = secrets.read(self.token_file, self.token_env, 1, "put the one there that the receiver gave")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise secrets.SecretError(f"the token of endpoint {self.id} has characters that no bearer token has")
        return token

    def secret_problems(self) -> Iterator[tuple[tuple[str, ...], secrets.SecretError]]:
        """What is wrong with the secrets that it names, each with the key that names it."""
        try:
            self.token()
        except secrets.SecretError as error:
            yield ("token_file",) if self.token_file else ("token_env",), error
        for place, file in self.secret_files.items():
            if place in (("token_file",), ("client_key",)):
                continue
            try:
                secrets.read(file, None, 1, "put it there")
            except secrets.SecretError as error:
                yield place, error
        if self.oauth is not None and self.oauth.secret_env is not None:
            try:
                secrets.read(None, self.oauth.secret_env, 1, "put the client's secret there")
            except secrets.SecretError as error:
                yield ("oauth", "secret_env"), error


def _patience(known: dict[str, object]) -> timedelta:
    return timedelta(minutes=5) if known.get("channel") == MAILBOX else timedelta(seconds=30)


class Inbox(Entry):
    """A folder in which a system leaves its messages, one file each."""

    id: Identifier
    """the folder's name in lists and logs"""
    system: Identifier
    """the system that leaves them; its party is who sends"""
    path: LocalPath
    """the folder; processing, done and refused are made in it"""
    mapping: Identifier | None = None
    """the mapping that reads its records; FHIR in JSON or XML where not set"""
    every: Annotated[Duration, Field(ge=timedelta(milliseconds=100), le=timedelta(minutes=10))] = timedelta(seconds=5)
    """how often it is looked into"""
    settled: Annotated[Duration, Field(le=timedelta(minutes=10))] = timedelta(seconds=2)
    """how long a file must have stayed as it is before it is taken for whole"""
