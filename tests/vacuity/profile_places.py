"""Where the elements of a profile stand in a resource: the id of an element, its slices told apart, to places."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from adapter.fhir.elements import Element, table

Definition = dict[str, Any]


class Owner(NamedTuple):
    """An object that may hold an element: `kind` is its type or backbone."""

    value: dict[str, Any]
    path: str
    kind: str


@dataclass(frozen=True)
class Spot:
    """A value in its place: `holder[name]`, or its item `index`."""

    holder: dict[str, Any]
    name: str
    index: int | None
    path: str
    kind: str

    @property
    def value(self) -> Any:
        found = self.holder[self.name]
        return found if self.index is None else found[self.index]

    def put(self, value: Any) -> None:
        if self.index is None:
            self.holder[self.name] = value
        else:
            self.holder[self.name][self.index] = value

    def remove(self) -> None:
        """Take it away; an object that nothing is left of says something that matters to nobody."""
        if self.index is not None:
            del self.holder[self.name][self.index]
        if self.index is None or not self.holder[self.name]:
            del self.holder[self.name]
        if not self.holder:
            self.holder["extension"] = [{"url": "http://example.org/x", "valueString": "x"}]


def elements(kind: str, name: str) -> list[Element]:
    """R4's elements of a type by a name as in element ids."""
    known = table().get(kind)
    return [each for each in known.elements if name in (each.name, each.choice)] if known else []


def values(owner: Owner, name: str) -> Iterator[Spot]:
    for each in elements(owner.kind, name):
        found = owner.value.get(each.name)
        path = f"{owner.path}.{each.step}"
        if isinstance(found, list):
            yield from (Spot(owner.value, each.name, n, f"{path}[{n}]", each.type) for n in range(len(found)))
        elif found is not None:
            yield Spot(owner.value, each.name, None, path, each.type)


class Places:
    """Of one definition. `roots`: the objects in a resource that are to keep it."""

    def __init__(self, definition: Definition, roots: Callable[[Any], list[Owner]] | None = None) -> None:
        self.definition = definition
        self.elements = {each["id"]: each for each in definition["snapshot"]["element"]}
        self._roots = roots or (lambda resource: [Owner(resource, definition["type"], definition["type"])])

    def owners(self, resource: Any, element: str) -> list[Owner]:
        """What may hold the element."""
        root, *names = element.split(".")[:-1]
        found, place = self._roots(resource), root
        for name in names:
            found = [
                Owner(spot.value, spot.path, spot.value.get("resourceType") or spot.kind)
                for owner in found
                for spot in self.of(owner, f"{place}.{name}")
                if isinstance(spot.value, dict)
            ]
            place = f"{place}.{name}"
        return found

    def spots(self, resource: Any, element: str) -> list[Spot]:
        """The values of the element."""
        return [spot for owner in self.owners(resource, element) for spot in self.of(owner, element)]

    def of(self, owner: Owner, element: str) -> list[Spot]:
        """The values of the element in one owner."""
        above, _, name = element.rpartition(".")
        bare, _, is_slice = name.partition(":")
        return [
            spot
            for spot in values(owner, bare)
            if not is_slice or self._belongs(f"{above}.{bare}", element, spot.value)
        ]

    def _belongs(self, whole: str, element: str, value: Any) -> bool:
        discriminators = self.elements[whole]["slicing"]["discriminator"]
        return all(self._is(each, element, value) for each in discriminators)

    def _is(self, discriminator: dict[str, str], element: str, value: Any) -> bool:
        path = discriminator["path"]
        if discriminator["type"] == "type":
            wanted = self.elements[f"{element}.{path}"]["type"][0]["code"]
            return bool((value.get(path) or {}).get("resourceType") == wanted)
        if path == "url":
            return bool(value.get("url") == self.url(element))
        steps = path.split(".")
        for count in range(len(steps), -1, -1):
            wanted = fixed(self.elements.get(".".join([element, *steps[:count]]), {}))
            if wanted is not None:
                return any(holds(each, wanted) for each in _follow(value, steps[:count]))
        raise LookupError(f"nothing says what belongs to {element}")

    def url(self, element: str) -> str:
        """The url of the extensions of a slice."""
        profiles = self.elements[element]["type"][0].get("profile")
        return str(profiles[0].partition("|")[0] if profiles else fixed(self.elements[f"{element}.url"]))


def fixed(element: Definition) -> Any:
    """The fixed value or pattern of an element."""
    return next((value for name, value in element.items() if name.startswith(("fixed", "pattern"))), None)


def holds(value: Any, wanted: Any) -> bool:
    """Whether a value holds a pattern."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(holds(value.get(name), each) for name, each in wanted.items())
    if isinstance(wanted, list):
        return isinstance(value, list) and all(any(holds(item, each) for item in value) for each in wanted)
    return bool(value == wanted)


def _follow(value: Any, steps: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _follow(item, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict) and steps[0] in value:
        yield from _follow(value[steps[0]], steps[1:])
