"""Slicing: which of a profile's slices an item belongs to, and whether the slices' rules are kept."""

from collections.abc import Callable
from typing import Any, Protocol

from adapter.fhir.shapes import obj, objects, text
from adapter.validation import criteria, rules
from adapter.validation.criteria import Predicate
from adapter.validation.items import Item
from adapter.validation.run import Path, Run
from adapter.validation.trees import Node

ItemCheck = Callable[[Item, Run], None]


class Host(criteria.Host, Protocol):
    """What slicing needs of the profile that is compiled."""

    @property
    def url(self) -> str:
        """The profile's canonical URL."""

    def slice_check(self, node: Node, whole: Node, structure: str) -> ItemCheck | None:
        """The check of an item that belongs to a slice, less what the whole element's definition says already."""


class Slice:
    """A slice compiled. `predicate` None: it cannot be told what belongs to it."""

    __slots__ = ("check", "greatest", "inner", "least", "name", "predicate")

    def __init__(
        self, node: Node, predicate: Predicate | None, check: ItemCheck | None, inner: "Slicing | None"
    ) -> None:
        self.name = node.slice or ""
        self.predicate = predicate
        self.check = check
        self.inner = inner
        least, greatest = node.definition.get("min"), node.definition.get("max")
        self.least = least if isinstance(least, int) else 0
        self.greatest = int(greatest) if isinstance(greatest, str) and greatest.isdigit() else None


class Slicing:
    """The slices of an element, or of a slice."""

    def __init__(self, node: Node, structure: str, host: Host, outer: dict[str, Any] | None = None) -> None:
        self._host = host
        self._name = node.name.removesuffix("[x]")
        slicing = obj(node.definition.get("slicing")) or (outer or {})
        discriminators = objects(slicing.get("discriminator"))
        if not discriminators and node.name.endswith("[x]"):
            discriminators = [{"type": "type", "path": "$this"}]
        self._rules = text(slicing.get("rules")) or "open"
        self._ordered = slicing.get("ordered") is True
        self._default: Slice | None = None
        self._slices: list[Slice] = []
        position = 0
        for each in node.slices:
            inner = Slicing(each, structure, host, slicing) if each.slices else None
            check = host.slice_check(each, node, structure)
            if each.slice == "@default":
                self._default = Slice(each, None, check, inner)
                continue
            predicate = criteria.predicate(each, discriminators, host, position)
            position += Slice(each, None, None, None).least
            self._slices.append(Slice(each, predicate, check, inner))
        predicates = [each.predicate for each in self._slices]
        self._by_type, self._by_value = criteria.by_type(predicates), criteria.by_value(predicates)
        self._undecided = [each.name for each in self._slices if each.predicate is None]

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing that could be broken."""
        return self._rules == "open" and all(
            each.check is None and each.inner is None and not each.least and each.greatest is None
            for each in (*self._slices, *filter(None, (self._default,)))
        )

    def apply(self, items: list[Item], run: Run, path: Path) -> None:
        """Sorts the items into slices and checks them. `path` is the place of the element's owner."""
        place = (path, self._name)
        if self._undecided and items:
            words = f"the discriminators say nothing about the slice {', '.join(self._undecided)[:200]}"
            return run.report(rules.PROFILE_SLICE_UNDECIDED, words, place, self._host.url)
        members: list[list[Item]] = [[] for _ in self._slices]
        others: list[Item] = []
        last, after = -1, False
        for index, item in enumerate(items):
            position = self._position(item, index, run)
            if position is None:
                others.append(item)
                after = True
                continue
            if position < last or after:
                self._check_order(item, position < last, after, run)
            last = max(last, position)
            members[position].append(item)
        if others:
            self._rest(others, run)
        for each, found in zip(self._slices, members, strict=True):
            if found or each.least or each.inner is not None:
                self._check_slice(each, found, run, path)
        return None

    def _position(self, item: Item, index: int, run: Run) -> int | None:
        if self._by_type is not None:
            name, positions = self._by_type
            return positions.get(criteria.named_type(item, name))
        if self._by_value is not None and item.value.__class__ is dict:
            name, positions = self._by_value
            value = item.value.get(name)
            if value.__class__ is str:
                return positions.get(value)
        found: int | None = None
        for position, each in enumerate(self._slices):
            if each.predicate is not None and each.predicate(item, index, run):
                if found is not None:
                    words = f"the element fits the slices {self._slices[found].name} and {each.name}: expected one"
                    run.report(rules.PROFILE_SLICE_SEVERAL, words, item.path, self._host.url)
                    return found
                found = position
        return found

    def _check_order(self, item: Item, is_late: bool, after: bool, run: Run) -> None:
        if self._ordered and is_late:
            words = "the element stands after one of a later slice: expected the order of the profile"
            run.report(rules.PROFILE_SLICE_ORDER, words, item.path, self._host.url)
        elif self._rules == "openAtEnd" and after:
            words = "the element stands after one that fits no slice: expected those at the end"
            run.report(rules.PROFILE_SLICE_ORDER, words, item.path, self._host.url)

    def _rest(self, others: list[Item], run: Run) -> None:
        if self._default is not None:
            for item in others:
                if self._default.check is not None:
                    self._default.check(item, run)
        elif self._rules == "closed":
            names = ", ".join(each.name for each in self._slices)[:300]
            for item in others:
                words = f"the element fits no slice: expected one of {names}"
                run.report(rules.PROFILE_SLICE_CLOSED, words, item.path, self._host.url)

    def _check_slice(self, each: Slice, items: list[Item], run: Run, path: Path) -> None:
        if len(items) < each.least:
            words = f"{len(items)} elements of {self._name} fit the slice {each.name}: expected at least {each.least}"
            run.report(rules.PROFILE_MINIMUM, words, path, self._host.url)
        if each.greatest is not None and len(items) > each.greatest:
            words = f"{len(items)} elements of {self._name} fit the slice {each.name}: expected at most {each.greatest}"
            run.report(rules.PROFILE_MAXIMUM, words, path, self._host.url)
        if each.check is not None:
            for item in items:
                each.check(item, run)
        if each.inner is not None:
            each.inner.apply(items, run, path)
