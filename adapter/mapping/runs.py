"""What one mapping run holds: scopes, what has been touched, what waits until everything else is there."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import URI
from adapter.fhir.shapes import obj, objects
from adapter.mapping.paths import Slot
from adapter.mapping.records import Node, RecordPath
from adapter.mapping.report import Line, Outcome


@dataclass(frozen=True)
class Scope:
    """Where rules stand: `items` are the group items around them by name, `record` is the element that record paths
    begin at, `root` the record's."""

    items: dict[str, dict[str, Any]]
    record: Node
    root: Node

    def inner(self, name: str, item: dict[str, Any], record: Node) -> "Scope":
        """The scope of one item of a group."""
        return Scope({**self.items, name: item}, record, self.root)

    def start(self, path: RecordPath) -> Node:
        """The element that a path begins at."""
        return self.root if path.from_root else self.record


class Trace:
    """Which source nodes were carried, by which rule. Nodes are known by the identity of what holds them: the source
    must outlive the trace."""

    def __init__(self) -> None:
        self.touched: dict[tuple[int, str | int], str] = {}
        self.faults: dict[tuple[int, str | int], str] = {}
        self.aliases: dict[tuple[int, str | int], tuple[int, str | int]] = {}
        self.supplied: list[Line] = []
        self.used: set[str] = set()

    def use(self, rule: str) -> None:
        """The rule has done something."""
        self.used.add(rule)

    def mark(self, slots: list[Slot], rule: str) -> None:
        """The nodes are carried."""
        if slots:
            self.used.add(rule)
        for container, key in slots:
            place = (id(container), key)
            self.touched.setdefault(self.aliases.get(place, place), rule)

    def fault(self, slot: Slot, reason: str) -> None:
        """Why a node cannot be carried."""
        self.faults.setdefault((id(slot[0]), slot[1]), reason)

    def supply(self, path: str, rule: str, reason: str) -> None:
        """The source does not say it; the way back would."""
        self.supplied.append(Line(path, Outcome.SUPPLIED, rule, reason))


@dataclass
class Run:
    """What both directions share. `resources` are those with a name in the mapping, `members` all that a name stands
    for, `later` what needs everything else to be there first."""

    trace: Trace = field(default_factory=Trace)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    later: list[Callable[[], None]] = field(default_factory=list)

    def item(self, scope: Scope, name: str) -> dict[str, Any] | None:
        """The group item or resource of a name."""
        found = scope.items.get(name)
        return self.resources.get(name) if found is None else found

    def join(self, name: str, resource: dict[str, Any]) -> None:
        """A name stands for this resource, too."""
        self.members.setdefault(name, []).append(resource)

    def standing(self, names: list[str]) -> list[dict[str, Any]]:
        """All that the names stand for."""
        return [each for name in names for each in self.members.get(name, [])]

    def finish(self) -> None:
        """Do what had to wait."""
        for step in self.later:
            step()


@dataclass
class ToRecord(Run):
    """From FHIR to a record."""

    bundle: MessageBundle = field(default_factory=lambda: MessageBundle({}))
    logical: dict[int, dict[str, Any]] = field(default_factory=dict)

    def follow(self, reference: Any, expected: str | None = None) -> tuple[dict[str, Any] | None, list[Slot]]:
        """The resource that a Reference leads to, and the slots of the Reference that say so.

        A Reference that has only an identifier leads to the entry of that identifier; where there is none, and a type
        is expected, to a resource that says what the Reference says: its identifier, and its display as name.
        """
        if not isinstance(reference, dict):
            return None, []
        target = self.bundle.resolve(reference)
        if target is not None:
            return target, [(reference, "reference")]
        identifier = reference.get("identifier")
        pair = _pair(identifier)
        if "reference" in reference or not isinstance(identifier, dict) or pair is None:
            return None, []
        named = self.bundle.resolve({"reference": pair[1]}) if pair[0] == URI else self._identified.get(pair)
        if named is not None:
            return named, [(identifier, "system"), (identifier, "value")]
        return (None if expected is None else self._said(reference, identifier, expected)), []

    def concerns(self, name: str, reference: Any) -> bool:
        """Whether a Reference is to what a name stands for, be it by another entry that has the same identifier."""
        if self.leads([name], reference):
            return True
        target, _ = self.follow(reference)
        pairs = {_pair(identifier) for identifier in objects(obj(target).get("identifier"))} - {None}
        known = {_pair(identifier) for each in self.standing([name]) for identifier in objects(each.get("identifier"))}
        return not pairs.isdisjoint(known)

    def leads(self, names: list[str], reference: Any) -> list[Slot]:
        """The slots of a Reference that leads to one of these names; none where it leads elsewhere."""
        if not isinstance(reference, dict):
            return []
        target, said = self.follow(reference)
        if target is not None:
            return said if any(target is each for each in self.standing(names)) else []
        # Both may be known by identifier alone: then no entry stands for either.
        pair = None if "reference" in reference else _pair(reference.get("identifier"))
        known = {_pair(identifier) for each in self.standing(names) for identifier in objects(each.get("identifier"))}
        identifier = reference.get("identifier")
        return [(identifier, "system"), (identifier, "value")] if pair is not None and pair in known else []

    @cached_property
    def _identified(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {
            pair: resource
            for resource in self.bundle.resources
            for identifier in objects(resource.get("identifier"))
            if (pair := _pair(identifier)) is not None
        }

    def _said(self, reference: dict[str, Any], identifier: dict[str, Any], expected: str) -> dict[str, Any]:
        said = self.logical.get(id(reference))
        if said is None:
            said = {"resourceType": expected, "identifier": [identifier]}
            if "display" in reference:
                said["name"] = reference["display"]
                self.trace.aliases[(id(said), "name")] = (id(reference), "display")
            self.logical[id(reference)] = said
        return said


@dataclass
class ToFhir(Run):
    """From a record to FHIR. `seed` is what the ids are made from, `same_content` the types that are one where they
    say the same."""

    namespace: str = ""
    seed: str = ""
    same_content: frozenset[str] = frozenset()
    types: dict[str, str] = field(default_factory=dict)
    made: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    references: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def open(self, scope: Scope, name: str) -> dict[str, Any]:
        """The group item or resource of a name, made where it is a resource that nothing has been said of yet."""
        found = self.item(scope, name)
        if found is None:
            found = self.resources[name] = self.create(self.types[name], name)
            self.join(name, found)
        return found

    def create(self, resource_type: str, key: str) -> dict[str, Any]:
        """A new resource; `key` is what its id is made from, within the message."""
        made: dict[str, Any] = {"resourceType": resource_type}
        self.made.append((made, key))
        return made

    def refer(self, reference: dict[str, Any], resource: dict[str, Any]) -> None:
        """The reference will name the resource once its id is known."""
        self.references.append((reference, resource))

    def id(self, key: str) -> str:
        """The id that belongs to a key in this message: the same on every run."""
        return str(uuid5(_namespace(self.namespace), f"{self.seed}|{key}"))

    def entries(self) -> list[dict[str, Any]]:
        """The Bundle's entries, with ids given and references written."""
        kept: dict[str, dict[str, Any]] = {}
        final: dict[int, str] = {}
        for resource, key in self.made:
            content = key
            if resource["resourceType"] in self.same_content:
                content = json.dumps(resource, sort_keys=True, ensure_ascii=False)
            resource_id = resource.pop("id", None) or self.id(content)
            final[id(resource)] = f"urn:uuid:{resource_id}"
            body = {"resourceType": resource.pop("resourceType"), "id": resource_id}
            resource_with_id = body | resource
            resource.clear()
            resource.update(resource_with_id)
            kept.setdefault(resource_id, resource)
        for reference, resource in self.references:
            reference["reference"] = final[id(resource)]
        return [{"fullUrl": f"urn:uuid:{key}", "resource": resource} for key, resource in kept.items()]


def _pair(identifier: Any) -> tuple[str, str] | None:
    """System and value of an identifier that has both."""
    system, value = obj(identifier).get("system"), obj(identifier).get("value")
    return (system, value) if isinstance(system, str) and isinstance(value, str) else None


def _namespace(uri: str) -> UUID:
    return uuid5(NAMESPACE_URL, uri)
