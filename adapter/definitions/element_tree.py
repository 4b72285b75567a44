"""A snapshot as a tree: each element with its children and its slices, instead of a list told apart by paths."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapter.support.errors import DefinitionsError

Definition = dict[str, Any]

_POSITION = ("id", "path", "sliceName")
_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_NOT_INHERITED = frozenset(
    _HL7 + "structuredefinition-" + name
    for name in ("standards-status", "normative-version", "fmm", "wg", "explicit-type-name")
)
"""Extensions that speak of the definition that they stand in, not of those that derive from it."""


@dataclass(slots=True)
class Node:
    """An element, or a slice of one.

    `definition` is never changed in place, so that copies of a tree share it. `children` is empty where the element's
    content is that of its type. `slices` belong to the unsliced element; a re-slice `a/b` stands among them after `a`.
    """

    name: str
    definition: Definition
    slice: str | None = None
    children: "list[Node]" = field(default_factory=list)
    slices: "list[Node]" = field(default_factory=list)

    def copy(self, *, slices: bool = True) -> "Node":
        """The whole tree below, sharing the definitions; without the node's own slices where they are not wanted."""
        return Node(
            self.name,
            self.definition,
            self.slice,
            [child.copy() for child in self.children],
            [each.copy() for each in self.slices] if slices else [],
        )

    def child(self, name: str) -> "Node | None":
        """The unsliced child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def sliced(self, name: str) -> "Node | None":
        """The slice of that name."""
        return next((each for each in self.slices if each.slice == name), None)

    @property
    def types(self) -> list[dict[str, Any]]:
        """The element's types, [] where it has none."""
        types = self.definition.get("type")
        return types if isinstance(types, list) else []


def elements(structure: dict[str, Any], view: str) -> list[Definition]:
    """The elements of a StructureDefinition's `snapshot` or `differential`, [] where it has none.

    Raises DefinitionsError, naming the definition and the element, where they do not have the shape of elements.
    """
    url = structure.get("url")
    held = structure.get(view, {})
    found = held.get("element", []) if isinstance(held, dict) else None
    if not isinstance(found, list):
        raise DefinitionsError(f"{url}: {view} is not an object with a list of elements")
    for number, element in enumerate(found):
        place = f"{url}: {view}.element[{number}]"
        if not isinstance(element, dict) or not isinstance(element.get("path"), str):
            raise DefinitionsError(f"{place}: an element is an object with a path")
        types = element.get("type", [])
        if not isinstance(types, list) or not all(
            isinstance(each, dict) and isinstance(each.get("code"), str) for each in types
        ):
            raise DefinitionsError(f"{place} ({element['path'][:200]}): type is not a list of objects with a code")
    return found


def parse(url: str, elements: list[Definition]) -> Node:
    """The tree of a snapshot, as those that derive from the definition `url` inherit it.

    Raises DefinitionsError, naming the element, where the list is not one tree.
    """
    root: Node | None = None
    stack: list[tuple[str, Node]] = []
    for element in elements:
        path = element["path"]
        name = path.rpartition(".")[2]
        slice_name = element.get("sliceName")
        node = Node(name, _inherited(element, url), slice_name if isinstance(slice_name, str) else None)
        if root is None:
            root = Node(path, node.definition)
            stack = [(path, root)]
            continue
        parent_path = path.rpartition(".")[0]
        while stack and stack[-1][0] != parent_path:
            stack.pop()
        if not stack:
            raise DefinitionsError(f"{url}: snapshot element {path} does not follow its parent")
        _attach(stack[-1][1], node)
        stack.append((path, node))
    if root is None:
        raise DefinitionsError(f"{url}: the snapshot has no elements")
    return root


def _attach(parent: Node, node: Node) -> None:
    """A slice belongs to the child of its name, where there is one, whatever stands between them."""
    group = parent.child(node.name) if node.slice is not None else None
    if group is None:
        parent.children.append(node)
    else:
        group.slices.append(node)


def _inherited(element: Definition, url: str) -> Definition:
    """The definition without what its place in a list says, and with what every element of a snapshot has."""
    definition = {key: value for key, value in element.items() if key not in _POSITION}
    if not isinstance(definition.get("base"), dict):
        definition["base"] = {"path": element["path"], "min": element.get("min", 0), "max": element.get("max", "*")}
    extensions = definition.get("extension")
    if isinstance(extensions, list):
        kept = [x for x in extensions if not (isinstance(x, dict) and str(x.get("url")) in _NOT_INHERITED)]
        definition = {key: value for key, value in definition.items() if key != "extension"}
        definition |= {"extension": kept} if kept else {}
    constraints = definition.get("constraint")
    if isinstance(constraints, list):
        definition["constraint"] = sourced(constraints, url)
    return definition


def sourced(constraints: list[Any], source: str) -> list[Any]:
    """Constraints that all say where they come from: those that do not, from `source`."""
    return [
        {**each, "source": source} if isinstance(each, dict) and "source" not in each else each for each in constraints
    ]


def flatten(root: Node) -> Iterator[Definition]:
    """The snapshot's elements in their order, with id, path and sliceName."""
    yield from _flatten(root, root.name, root.name)


def _flatten(node: Node, element_id: str, path: str) -> Iterator[Definition]:
    position: Definition = {"id": element_id, "path": path}
    if node.slice is not None:
        position["sliceName"] = node.slice
    yield position | node.definition
    for child in node.children:
        child_id, child_path = f"{element_id}.{child.name}", f"{path}.{child.name}"
        yield from _flatten(child, child_id if child.slice is None else f"{child_id}:{child.slice}", child_path)
        for each in child.slices:
            yield from _flatten(each, f"{child_id}:{each.slice}", child_path)
