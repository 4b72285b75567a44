"""The account of a run: walks every node of the source and says what became of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from adapter.mapping.paths import PathError
from adapter.mapping.records import TEXT, Record
from adapter.mapping.report import Line, Outcome
from adapter.mapping.runs import Run

_SEGMENT = re.compile(
    r"\.?(?:extension\(\s*(?P<url>'[^']*'|%[a-z0-9-]+)\s*\)|(?P<name>\*\*|\*|[A-Za-z_][A-Za-z0-9_]*))"
)


_Item = dict[str, Any]

HOLDERS = (dict, list)
"""What holds values of JSON."""

NO_RULE = "no rule speaks of it"

OTHER = "other "
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

    @cached_property
    def always(self) -> bool:
        """Whether the names alone decide."""
        return self.value is None and self.having is None and not self.beside

    def covers(self, value: Any, holder: Any, resource: _Item) -> bool:
        """Whether a node, whose names fit, is left out: by its value, what holds it, and the resource it is of."""
        return (
            self.value in (None, value)
            and (self.having is None or self.having in resource)
            and (not self.beside or (isinstance(holder, dict) and not self.beside.isdisjoint(holder)))
        )


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
    return _pattern(["", *text.split("/")])


def resource_pattern(resource_type: str) -> re.Pattern[str]:
    """All of every resource of a type that no name of the mapping stands for."""
    return _pattern([OTHER + resource_type])


def _pattern(parts: list[str]) -> re.Pattern[str]:
    words = {"**": r"[^/]+(?:/[^/]+)*", "*": r"[^/]+"}
    body = "/".join(words.get(part) or re.escape(part) for part in parts)
    return re.compile(f"{body}(?:/.*)?", re.DOTALL)


class Names:
    """The names that lead to a node, and what is left out there: looked up once, and remembered."""

    __slots__ = ("_extensions", "_left_out", "_omissions", "_text", "members", "of_extensions")

    def __init__(self, text: str, omissions: "Omissions") -> None:
        self._text = text
        self._omissions = omissions
        self.members: dict[str, Names] = {}
        self.of_extensions = text.endswith("/extension")
        self._extensions: dict[str, Names] = {}
        self._left_out: tuple[Omission, ...] | None = None

    def member(self, name: str) -> "Names":
        """The names of a member of the node."""
        found = self.members.get(name)
        return self._omissions.remembered(self.members, name, f"{self._text}/{name}") if found is None else found

    def item(self, item: Any) -> "Names":
        """The names of an item of the node, which is a list: extensions are told apart by their url."""
        url = item.get("url") if self.of_extensions and isinstance(item, dict) else None
        if not isinstance(url, str):
            return self
        text = f"{self._text}({_flat(url)})"
        found = self._extensions.get(text)
        return self._omissions.remembered(self._extensions, text, text) if found is None else found

    def left_out(self, value: Any, holder: Any, resource: _Item) -> Omission | None:
        """The first that leaves the node out."""
        if self._left_out is None:
            self._left_out = self._omissions.speaking_of(self._text)
        for each in self._left_out:
            if each.always or each.covers(value, holder, resource):
                return each
        return None


class Omissions:
    """The omissions of a message, by the names that they speak of."""

    _REMEMBERED = 4096  # names come from the sources: what a hostile one invents must not fill the memory

    def __init__(self, entries: list[Omission]) -> None:
        self._entries = entries
        self._count = 0
        self._tops: dict[str, Names] = {}

    def top(self, name: str) -> Names:
        """The names of a node that stands by itself, such as a resource; or all names that lead to a node."""
        found = self._tops.get(name)
        return self.remembered(self._tops, name, name) if found is None else found

    def remembered(self, known: dict[str, Names], key: str, text: str) -> Names:
        """New names, known from now on while there is room."""
        made = Names(text, self)
        if self._count < self._REMEMBERED:
            self._count += 1
            made = known.setdefault(key, made)
        return made

    def speaking_of(self, names: str) -> tuple[Omission, ...]:
        """All whose pattern fits the names."""
        return tuple(each for each in self._entries if each.pattern.fullmatch(names))


Leaf = tuple[str, Names, Any, str | int, Any, _Item]
"""A node with a value: its path, the names that lead to it, what holds it, its key there, its value, the resource."""

_Place = tuple[str, Names, Any, _Item, Iterator[tuple[Any, Any]]]
"""What holds nodes: its path, the names that lead to it, itself, the resource, and what of it is still to come."""


def lines(leaves: Iterable[Leaf], run: Run) -> Iterator[Line]:
    """What became of each leaf of a record, then what the mapping supplied. Of a message `Picture` tells."""
    for path, names, holder, key, value, resource in leaves:
        rule = run.trace.marks.get((id(holder), key))
        if rule is not None:
            yield Line(path, Outcome.MAPPED, rule)
            continue
        omission = names.left_out(value, holder, resource)
        if omission is not None:
            yield Line(path, Outcome.LEFT_OUT, omission.label, omission.reason)
        else:
            fault = run.trace.faults.get((id(holder), key), NO_RULE)
            yield Line(path, Outcome.NOT_MAPPED, "", fault)
    yield from run.trace.supplied


def left_over(leaves: Iterable[Leaf], run: Run) -> Iterator[Leaf]:
    """The leaves that no rule speaks of, and that are not left out either."""
    for leaf in leaves:
        _, names, holder, key, value, resource = leaf
        if (id(holder), key) in run.trace.marks or (id(holder), key) in run.trace.faults:
            continue
        if names.left_out(value, holder, resource) is None:
            yield leaf


def record_counted(root: Record, run: Run) -> bool:
    """Whether every leaf of a record, of which nothing is left out, is mapped, where all that the run has marked are
    leaves of the record: then it has as many leaves as there are marks."""
    count, stack = 0, [root]
    while stack:
        for value in stack.pop().values():
            if type(value) is list:
                stack += value
            else:
                count += 1
    return count == len(run.trace.marks)


def record_whole(root: Record, run: Run, omissions: Omissions) -> bool:
    """Whether every leaf of a record is mapped or left out: the leaves of `record_leaves`, without their paths."""
    marks, stack = run.trace.marks, [(root, omissions.top(""))]
    while stack:
        holder, names = stack.pop()
        for key, value in holder.items():
            if isinstance(value, list):
                inner = names.member(key)
                stack += [(each, inner) for each in value]
                continue
            inner = names if key == TEXT else names.member(key)
            if (id(holder), key) not in marks and inner.left_out(value, holder, {}) is None:
                return False
    return True


def fhir_leaves(bundle: dict[str, Any], run: Run, omissions: Omissions) -> Iterator[Leaf]:
    """Every primitive of a Bundle. A resource that no name stands for has its type as one leaf more, so that it cannot
    vanish by being empty."""
    standing = named(run)
    stack: list[_Place] = [("Bundle", omissions.top("Bundle"), bundle, bundle, iter(bundle.items()))]
    while stack:
        path, names, holder, resource, rest = stack[-1]
        members = None if isinstance(holder, list) else names.members
        for key, value in rest:
            if members is None:
                if value is None:
                    continue
                place, inner = f"{path}[{key}]", names.item(value) if names.of_extensions else names
            elif key != "resourceType":
                place, inner = f"{path}.{key}", members.get(key) or names.member(key)
            else:
                continue
            if not value or type(value) not in HOLDERS:
                yield place, inner, holder, key, value, resource
                continue
            kind = None if isinstance(value, list) else value.get("resourceType")
            if kind is not None:
                place, resource = f"{place}.ofType({kind})", value
                inner = omissions.top(str(kind) if id(value) in standing else f"{OTHER}{kind}")
                if id(value) not in standing:
                    yield place, inner, value, "resourceType", kind, value
            stack.append((place, inner, value, resource, _inside(value)))
            break
        else:
            stack.pop()


def _inside(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Key and value of all that an object or a list has."""
    return enumerate(holder) if isinstance(holder, list) else iter(holder.items())


def named(run: Run) -> set[int]:
    """The resources that a name stands for, by their identity."""
    return {id(resource) for group in run.members.values() for resource in group}


def _flat(url: str) -> str:
    """A URL as part of a name, where `/` parts the names."""
    return url.replace("/", "\\")


def record_leaves(root: Record, name: str, omissions: Omissions) -> Iterator[Leaf]:
    """Every text and attribute of a record whose root element has the name."""
    stack = [(name, omissions.top(""), root)]
    while stack:
        path, names, record = stack.pop()
        inner = []
        for key, value in record.items():
            if isinstance(value, list):
                below = names.member(key)
                inner += [(f"{path}/{key}[{number}]", below, each) for number, each in enumerate(value, 1)]
            elif key == TEXT:
                yield path, names, record, TEXT, value, {}
            else:
                yield f"{path}/{key}", names.member(key), record, key, value, {}
        stack.extend(reversed(inner))
