"""What a slice's discriminators demand of an item: read from the slice's definition once, then a function."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from adapter.fhir.shapes import obj, text
from adapter.validation import values
from adapter.validation.items import Collectors, Item, Segment, follow, segments
from adapter.validation.run import Run
from adapter.validation.trees import Node

Predicate = Callable[[Item, int, Run], bool]
"""Whether an item, of this place among its siblings, belongs to the slice."""

_Test = Callable[[Item, Run], bool]
_BASE = "http://hl7.org/fhir/StructureDefinition/"


class Host(Protocol):
    """What discriminators need of the profile that is compiled and of the validator."""

    @property
    def collectors(self) -> Collectors:
        """Finds the items of elements."""

    def tree(self, canonical: str) -> Node | None:
        """The root of another profile's snapshot."""

    def fits(self, item: Item, canonical: str, run: Run) -> bool:
        """Whether an item keeps a profile."""

    def is_member(self, item: Item, value_set: str) -> bool:
        """Whether an item's code is in a value set."""


class Criterion(NamedTuple):
    """Where a discriminator's path leads in the definition: to an element, or into a fixed value or pattern of one
    above. `targets` are the profiles of what a reference resolves to."""

    node: Node | None
    value: Any = None
    exact: bool = False
    targets: tuple[str, ...] | None = None


def predicate(node: Node, discriminators: list[dict[str, Any]], host: Host, position: int) -> Predicate | None:
    """The test of a slice; None where no discriminator says anything about it. `position` is for slicing by position:
    how many items the slices before it take."""
    tests: list[_Test] = []
    for discriminator in discriminators:
        kind, path = text(discriminator.get("type")), text(discriminator.get("path"))
        if kind == "position":
            return _at(node, position)
        parts = segments(path) if path is not None else None
        if parts is None:
            return None
        criteria = _criteria(node, parts, host)
        found = (_test(kind, parts, each, host) for each in (_typed(criteria) if kind == "type" else criteria))
        test = next((each for each in found if each is not None), None)
        if test is not None:
            tests.append(test)
    if not tests:
        return None
    if len(tests) == 1:
        (only,) = tests
        return Only(only)
    return lambda item, _index, run: all(test(item, run) for test in tests)


class Only:
    """The predicate of a slice that one test tells."""

    __slots__ = ("test",)

    def __init__(self, test: _Test) -> None:
        self.test = test

    def __call__(self, item: Item, _index: int, run: Run) -> bool:
        return self.test(item, run)


def by_type(predicates: list[Predicate | None]) -> tuple[str, dict[str, int]] | None:
    """The member, and which of the slices a type in it belongs to, where that is all that tells slices apart."""
    tests = [each.test for each in predicates if isinstance(each, Only) and isinstance(each.test, ResourceTest)]
    return _positions([(each.name, each.types) for each in tests]) if len(tests) == len(predicates) else None


def by_value(predicates: list[Predicate | None]) -> tuple[str, dict[str, int]] | None:
    """The member, and which of the slices a text in it belongs to, where that is all that tells slices apart."""
    tests = [each.test for each in predicates if isinstance(each, Only) and isinstance(each.test, MemberTest)]
    if len(tests) < len(predicates) or not all(isinstance(each.wanted, str) for each in tests):
        return None
    return _positions([(each.name, {each.wanted}) for each in tests])


def _positions(told: list[tuple[str, set[str]]]) -> tuple[str, dict[str, int]] | None:
    """The name, and the position of each word; None where there are several names, or a word is of two."""
    found: dict[str, int] = {}
    for position, (_, words) in enumerate(told):
        if not found.keys().isdisjoint(words):
            return None
        found |= dict.fromkeys(words, position)
    names = {name for name, _ in told}
    return (names.pop(), found) if len(names) == 1 else None


def _typed(criteria: list[Criterion]) -> list[Criterion]:
    """Of a choice, the types that the slice speaks of: `contentString` says more than `content[x]`."""
    chosen = [each for each in criteria[1:] if each.node is not None and "sliceName" in each.node.definition]
    return chosen or criteria


def _at(node: Node, position: int) -> Predicate:
    greatest = node.definition.get("max")
    size = int(greatest) if isinstance(greatest, str) and greatest.isdigit() else 1 << 30
    return lambda _item, index, _run: position <= index < position + size


def _criteria(node: Node, path: list[Segment], host: Host) -> list[Criterion]:
    """Where the path leads: to an element, and to the slices of it, any of which may say what the slice demands."""
    found = [Criterion(node)]
    for kind, word in path:
        found = [each for one in found for each in _walk(one, kind, word, host)]
    return found


def _walk(criterion: Criterion, kind: str, word: str, host: Host) -> list[Criterion]:
    if kind == "ofType":
        return [criterion]
    if kind == "resolve":
        return _resolved(criterion)
    value, exact = _own_value(criterion)
    children = _children(criterion, word, host) if kind == "name" else _extensions(criterion, word, host)
    inner = obj(value).get(word) if kind == "name" else None
    if inner.__class__ is list and len(inner) == 1:
        inner = inner[0]
    if not children:
        return [] if inner is None else [Criterion(None, inner, exact)]
    return [Criterion(each, inner, exact) for each in children]


def _own_value(criterion: Criterion) -> tuple[Any, bool]:
    """The value that the element must have or hold, from its own definition or from above."""
    definition = criterion.node.definition if criterion.node is not None else {}
    fixed = values.prefixed(definition, "fixed")
    if fixed is not None:
        return fixed[1], True
    pattern = values.prefixed(definition, "pattern")
    return (pattern[1], False) if pattern is not None else (criterion.value, criterion.exact)


def _children(criterion: Criterion, name: str, host: Host) -> list[Node]:
    """The element of that name and its slices; of a choice, those that are written by type (`valueCode`) too. What the
    profiles of the type say comes after what the definition itself says."""
    return [
        below
        for node in _scopes(criterion, host)
        for key, each in node.children.items()
        if key in (name, f"{name}[x]") or _is_choice(key, name)
        for below in _with_slices(each)
    ]


def _is_choice(key: str, name: str) -> bool:
    return key.startswith(name) and key[len(name) :][:1].isupper()


def _with_slices(node: Node) -> list[Node]:
    return [node, *(below for each in node.slices for below in _with_slices(each))]


def _scopes(criterion: Criterion, host: Host) -> list[Node]:
    """The element's own definition, and those of the profiles of its type or target."""
    if criterion.node is None:
        return []
    canonicals = criterion.targets
    if canonicals is None:
        canonicals = tuple(
            each for type_ in criterion.node.types for each in type_.get("profile", []) if isinstance(each, str)
        )
    trees = [host.tree(each) for each in canonicals] if len(canonicals) == 1 else []
    own = [criterion.node] if criterion.targets is None else []
    return [*own, *(tree for tree in trees if tree is not None)]


def _extensions(criterion: Criterion, url: str, host: Host) -> list[Node]:
    """The slices, and slices of slices, that are of the extension."""
    for node in _scopes(criterion, host):
        whole = node.children.get("extension")
        slices = _with_slices(whole)[1:] if whole is not None else []
        found = [each for each in slices if _is_extension(each, url)]
        if found:
            return found
    return []


def _is_extension(node: Node, url: str) -> bool:
    if any(url in type_.get("profile", []) for type_ in node.types):
        return True
    own = node.children.get("url")
    fixed = values.prefixed(own.definition, "fixed") if own is not None else None
    return fixed is not None and fixed[1] == url


def _resolved(criterion: Criterion) -> list[Criterion]:
    if criterion.node is None:
        return []
    targets = tuple(
        each for type_ in criterion.node.types for each in type_.get("targetProfile", []) if isinstance(each, str)
    )
    return [Criterion(criterion.node, targets=targets)]


def _test(kind: str | None, path: list[Segment], criterion: Criterion, host: Host) -> _Test | None:
    definition = criterion.node.definition if criterion.node is not None else {}
    collectors = host.collectors
    if path and criterion.targets is None and definition.get("max") == "0":
        return lambda item, run: not follow(item, path, run, collectors)
    if kind == "type":
        return _type_test(path, criterion, host)
    if kind == "profile":
        return _profile_test(path, criterion, host)
    if kind == "exists":
        if not isinstance(definition.get("min"), int) or definition["min"] < 1:
            return None
        return lambda item, run: bool(follow(item, path, run, collectors))
    value, exact = _own_value(criterion)
    if value is not None:
        return _compared(path, value, values.equalling(value) if exact else values.holding(value), collectors)
    binding = obj(definition.get("binding"))
    value_set = text(binding.get("valueSet"))
    if binding.get("strength") == "required" and value_set is not None:
        return lambda item, run: any(host.is_member(each, value_set) for each in follow(item, path, run, collectors))
    return None


class MemberTest:
    """Whether a member compares well with what is wanted."""

    __slots__ = ("_compare", "_followed", "name", "wanted")

    def __init__(self, name: str, wanted: Any, compare: Callable[[Any], bool], followed: _Test) -> None:
        self.name = name
        self.wanted = wanted
        self._compare = compare
        self._followed = followed

    def __call__(self, item: Item, run: Run) -> bool:
        value = item.value.get(self.name) if item.value.__class__ is dict else None
        if value is None or value.__class__ is list:
            return self._followed(item, run)
        return self._compare(value)


def _compared(path: list[Segment], wanted: Any, compare: Callable[[Any], bool], collectors: Collectors) -> _Test:
    """Whether one of the values that a path leads to compares well. Where all members of the path are there under
    their own names, no items are made."""
    if not path:
        return lambda item, run: compare(item.value)  # noqa: ARG005 - as any criterion

    def followed(item: Item, run: Run) -> bool:
        return any(compare(each.value) for each in follow(item, path, run, collectors))

    if any(kind != "name" for kind, _ in path):
        return followed
    names = tuple(name for _, name in path)
    if len(names) == 1:
        return MemberTest(names[0], wanted, compare, followed)

    def direct(item: Item, run: Run) -> bool:
        found: list[Any] = [item.owner]
        for name in names:
            inner: list[Any] = []
            for each in found:
                value = each.get(name) if each.__class__ is dict else None
                if value is None:
                    return followed(item, run)
                if value.__class__ is list:
                    inner += value
                else:
                    inner.append(value)
            found = inner
        for each in found:  # noqa: SIM110 - any() with a generator costs twice as much
            if compare(each):
                return True
        return False

    return direct


def _type_test(path: list[Segment], criterion: Criterion, host: Host) -> _Test | None:
    if criterion.targets is not None:
        trees = {each: host.tree(each) for each in criterion.targets}
        types = {tree.path if tree else each.removeprefix(_BASE) for each, tree in trees.items()}
    elif criterion.node is not None and criterion.node.parent is None:
        types = {criterion.node.path}
    else:
        types = {str(each.get("code")) for each in criterion.node.types} if criterion.node is not None else set()
    if not types or "Resource" in types:
        return (lambda item, run: bool(follow(item, path, run, host.collectors))) if types else None
    if len(path) == 1 and path[0][0] == "name" and types <= host.collectors.table.resources:
        return ResourceTest(path[0][1], types)
    return lambda item, run: any(each.type in types for each in follow(item, path, run, host.collectors))


class ResourceTest:
    """Whether the resource in a member is of one of the types: as of the entries of a Bundle."""

    __slots__ = ("name", "types")

    def __init__(self, name: str, types: set[str]) -> None:
        self.name = name
        self.types = types

    def __call__(self, item: Item, _run: Run) -> bool:
        return named_type(item, self.name) in self.types


def named_type(item: Item, name: str) -> str:
    """The type that the resource in a member states; the empty text where there is none."""
    found = item.owner.get(name)
    named = found.get("resourceType") if found.__class__ is dict else None
    return named if named.__class__ is str else ""


def _profile_test(path: list[Segment], criterion: Criterion, host: Host) -> _Test | None:
    canonicals = criterion.targets
    if canonicals is None and criterion.node is not None:
        canonicals = tuple(
            each for type_ in criterion.node.types for each in type_.get("profile", []) if isinstance(each, str)
        )
    if not canonicals:
        return None
    wanted = canonicals
    return lambda item, run: any(
        host.fits(each, profile, run) for each in follow(item, path, run, host.collectors) for profile in wanted
    )
