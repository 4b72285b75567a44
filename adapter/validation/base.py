"""The base structure of R4: does a resource consist of the elements that its type has, in their JSON form?

Walks a parsed resource along the element table. Cardinality, JSON types, primitive formats, choices, contained
resources and the shape of references are checked; invariants, terminology bindings and profiles are not.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from adapter.fhir.elements import Element, Structure, Table
from adapter.fhir.json import MAX_DEPTH
from adapter.fhir.markup import check_narrative
from adapter.fhir.outcomes import Issue, Rule
from adapter.fhir.shapes import objects
from adapter.support.errors import ParseError
from adapter.validation import primitives, rules

MAX_ISSUES = 1000
"""What a resource may have before validation stops: a hostile one must not become a larger answer."""

_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9]{0,63}")
_Path = tuple["_Path | None", str | int]


class _Enough(Exception):  # noqa: N818 - not an error: the end of a walk
    """The walk has found as many issues as are listed."""


def check(resource: object, table: Table) -> list[Issue]:
    """What a parsed resource of any shape breaks of R4's base structure, in the order of its members."""
    walk = _Walk(table)
    try:
        walk.resource(resource, None, 1)
    except _Enough:
        walk.issues.append(rules.STOPPED.issue(f"validation stopped after {MAX_ISSUES} issues"))
    return walk.issues


@cache
def _required(structure: Structure) -> tuple[tuple[str, frozenset[str]], ...]:
    """(name, members of which one must be there) for each required element; a choice has several members."""
    members: dict[str, set[str]] = {}
    for element in structure.elements:
        if element.min > 0:
            members.setdefault(element.choice or element.name, set()).update((element.name, f"_{element.name}"))
    return tuple((name, frozenset(names)) for name, names in members.items())


class _Walk:
    def __init__(self, table: Table) -> None:
        self.issues: list[Issue] = []
        self._table = table
        self._element = table["Element"]
        self._type = ""
        self._contained_ids: frozenset[str] = frozenset()

    def resource(self, value: object, path: _Path | None, depth: int, *, contained: bool = False) -> None:
        """A resource at the root, in an entry or a parameter, or contained in another."""
        if not isinstance(value, dict):
            return self._report(rules.JSON_TYPE, "expected a resource, an object with resourceType", path)
        name = value.get("resourceType")
        if not isinstance(name, str) or name not in self._table.resources:
            return self._report(rules.UNKNOWN_RESOURCE, "expected a resource type of FHIR R4", (path, "resourceType"))
        self._type = self._type or name
        outer = self._contained_ids
        if contained:
            self._contained(value, path)
        else:
            ids = (each.get("id") for each in objects(value.get("contained")))
            self._contained_ids = frozenset(each for each in ids if isinstance(each, str))
        self._members(value, self._table[name], path, depth)
        self._contained_ids = outer
        return None

    def _contained(self, value: dict[str, Any], path: _Path | None) -> None:
        if "contained" in value:
            self._report(rules.CONTAINED, "a contained resource contains resources", (path, "contained"))
        if "id" not in value:
            self._report(rules.CONTAINED, "expected an id to refer to the contained resource by", (path, "id"))

    def _members(self, value: dict[str, Any], structure: Structure, path: _Path | None, depth: int) -> None:
        if depth > MAX_DEPTH:
            return self._report(rules.DEPTH, f"nested deeper than {MAX_DEPTH} levels", path)
        chosen: dict[str, str] = {}
        for name, member in value.items():
            if name == "resourceType" and structure.kind == "resource":
                continue
            underscored = name.startswith("_")
            own = name[1:] if underscored else name
            element = structure.by_name.get(own)
            if element is None or (underscored and (element.kind != "primitive" or element.attribute)):
                self._report(rules.UNKNOWN_ELEMENT, f"{structure.name} has no element of this name", (path, name))
                continue
            if member is None:
                self._report(rules.JSON_TYPE, "null: leave out what has no value", (path, name))
                continue
            if element.choice and chosen.setdefault(element.choice, own) != own:
                words = f"{element.choice} is given as {chosen[element.choice]} too: expected one of them"
                self._report(rules.CHOICE, words, (path, own))
            if element.kind == "primitive":
                if not underscored or own not in value:
                    self._primitive(element, value.get(own), value.get(f"_{own}"), path, depth)
            else:
                self._repeated(element, member, path, depth)
        for name, members in _required(structure):
            if members.isdisjoint(value):
                self._report(rules.REQUIRED, f"{structure.name}.{name} is missing: expected a value", (path, name))
        return None

    def _repeated(self, element: Element, member: object, path: _Path | None, depth: int) -> None:
        """An element that is not primitive: one value, or an array of them where it repeats."""
        for place, item in self._items(element, member, (path, element.name)):
            if element.kind == "resource":
                self.resource(item, place, depth + 1, contained=element.name == "contained")
            elif element.kind == "xhtml":
                self._narrative(item, place)
            else:
                self._complex(item, self._table[element.type], place, depth + 1)

    def _items(self, element: Element, member: object, path: _Path) -> Iterator[tuple[_Path, Any]]:
        if not element.is_list:
            if isinstance(member, list):
                self._report(rules.LIST, "an array where the element does not repeat: expected one value", path)
            else:
                yield path, member
        elif not isinstance(member, list):
            self._report(rules.LIST, "the element repeats: expected an array", path)
        elif not member:
            self._report(rules.EMPTY, "an empty array: expected at least one value, or no member", path)
        else:
            for index, item in enumerate(member):
                yield (path, index), item

    def _complex(self, value: object, structure: Structure, path: _Path, depth: int) -> None:
        if not isinstance(value, dict):
            found = "null" if value is None else "a value"
            return self._report(rules.JSON_TYPE, f"{found} where an object ({structure.name}) is expected", path)
        if value.keys() <= {"id"}:
            return self._report(rules.EMPTY, "an object without content: expected at least one element", path)
        self._members(value, structure, path, depth)
        if structure.name == "Reference":
            self._reference(value, path)
        return None

    def _reference(self, value: dict[str, Any], path: _Path) -> None:
        if value.keys().isdisjoint(("reference", "_reference", "identifier", "display", "_display", "extension")):
            self._report(rules.REFERENCE_SHAPE, "expected reference, identifier or display", path)
        url = value.get("reference")
        if isinstance(url, str) and url.startswith("#") and url != "#" and url[1:] not in self._contained_ids:
            self._report(rules.REFERENCE_SHAPE, "no contained resource has this id", (path, "reference"))

    def _narrative(self, value: object, path: _Path) -> None:
        if not isinstance(value, str):
            return self._report(rules.JSON_TYPE, "expected a string of XHTML", path)
        try:
            check_narrative(value)
        except ParseError as error:
            self._report(rules.NARRATIVE, error.reason, path)
        return None

    def _primitive(self, element: Element, value: object, sibling: object, path: _Path | None, depth: int) -> None:
        """A primitive element: its value, and the id and extensions that JSON carries in the member with underscore."""
        place = (path, element.name)
        if not element.is_list:
            if isinstance(value, list) or isinstance(sibling, list):
                return self._report(rules.LIST, "an array where the element does not repeat: expected one value", place)
            return self._single(element, value, sibling, place, depth)
        if any(part is not None and not isinstance(part, list) for part in (value, sibling)):
            return self._report(rules.LIST, "the element repeats: expected an array", place)
        if value == [] or sibling == []:
            return self._report(rules.EMPTY, "an empty array: expected at least one value, or no member", place)
        values: list[Any] = value if isinstance(value, list) else []
        siblings: list[Any] = sibling if isinstance(sibling, list) else []
        if values and siblings and len(values) != len(siblings):
            words = f"{len(siblings)} beside {len(values)} values: expected as many, null where there is nothing"
            return self._report(rules.PRIMITIVE_SIBLING, words, (path, f"_{element.name}"))
        for index in range(max(len(values), len(siblings))):
            one, other = (part[index] if part else None for part in (values, siblings))
            self._single(element, one, other, (place, index), depth)
        return None

    def _single(self, element: Element, value: object, sibling: object, path: _Path, depth: int) -> None:
        if value is None and sibling is None:
            return self._report(
                rules.JSON_TYPE, "null: expected a value, or an extension in the underscored array", path
            )
        if value is not None and (fault := primitives.fault(value, self._table.primitives[element.type])):
            self._report(*fault, path)
        if value is not None and isinstance(sibling, dict) and sibling:
            self._members(sibling, self._element, path, depth + 1)  # an id alone will do: there is a value
        elif sibling is not None:
            self._complex(sibling, self._element, path, depth + 1)
        return None

    def _report(self, rule: Rule, words: str, path: _Path | None) -> None:
        if len(self.issues) >= MAX_ISSUES:
            raise _Enough
        self.issues.append(rule.issue(words, (self._type or "Resource") + _expression(path)))


def _expression(path: _Path | None) -> str:
    """FHIRPath of a place; a name that is no element's stands as `?`, for it may be anything."""
    steps: list[str] = []
    while path is not None:
        path, step = path
        if isinstance(step, int):
            steps.append(f"[{step}]")
        else:
            steps.append(f".{step}" if _MEMBER.fullmatch(step) else ".?")
    return "".join(reversed(steps))
