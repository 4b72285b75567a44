"""What the directory holds: parties and their units, systems, endpoints, and the routes that lead to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from adapter.support import checked
from adapter.support.durations import Duration

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
    psychiatric: bool = False
    """whether it is psychiatric inpatient care, which an agreement may reckon otherwise (psychiatric_days)"""
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


DeadLetters = dict[str, Literal["hold", "release", "supersede"]]
"""What a dead letter of an event does to the patient's later messages: they wait (hold), go on (release), or wait until
there is a later one of that event (supersede)."""


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
    dead_letter: DeadLetters = {}
    """as the endpoint's, and before it, for what goes by this route"""

    def carries(self, event: str) -> bool:
        """Whether the route carries an event."""
        return self.events is None or event in self.events
