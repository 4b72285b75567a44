"""Where a differential's elements belong: ids, paths, slice names and order, read together.

Differentials in the world leave out parents, ids or both. An id that fits its path and names slices on the way is
believed; else an element belongs below the nearest element before it whose path its own continues.
"""

import re
from dataclasses import dataclass
from typing import Any

from adapter.support.errors import DefinitionsError

_SEGMENT = re.compile(r"[^\s.:,/]{1,128}")
_MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Step:
    """One step down: the child's name and, where a slice of it is meant, which."""

    name: str
    slice: str | None = None

    def __str__(self) -> str:
        return self.name if self.slice is None else f"{self.name}:{self.slice}"


Address = tuple[Step, ...]
"""The steps from the root element, which has the address ()."""


def written(root: str, address: Address) -> str:
    """The address as an element id, as errors name it."""
    return ".".join([root, *map(str, address)])


def addressed(url: str, elements: list[dict[str, Any]], root: str) -> list[tuple[Address, dict[str, Any]]]:
    """Each element of a differential with its address. `root` is the type that is constrained.

    Raises DefinitionsError, naming the element, where a path is missing or leads outside the type.
    """
    found: list[tuple[Address, dict[str, Any]]] = []
    stack: list[tuple[str, Address]] = [(root, ())]
    for element in elements:
        path = element["path"]
        names = path.split(".")
        if names[0] != root:
            raise DefinitionsError(f"{url}: differential element {path}: expected a path that begins with {root}")
        if len(names) > _MAX_DEPTH or not all(map(_SEGMENT.fullmatch, names)):
            raise DefinitionsError(f"{url}: differential element {path[:200]!a}: this is not an element's path")
        slice_name = element.get("sliceName")
        if slice_name is not None and (not isinstance(slice_name, str) or not slice_name):
            raise DefinitionsError(f"{url}: differential element {path}: sliceName is not a text")
        while len(stack) > 1 and not path.startswith(stack[-1][0] + "."):
            stack.pop()
        address = _by_id(element.get("id"), names, slice_name)
        if address is None:
            address = _by_order(stack[-1], names, slice_name)
        found.append((address, element))
        if len(names) > 1:
            stack.append((path, address))
    return found


def _by_id(element_id: Any, names: list[str], slice_name: str | None) -> Address | None:
    """The address that the id gives, None where it does not fit the path or names no slices."""
    if not isinstance(element_id, str) or ":" not in element_id:
        return None
    segments = element_id.split(".")
    if len(segments) != len(names) or segments[0] != names[0]:
        return None
    steps: list[Step] = []
    for segment, name in zip(segments[1:], names[1:], strict=True):
        said, _, sliced = segment.partition(":")
        if not _same(said, sliced, name):
            return None
        steps.append(Step(said, sliced or None))
    if slice_name is not None:
        steps[-1] = Step(steps[-1].name, slice_name)
    return tuple(steps)


def _same(said: str, sliced: str, name: str) -> bool:
    """Whether an id's segment and a path's name mean one element; valueString stands for value[x]:valueString."""
    return said == name or (said.endswith("[x]") and sliced == name and name.startswith(said[:-3]))


def _by_order(above: tuple[str, Address], names: list[str], slice_name: str | None) -> Address:
    path, address = above
    depth = path.count(".") + 1
    if len(names) == 1:
        return ()
    return (*address, *(Step(name) for name in names[depth:-1]), Step(names[-1], slice_name))
