"""What a receiver may see of a message.

An admission notice holds the statutory minimum (LAW 2:2): the instants that start the sender's 24-hour clock
(admission, need assessed) are given to the adapter, which keeps them; the receivers do not get them, but where the
notice is an extended one, which holds more by a legal basis of its own. And no receiver is told whom else the message
goes to, unless its content says so.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from adapter.discharge import minimum
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import NEED_ASSESSED
from adapter.fhir.shapes import every_object, obj, objects

_REASON = "given for the 24-hour clock of LAW 2:3 only; not among the contents of LAW 2:2"


@dataclass(frozen=True)
class Removal:
    """`path` is the FHIRPath location, in the message as sent, of what a receiver does not get."""

    path: str
    reason: str


def disclose(message: MessageBundle) -> tuple[MessageBundle, list[Removal]]:
    """The message as its receivers may see it, and what was taken out. The message itself is not changed; where
    nothing is to be taken out it is returned as it is."""
    if message.event not in minimum.EVENTS or message.is_extended:
        return message, []
    entries: list[Any] = list(message.entries)
    removals: list[Removal] = []
    for index, resource in enumerate(message.resources):
        if resource.get("resourceType") == "Encounter":
            stay, paths = _without_clocks(resource, f"Bundle.entry[{index}].resource")
            entries[index] = entries[index] | {"resource": stay}
            removals += [Removal(path, _REASON) for path in paths]
    return (MessageBundle(message.bundle | {"entry": entries}), removals) if removals else (message, [])


def _without_clocks(encounter: dict[str, Any], place: str) -> tuple[dict[str, Any], list[str]]:
    kept, paths = dict(encounter), []
    period = obj(encounter.get("period"))
    if period.keys() & {"start", "_start"}:
        paths.append(f"{place}.period.start")
        rest = {name: value for name, value in period.items() if name not in ("start", "_start")}
        _put(kept, "period", rest)
    extensions = encounter.get("extension")
    if isinstance(extensions, list):
        clocks = [obj(extension).get("url") == NEED_ASSESSED for extension in extensions]
        paths += [f"{place}.extension[{index}]" for index, is_clock in enumerate(clocks) if is_clock]
        _put(kept, "extension", [item for item, is_clock in zip(extensions, clocks, strict=True) if not is_clock])
    return kept, paths


def _put(resource: dict[str, Any], name: str, value: Any) -> None:
    """Set a member at its own place, or take it out where nothing is left: FHIR has no empty members."""
    if value:
        resource[name] = value
    else:
        del resource[name]


_OTHERS = "about another receiver only"


def narrow(message: MessageBundle, kept: Collection[int]) -> tuple[MessageBundle, list[Removal]]:
    """The message for some of its destinations (by index), and what was taken out: the other destinations, and their
    Tasks and Organizations where nothing that stays refers to them. The message itself is not changed."""
    others = {index for index in range(len(message.destinations)) if index not in kept}
    if not others:
        return message, []
    units = _units(message, others) - _units(message, set(kept))
    leaving = {index for index, resource in enumerate(message.resources) if _speaks_of(message, index, resource, units)}
    leaving -= _reached(message, leaving)
    header = message.header | {"destination": [message.destinations[index] for index in sorted(kept)]}
    entries = [
        entry | {"resource": header} if resource is message.header else entry
        for index, (entry, resource) in enumerate(zip(message.entries, message.resources, strict=True))
        if index not in leaving
    ]
    removals = [Removal(f"MessageHeader.destination[{index}]", _OTHERS) for index in sorted(others)]
    removals += [Removal(f"Bundle.entry[{index}]", _OTHERS) for index in sorted(leaving)]
    return MessageBundle(message.bundle | {"entry": entries}), removals


def _units(message: MessageBundle, indices: Collection[int]) -> set[str]:
    receivers = message.destination_receivers()
    return {unit for index, *units in receivers if index in indices for unit in units if unit is not None}


def _speaks_of(message: MessageBundle, index: int, resource: dict[str, Any], units: set[str]) -> bool:
    """Whether it is the Organization of one of the units, or a Task that one of them owns."""
    kind = resource.get("resourceType")
    if kind == "Task":
        return bool(units.intersection(message.units_of(resource.get("owner"), message.entries[index])))
    return kind == "Organization" and any(one.get("value") in units for one in objects(resource.get("identifier")))


def _reached(message: MessageBundle, leaving: set[int]) -> set[int]:
    """Those of the leaving entries that an entry which stays refers to, directly or through another."""
    place = {id(resource): index for index, resource in enumerate(message.resources)}
    reached: set[int] = set()
    waiting = [index for index in range(len(message.entries)) if index not in leaving]
    while waiting:
        index = waiting.pop()
        resource = message.resources[index]
        if resource is message.header:
            resource = {name: value for name, value in resource.items() if name != "destination"}
        for reference in _references(resource):
            target = place.get(id(message.resolve(reference, message.entries[index])))
            if target is not None and target in leaving and target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _references(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (each for each in every_object(resource) if "reference" in each)
