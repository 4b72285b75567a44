"""A stay as all its events tell it, in the order in which they were entered at the sender, whenever they came."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from adapter.feeds.events import Address, Kind, Person, Ready, StayEvent
from adapter.fhir import canonical, instants


@dataclass
class Picture:
    """What is known of a stay. Instants are texts with offset; `ended` when its readiness ended. `doubts` are members
    that were said so that they stay open, with the words why; `conflict` what a person must look at before anything
    more is told: (kind, words)."""

    person: Person | None = None
    unit: str | None = None
    units: frozenset[str] = frozenset()
    """every unit that the person has been cared for at, as the feed names them"""
    admitted: str | None = None
    discharged: str | None = None
    estimated: str | None = None
    needed: bool | None = None
    need_assessed: str | None = None
    ready: Ready | None = None
    ended: str | None = None
    left: str | None = None
    kommunkod: str | None = None
    receivers: tuple[Address, ...] = ()
    void: bool = False
    doubts: dict[str, str] = field(default_factory=dict)
    conflict: tuple[str, str] | None = None


def picture(events: Iterable[StayEvent]) -> Picture:
    """The picture that the events of one stay make; of two entered at the same time the one that came last counts."""
    found = Picture()
    for event in sorted(events, key=lambda each: each.recorded):
        _apply(found, event)
    return found


def _apply(stay: Picture, event: StayEvent) -> None:
    _admission(stay, event)
    _discharge(stay, event)
    _readiness(stay, event)
    for name in ("unit", "needed", "need_assessed", "kommunkod"):
        if (said := getattr(event, name)) is not None:
            setattr(stay, name, said)
            stay.doubts.pop(name, None)
    stay.units |= {event.unit} if event.unit else set()
    if event.estimated is not None:
        stay.estimated = event.estimated or None
        stay.doubts.pop("estimated", None)
    stay.receivers = event.receivers or stay.receivers
    stay.doubts |= event.doubts
    if event.person is not None:
        stay.person = _person(stay, event.person)


def _admission(stay: Picture, event: StayEvent) -> None:
    if event.kind is Kind.ADMISSION_CANCELLED:
        stay.void = True
    elif event.kind is Kind.ADMITTED:
        stay.void = False
        if event.admitted is None and stay.admitted is None:
            stay.doubts.setdefault("admitted", "the admission came without its time")
    if event.admitted:
        after = instants.parse(event.admitted), instants.parse(stay.discharged)
        if event.kind is Kind.ADMITTED and after[0] and after[1] and after[0] > after[1]:
            stay.conflict = ("readmission", "an admission came under the id of a stay that had ended before it")
        stay.admitted = event.admitted
        stay.doubts.pop("admitted", None)


def _discharge(stay: Picture, event: StayEvent) -> None:
    """A time of discharge counts from the event that says that the person has left; before that, many systems write
    a planned one there."""
    if event.kind is Kind.DISCHARGE_CANCELLED:
        stay.discharged = stay.left = None
        stay.doubts.pop("discharged", None)
        if stay.conflict and stay.conflict[0] == "readmission":
            stay.conflict = None
        return
    if event.kind is Kind.DISCHARGED and not event.discharged:
        stay.doubts.setdefault("discharged", "the discharge came without its time")
    elif event.discharged and (event.kind is Kind.DISCHARGED or stay.discharged):
        stay.discharged = event.discharged
        stay.doubts.pop("discharged", None)
    stay.left = event.left or stay.left


def _readiness(stay: Picture, event: StayEvent) -> None:
    if event.ready:
        stay.ready, stay.ended = event.ready, None
        stay.doubts.pop("ready", None)
    elif stay.ready is not None and (event.ready is not None or event.kind is Kind.NOT_READY):
        stay.ready, stay.ended = None, event.recorded.isoformat(timespec="seconds")


def _person(stay: Picture, said: Person) -> Person:
    """What is known of the person with what is said anew. A number of another system joins the others (a reserve
    number becomes a personnummer); another of the same system is another person."""
    known = stay.person
    if known is None:
        return said
    numbers = tuple(dict.fromkeys((*known.identifiers, *said.identifiers)))
    for system in (canonical.PERSONNUMMER, canonical.SAMORDNINGSNUMMER):
        if sum(each == system for each, _ in numbers) > 1:
            stay.conflict = ("identity", "the events of this stay are about two persons")
    return replace(
        said,
        identifiers=numbers,
        family=said.family or known.family,
        given=said.given or known.given,
        addresses=said.addresses or known.addresses,
        labels=known.labels | said.labels,
    )
