"""Paths on the FHIR side: the part of FHIRPath that can be read both ways.

    task.identifier.value                               elements; in a list, its first item
    encounter.extension(%estimated-discharge).value.ofType(dateTime)
    provenance.entity.where(role = 'derivation').what.identifier.where(system = %uri).value

The first name is a resource or group of the mapping. `%name` is a constant of mapping.yaml. Reading picks what is
there; writing makes what is missing, with the members that `where` names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.fhir.elements import Table

Slot = tuple[Any, str | int]
"""Where a value stands: the object or list that holds it, and its member name or index."""

Head = tuple[str, bool, tuple[tuple[str, str], ...]]
"""Name, is_list and where of a step."""

_TOKEN = re.compile(
    r"\s*\.?\s*(?:(?P<function>where|extension|ofType)\s*\((?P<argument>(?:'[^']*'|[^()'])*)\)|(?P<name>[A-Za-z][A-Za-z0-9]*))"
)
_CONDITION = re.compile(r"\s*(?P<member>[A-Za-z]+)\s*=\s*(?P<value>'[^']*'|%[a-z0-9-]+)\s*")


class PathError(ValueError):
    """The path cannot be read, or leads to what FHIR R4 does not have."""


@dataclass(frozen=True)
class Step:
    """One element. `where` are members that the item must have; `type` is the FHIR type of its value."""

    name: str
    is_list: bool
    type: str
    where: tuple[tuple[str, str], ...] = ()


class FhirPath:
    """A compiled path below the resource or group `root`. `type` is that of what it leads to; `is_list`: its last
    element repeats; `begins` is the name of its first element, None of a path that is a name alone."""

    def __init__(self, text: str, root: str, steps: tuple[Step, ...], kind: str, *, primitive: bool) -> None:
        self.text, self.root, self.steps, self.type, self.primitive = text, root, steps, kind, primitive
        self.is_list = bool(steps) and steps[-1].is_list
        self.begins = steps[0].name if steps else None
        # Plain tuples, because a message asks for some hundred paths.
        *self.heads, self.last = [(step.name, step.is_list, step.where) for step in steps] or [("", False, ())]

    def find(self, node: dict[str, Any]) -> tuple[list[Slot], list[Slot]]:
        """The slots that the path leads to, and those of the members that `where` looked at."""
        found = self._before_last(node)
        if found is None:
            return [], []
        node, asserted = found
        name, _, where = self.last
        value = node.get(name)
        if value is None:
            return [], asserted
        if isinstance(value, list):
            if not where:
                return [(value, index) for index in range(len(value))], asserted
            slots: list[Slot] = [(value, index) for index, item in enumerate(value) if _accepts(item, where)]
        else:
            slots = [(node, name)] if not where or _accepts(value, where) else []
        if where:
            asserted = [*asserted, *((holder[key], member) for holder, key in slots for member, _ in where)]
        return slots, asserted

    def first(self, node: dict[str, Any]) -> tuple[Any, str | int, list[Slot]] | None:
        """The holder and key of the first value, and the slots of the members that `where` looked at."""
        name, _, where = self.last
        if where:
            slots, asserted = self.find(node)
            return (*slots[0], asserted) if slots else None
        found = self._before_last(node) if self.heads else (node, _NOTHING)
        if found is None:
            return None
        node, asserted = found
        value = node.get(name)
        if value is None:
            return None
        if isinstance(value, list):
            return (value, 0, asserted) if value else None
        return node, name, asserted

    def _before_last(self, node: dict[str, Any]) -> tuple[dict[str, Any], list[Slot]] | None:
        """What holds the last element, and the slots of the members that `where` looked at on the way."""
        asserted = _NOTHING
        for name, _, where in self.heads:
            value: Any = node.get(name)
            if isinstance(value, list):
                for item in value:
                    if _accepts(item, where) if where else isinstance(item, dict):
                        node = item
                        break
                else:
                    return None
            elif _accepts(value, where) if where else isinstance(value, dict):
                node = value
            else:
                return None
            if where:
                asserted = [*asserted, *((node, member) for member, _ in where)]
        return node, asserted

    def exists(self, node: dict[str, Any] | None) -> bool:
        """Whether there is anything at the path."""
        return node is not None and (not self.steps or bool(self.find(node)[0]))

    def write(self, node: dict[str, Any], value: Any) -> bool:
        """Set the value, or add it where the last element repeats. False where another value stands there already."""
        for name, is_list, where in self.heads:
            node = _item(node, name, is_list, where)
        name, is_list, _ = self.last
        if is_list:
            node.setdefault(name, []).append(value)
            return True
        return bool(node.setdefault(name, value) == value)

    def add(self, node: dict[str, Any]) -> dict[str, Any]:
        """A new object at the path: one more item of a list, or the one object of a single element."""
        for name, is_list, where in self.heads:
            node = _item(node, name, is_list, where)
        name, is_list, where = self.last
        if not is_list:
            return _item(node, name, is_list, where)
        made: dict[str, Any] = dict(where)
        node.setdefault(name, []).append(made)
        return made


_NOTHING: list[Slot] = []


def _accepts(item: Any, where: tuple[tuple[str, str], ...]) -> bool:
    """Whether an item is one that `where` asks for."""
    if not isinstance(item, dict):
        return False
    for name, value in where:  # noqa: SIM110 - all() with a generator costs twice this, some hundred times a message
        if item.get(name) != value:
            return False
    return True


def _item(node: dict[str, Any], name: str, is_list: bool, where: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The first item that `where` asks for, made where there is none."""
    held: Any = node.get(name)
    made: dict[str, Any]
    if held is None:
        made = dict(where)
        node[name] = [made] if is_list else made
        return made
    if not is_list:
        made = held
        made.update(where)
        return made
    for made in held:
        if _accepts(made, where):
            return made
    made = dict(where)
    held.append(made)
    return made


def parse(text: str, types: Mapping[str, str], constants: Mapping[str, str], table: Table) -> FhirPath:
    """Compile a path. `types` gives the FHIR type of each name that a path may begin with. Raises PathError."""
    root, raw = _raw(text, constants)
    if root not in types:
        raise PathError(f"'{root}' is not a resource or group of this mapping; known: {', '.join(sorted(types))}")
    kind = types[root]
    steps: list[Step] = []
    for name, where in raw:
        structure = table.get(kind)
        element = structure.by_name.get(name) if structure else None
        if element is None:
            raise PathError(f"FHIR R4 has no element {kind}.{name}")
        kind = element.type
        inner = table.get(kind)
        for member, _ in where:
            if inner is None or member not in inner.by_name:
                raise PathError(f"FHIR R4 has no element {kind}.{member}, which where() asks for")
        steps.append(Step(name, element.is_list, kind, where))
    return FhirPath(text, root, tuple(steps), kind, primitive=kind in table.primitives)


def _raw(text: str, constants: Mapping[str, str]) -> tuple[str, list[tuple[str, tuple[tuple[str, str], ...]]]]:
    """The first name, and (element, where) of each step."""
    position, steps = 0, list[tuple[str, tuple[tuple[str, str], ...]]]()
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise PathError(f"'{text}' cannot be read at position {position + 1}")
        position = match.end()
        name, function, argument = match["name"], match["function"], (match["argument"] or "").strip()
        if name:
            steps.append((name, ()))
        elif not steps:
            raise PathError(f"'{text}' begins with a function; expected the name of a resource or group")
        elif function == "extension":
            steps.append(("extension", (("url", _literal(argument, constants)),)))
        elif function == "ofType":
            steps[-1] = (steps[-1][0] + argument[:1].upper() + argument[1:], steps[-1][1])
        else:
            steps[-1] = (steps[-1][0], steps[-1][1] + _conditions(argument, constants))
    if not steps:
        raise PathError("the path is empty")
    return steps[0][0], steps[1:]


def _conditions(argument: str, constants: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = []
    for part in re.split(r"\s+and\s+", argument):
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise PathError(
                f"where({argument}) is not of the form where(element = 'text') or where(element = %constant)"
            )
        found.append((match["member"], _literal(match["value"], constants)))
    return tuple(found)


def _literal(text: str, constants: Mapping[str, str]) -> str:
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1]
    if text.startswith("%"):
        if text[1:] not in constants:
            raise PathError(f"mapping.yaml has no constant '{text[1:]}'")
        return constants[text[1:]]
    raise PathError(f"expected 'text' or %constant, not {text or 'nothing'}")
