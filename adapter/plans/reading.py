"""What is read of another's plan: FHIR resources, and an account of what the other did not say or is not carried."""

from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

_URN = "urn:uuid:"


@dataclass(frozen=True)
class Note:
    """`outcome` is `not said` (the source has no place for it, and nothing was made up), `left out` (the source says
    it, and it is not carried) or `changed`; `path` is of FHIR, or of the source where it was left out."""

    outcome: str
    path: str
    reason: str


@dataclass
class Reading:
    """Resources of one plan, in the order of their making. Ids are made from `seed`: the same on every run."""

    seed: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def add(self, name: str, resource: dict[str, Any]) -> dict[str, str]:
        """Add a resource without its empty members; returns a reference to it. `name` tells it from the others."""
        url = self.reference(name)["reference"]
        kept = {key: value for key, value in resource.items() if value not in (None, [], {})}
        kind = {"resourceType": kept.pop("resourceType"), "id": url.removeprefix(_URN)}
        self.entries.append({"fullUrl": url, "resource": kind | kept})
        return {"reference": url}

    def reference(self, name: str) -> dict[str, str]:
        """A reference to the resource of that name, added or not."""
        return {"reference": f"{_URN}{uuid5(NAMESPACE_URL, self.seed + chr(10) + name)}"}

    def note(self, outcome: str, path: str, reason: str) -> None:
        self.notes.append(Note(outcome, path, reason))


def bundle(readings: list[Reading]) -> dict[str, Any]:
    """One Bundle (collection) of all."""
    entries = [entry for reading in readings for entry in reading.entries]
    return {"resourceType": "Bundle", "type": "collection"} | ({"entry": entries} if entries else {})
