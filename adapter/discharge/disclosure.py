"""What may be disclosed: an admission notice holds the statutory minimum and nothing else (LAW 2:2).

The instants that start the sender's 24-hour clock (admission, need assessed) are given to the adapter, which keeps
them; the receivers do not get them.
"""

from dataclasses import dataclass
from typing import Any

from adapter.discharge import minimum
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import NEED_ASSESSED
from adapter.fhir.shapes import obj

_REASON = "given for the 24-hour clock of LAW 2:3 only; not among the contents of LAW 2:2"


@dataclass(frozen=True)
class Removal:
    """`path` is the FHIRPath location, in the message as sent, of what a receiver does not get."""

    path: str
    reason: str


def disclose(message: MessageBundle) -> tuple[MessageBundle, list[Removal]]:
    """The message as its receivers may see it, and what was taken out. The message itself is not changed; where
    nothing is to be taken out it is returned as it is."""
    if message.event not in minimum.EVENTS:
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
