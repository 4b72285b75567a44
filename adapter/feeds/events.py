"""A stay event: what one message of a journal system says of one stay, whatever form it was sent in.

A member that is None was not said; GONE was said to hold no longer. Instants are texts with offset from UTC, as FHIR
writes them, so that nothing has to be assumed later.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal


class Kind(StrEnum):
    """What happened. The HL7 v2 trigger events that say so are in `adt`."""

    ADMITTED = "admitted"
    CHANGED = "changed"
    NEED_ASSESSED = "need-assessed"
    READY = "ready"
    NOT_READY = "not-ready"
    TRANSFERRED = "transferred"
    DISCHARGED = "discharged"
    ADMISSION_CANCELLED = "admission-cancelled"
    TRANSFER_CANCELLED = "transfer-cancelled"
    DISCHARGE_CANCELLED = "discharge-cancelled"


GONE: Final = ""
"""Said to hold no longer: the HL7 v2 null (`""`), or an empty element of the flat format."""


@dataclass(frozen=True)
class Postal:
    """An address. `special` is särskild postadress, else folkbokföringsadress."""

    lines: tuple[str, ...]
    postal_code: str
    city: str
    special: bool = False


@dataclass(frozen=True)
class Person:
    """Who it is about. `identifiers` are (FHIR system, value); `labels` codes of SEBase's SecurityLabel, which only
    ever add: a person is not unmarked by a message that says nothing of it."""

    identifiers: tuple[tuple[str, str], ...]
    family: str = ""
    given: tuple[str, ...] = ()
    addresses: tuple[Postal, ...] = ()
    labels: frozenset[str] = frozenset()

    @property
    def protected(self) -> bool:
        return "skyddadFolkbokforing" in self.labels


@dataclass(frozen=True)
class Address:
    """Whom a feed names as receiver: a unit by HSA-id, or a municipality by kommunkod; exactly one of the two."""

    hsa: str | None = None
    kommunkod: str | None = None

    @property
    def code(self) -> str:
        return self.hsa or self.kommunkod or ""


@dataclass(frozen=True)
class Ready:
    """The assessment that the person is utskrivningsklar: when, and by whom (empty where it was not said)."""

    at: str
    by: str


@dataclass(frozen=True)
class StayEvent:
    """`control_id` is the sender's own id of the message, `stay` its id of the stay, `recorded` (aware UTC) when it was
    entered there: the order of what is known. `unit` is as the sender names it. `needed`: whether services may be
    needed after discharge, `need_assessed` since when that is known. `doubts` are the members that were said in a way
    that leaves them open, each with the words why."""

    control_id: str
    kind: Kind
    stay: str
    recorded: datetime
    person: Person | None = None
    unit: str | None = None
    admitted: str | None = None
    discharged: str | None = None
    estimated: str | None = None
    needed: bool | None = None
    need_assessed: str | None = None
    ready: Ready | Literal[""] | None = None
    left: str | None = None
    """how the stay ended: home, died or transferred"""
    kommunkod: str | None = None
    receivers: tuple[Address, ...] = ()
    doubts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOut:
    """A message that is of no concern here, and why: that it came is kept, and it is answered as taken."""

    control_id: str
    reason: str


@dataclass
class RefusedEvent(Exception):  # noqa: N818 - an answer, not a failure
    """A message cannot be used. `code` is of HL7 table 0357, in both formats; `place` where it stands, such as PID-3;
    `reject`: it is not of the kind that is taken at all, else its content is wrong. Words without personal data."""

    words: str
    code: str = "102"
    place: str = ""
    reject: bool = False
    control_id: str | None = None
