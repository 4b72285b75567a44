"""The Provenance chain of a case: each message repeats what its receivers already know, and names what it follows.

The chain is per recipient: a message that one of the parties never saw is not named to it (R4 messaging; the rules of
`discharge.message`).
"""

from dataclasses import dataclass, replace
from typing import Any

from adapter.authoring.parties import Unit
from adapter.fhir.canonical import EVENT, URI


@dataclass(frozen=True)
class Link:
    """A message that was written. Ids are MessageHeader ids; `at` is its timestamp as written."""

    header_id: str
    event: str
    at: str
    sender: Unit
    parties: frozenset[str]
    """HSA-ids of those who know it: its sender and its receivers."""
    previous: str | None = None
    answers: str | None = None
    corrects: str | None = None

    def provenance(self, resource_id: str, target: dict[str, Any], agent: dict[str, Any]) -> dict[str, Any]:
        """The Provenance of this message."""
        named = (("derivation", self.previous), ("source", self.answers), ("revision", self.corrects))
        entities = [{"role": role, "what": _message(header_id)} for role, header_id in named if header_id]
        return {
            "resourceType": "Provenance",
            "id": resource_id,
            "target": [target],
            "recorded": self.at,
            "activity": {"coding": [{"system": EVENT, "code": self.event}]},
            "agent": [{"who": agent}],
            **({"entity": entities} if entities else {}),
        }

    def repeated(self, resource_id: str) -> dict[str, Any]:
        """The Provenance as a later message repeats it: by identifiers, for its resources are not there."""
        agent = {"identifier": {"system": self.sender.system, "value": self.sender.hsa}, "display": self.sender.name}
        return self.provenance(resource_id, _message(self.header_id), agent)


class Chain:
    """Every message of a case in the order of writing."""

    def __init__(self) -> None:
        self._links: list[Link] = []

    def known(self, parties: frozenset[str]) -> list[Link]:
        """The messages that each of the parties has sent or received."""
        return [link for link in self._links if parties <= link.parties]

    def add(self, link: Link) -> Link:
        """Append a message; it follows the last one that all its parties know, unless it answers one."""
        known = self.known(link.parties)
        previous = known[-1].header_id if known and link.answers is None else None
        self._links.append(replace(link, previous=previous))
        return self._links[-1]

    @property
    def last(self) -> Link:
        """The message that was written last."""
        return self._links[-1]


def _message(header_id: str) -> dict[str, Any]:
    return {"identifier": {"system": URI, "value": f"urn:uuid:{header_id}"}}
