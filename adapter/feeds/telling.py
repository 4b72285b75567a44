"""What is to be told, and to whom, so that every receiver knows of a stay what may and must be known.

Each receiver has messages of its own: what it was told is compared with the picture of the stay, and the difference is
what to send. So a late event, a repeated one and one that changes nothing all come out right. What cannot be told
because the feed did not say it is a gap; nothing is put in its place.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from adapter.feeds.events import Address, Person
from adapter.feeds.model import Feed
from adapter.feeds.stay import Picture

NOTICE, UPDATE = "admission-notice", "admission-notice-update"
READY, WITHDRAWN = "ready-for-discharge", "ready-for-discharge-withdrawn"
DISCHARGE, RETRACTION = "discharge-notice", "retraction"


@dataclass(frozen=True)
class Told:
    """A message that a receiver was sent. `said` is what it said, as `Step.said`."""

    header_id: str
    event: str
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """A message to write: to whom, which event. `said` keeps what it tells, for the next comparison; `corrects` is the
    header id of the message that it corrects or takes back, `reason` a code of retraction-reason."""

    receiver: str
    event: str
    said: dict[str, Any]
    corrects: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Gap:
    """What is missing, so that something could not be told. `detail` is what only those may see who may know where
    the person is."""

    kind: str
    reason: str
    detail: str | None = None


@dataclass
class Decision:
    """What to do about one stay. `sender` is the HSA-id of the unit that speaks."""

    steps: list[Step] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    sender: str | None = None


def decide(stay: Picture, feed: Feed, units: frozenset[str], told: Mapping[str, Sequence[Told]]) -> Decision:
    """What to tell of a stay. `units` are the HSA-ids of the feed's party, `told` what each receiver (HSA-id or
    kommunkod) was sent, in order."""
    found = Decision()
    standing = {receiver: _standing(messages) for receiver, messages in told.items()}
    anybody = any(standing.values())
    if stay.conflict is not None:
        found.gaps.append(Gap(*stay.conflict))
        return found
    found.sender = _sender(stay, feed, units)
    if stay.void:
        if anybody and _can_speak(stay, found):
            found.steps += [step for each in standing for step in _taken_back(each, standing[each], "sent-in-error")]
        return found
    if not needed(stay, feed):
        if anybody:
            words = "services are no longer judged to be needed; the receivers were told of the stay: tell them"
            found.gaps.append(Gap("need", words))
        return found
    receivers = _receivers(stay, feed, found)
    if not _complete(stay, found) or not receivers:
        return found
    for each in receivers:
        found.steps += _to(each.code, stay, standing.get(each.code, []))
    former = [each for each in standing if each not in {receiver.code for receiver in receivers}]
    found.steps += [step for each in former for step in _taken_back(each, standing[each], "wrong-recipient")]
    found.gaps += _left_open(stay, feed)
    return found


def needed(stay: Picture, feed: Feed) -> bool:
    """Whether services may be needed after discharge, by what the feed said or by the region's own decision."""
    if stay.needed is not None:
        return stay.needed
    return feed.need is not None and not stay.units.isdisjoint(feed.need.units)


def fingerprint(person: Person) -> str:
    """What a message says of the person, so that a change is seen without keeping it."""
    return _digest(asdict(person) | {"labels": sorted(person.labels)})


def _digest(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def address_of(person: Person) -> tuple[Any, ...]:
    """The addresses that may be told: of a person with skyddad folkbokföring the särskild postadress alone."""
    return tuple(each for each in person.addresses if each.special == person.protected)


def _standing(messages: Sequence[Told]) -> list[Told]:
    """What holds of what was told: without what was taken back or corrected, and without an ended readiness."""
    found: list[Told] = []
    for message in messages:
        gone = message.said.get("corrects")
        found = [each for each in found if each.header_id != gone]
        if message.event == WITHDRAWN:
            found = [each for each in found if each.event != READY]
        elif message.event != RETRACTION:
            found.append(message)
    return found


def _taken_back(receiver: str, standing: Sequence[Told], reason: str) -> Iterator[Step]:
    for message in reversed(standing):
        said = {"corrects": message.header_id}
        yield Step(receiver, RETRACTION, said, corrects=message.header_id, reason=reason)


def _to(receiver: str, stay: Picture, standing: list[Told]) -> Iterator[Step]:
    """The messages to one receiver, in the order of the law's process."""

    def last(*events: str) -> Told | None:
        return next((each for each in reversed(standing) if each.event in events), None)

    assert stay.person is not None  # noqa: S101 - _complete
    person, labels = fingerprint(stay.person), sorted(stay.person.labels)
    about = {"person": person, "labels": labels, "estimated": stay.estimated}
    notice, discharge = last(NOTICE), last(DISCHARGE)
    if notice is None:
        yield Step(receiver, NOTICE, about)
    elif discharge is None:
        latest = last(NOTICE, UPDATE) or notice
        if stay.estimated != latest.said["estimated"]:
            yield Step(receiver, UPDATE, about)
        if person != notice.said["person"]:
            yield Step(receiver, NOTICE, about | {"corrects": notice.header_id}, corrects=notice.header_id)
    yield from _readiness(receiver, stay, last(READY))
    yield from _departure(receiver, stay, discharge, labels)


def _readiness(receiver: str, stay: Picture, ready: Told | None) -> Iterator[Step]:
    if stay.ready is None:
        if ready is not None:
            yield Step(receiver, WITHDRAWN, {})
    elif stay.ready.by:
        said = {"ready": _digest(asdict(stay.ready))}
        if ready is None:
            yield Step(receiver, READY, said)
        elif ready.said["ready"] != said["ready"]:
            yield Step(receiver, READY, said | {"corrects": ready.header_id}, corrects=ready.header_id)


def _departure(receiver: str, stay: Picture, discharge: Told | None, labels: list[str]) -> Iterator[Step]:
    said = {"discharged": stay.discharged, "left": stay.left, "labels": labels}
    if stay.discharged is None:
        if discharge is not None and "discharged" not in stay.doubts:
            yield from _taken_back(receiver, [discharge], "sent-in-error")
    elif discharge is None:
        yield Step(receiver, DISCHARGE, said)
    elif {name: discharge.said[name] for name in said} != said:
        yield Step(receiver, DISCHARGE, said | {"corrects": discharge.header_id}, corrects=discharge.header_id)


def _sender(stay: Picture, feed: Feed, units: frozenset[str]) -> str | None:
    return feed.units.get(stay.unit or "") or (stay.unit if stay.unit in units else None)


def _can_speak(stay: Picture, found: Decision) -> bool:
    if found.sender is None:
        words = "the unit is not known: expected a code of the feed's units, or an HSA-id of the party"
        found.gaps.append(Gap("unit", words, stay.unit and f"unit {stay.unit!r}"))
    if stay.person is None:
        found.gaps.append(Gap("person", "no event of the stay said who it is about"))
    return found.sender is not None and stay.person is not None


def _complete(stay: Picture, found: Decision) -> bool:
    """Whether what every notice holds (LAW 2:2) is known, and when the person was admitted; else the gaps."""
    before = len(found.gaps)
    person = stay.person
    if _can_speak(stay, found) and person is not None:
        if not (person.family or person.given):
            found.gaps.append(Gap("name", "the person's name was not said"))
        if not address_of(person):
            kind = "särskild postadress: the person is protected" if person.protected else "folkbokföringsadress"
            found.gaps.append(Gap("address", f"no address was said that is the {kind}"))
    if stay.admitted is None:
        words = stay.doubts.get("admitted", "no event of the stay said when the person was admitted")
        found.gaps.append(Gap("admission", words))
    if stay.estimated is None:
        words = stay.doubts.get("estimated", "no estimated discharge was said (LAW 2:2 asks for it)")
        found.gaps.append(Gap("estimate", words))
    return len(found.gaps) == before


def _receivers(stay: Picture, feed: Feed, found: Decision) -> list[Address]:
    """Whom the feed names, else whom its configuration names for this person and for any unit of the stay: who was told
    because of one unit is not wrong when the person moves to another."""
    if stay.receivers:
        return list(dict.fromkeys(stay.receivers))
    matching = [
        rule
        for rule in feed.receivers
        if rule.municipality in (None, stay.kommunkod) and (rule.unit is None or rule.unit in stay.units)
    ]
    conditional = any(rule.conditional for rule in feed.receivers)
    if not matching or (conditional and not any(rule.conditional for rule in matching)):
        words = "nobody is named to be told: no rule of the feed's receivers is for this person and unit"
        found.gaps.append(Gap("receivers", words, f"kommunkod {stay.kommunkod or 'not said'}, unit {stay.unit!r}"))
        return []
    return list(dict.fromkeys(whom.address for rule in matching for whom in rule.to))


def _left_open(stay: Picture, feed: Feed) -> Iterator[Gap]:
    """What was said so that it cannot be told, or should have been said and was not."""
    if stay.ready is not None and not stay.ready.by:
        yield Gap("assessor", "it was not said who assessed the person as utskrivningsklar (LAW 1:3 p 5)")
    for member in ("ready", "discharged", "need_assessed"):
        if member in stay.doubts:
            yield Gap(member.replace("_", "-"), stay.doubts[member])
    carried = feed.format == "flat" or feed.adt.ready is not None
    if carried and stay.discharged and stay.ready is None and stay.left in (None, "home"):
        yield Gap("ready", "the person left, and it was never said that she or he was utskrivningsklar (LAW 3:1)")
