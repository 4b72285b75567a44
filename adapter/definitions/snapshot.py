"""Snapshots: all elements of a profile, made by laying its differential over the snapshot of its base.

Sources: FHIR R4 profiling.html and elementdefinition.html; where they leave a choice open, what the HL7 publisher does.
"""

from collections.abc import Callable
from typing import Any

from adapter.definitions import differential, element_tree
from adapter.definitions.element_tree import Node
from adapter.definitions.layering import Layering
from adapter.support.errors import DefinitionsError

_MAX_CHAIN = 64
_MAX_ELEMENTS = 20_000
_BASE = "http://hl7.org/fhir/StructureDefinition/Base"
"""The root of all types, which R4 names only in later tools: it has no elements."""

Load = Callable[[str], dict[str, Any] | None]
"""Finds a StructureDefinition by canonical URL; None where there is none."""


def generate(structure: dict[str, Any], load: Load, problems: list[str] | None = None) -> dict[str, Any]:
    """The StructureDefinition with `snapshot.element` built from its differential over its base; the given one is left.

    Raises DefinitionsError, naming the definition's URL and the element, where the definition is malformed, widens its
    base, or rests on one that `load` does not find. Given a list of `problems`, what is wrong about a single element of
    the differential is added to it instead: the element is left out, or of a cardinality the narrower one kept.
    """
    return Snapshots(load, problems).build(structure)


class Snapshots:
    """StructureDefinitions with their snapshots, each made once. Not for use by several threads at once."""

    def __init__(self, load: Load, problems: list[str] | None = None) -> None:
        self._load = load
        self._problems = problems
        self._done: dict[str, dict[str, Any]] = {}
        self._trees: dict[str, Node] = {}
        self._making: list[str] = []

    def structure(self, canonical: str) -> dict[str, Any] | None:
        """The StructureDefinition with its snapshot: as published where it has one, else built. None where unknown."""
        done = self._done.get(canonical)
        if done is None:
            found = self._load(canonical)
            if found is None or found.get("resourceType") != "StructureDefinition":
                return None
            done = found if element_tree.elements(found, "snapshot") else self.build(found)
            self._done[canonical] = done
        return done

    def tree(self, canonical: str) -> Node | None:
        """The elements of that definition as a tree, to be copied before it is changed; None where unknown."""
        tree = self._trees.get(canonical)
        if tree is None:
            structure = self.structure(canonical)
            if structure is None:
                return None
            tree = element_tree.parse(canonical.partition("|")[0], element_tree.elements(structure, "snapshot"))
            self._trees[canonical] = tree
        return tree

    def is_being_made(self, canonical: str) -> bool:
        """Whether the snapshot of that definition waits for the one that is being built: definitions may be cyclic."""
        return canonical.partition("|")[0] in self._making

    def build(self, structure: dict[str, Any]) -> dict[str, Any]:
        """As `generate`."""
        url = structure.get("url")
        if structure.get("resourceType") != "StructureDefinition" or not isinstance(url, str):
            raise DefinitionsError("a snapshot is made of a StructureDefinition with url; this is none")
        if self.is_being_made(url):
            raise DefinitionsError(f"{url}: the chain of base definitions is a circle: {' → '.join(self._making)}")
        if len(self._making) >= _MAX_CHAIN:
            raise DefinitionsError(f"{url}: the chain of definitions is longer than {_MAX_CHAIN}")
        self._making.append(url)
        try:
            elements = element_tree.elements(structure, "differential")
            if len(elements) > _MAX_ELEMENTS:
                raise DefinitionsError(f"{url}: a differential may have {_MAX_ELEMENTS} elements; this has more")
            specialising = structure.get("derivation") != "constraint"
            root = self._base(structure, url, elements, specialising)
            layering = Layering(url, root, self, self._report, specialising=specialising)
            for address, element in differential.addressed(url, elements, root.name):
                layering.apply(address, element)
        finally:
            self._making.pop()
        return structure | {"snapshot": {"element": list(element_tree.flatten(root))}}

    def _report(self, problem: str) -> None:
        if self._problems is None:
            raise DefinitionsError(problem)
        self._problems.append(problem)

    def _base(self, structure: dict[str, Any], url: str, elements: list[dict[str, Any]], specialising: bool) -> Node:
        """The tree to lay the differential over."""
        base = structure.get("baseDefinition")
        name = elements[0]["path"].partition(".")[0] if elements else str(structure.get("type")).rpartition("/")[2]
        if specialising and (base is None or (base == _BASE and self.tree(base) is None)):
            return Node(name, {"base": {"path": name, "min": 0, "max": "*"}, "min": 0, "max": "*"})
        if not isinstance(base, str):
            raise DefinitionsError(f"{url}: a constraint names what it constrains in baseDefinition; this names none")
        tree = self.tree(base)
        if tree is None:
            raise DefinitionsError(
                f"{url}: the base definition {base} is not known; install the package that holds it with "
                "`adapter packages install SOURCE`"
            )
        root = tree.copy()
        if specialising:
            root.name = name
            root.definition = root.definition | {"base": {"path": name, "min": 0, "max": "*"}}
        return root
