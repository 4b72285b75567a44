"""An ongoing case as an export tells it, in the words of the authoring room. Units are named by their HSA-id."""

import hashlib
import json
from dataclasses import dataclass, fields, replace
from typing import Any

from pydantic import BaseModel

from adapter.authoring.content import Section
from adapter.authoring.parties import Person
from adapter.authoring.planning import CareContact, Consent, Meeting, Plan

PROTECTED = "skyddadFolkbokforing"


@dataclass(frozen=True)
class Request:
    """What a unit is asked and has answered: `status` of Task, `reason` a code of task-status-reason."""

    unit: str
    status: str
    reason: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Admission:
    """The stay. Instants are texts with offset; `estimate` may be a day."""

    ward: str
    admitted: str
    sent: str
    need_assessed: str | None = None
    estimate: str | None = None
    placed_by: str | None = None

    @property
    def unit(self) -> str:
        return self.ward


@dataclass(frozen=True)
class Referral:
    """How a case began that never was a stay: who refers to health care at home, by which way in, and why. `way_in` and
    `criteria` are codes of ours."""

    unit: str
    sent: str
    way_in: str
    reason: str
    criteria: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ready:
    assessed: str
    assessor: str
    sent: str


@dataclass(frozen=True)
class Information:
    sent: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Invitation:
    sender: str
    sent: str
    meeting: Meeting
    called: tuple[Request, ...]


@dataclass(frozen=True)
class HeldPlan:
    sender: str
    sent: str
    plan: Plan


@dataclass(frozen=True)
class Discharge:
    at: str
    sent: str
    left: str | None = None


@dataclass(frozen=True)
class Case:
    """One ongoing case, begun by an `admission` or by a `referral`: one of the two. `key` is the source's own;
    `municipality` the kommunkod whose wave carries it."""

    key: str
    municipality: str
    person: Person
    admission: Admission | None
    requests: tuple[Request, ...]
    case_id: str | None = None
    stay_id: str | None = None
    team: tuple[CareContact, ...] = ()
    information: Information | None = None
    ready: Ready | None = None
    invitation: Invitation | None = None
    consents: tuple[Consent, ...] = ()
    plan: HeldPlan | None = None
    discharge: Discharge | None = None
    referral: Referral | None = None

    @property
    def origin(self) -> Admission | Referral:
        """What it began with."""
        found = self.admission or self.referral
        if found is None:
            raise ValueError("a case begins with an admission or a referral")
        return found

    @property
    def protected(self) -> bool:
        return PROTECTED in self.person.labels

    @property
    def senders(self) -> frozenset[str]:
        """The units in whose name messages of the case are written."""
        named = (self.invitation.sender if self.invitation else None, self.plan.sender if self.plan else None)
        return frozenset({self.origin.unit, *(unit for unit in named if unit)})

    @property
    def units(self) -> frozenset[str]:
        """Every unit that the case names."""
        found = {*self.senders, *(request.unit for request in self.requests), *(each.unit for each in self.team)}
        found |= {each.unit for each in self.invitation.called} if self.invitation else set()
        return frozenset(found | {each.by for each in self.plan.plan.measures if each.by} if self.plan else found)

    @property
    def stay(self) -> tuple[object, ...]:
        """What makes it the same person's same stay, or the same referral."""
        began = self.admission.admitted if self.admission else self.origin.sent
        return self.person.identifiers, self.origin.unit, began


def merged(first: Case, second: Case) -> tuple[Case, list[str]]:
    """Two cases of the same person and stay as one, with the key of the first; and what they disagree on, which no
    program decides."""
    changes: dict[str, Any] = {}
    conflicts: list[str] = []
    for one in fields(Case):
        ours, theirs = getattr(first, one.name), getattr(second, one.name)
        if one.name in ("key", "case_id", "stay_id") or ours == theirs or not theirs:
            continue
        if not ours:
            changes[one.name] = theirs
        elif one.name == "requests" and (both := _united(ours, theirs)) is not None:
            changes[one.name] = both
        else:
            conflicts.append(one.name)
    for name in ("case_id", "stay_id"):
        ids = {each for each in (getattr(first, name), getattr(second, name)) if each}
        changes[name] = min(ids) if len(ids) == 1 else getattr(first, name)
    return replace(first, **changes), conflicts


def _united(ours: tuple[Request, ...], theirs: tuple[Request, ...]) -> tuple[Request, ...] | None:
    """Both lists of requests; None where they differ on what one unit is asked."""
    by_unit = {request.unit: request for request in ours}
    if any(by_unit.setdefault(request.unit, request) != request for request in theirs):
        return None
    return tuple(by_unit.values())


def digest(*content: object) -> str:
    """sha256 over what is known: the same for the same content, in whatever file it came."""
    return hashlib.sha256(json.dumps(content, default=_plain, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_defaults=True)
    if isinstance(value, frozenset):
        return sorted(value)
    return vars(value)
