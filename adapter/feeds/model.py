"""What a feed is: which system speaks, for whom, how, and what its messages mean where they do not say so themselves.

One YAML file a feed. What it does not say and the messages do not carry is a stated gap, never a default.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from adapter.feeds.events import Address
from adapter.fhir import canonical
from adapter.support import checked
from adapter.support.durations import Duration
from adapter.support.hosts import is_loopback
from adapter.support.paths import LocalPath
from adapter.support.settings import ExistingFile

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,55}$")]
Place = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{2}-[1-9][0-9]{0,2}(\.[1-9][0-9]?){0,2}$")]
"""A field of an HL7 v2 message: segment, field, component, subcomponent, such as PV1-3.1."""
Code = Annotated[str, Field(min_length=1, max_length=80)]
Trigger = Annotated[str, Field(pattern=r"^A[0-9]{2}$")]

_SYSTEMS = {
    "personnummer": canonical.PERSONNUMMER,
    "samordningsnummer": canonical.SAMORDNINGSNUMMER,
    "reservnummer": canonical.RESERVNUMMER,
}
MERGES = frozenset({"A17", "A18", "A30", "A34", "A35", "A36", "A39", "A40", "A41", "A42", "A43", "A44", "A45"})
"""Trigger events that join or swap persons or stays: they cannot be left out, for the records would be wrong."""


class Entry(BaseModel):
    """Part of a feed's file: unknown keys are refused, values never change after load."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class NumberSystem(Entry):
    authority: str
    """the assigning authority of PID-3.4, its namespace or its OID; "" where none is given"""
    type: str | None = None
    """the identifier type code of PID-3.5; any where not set"""
    system: str
    """personnummer, samordningsnummer, reservnummer, person (personnummer or samordningsnummer, as its day says), or
    the URI of a regional system"""

    @field_validator("system")
    @classmethod
    def _is_known(cls, system: str) -> str:
        if system != "person" and system not in _SYSTEMS and not re.match(r"(urn:|https?://)\S+$", system):
            raise ValueError(f"is {system!r}, expected person, {', '.join(_SYSTEMS)} or a URI")
        return _SYSTEMS.get(system, system)


class Coded(Entry):
    field: Place
    """where the message says it"""
    values: Annotated[tuple[Code, ...], AfterValidator(checked.not_empty)]
    """the values that mean yes"""


class Need(Entry):
    """Which stays may need services after discharge (LAW 2:1). Not every admission does, and none is told of that
    was not judged so."""

    units: tuple[Code, ...] = ()
    """admissions to these units all count as judged, by a decision of the region's; codes as the feed writes them"""
    basis: Annotated[str, Field(min_length=1)] | None = None
    """that decision"""
    field: Place | None = None
    """or: where an HL7 v2 message says it"""
    values: tuple[Code, ...] = ()
    """the values there that mean that services may be needed"""
    time: Place | None = None
    """where it says since when; without it the 24 hours count from the admission"""

    @field_validator("basis")
    @classmethod
    def _goes_with_units(cls, basis: str | None, known: ValidationInfo) -> str | None:
        if known.data.get("units") and basis is None:
            raise ValueError("is missing: units needs the decision that it rests on")
        return basis

    @field_validator("values")
    @classmethod
    def _go_with_field(cls, values: tuple[str, ...], known: ValidationInfo) -> tuple[str, ...]:
        if bool(values) != bool(known.data.get("field")):
            raise ValueError("field and values go together")
        return values


class Assessment(Entry):
    time: Place
    """where the message says when the person was assessed as utskrivningsklar"""
    assessor: Place
    """where it says by whom"""


class Whom(Entry):
    hsa: str | None = None
    """the HSA-id of a unit"""
    kommunkod: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    """or a municipality"""

    @field_validator("kommunkod")
    @classmethod
    def _is_one(cls, code: str | None, known: ValidationInfo) -> str | None:
        if (code is None) == (known.data.get("hsa") is None):
            raise ValueError("expected either hsa or kommunkod")
        return code

    @property
    def address(self) -> Address:
        return Address(self.hsa, self.kommunkod)


class Receivers(Entry):
    municipality: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    """for persons of this municipality (folkbokföring) only"""
    unit: Code | None = None
    """for stays at this unit only, as the feed writes it"""
    to: Annotated[tuple[Whom, ...], AfterValidator(checked.not_empty)]
    """who is told"""

    @property
    def conditional(self) -> bool:
        return self.municipality is not None or self.unit is not None


class Fields(Entry):
    """Where an ADT message says what; the defaults are those of the standard."""

    stay: Place = "PV1-19.1"
    """the stay's own id"""
    unit: Place = "PV1-3.1"
    """the unit of care"""
    admitted: Place = "PV1-44"
    """the admission; EVN-6 of an A01 where it is empty"""
    discharged: Place = "PV1-45"
    """the discharge; EVN-6 of an A03 where it is empty"""
    estimated: Place = "PV2-9"
    """the estimated discharge"""
    municipality: Place = "PID-11.9"
    """the kommunkod of the folkbokföring, four digits or six with the församling; of PID-11 the address so named"""
    left: Place = "PV1-36"
    """how the stay ended"""


class Addresses(Entry):
    registered: tuple[str, ...] = ("L",)
    """address types (PID-11.7) that are the folkbokföringsadress; "" for an address without type"""
    special: tuple[str, ...] = ()
    """address types that are the särskild postadress"""


class Adt(Entry):
    """How an HL7 v2 feed is to be read."""

    application: str | None = None
    """the only sending application (MSH-3.1) that is taken; any where not set"""
    charset: Literal["ascii", "utf-8", "iso-8859-1"] = "ascii"
    """the character set of messages without MSH-18"""
    classes: Annotated[tuple[Code, ...], AfterValidator(checked.not_empty)] = ("I",)
    """the patient classes (PV1-2) that are inpatient care; messages of others are left out"""
    leave_out: tuple[Trigger, ...] = ()
    """trigger events that are taken and left out on purpose; what is neither used nor left out is refused"""
    identifiers: tuple[NumberSystem, ...] = ()
    """which numbers of PID-3 are of which system; the OIDs of personnummer and samordningsnummer are known"""
    fields: Fields = Field(default_factory=Fields)
    addresses: Addresses = Field(default_factory=Addresses)
    protected: Coded = Coded(field="PD1-12", values=("Y",))
    """which persons have skyddad folkbokföring: their messages are held"""
    confidential: Coded | None = None
    """which persons have sekretessmarkering"""
    ready: Assessment | None = None
    """where it says that the person is utskrivningsklar; not set: the feed does not carry it"""
    left: dict[str, Literal["home", "died", "transferred"]] = {}
    """what the codes of how a stay ended mean"""

    @field_validator("leave_out")
    @classmethod
    def _no_merges(cls, triggers: tuple[str, ...]) -> tuple[str, ...]:
        used = {"A01", "A02", "A03", "A08", "A11", "A12", "A13"}.intersection(triggers)
        if MERGES.intersection(triggers) or used:
            raise ValueError("cannot hold an event that is used, or one that joins persons or stays (such as A40)")
        return triggers


class Times(Entry):
    zone: str = "Europe/Stockholm"
    """the zone of local times without offset"""
    ambiguous: Literal["earlier", "later", "gap"] = "gap"
    """what a local time means in the hour that happens twice when summer time ends; gap: it is not used"""

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (LookupError, ValueError, OSError):
            raise ValueError(f"is {zone!r}, expected a time zone such as Europe/Stockholm") from None
        return zone


class Mllp(Entry):
    """Where a feed over MLLP is listened for."""

    tls_certificate: ExistingFile | None = None
    """PEM file with the server's certificate and its chain"""
    tls_key: ExistingFile | None = None
    """PEM file with its private key"""
    tls_client_ca: ExistingFile | None = None
    """PEM file with the authorities of the sender's certificate, which it must then present"""
    address: str = "127.0.0.1"
    """the address to listen on; beyond loopback all three files are required, for MLLP itself knows no sender"""
    port: int = Field(ge=0, le=65535)
    """the port to listen on"""
    connections: int = Field(8, ge=1, le=256)
    """how many connections may be open at the same time"""
    message_within: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=30)
    """how long a message may take from its first byte to its last"""
    idle: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(hours=1)
    """how long a connection may be silent between messages"""

    @field_validator("tls_key")
    @classmethod
    def _is_pair(cls, key: Path | None, known: ValidationInfo) -> Path | None:
        if (key is None) != (known.data.get("tls_certificate") is None):
            raise ValueError("tls_certificate and tls_key go together")
        return key

    @field_validator("tls_client_ca")
    @classmethod
    def _needs_tls(cls, authorities: Path | None, known: ValidationInfo) -> Path | None:
        if authorities is not None and known.data.get("tls_certificate") is None:
            raise ValueError("needs tls_certificate beside it")
        return authorities

    @field_validator("address")
    @classmethod
    def _is_closed(cls, address: str, known: ValidationInfo) -> str:
        if known.data.get("tls_client_ca", address) is None and not is_loopback(address):
            raise ValueError("goes beyond this machine: set tls_certificate, tls_key and tls_client_ca")
        return address


class Inbox(Entry):
    """Where a feed's files are laid."""

    path: LocalPath
    """the folder; a file is moved into it whole (written elsewhere, or under a name that begins with a dot)"""
    every: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=5)
    """how often it is looked into"""


class Silence(Entry):
    """When a source that normally sends and does not is told of."""

    after: Annotated[Duration, Field(gt=timedelta(0))]
    """how long it may send nothing, counted in the hours below only"""
    days: Literal["all", "weekdays"] = "all"
    """weekdays: no Saturdays, Sundays, public holidays, midsommarafton, julafton and nyårsafton"""
    hours: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")] = (
        "00:00-24:00"
    )
    """the hours of a day, in times.zone"""

    @field_validator("hours")
    @classmethod
    def _has_some(cls, hours: str) -> str:
        begin, end = hours.split("-")
        if begin >= end:
            raise ValueError(f"is {hours!r}: expected an end after the beginning, on the same day")
        return hours


class Feed(Entry):
    id: Identifier
    """the feed's name in addresses, lists and commands; never changed once used"""
    party: str
    """the party whose system it is and for which it speaks"""
    system: Code
    """the sending system's name, for readers of the messages"""
    format: Literal["hl7v2", "flat"]
    """hl7v2: ADT messages; flat: stay events of our own format"""
    protocol: Literal["http", "mllp", "folder"]
    """how they come in"""
    mllp: Mllp | None = None
    folder: Inbox | None = None
    units: dict[str, str] = {}
    """the sender's codes of units, each with its HSA-id; a code that is an HSA-id of the party needs no entry"""
    need: Need | None = None
    """which stays may need services; not set: what the feed itself says. ADT says nothing: there it must be set"""
    receivers: tuple[Receivers, ...] = ()
    """who is told; not set: whom the feed itself names. ADT names nobody: there it must be set"""
    silent: Silence | None = None
    """after how long a silence operations are told; not set: never"""
    times: Times = Field(default_factory=Times)
    adt: Adt = Field(default_factory=Adt)

    @field_validator("mllp", "folder")
    @classmethod
    def _suits_protocol(cls, part: Any, known: ValidationInfo) -> Any:
        if "protocol" in known.data and (part is not None) != (known.data["protocol"] == known.field_name):
            raise ValueError(f"is for protocol: {known.field_name}, and needed there")
        return part

    @field_validator("mllp")
    @classmethod
    def _suits_format(cls, part: Mllp | None, known: ValidationInfo) -> Mllp | None:
        if part is not None and known.data.get("format") == "flat":
            raise ValueError("carries HL7 v2 alone: expected format: hl7v2")
        return part

    @field_validator("need", "receivers")
    @classmethod
    def _is_said(cls, part: Any, known: ValidationInfo) -> Any:
        if known.data.get("format") == "hl7v2" and not part:
            raise ValueError("is missing: ADT does not carry it, and it is not guessed")
        if known.data.get("format") == "flat" and isinstance(part, Need) and part.field:
            raise ValueError("names a field of HL7 v2: the flat format says it by its element behov")
        return part

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.times.zone)
