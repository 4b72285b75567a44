"""What the profile of a message says of a path: whether it leads anywhere, which codes it takes, what must be there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.definitions import Definitions, element_tree
from adapter.definitions.element_tree import Node
from adapter.definitions.terminology import Terminology
from adapter.fhir import canonical
from adapter.fhir.elements import Element, Table
from adapter.mapping.paths import Step

_BASE = "http://hl7.org/fhir/StructureDefinition/"
_MADE = frozenset({"id", "resourceType", "entry", "url"})
"""What a run writes by itself, or with the path that leads there."""


class AbsentError(ValueError):
    """The definitions have nothing at the path. The words say why."""


@dataclass(frozen=True)
class Leads:
    """Where a path leads: the definitions that hold at each step, the unsliced element's first, then of the slices
    that the path speaks of; and the type at each step."""

    nodes: list[list[Node]]
    types: list[str]


class Profiles:
    """The definitions, by event and resource type. Raises DefinitionsError where they are malformed."""

    def __init__(self, definitions: Definitions, table: Table) -> None:
        self._definitions, self._table = definitions, table
        self.terminology = Terminology(definitions)
        self._trees: dict[str, Node | None] = {}
        self._resources: dict[str, dict[str, list[Node]]] = {}
        self._bases = {url.rpartition("/")[0] for url in definitions.urls("StructureDefinition")}

    def of(self, event: str, resource: str) -> list[Node]:
        """The profiles that resources of a type may follow in a message of the event; R4's own where it names none."""
        found = self._entries(event).get(resource)
        base = self._tree(_BASE + resource)
        return found or ([base] if base is not None else [])

    def demanded(self, event: str) -> list[str]:
        """The types of the resources that every message of the event has."""
        bundle = self._tree(f"{canonical.MESSAGE_PROFILE}{event}")
        slices = _entry(bundle).slices if bundle is not None else []
        return [code for each in slices if each.definition.get("min") for code, _ in _resource_types(each)]

    def _entries(self, event: str) -> dict[str, list[Node]]:
        if event not in self._resources:
            found: dict[str, list[Node]] = {}
            bundle = self._tree(f"{canonical.MESSAGE_PROFILE}{event}")
            if bundle is not None:
                found["Bundle"] = [bundle]
                for each in _entry(bundle).slices:
                    for code, profiles in _resource_types(each):
                        trees = [self._tree(url) for url in profiles or [_BASE + code]]
                        found.setdefault(code, []).extend(tree for tree in trees if tree is not None)
            self._resources[event] = found
        return self._resources[event]

    def lead(self, root: Node, steps: Sequence[Step]) -> Leads:
        """Follow a path from a resource. Raises AbsentError where nothing is there."""
        found, types, here = list[list[Node]](), list[str](), [root]
        kind = root.name
        for index, step in enumerate(steps):
            element = self._element(kind, step.name)
            here = self._step(here, kind, element, steps[index:])
            kind = step.type
            found.append(here)
            types.append(kind)
        return Leads(found, types)

    def _step(self, here: list[Node], kind: str, element: Element, steps: Sequence[Step]) -> list[Node]:
        """The definitions of the next element: by each of those that hold here, as far as they speak of it."""
        found: list[Node] = []
        for node in here:
            holder = self.inside(node, kind)
            child = _child(holder, element)
            if child is None:
                continue
            _admit(child, element)
            found.append(child)
            if steps[0].name == "extension":
                found += self._extension(child, holder, steps[0])
            else:
                fitting = [each for each in child.slices if _fits(each, steps)]
                for each in fitting:
                    _admit(each, element)
                found += fitting
        return found

    def _extension(self, child: Node, holder: Node, step: Step) -> list[Node]:
        """The definition of an extension that is asked for by its URL."""
        url = dict(step.where).get("url")
        if url is None:
            return []
        if "://" not in url and not url.startswith("urn:"):
            part = next((each for each in child.slices if _fixed(each.child("url")) == url), None)
            if part is None and child.slices:
                raise AbsentError(f"the extension {_fixed(holder.child('url')) or ''} has no part '{url}'")
            return [part] if part is not None else []
        tree = self._tree(url)
        if tree is None and url.rpartition("/")[0] in self._bases:
            raise AbsentError(f"the definitions have no extension {url}")
        return [tree] if tree is not None else []

    def inside(self, node: Node, kind: str) -> Node:
        """The definition whose children an element has: its own, its profile's, or its type's."""
        if node.children:
            return node
        for each in node.types:
            profiles = each.get("profile") or []
            if each.get("code") == kind and len(profiles) == 1 and (tree := self._tree(profiles[0])) is not None:
                return tree
        return self._tree(_BASE + kind) or Node(kind, {})

    def _element(self, kind: str, name: str) -> Element:
        return self._table[kind].by_name[name]

    def _tree(self, url: str) -> Node | None:
        if url not in self._trees:
            held = self._definitions.structure(url)
            elements = element_tree.elements(held, "snapshot") if held is not None else []
            self._trees[url] = element_tree.parse(url, elements) if elements else None
        return self._trees[url]

    def label(self, resource: str, steps: Sequence[Step]) -> str:
        """A path from the resource, as `lacking` names it."""
        found, kind = [resource], resource
        for step in steps:
            found.append(self._element(kind, step.name).step)
            kind = step.type
        return ".".join(found)

    def lacking(self, root: Node, written: Sequence[Sequence[Step]]) -> Iterator[str]:
        """Paths, from the resource, of what must be there and what no written path leads to."""
        yield from self._lacking(root, root.name, root.name, written)

    def _lacking(self, node: Node, kind: str, label: str, written: Sequence[Sequence[Step]]) -> Iterator[str]:
        if kind not in self._table or kind == "Reference":  # a link writes the whole of a Reference
            return
        names = {element.name: element for element in self._table[kind].elements}
        for child in self.inside(node, kind).children:
            below = [path for path in written if path and child.name in _names(names[path[0].name])]
            if child.name == "extension":
                yield from self._lacking_extensions(child, label, below)
            elif child.name not in _MADE and child.definition.get("min") and not below:
                yield f"{label}.{child.name}"
            if child.name != "extension":
                for step in dict.fromkeys(path[0] for path in below if len(path) > 1):
                    tails = [path[1:] for path in below if _same_item(path[0], step)]
                    said = [[Step(member, False, "string")] for member, _ in step.where]
                    yield from self._lacking(child, step.type, f"{label}.{names[step.name].step}", [*tails, *said])

    @staticmethod
    def _lacking_extensions(child: Node, label: str, below: Sequence[Sequence[Step]]) -> Iterator[str]:
        urls = {value for path in below for member, value in path[0].where if member == "url"}
        for each in child.slices:
            wanted = [url.partition("|")[0] for kind in each.types for url in kind.get("profile") or []]
            url = _fixed(each.child("url")) or (wanted[0] if wanted else None)
            if each.definition.get("min") and url is not None and url not in urls:
                yield f"{label}.extension('{url}')"


def binding(leads: Leads) -> str | None:
    """The value set that the code at the end of a path must be in, where one is required."""
    depth = 1
    if leads.types[-1] == "code" and len(leads.types) > 1 and leads.types[-2] == "Coding":
        depth = 3 if len(leads.types) > 2 and leads.types[-3] == "CodeableConcept" else 2
    for nodes in reversed(leads.nodes[-depth:]):
        for node in reversed(nodes):  # a slice's before the element's
            bound = node.definition.get("binding") or {}
            if bound.get("strength") == "required" and bound.get("valueSet"):
                return str(bound["valueSet"])
    return None


def wanted(leads: Leads) -> str | bool | None:
    """The one value that the definitions allow at the end of a path, None where they allow several."""
    found = (_fixed(node) for node in leads.nodes[-1])
    return next((value for value in found if value is not None), None)


def _same_item(given: Step, step: Step) -> bool:
    """Whether a path through `given` writes into the item that `step` leads to."""
    return given.name == step.name and set(given.where) <= set(step.where)


def _entry(bundle: Node) -> Node:
    return bundle.child("entry") or Node("entry", {})


def _resource_types(entry: Node) -> Iterator[tuple[str, list[str]]]:
    resource = entry.child("resource")
    for each in resource.types if resource is not None else []:
        if each["code"] != "Resource":
            yield each["code"], each.get("profile") or []


def _names(element: Element) -> Iterable[str]:
    return (element.name, element.choice) if element.choice else (element.name,)


def _child(holder: Node, element: Element) -> Node | None:
    return next((child for name in _names(element) if (child := holder.child(name)) is not None), None)


def _admit(node: Node, element: Element) -> None:
    """Raises AbsentError where the definitions take the element, or its type, away."""
    if node.definition.get("max") == "0":
        raise AbsentError(f"the profile does not allow {node.definition['base']['path']}")
    if element.choice and node.types and element.type not in {each["code"] for each in node.types}:
        known = ", ".join(each["code"] for each in node.types)
        raise AbsentError(f"{node.definition['base']['path']} is not a {element.type} there: expected {known}")


def _fixed(node: Node | None) -> Any:
    """The one simple value that an element may have, None where there is none such."""
    for key, value in node.definition.items() if node is not None else ():
        if key.startswith(("fixed", "pattern")) and not isinstance(value, dict | list):
            return value
    return None


def _member(node: Node | None, definition: Any, name: str) -> tuple[Node | None, Any]:
    """A member of an element: its definition, and what a fixed value or pattern around it says."""
    inner = node.child(name) if node is not None else None
    said = definition.get(name) if isinstance(definition, dict) else None
    if isinstance(said, list):
        said = said[0] if len(said) == 1 else None
    if inner is not None:
        own = next((v for k, v in inner.definition.items() if k.startswith(("fixed", "pattern"))), None)
        said = own if own is not None else said
    return inner, said


def _fits(node: Node, steps: Sequence[Step]) -> bool:
    """Whether a path with `where` speaks of a slice: something that it asks for is what the slice fixes, and nothing is
    other than that."""
    here: Node | None = node
    said: Any = next((v for k, v in node.definition.items() if k.startswith(("fixed", "pattern"))), None)
    met = False
    for index, step in enumerate(steps):
        if index:
            here, said = _member(here, said, step.name)
        for member, value in step.where:
            fixed = _member(here, said, member)[1]
            if fixed is not None and fixed != value:
                return False
            met = met or fixed == value
    return met
