"""What happened in a case, message by message and without its content; and the order in which it happened.

Arrival says nothing: facts are ordered by the sender's event time, then by their depth in the Provenance chain, then by
id, so that every order of arrival gives the same state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapter.fhir import instants

RETRACTION = "retraction"


@dataclass(frozen=True)
class Recipient:
    """A unit that a message was addressed to. `kind` is inpatient, open-care or municipality, empty where the
    directory did not know; `kommunkod` the municipality's. Instants are UTC microseconds: `released_at` when a held
    delivery was let go, `delivered_at` when the receiver had it, `read_at` when somebody there had read it."""

    unit: str
    kind: str = ""
    kommunkod: str | None = None
    released_at: int | None = None
    delivered_at: int | None = None
    read_at: int | None = None
    held: bool = False


@dataclass(frozen=True)
class Fact:
    """One accepted message of a case, without its content.

    `happened_at` is the sender's event time and `accepted_at` the adapter's commit, in UTC microseconds. `instants`
    maps names (`admission`, `need_assessed`, `estimated_discharge`, `ready_assessed`, `sip_meeting`, `discharge`, …) to
    ISO 8601 texts with offset. `statements` are coded words such as `open_care: unknown`. `tasks` are {identifier,
    status}. `previous`, `answers` and `revises` are header ids.
    """

    header_id: str
    event: str
    happened_at: int
    sender: str
    instants: Mapping[str, str] = field(default_factory=dict)
    tasks: tuple[Mapping[str, str], ...] = ()
    accepted_at: int | None = None
    recipients: tuple[Recipient, ...] = ()
    statements: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None
    answers: str | None = None
    revises: str | None = None
    carried: bool = False
    """another system had sent it, at `happened_at`, before its case was moved to this one"""
    corrects: "Fact | None" = None
    """in the standing facts: the message that this one stands in the place of"""
    sender_kind: str = ""
    """what the sender is, as a recipient's `kind`"""
    psychiatric: bool = False
    """the sender is psychiatric inpatient care"""


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The facts as they happened: by event time, depth in the chain, id."""
    given = list(facts)
    depths = _depths({fact.header_id: fact.previous for fact in given})
    return sorted(given, key=lambda fact: (fact.happened_at, depths[fact.header_id], fact.header_id))


def standing(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that hold, in order: a correction stands in the place of what it corrects, what was retracted is gone,
    and so is the retraction. Both count only from the one who sent the first message."""
    ordered = in_order(facts)
    by_id = {fact.header_id: fact for fact in ordered}
    stands: dict[str, Fact | None] = {fact.header_id: fact for fact in ordered}
    for fact in ordered:
        first = by_id.get(fact.revises or "")
        if fact.event == RETRACTION or first is not None:
            stands[fact.header_id] = None
        if first is not None and first.sender == fact.sender:
            place = _place(first, by_id)
            stands[place] = None if fact.event == RETRACTION else replace(fact, corrects=stands[place] or first)
        elif first is not None and fact.event != RETRACTION:
            stands[fact.header_id] = fact
    return [fact for fact in stands.values() if fact is not None]


def _place(fact: Fact, by_id: Mapping[str, Fact]) -> str:
    """The header id of the first message in a line of corrections."""
    seen = {fact.header_id}
    while (earlier := by_id.get(fact.revises or "")) is not None and earlier.header_id not in seen:
        fact = earlier
        seen.add(fact.header_id)
    return fact.header_id


def stays(facts: Iterable[Fact]) -> list[list[Fact]]:
    """The standing facts in order, a list for each stay: a re-admission, which is an admission notice of an admission
    after the discharge, begins a new one. A late notice of a stay that has ended is none."""
    found: list[list[Fact]] = [[]]
    discharged: datetime | None = None
    for fact in standing(facts):
        admitted = instants.parse(fact.instants.get("admission"))
        if fact.event == "admission-notice" and admitted and discharged and admitted > discharged:
            found.append([])
            discharged = None
        found[-1].append(fact)
        discharged = instants.parse(fact.instants.get("discharge")) or discharged
    return found


def missing(facts: Iterable[Fact]) -> list[str]:
    """The header ids that a message of the case names as the one before it, and that never came; sorted."""
    given = list(facts)
    known = {fact.header_id for fact in given}
    return sorted({fact.previous for fact in given if fact.previous is not None} - known)


def _depths(previous: Mapping[str, str | None]) -> dict[str, int]:
    """How many messages lie before each in its chain; a chain that bites its tail ends where it would repeat."""
    depths: dict[str, int] = {}
    for start in previous:
        way: list[str] = []
        step: str | None = start
        while step is not None and step in previous and step not in depths and step not in way:
            way.append(step)
            step = previous[step]
        base = depths.get(step, -1) if step is not None else -1
        for offset, header_id in enumerate(reversed(way), start=1):
            depths[header_id] = base + offset
    return depths
