"""A code system's concepts, made ready for filters: hierarchy, properties, displays."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from adapter.fhir.shapes import obj, objects, text

MAX_CONCEPTS = 2_000_000
_HIERARCHY = frozenset({"parent", "child"})
_ABSTRACT = frozenset({"notSelectable", "abstract"})
_RETIRED = frozenset({"retired", "inactive"})


class CodeSystem:
    """The concepts that a CodeSystem resource holds. `content` is its own word for how many of all these are."""

    def __init__(self, resource: dict[str, Any]) -> None:
        """Takes a resource of any shape: what is not a concept is left out."""
        self.url = text(resource.get("url")) or ""
        self.version = text(resource.get("version"))
        self.content = text(resource.get("content")) or "not-present"
        self.case_sensitive = resource.get("caseSensitive") is not False
        self.concepts: dict[str, dict[str, Any]] = {}
        self.parents: dict[str, set[str]] = {}
        self.children: dict[str, set[str]] = {}
        for parent, concept in _walk(objects(resource.get("concept"))):
            code = self.key(str(concept["code"]))
            self.concepts[code] = concept
            if parent is not None:
                self._link(self.key(parent), code)
            for name, value in properties(concept):
                if name in _HIERARCHY and isinstance(value, str):
                    self._link(*((self.key(value), code) if name == "parent" else (code, self.key(value))))
        declared = {text(each.get("code")) for each in objects(resource.get("property"))}
        self.declared: frozenset[str] = frozenset(filter(None, declared))

    def key(self, code: str) -> str:
        """The code as it is compared."""
        return code if self.case_sensitive else code.lower()

    @property
    def complete(self) -> bool:
        """Whether every code of the system is here."""
        return self.content == "complete"

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(self.concepts)

    @cached_property
    def abstract(self) -> frozenset[str]:
        """Codes that group others and are not to be chosen themselves."""
        return frozenset(
            code
            for code, concept in self.concepts.items()
            if any(name in _ABSTRACT and value is True for name, value in properties(concept))
        )

    @cached_property
    def inactive(self) -> frozenset[str]:
        """Codes that are no longer to be used."""
        return frozenset(
            code
            for code, concept in self.concepts.items()
            if any(
                (name == "inactive" and value is True) or (name == "status" and text(value) in _RETIRED)
                for name, value in properties(concept)
            )
        )

    def below(self, code: str) -> set[str]:
        """All descendants, without the code itself."""
        return _reach(self.children, self.key(code))

    def above(self, code: str) -> set[str]:
        """All ancestors, without the code itself."""
        return _reach(self.parents, self.key(code))

    def displays(self, code: str) -> tuple[str, ...]:
        """The display and all designations of a code, () where none are known."""
        return displays(self.concepts.get(self.key(code), {}))

    def _link(self, parent: str, child: str) -> None:
        self.children.setdefault(parent, set()).add(child)
        self.parents.setdefault(child, set()).add(parent)


def displays(concept: dict[str, Any]) -> tuple[str, ...]:
    """Display and designations of a concept of a CodeSystem, an include or an expansion, the display first."""
    designations = (text(each.get("value")) for each in objects(concept.get("designation")))
    return tuple(filter(None, (text(concept.get("display")), *designations)))


def properties(concept: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Name and value of each property; of a Coding its code."""
    for each in objects(concept.get("property")):
        name = text(each.get("code"))
        for member, value in each.items():
            if name is not None and member.startswith("value"):
                yield name, obj(value).get("code") if isinstance(value, dict) else value


def _walk(concepts: list[dict[str, Any]]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Each concept with its parent's code. Bounded: what is beyond the bound is left out."""
    waiting: list[tuple[str | None, dict[str, Any]]] = [(None, concept) for concept in reversed(concepts)]
    for _ in range(MAX_CONCEPTS):
        if not waiting:
            return
        parent, concept = waiting.pop()
        code = text(concept.get("code"))
        if code is not None:
            yield parent, concept
            waiting += [(code, child) for child in reversed(objects(concept.get("concept")))]


def _reach(edges: dict[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for code in edges.get(waiting.pop(), ()):
            if code not in reached:
                reached.add(code)
                waiting.append(code)
    reached.discard(start)
    return reached
