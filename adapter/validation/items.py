"""The values of an element, each with its type and place, and the paths by which profiles speak of them."""

import re
from collections.abc import Callable
from typing import Any

from adapter.fhir.elements import Element, Table, table
from adapter.fhir.shapes import objects
from adapter.validation import references
from adapter.validation.run import Path, Run
from adapter.validation.shapes import step_of


class Item:
    """A value. `type` is a type code, or the path of a backbone; `extra` a primitive's id and extensions; `value` is
    None for a primitive that has only these."""

    __slots__ = ("extra", "path", "type", "value")

    def __init__(self, value: Any, type_: str, path: Path, extra: dict[str, Any] | None = None) -> None:
        self.value = value
        self.type = type_
        self.path = path
        self.extra = extra

    @property
    def owner(self) -> dict[str, Any]:
        """What has the item's children."""
        if self.value.__class__ is dict:
            found: dict[str, Any] = self.value
            return found
        return self.extra or {}


Collect = Callable[[dict[str, Any], Path], list[Item]]


class Collectors:
    """Finds the items of an element of an object. One function for each structure and name, made once."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._made: dict[tuple[str, str], Collect] = {}

    def structure(self, item: Item) -> str:
        """The structure that an item's children are defined by."""
        if item.type in self.table.primitives or item.value.__class__ is not dict:
            return "Element"
        named = item.value.get("resourceType")
        if isinstance(named, str) and named in self.table.resources:
            return named
        return item.type if item.type in self.table else "Element"

    def __call__(self, structure: str, name: str) -> Collect:
        """`name` is a definition's (`value[x]`), FHIRPath's (`value`) or a member's (`valueQuantity`)."""
        made = self._made.get((structure, name))
        if made is None:
            made = self._made[structure, name] = self._make(structure, name)
        return made

    def elements(self, structure: str, name: str) -> list[Element]:
        """The elements that the name stands for: of a choice one for each type."""
        known = self.table.get(structure)
        if known is None:
            return []
        bare = name.removesuffix("[x]")
        return [e for e in known.elements if e.name == name or (e.choice is not None and e.choice[:-3] == bare)]

    def _make(self, structure: str, name: str) -> Collect:
        by_key = {element.name: element for element in self.elements(structure, name)}
        if len(by_key) == 1:
            (element,) = by_key.values()
            step = step_of(element)
            return lambda owner, path: _items(owner, element, (path, step))

        def collect(owner: dict[str, Any], path: Path) -> list[Item]:
            found: list[Item] = []
            for key in owner:
                element = by_key.get(key) or by_key.get(key[1:])
                if element is not None and (key == element.name or element.name not in owner):
                    found += _items(owner, element, (path, step_of(element)))
            return found

        return collect


def _items(owner: dict[str, Any], element: Element, place: Path) -> list[Item]:
    value = owner.get(element.name)
    if element.kind != "primitive" or element.attribute:
        if value.__class__ is list:
            return [Item(each, _type(each, element), (place, index)) for index, each in enumerate(value)]
        return [] if value is None else [Item(value, _type(value, element), place)]
    extra = owner.get(f"_{element.name}")
    if value.__class__ is not list and extra.__class__ is not list:
        if value is None and extra is None:
            return []
        return [Item(value, element.type, place, extra if extra.__class__ is dict else None)]
    values = value if value.__class__ is list else []
    extras = extra if extra.__class__ is list else []
    found: list[Item] = []
    for index in range(max(len(values), len(extras))):
        one = values[index] if index < len(values) else None
        other = extras[index] if index < len(extras) else None
        if one is not None or other is not None:
            found.append(Item(one, element.type, (place, index), other if other.__class__ is dict else None))
    return found


def _type(value: Any, element: Element) -> str:
    if element.kind == "resource" and value.__class__ is dict:
        return resource_type(value)
    return element.type


def resource_type(resource: dict[str, Any]) -> str:
    """The type that a resource states; `Resource` where R4 has none of that name, for it may be anything."""
    found = resource.get("resourceType")
    return found if isinstance(found, str) and found in table().resources else "Resource"


_SEGMENT = re.compile(
    r"(?P<this>\$this)|(?P<resolve>resolve\(\))|extension\(\s*(?P<quote>['\"])(?P<url>[^'\"]+)(?P=quote)\s*\)"
    r"|ofType\(\s*(?P<type>[A-Za-z.]+)\s*\)|as\(\s*(?P<as>[A-Za-z.]+)\s*\)|(?P<name>[A-Za-z][A-Za-z0-9]*(?:\[x\])?)"
)

Segment = tuple[str, str]
"""(kind, word): `name`, `extension` with its URL, `ofType`, `resolve`."""


def segments(path: str) -> list[Segment] | None:
    """A discriminator's path in its parts; None where it is not of the simple form that FHIR allows there."""
    found: list[Segment] = []
    position = 0
    while position < len(path):
        match = _SEGMENT.match(path, position)
        if match is None or (match.end() < len(path) and path[match.end()] != "."):
            return None
        position = match.end() + 1
        if match["this"]:
            continue
        if match["resolve"]:
            found.append(("resolve", ""))
        elif match["url"]:
            found.append(("extension", match["url"]))
        elif match["type"] or match["as"]:
            found.append(("ofType", match["type"] or match["as"]))
        else:
            found.append(("name", match["name"]))
    return found


def follow(item: Item, path: list[Segment], run: Run, collectors: Collectors) -> list[Item]:
    """The items that a discriminator's path leads to from an item."""
    found = [item]
    for kind, word in path:
        found = [each for one in found for each in _step(one, kind, word, run, collectors)]
    return found


def _step(item: Item, kind: str, word: str, run: Run, collectors: Collectors) -> list[Item]:
    if kind == "name":
        return collectors(collectors.structure(item), word)(item.owner, item.path)
    if kind == "extension":
        place = (item.path, "extension")
        return [
            Item(each, "Extension", (place, index))
            for index, each in enumerate(objects(item.owner.get("extension")))
            if each.get("url") == word
        ]
    if kind == "ofType":
        return [item] if item.type == word.removeprefix("FHIR.") else []
    url = item.owner.get("reference") if item.value.__class__ is dict else item.value
    if not isinstance(url, str):
        return []
    target = references.target(url, run.frame).resource
    if target is None:
        return []
    frame = run.frames.get(id(target))
    return [Item(target, resource_type(target), frame.path if frame else item.path)]
