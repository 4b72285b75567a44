"""What the directory holds: parties and their units, systems, endpoints, and the routes that lead to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from adapter.support import checked, secrets
from adapter.support.durations import Duration
from adapter.support.settings import is_loopback

_folder: ContextVar[Path] = ContextVar("directory_folder")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds characters that cannot be printed")
    return text


Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Kommunkod = Annotated[str, Field(pattern=r"^[0-9]{4}$")]
HsaId = Annotated[str, Field(max_length=64, pattern=r"^[!-~]+$")]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9][0-9 \-]{2,28}[0-9]$")]
Email = Annotated[str, Field(max_length=200, pattern=r"^[^@\s]+@[^@\s]+$")]
LocalPath = Annotated[Path, AfterValidator(lambda path: _folder.get(Path()) / path.expanduser())]
"""A path as written, seen from the directory's folder."""
Wait = Annotated[Duration, Field(gt=timedelta(0), le=timedelta(minutes=10))]


@contextmanager
def paths_from(folder: Path) -> Iterator[None]:
    """Within it, relative paths are seen from the folder."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


class Entry(BaseModel):
    """One row of the directory: unknown keys are refused, values never change after load."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Dated(Entry):
    """An entry that counts from one day to another, both included; an open end has no date."""

    valid_from: date | None = None
    """the first day on which it counts"""
    valid_to: date | None = None
    """the last day on which it counts"""

    @field_validator("valid_to")
    @classmethod
    def _follows_start(cls, end: date | None, known: ValidationInfo) -> date | None:
        start = known.data.get("valid_from")
        if end is not None and start is not None and end < start:
            raise ValueError(f"{end} is before valid_from {start}")
        return end

    def counts(self, on: date) -> bool:
        """Whether the entry counts on a day."""
        return self.starts <= on <= self.ends

    @property
    def starts(self) -> date:
        return self.valid_from or date.min

    @property
    def ends(self) -> date:
        return self.valid_to or date.max

    def meets(self, other: "Dated") -> bool:
        """Whether there is a day on which both count."""
        return self.starts <= other.ends and other.starts <= self.ends


class PartyKind(StrEnum):
    """Who answers for a unit. A region with a kommunkod is a municipality as well (Gotland)."""

    REGION = "region"
    MUNICIPALITY = "municipality"
    PROVIDER = "provider"
    OPERATOR = "operator"


class Party(Entry):
    id: Identifier
    """the party's name in tokens, routes and lists; never changed once used"""
    kind: PartyKind
    """region, municipality, provider (private care on their behalf) or operator (runs a shared system)"""
    name: Name
    """the name that people read"""
    kommunkod: Kommunkod | None = None
    """the municipality's code, four digits in quotes; a region has one where it is a municipality as well"""
    hsa: HsaId | None = None
    """the HSA-id of the organisation itself"""
    contact: str | None = Field(None, max_length=400)
    """whom operations calls"""
    phone: Phone | None = None
    """the number to call when messages cannot be sent"""
    email: Email | None = None
    """the address to write to then; never about a patient"""
    replaced_by: Identifier | None = None
    """the party that has taken over its tasks: what did not reach it may be sent to that one"""

    @field_validator("kommunkod")
    @classmethod
    def _suits_kind(cls, code: str | None, known: ValidationInfo) -> str | None:
        kind = known.data.get("kind")
        if kind is PartyKind.MUNICIPALITY and code is None:
            raise ValueError("a municipality needs its kommunkod")
        if code is not None and kind in {PartyKind.PROVIDER, PartyKind.OPERATOR}:
            raise ValueError(f"a party of kind {kind} has no kommunkod")
        return code


class UnitKind(StrEnum):
    """The part that a unit plays in discharge planning."""

    INPATIENT = "inpatient"
    """slutenvård"""
    OPEN_CARE = "open-care"
    """regionfinansierad öppenvård"""
    MUNICIPAL_RECEIVING = "municipal-receiving"
    """the municipality's unit that takes in cases and forwards them"""
    MUNICIPAL = "municipal"
    """kommun SoL or HSL"""
    MOBILE_TEAM = "mobile-team"
    """mobilt team, of region or municipality"""

    @property
    def regional(self) -> bool:
        return self in {UnitKind.INPATIENT, UnitKind.OPEN_CARE}

    @property
    def municipal(self) -> bool:
        return self in {UnitKind.MUNICIPAL_RECEIVING, UnitKind.MUNICIPAL}


class Unit(Dated):
    hsa: HsaId
    """the unit's HSA-id"""
    name: Name
    """the name that people read"""
    kind: UnitKind
    """inpatient, open-care, municipal-receiving, municipal or mobile-team"""
    party: Identifier
    """the party that answers for the unit"""
    parent: HsaId | None = None
    """the HSA-id of the unit above it"""
    phone: Phone | None = None
    """the number to call when messages cannot be sent; the party's where not set"""
    email: Email | None = None
    """the address to write to then; never about a patient"""
    contact: str | None = Field(None, max_length=400)
    """whom to ask for, and when"""


class System(Entry):
    id: Identifier
    """the system's name in endpoints and lists"""
    kind: Literal["ehr", "planning-tool", "care-record", "test-tool"]
    """ehr (journal), planning-tool (shared planning tool), care-record (a municipality's own) or test-tool"""
    party: Identifier
    """the party that runs it and whose token it uses"""
    carries: tuple[Identifier, ...] = ()
    """other parties that use it: its token may send as their units, and it takes their messages"""


MAILBOX = "mailbox"
_FORMAT: dict[str, Literal["json", "xml"]] = {"fhir": "json", "xml-http": "xml", MAILBOX: "json"}


def _patience(known: dict[str, object]) -> timedelta:
    return timedelta(minutes=5) if known.get("channel") == MAILBOX else timedelta(seconds=30)


class Endpoint(Entry):
    id: Identifier
    """the endpoint's name in routes, lists and metrics"""
    system: Identifier
    """the system that it leads to"""
    channel: Literal["fhir", "xml-http", "mailbox"]
    """fhir: messages as FHIR, posted; xml-http: records of a mapping, posted; mailbox: FHIR, fetched by the receiver"""
    address: str = ""
    """the URL that messages are posted to; https off this machine; none for mailbox"""
    logical: str = Field(default_factory=lambda known: str(known.get("address", "")))
    """the address named in MessageHeader.destination.endpoint, where it differs from the URL"""
    format: Literal["json", "xml"] = Field(default_factory=lambda known: _FORMAT.get(known.get("channel", ""), "json"))
    """how FHIR is written: json where not set; always xml for xml-http"""
    mapping: Identifier | None = None
    """the folder under mappings/ that turns messages to records and back; none for fhir and mailbox"""
    token_file: LocalPath | None = None
    """the file with the bearer token that the receiver gave"""
    token_env: str | None = None
    """the environment variable with the bearer token that the receiver gave"""
    ca_file: LocalPath | None = None
    """PEM file with the authorities that the receiver's certificate comes from; the system's where not set"""
    client_certificate: LocalPath | None = None
    """PEM file with the certificate that the adapter shows the receiver"""
    client_key: LocalPath | None = None
    """PEM file with the private key of client_certificate"""
    connect_timeout: Wait = timedelta(seconds=5)
    """how long to wait for a connection"""
    timeout: Wait = Field(default_factory=_patience)
    """how long to wait for the answer; for mailbox until a message that was not confirmed is handed out again"""
    max_answer_bytes: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    """the largest answer that is read"""
    concurrency: int = Field(4, ge=1, le=64)
    """how many messages may be under way to it at the same time"""
    silent_after: Duration = Field(timedelta(hours=1), ge=timedelta(minutes=1))
    """for mailbox: how long a message may wait without anybody coming, before operations are told"""
    dead_letter: dict[str, Literal["hold", "release"]] = {}
    """for an event: whether a dead letter holds the patient's later messages, where it differs from the event's own"""

    @field_validator("address")
    @classmethod
    def _is_closed(cls, address: str, known: ValidationInfo) -> str:
        if known.data.get("channel") == MAILBOX:
            if address:
                raise ValueError("a mailbox is emptied by its receiver: leave address out")
            return address
        try:
            url = urlsplit(address)
            host, _ = url.hostname, url.port
        except ValueError:
            host = None
        if host is None or url.scheme not in {"http", "https"} or url.fragment:
            raise ValueError("expected a URL such as https://receiver.example/fhir")
        if url.username is not None or url.password is not None:
            raise ValueError("must not hold a user or password: name a token by token_file or token_env")
        if url.scheme == "http" and not is_loopback(host):
            raise ValueError("http:// is only for this machine: use https://")
        return address

    @field_validator("format")
    @classmethod
    def _suits_channel(cls, form: str, known: ValidationInfo) -> str:
        if known.data.get("channel") == "xml-http" and form == "json":
            raise ValueError("a channel of kind xml-http needs format: xml")
        return form

    @field_validator("mapping")
    @classmethod
    def _needs_mapping(cls, mapping: str | None, known: ValidationInfo) -> str | None:
        channel = known.data.get("channel")
        if channel == "xml-http" and mapping is None:
            raise ValueError("a channel of kind xml-http needs the mapping that writes its records")
        if channel in ("fhir", MAILBOX) and mapping is not None:
            raise ValueError(f"a channel of kind {channel} sends FHIR as it is: leave mapping out")
        return mapping

    @field_validator("token_file", "token_env", "ca_file", "client_certificate", "client_key")
    @classmethod
    def _is_called(cls, means: object, known: ValidationInfo) -> object:
        if means is not None and known.data.get("channel") == MAILBOX:
            raise ValueError("a mailbox is not called: its receiver shows a token of its own, leave this out")
        return means

    @field_validator("token_env")
    @classmethod
    def _one_token(cls, variable: str | None, known: ValidationInfo) -> str | None:
        if variable is not None and known.data.get("token_file") is not None:
            raise ValueError("expected either token_file or token_env, not both")
        return variable

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

    @property
    def pulled(self) -> bool:
        """Whether its receiver fetches the messages itself."""
        return self.channel == MAILBOX

    def token(self) -> str | None:
        """The bearer token to send, read anew on each call; None where the endpoint uses none. Raises SecretError."""
        if self.token_file is None and self.token_env is None:
            return None
        token = secrets.read(self.token_file, self.token_env, 1, "put the one there that the receiver gave")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise secrets.SecretError(f"the token of endpoint {self.id} has characters that no bearer token has")
        return token


class Target(Entry):
    """Whom a route is for: exactly one of the four."""

    hsa: HsaId | None = None
    """one unit"""
    party: Identifier | None = None
    """every unit of a party, and its kommunkod"""
    municipality: Kommunkod | None = None
    """messages addressed by kommunkod"""
    placing: Kommunkod | None = None
    """messages addressed by the municipality that placed the person elsewhere"""

    @field_validator("placing")
    @classmethod
    def _is_one(cls, placing: str | None, known: ValidationInfo) -> str | None:
        given = [name for name in ("hsa", "party", "municipality") if known.data.get(name)]
        if len(given) + (placing is not None) != 1 and len(known.data) == len(cls.model_fields) - 1:
            raise ValueError("expected exactly one of hsa, party, municipality and placing")
        return placing

    @property
    def pair(self) -> tuple[str, str]:
        """Which of the four, and its value."""
        return next((name, value) for name, value in self if value is not None)


class RouteEntry(Dated):
    to: Target
    """whom the route is for"""
    events: Annotated[tuple[str, ...], AfterValidator(checked.not_empty)] | None = None
    """the events that it carries; all where not set"""
    endpoint: Identifier
    """the endpoint that takes the messages"""

    def carries(self, event: str) -> bool:
        """Whether the route carries an event."""
        return self.events is None or event in self.events
