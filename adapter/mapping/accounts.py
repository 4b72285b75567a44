"""The account of a run: walks every node of the source and says what became of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from adapter.mapping.paths import PathError
from adapter.mapping.records import TEXT, Node
from adapter.mapping.report import Line, Outcome
from adapter.mapping.runs import Run

_SEGMENT = re.compile(
    r"\.?(?:extension\(\s*(?P<url>'[^']*'|%[a-z0-9-]+)\s*\)|(?P<name>\*\*|\*|[A-Za-z_][A-Za-z0-9_]*))"
)


_Node = tuple[str, str, Any, str | int, Any, dict[str, Any]]
"""A node on the way: path, names, container, key, value, resource."""

_OTHER = "other "
"""Stands before the type of a resource that no name stands for."""


@dataclass(frozen=True)
class Omission:
    """Nodes that are left out on purpose. `pattern` is matched against the node's names, joined by `/`."""

    pattern: re.Pattern[str]
    value: str | bool | None
    having: str | None
    beside: frozenset[str]
    reason: str
    label: str

    def covers(self, leaf: "Leaf") -> bool:
        """Whether the node, whose names fit, is left out."""
        return (
            self.value in (None, leaf.value)
            and (self.having is None or self.having in leaf.resource)
            and (not self.beside or (isinstance(leaf.container, dict) and not self.beside.isdisjoint(leaf.container)))
        )


class Leaf(NamedTuple):
    """A node with a value. `names` are its element names without positions, joined by `/`."""

    path: str
    names: str
    container: Any
    key: str | int
    value: Any
    resource: dict[str, Any]


def fhir_pattern(text: str, constants: Mapping[str, str]) -> re.Pattern[str]:
    """A pattern such as `Encounter.extension(%need-assessed)`, `*.meta.profile` or `**.display`; it covers all that is
    below. Raises PathError."""
    parts, position = list[str](), 0
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None:
            raise PathError(f"'{text}' cannot be read at position {position + 1}")
        position = match.end()
        url = match["url"]
        if url and url.startswith("%") and url[1:] not in constants:
            raise PathError(f"mapping.yaml has no constant '{url[1:]}'")
        parts.append(match["name"] or f"extension({_flat(constants[url[1:]] if url.startswith('%') else url[1:-1])})")
    return _pattern(parts)


def record_pattern(text: str) -> re.Pattern[str]:
    """A pattern such as `kuvert/version`, with `*` and `**`."""
    return _pattern(text.split("/"))


def resource_pattern(resource_type: str) -> re.Pattern[str]:
    """All of every resource of a type that no name of the mapping stands for."""
    return _pattern([_OTHER + resource_type])


def _pattern(parts: list[str]) -> re.Pattern[str]:
    words = {"**": r"[^/]+(?:/[^/]+)*", "*": r"[^/]+"}
    body = "/".join(words.get(part) or re.escape(part) for part in parts)
    return re.compile(f"{body}(?:/.*)?", re.DOTALL)


class Omissions:
    """The omissions of a message. Which of them speak of an element name is looked up once and remembered."""

    _REMEMBERED = 4096  # names come from the sources: what a hostile one invents must not fill the memory

    def __init__(self, entries: list[Omission]) -> None:
        self._entries = entries
        self._known: dict[str, list[Omission]] = {}

    def of(self, leaf: Leaf) -> Omission | None:
        """The first that leaves the node out."""
        found = self._known.get(leaf.names)
        if found is None:
            found = [each for each in self._entries if each.pattern.fullmatch(leaf.names)]
            if len(self._known) < self._REMEMBERED:
                self._known[leaf.names] = found
        return next((each for each in found if each.covers(leaf)), None)


def lines(leaves: Iterable[Leaf], run: Run, omissions: Omissions) -> Iterator[Line]:
    """What became of each leaf, then what the mapping supplied."""
    for leaf in leaves:
        place = (id(leaf.container), leaf.key)
        rule = run.trace.touched.get(place)
        if rule is not None:
            yield Line(leaf.path, Outcome.MAPPED, rule)
            continue
        omission = omissions.of(leaf)
        if omission is not None:
            yield Line(leaf.path, Outcome.LEFT_OUT, omission.label, omission.reason)
        else:
            yield Line(leaf.path, Outcome.NOT_MAPPED, "", run.trace.faults.get(place, "no rule speaks of it"))
    yield from run.trace.supplied


def fhir_leaves(bundle: dict[str, Any], run: Run) -> Iterator[Leaf]:
    """Every primitive of a Bundle. A resource that no name stands for has its type as one leaf more, so that it cannot
    vanish by being empty."""
    named = {id(resource) for group in run.members.values() for resource in group}
    stack: list[_Node] = [("Bundle", "Bundle", None, "", bundle, bundle)]
    while stack:
        path, names, container, key, value, resource = stack.pop()
        if isinstance(value, dict) and value:
            resource_type = value.get("resourceType")
            if resource_type is not None and container is not None:
                path, names, resource = f"{path}.ofType({resource_type})", str(resource_type), value
                if id(value) not in named:
                    names = _OTHER + names
                    yield Leaf(path, names, value, "resourceType", resource_type, resource)
            stack += [
                (f"{path}.{name}", f"{names}/{name}", value, name, member, resource)
                for name, member in reversed(value.items())
                if name != "resourceType"
            ]
        elif isinstance(value, list) and value:
            stack += [
                (f"{path}[{index}]", _named(names, value[index]), value, index, value[index], resource)
                for index in range(len(value) - 1, -1, -1)
                if value[index] is not None
            ]
        elif container is not None:
            yield Leaf(path, names, container, key, value, resource)


def _flat(url: str) -> str:
    """A URL as part of a name, where `/` parts the names."""
    return url.replace("/", "\\")


def _named(names: str, item: Any) -> str:
    """An extension is told from another by its url."""
    if isinstance(item, dict) and isinstance(item.get("url"), str) and names.endswith("/extension"):
        url: str = item["url"]
        return f"{names}({_flat(url)})"
    return names


def record_leaves(root: Node) -> Iterator[Leaf]:
    """Every text and attribute of a record."""
    stack = [(root.name, "", root)]
    while stack:
        path, names, node = stack.pop()
        for name, value in node.attributes.items():
            yield Leaf(f"{path}/@{name}", f"{names}/@{name}".lstrip("/"), node, f"@{name}", value, {})
        if not node.children:
            yield Leaf(path, names or ".", node, TEXT, node.text, {})
        counts = {child.name: 0 for child in node.children}
        inner = []
        for child in node.children:
            counts[child.name] += 1
            inner.append((f"{path}/{child.name}[{counts[child.name]}]", f"{names}/{child.name}".lstrip("/"), child))
        stack.extend(reversed(inner))
