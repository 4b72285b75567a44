"""A snapshot as a tree: each element with its children and its slices."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from adapter.fhir.shapes import obj, objects, text
from adapter.support.errors import DefinitionsError

MAX_ELEMENTS = 20_000
_ELEMENT = "http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element"


class Node:
    """An element of a snapshot, or a slice of one. A re-slice is among the slices of the slice that it divides."""

    __slots__ = ("children", "definition", "name", "parent", "path", "slice", "slices")

    def __init__(self, definition: dict[str, Any], path: str, slice_name: str | None, parent: "Node | None") -> None:
        self.definition = definition
        self.path = path
        self.name = path.rpartition(".")[2]
        self.slice = slice_name
        self.parent = parent
        self.children: dict[str, Node] = {}
        self.slices: list[Node] = []

    @property
    def types(self) -> list[dict[str, Any]]:
        """The element's types. A profile of which only an element is meant (the extension profile-element) is named
        with that element's id: `url#Composition.section:a`."""
        found = objects(self.definition.get("type"))
        return [_narrowed(each) if "_profile" in each else each for each in found]

    def all(self) -> Iterator["Node"]:
        """The node and all below it."""
        yield self
        for below in (*self.children.values(), *self.slices):
            yield from below.all()


def _narrowed(type_: dict[str, Any]) -> dict[str, Any]:
    profiles, extras = type_.get("profile"), type_.get("_profile")
    if not isinstance(profiles, list) or not isinstance(extras, list):
        return type_
    ids = [
        next(
            (text(e.get("valueString")) for e in objects(obj(each).get("extension")) if e.get("url") == _ELEMENT), None
        )
        for each in extras
    ]
    named = [f"{url}#{id_}" if id_ else url for url, id_ in zip_longest(profiles, ids[: len(profiles)])]
    return type_ | {"profile": named}


def named(root: Node, element_id: str) -> Node | None:
    """The element of that id in a tree."""
    return next((each for each in root.all() if each.definition.get("id") == element_id), None)


def parse(structure: dict[str, Any]) -> Node:
    """The tree of a StructureDefinition's snapshot. Raises DefinitionsError, naming definition and element, where the
    list is not one tree."""
    url = structure.get("url")
    snapshot = structure.get("snapshot")
    elements = objects(snapshot.get("element")) if isinstance(snapshot, dict) else []
    if not elements or len(elements) > MAX_ELEMENTS:
        raise DefinitionsError(f"{url}: expected a snapshot of 1 to {MAX_ELEMENTS} elements")
    root: Node | None = None
    last: list[Node] = []
    for element in elements:
        path = text(element.get("path"))
        if path is None:
            raise DefinitionsError(f"{url}: an element of the snapshot has no path")
        depth = path.count(".")
        if root is None:
            if depth:
                raise DefinitionsError(f"{url}: the snapshot begins with {path}, which is no root")
            root = Node(element, path, None, None)
            last = [root]
            continue
        if depth == 0 or depth > len(last):
            raise DefinitionsError(f"{url}: the element {path} does not follow its parent")
        last = [*last[:depth], _add(last[depth - 1], element, path)]
    assert root is not None  # noqa: S101 - there is at least one element
    return root


def _add(parent: Node, element: dict[str, Any], path: str) -> Node:
    slice_name = text(element.get("sliceName"))
    node = Node(element, path, slice_name, parent)
    whole = _whole(parent, node)
    if whole is None or slice_name is None:
        parent.children[node.name] = node
    else:
        _divided(whole, slice_name).slices.append(node)
    return node


def _whole(parent: Node, node: Node) -> Node | None:
    """The element that the node is a slice of: of a choice, the name may tell the type (`valueQuantity`)."""
    found = parent.children.get(node.name)
    if found is not None or node.slice is None:
        return found
    for name, child in parent.children.items():
        if name.endswith("[x]") and node.name.startswith(name[:-3]):
            return child
    return None


def _divided(whole: Node, slice_name: str) -> Node:
    """The slice of which `a/b` is a part, else the whole."""
    while True:
        inner = next((each for each in whole.slices if slice_name.startswith(f"{each.slice}/")), None)
        if inner is None:
            return whole
        whole = inner
