"""What one mapping run holds: scopes, what has been touched, what waits until everything else is there."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import URI
from adapter.fhir.shapes import obj, objects
from adapter.mapping.paths import Slot
from adapter.mapping.records import Record, RecordPath
from adapter.mapping.report import Line, Outcome


class Scope:
    """Where rules stand: `items` are the group items around them by name, `record` is the element that record paths
    begin at, `root` the record's."""

    __slots__ = ("items", "record", "root")

    def __init__(self, items: dict[str, dict[str, Any]], record: Record, root: Record) -> None:
        self.items, self.record, self.root = items, record, root

    def inner(self, name: str, item: dict[str, Any], record: Record) -> "Scope":
        """The scope of one item of a group."""
        return Scope({**self.items, name: item}, record, self.root)

    def start(self, path: RecordPath) -> Record:
        """The element that a path begins at."""
        return self.root if path.from_root else self.record


class Trace:
    """Which source nodes were carried, by which rule first: `marks[id(holder), key]`. Nodes are known by the identity
    of what holds them: the source must outlive the trace, and not change."""

    def __init__(self) -> None:
        self.marks: dict[tuple[int, str | int], str] = {}
        self.faults: dict[tuple[int, str | int], str] = {}
        self.supplied: list[Line] = []
        self.attached_by: str | None = None
        self.used: set[str] = set()

    def mark(self, slots: list[Slot], rule: str) -> None:
        """The nodes are carried."""
        for holder, key in slots:
            self.mark_one(holder, key, rule)

    def mark_one(self, holder: Any, key: str | int, rule: str) -> None:
        """The node is carried."""
        self.used.add(rule)
        self.marks.setdefault((id(holder), key), rule)

    def attach(self, holder: Any, key: str | int, rule: str) -> None:
        """The node is carried along as text, as the mapping's one rule for that says."""
        self.attached_by = rule
        self.mark_one(holder, key, rule)

    def fault(self, slot: Slot, reason: str) -> None:
        """Why a node cannot be carried."""
        self.faults.setdefault((id(slot[0]), slot[1]), reason)

    def supply(self, path: str, rule: str, reason: str) -> None:
        """The source does not say it; the way back would."""
        self.supplied.append(Line(path, Outcome.SUPPLIED, rule, reason))


class Run:
    """What both directions share. `resources` are those with a name in the mapping, `members` all that a name stands
    for, `later` what needs everything else to be there first."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.resources: dict[str, dict[str, Any]] = {}
        self.members: dict[str, list[dict[str, Any]]] = {}
        self.later: list[tuple[Callable[[Any, Scope], None], Scope]] = []

    def item(self, scope: Scope, name: str) -> dict[str, Any] | None:
        """The group item or resource of a name."""
        found = scope.items.get(name)
        return self.resources.get(name) if found is None else found

    def join(self, name: str, resource: dict[str, Any]) -> None:
        """A name stands for this resource, too."""
        self.members.setdefault(name, []).append(resource)

    def standing(self, names: list[str]) -> list[dict[str, Any]]:
        """All that the names stand for."""
        if len(names) == 1:
            return self.members.get(names[0], [])
        return [each for name in names for each in self.members.get(name, [])]

    def finish(self) -> None:
        """Do what had to wait."""
        for step, scope in self.later:
            step(self, scope)


class ToRecord(Run):
    """From FHIR to a record."""

    def __init__(self, bundle: MessageBundle) -> None:
        super().__init__()
        self.bundle = bundle
        self.resources["bundle"] = bundle.bundle
        self._types: dict[str, list[dict[str, Any]]] = {}
        self.urns: dict[str, dict[str, Any]] = {}
        for entry, resource in zip(bundle.entries, bundle.resources, strict=True):
            kind, url = resource.get("resourceType"), entry.get("fullUrl")
            if isinstance(kind, str):
                self._types.setdefault(kind, []).append(resource)
            if isinstance(url, str) and url.startswith("urn:") and "/" not in url and resource:
                self.urns.setdefault(url, resource)
        self._logical: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._by_identifier: dict[tuple[str, str], dict[str, Any]] | None = None

    def of_type(self, resource_type: str) -> list[dict[str, Any]]:
        """The resources of a type among the entries, in order."""
        return self._types.get(resource_type, [])

    def follow(self, reference: Any, expected: str | None = None) -> tuple[dict[str, Any] | None, list[Slot]]:
        """The resource that a Reference leads to, and the slots of the Reference that say so.

        A Reference that has only an identifier leads to the entry of that identifier; where there is none, and a type
        is expected, to a resource that says what the Reference says: its identifier, and its display as name.
        """
        if not isinstance(reference, dict):
            return None, []
        target = self._resolve(reference)
        if target is not None:
            return target, [(reference, "reference")]
        identifier = reference.get("identifier")
        pair = _pair(identifier)
        if "reference" in reference or not isinstance(identifier, dict) or pair is None:
            return None, []
        named = self._resolve({"reference": pair[1]}) if pair[0] == URI else self._identified().get(pair)
        if named is not None:
            return named, [(identifier, "system"), (identifier, "value")]
        return (None if expected is None else self._said(reference, identifier, expected)), []

    def concerns(self, name: str, reference: Any) -> bool:
        """Whether a Reference is to what a name stands for, be it by another entry that has the same identifier."""
        target, _ = self.follow(reference)
        if target is None:
            return bool(self.leads([name], reference))
        standing = self.standing([name])
        if any(each is target for each in standing):
            return True
        pairs = identified(target)
        return any(not pairs.isdisjoint(identified(each)) for each in standing)

    def leads(self, names: list[str], reference: Any) -> list[Slot]:
        """The slots of a Reference that leads to one of these names; none where it leads elsewhere."""
        if not isinstance(reference, dict):
            return []
        target, said = self.follow(reference)
        if target is not None:
            for each in self.standing(names):
                if each is target:
                    return said
            return []
        # Both may be known by identifier alone: then no entry stands for either.
        pair = None if "reference" in reference else _pair(reference.get("identifier"))
        known = {_pair(identifier) for each in self.standing(names) for identifier in objects(each.get("identifier"))}
        identifier = reference.get("identifier")
        return [(identifier, "system"), (identifier, "value")] if pair is not None and pair in known else []

    def finish(self) -> None:
        """Do what had to wait; what was taken from a Reference as if from a resource is the Reference's."""
        super().finish()
        for said, reference in self._logical.values():
            rule = self.trace.marks.pop((id(said), "name"), None)
            if rule is not None:
                self.trace.mark_one(reference, "display", rule)

    def _resolve(self, reference: dict[str, Any]) -> dict[str, Any] | None:
        url = reference.get("reference")
        if url is None:
            return None
        found = self.urns.get(url) if isinstance(url, str) else None
        return self.bundle.resolve(reference) if found is None else found

    def _identified(self) -> dict[tuple[str, str], dict[str, Any]]:
        if self._by_identifier is None:
            self._by_identifier = {
                pair: resource
                for resource in self.bundle.resources
                for identifier in objects(resource.get("identifier"))
                if (pair := _pair(identifier)) is not None
            }
        return self._by_identifier

    def _said(self, reference: dict[str, Any], identifier: dict[str, Any], expected: str) -> dict[str, Any]:
        known = self._logical.get(id(reference))
        if known is not None:
            return known[0]
        said: dict[str, Any] = {"resourceType": expected, "identifier": [identifier]}
        if "display" in reference:
            said["name"] = reference["display"]
        self._logical[id(reference)] = said, reference
        return said


class ToFhir(Run):
    """From a record to FHIR. `seed` is what the ids are made from, `same_content` the types that are one where they
    say the same, `types` the type of each resource by name."""

    def __init__(self, namespace: str, seed: str, same_content: frozenset[str], types: dict[str, str]) -> None:
        super().__init__()
        self.made: list[tuple[dict[str, Any], str]] = []
        self.types = types
        self._same_content = same_content
        self._references: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._targets: dict[int, dict[str, Any]] = {}
        self._base = hashlib.sha1(_namespace(namespace) + f"{seed}|".encode(), usedforsecurity=False)

    def open(self, scope: Scope, name: str) -> dict[str, Any]:
        """The group item or resource of a name, made where it is a resource that nothing has been said of yet."""
        found = self.item(scope, name)
        if found is None:
            found = self.opened(name)
        return found

    def opened(self, name: str) -> dict[str, Any]:
        """A new resource that has the name."""
        made = self.resources[name] = self.create(self.types[name], name)
        self.join(name, made)
        return made

    def create(self, resource_type: str, key: str) -> dict[str, Any]:
        """A new resource; `key` is what its id is made from, within the message."""
        made: dict[str, Any] = {"resourceType": resource_type}
        self.made.append((made, key))
        return made

    def refer(self, reference: dict[str, Any], resource: dict[str, Any]) -> None:
        """The reference will name the resource once its id is known."""
        self._references.append((reference, resource))

    def target(self, reference: dict[str, Any]) -> dict[str, Any] | None:
        """The resource that a reference will name."""
        if len(self._targets) != len(self._references):
            self._targets = {id(each): resource for each, resource in self._references}
        return self._targets.get(id(reference))

    def id(self, key: str) -> str:
        """The id that belongs to a key in this message, the same on every run: a UUID of version 5."""
        digest = self._base.copy()
        digest.update(key.encode())
        text = digest.hexdigest()
        variant = _VARIANTS[text[16]]
        return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"

    def entries(self) -> list[dict[str, Any]]:
        """The Bundle's entries, with ids given and references written."""
        kept: dict[str, dict[str, Any]] = {}
        final: dict[int, str] = {}
        for resource, key in self.made:
            resource_type = resource["resourceType"]
            resource_id = resource.pop("id", None) or self.id(
                _CONTENT(resource) if resource_type in self._same_content else key
            )
            final[id(resource)] = f"urn:uuid:{resource_id}"
            if resource_id not in kept:
                kept[resource_id] = {"resourceType": resource_type, "id": resource_id, **resource}
        for reference, resource in self._references:
            reference["reference"] = final[id(resource)]
        return [{"fullUrl": f"urn:uuid:{key}", "resource": resource} for key, resource in kept.items()]


_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_CONTENT = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


def identified(resource: dict[str, Any] | None) -> set[tuple[str, str]]:
    """System and value of each identifier of a resource that has both."""
    return {pair for identifier in objects(obj(resource).get("identifier")) if (pair := _pair(identifier)) is not None}


def _pair(identifier: Any) -> tuple[str, str] | None:
    """System and value of an identifier that has both."""
    system, value = obj(identifier).get("system"), obj(identifier).get("value")
    return (system, value) if isinstance(system, str) and isinstance(value, str) else None


@cache
def _namespace(uri: str) -> bytes:
    return uuid5(NAMESPACE_URL, uri).bytes
