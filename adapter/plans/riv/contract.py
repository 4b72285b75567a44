"""The request and the answer of GetCarePlans 2.0 as data. Times are aware."""

from dataclasses import dataclass, field
from datetime import date, datetime

from adapter.support.errors import ParseError

RESPONDER = "urn:riv:clinicalprocess:logistics:logistics:GetCarePlansResponder:2"
CORE = "urn:riv:clinicalprocess:logistics:logistics:3"
ACTION = "urn:riv:clinicalprocess:logistics:GetCarePlansResponder:2:GetCarePlans"
"""As published: with one `logistics` less than the namespaces."""
HSA_ROOT = "1.2.752.129.2.1.4.1"
PERSONNUMMER, SAMORDNINGSNUMMER = "1.2.752.129.2.1.3.1", "1.2.752.129.2.1.3.3"
KINDS = frozenset({"SIP", "SPLPTLRV", "SPU", "VP", "HP", "RP", "GP", "SVP"})
LARGEST_ATTACHMENT = 100_000
"""Bytes: the contract says 100 KB, read as the smaller of the two that this can mean."""


class ContractError(ParseError):
    """An element does not follow the contract. Names the element, never its value."""


@dataclass(frozen=True)
class PersonId:
    """`type` is an OID: of personnummer, samordningsnummer, or a reserve number of the source system's own."""

    id: str
    type: str


@dataclass(frozen=True)
class Request:
    """What is asked for. An empty filter does not narrow; `period` is first and last day, both included."""

    patient: PersonId
    care_units: frozenset[str] = frozenset()
    period: tuple[date, date] | None = None
    source_system: str | None = None
    care_contacts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Code:
    code: str | None = None
    system: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Professional:
    """Who answers for a plan: a person where one is known, and the units that spärr and logging need (PDL)."""

    author_time: datetime
    hsa: str | None = None
    name: str | None = None
    role: Code | None = None
    unit: str | None = None
    unit_name: str | None = None
    care_unit: str | None = None
    care_giver: str | None = None


@dataclass(frozen=True)
class Signature:
    time: datetime
    hsa: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Attachment:
    """`value` holds the bytes; where it is None the document lies at `reference`."""

    media_type: str
    value: bytes | None
    reference: str | None = None


@dataclass(frozen=True)
class CarePlan:
    """A plan as the contract carries it. `participants` are HSA-ids; `kind` one of KINDS. Of a plan that was read,
    `left_out` names the elements that stand in it and are not carried here."""

    document_id: str
    source_system: str
    title: str
    patient: PersonId
    professional: Professional
    approved_for_patient: bool
    time: datetime | None = None
    care_contact: str | None = None
    attachments: tuple[Attachment, ...] = ()
    participants: tuple[str, ...] = ()
    kind: str | None = None
    signature: Signature | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """`code` is OK, INFO or ERROR; an ERROR is the caller's (INVALID_REQUEST) and holds no plans."""

    code: str
    log_id: str
    message: str | None = None
    plans: tuple[CarePlan, ...] = field(default=(), repr=False)
