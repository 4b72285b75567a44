"""What a profile says of an element, decided from the member alone where that is enough.

Most elements of most objects are absent, or are one value, or as many objects as they may be. Each function here takes
that way and leaves all else to the check of any items (`slow`), whose findings are the same.
"""

import sys
from collections.abc import Callable
from typing import Any

from adapter.fhir.elements import Element
from adapter.validation.items import Item, resource_type
from adapter.validation.run import Path, Run
from adapter.validation.shapes import step_of

OwnerCheck = Callable[[dict[str, Any], Run, Path], None]
Check = Callable[[Any, Run, Path], None]


class Watched:
    """The check of an element that is one member, and what it consists of: `checks` of each value, `slow` for all that
    is unusual."""

    __slots__ = ("_check", "checks", "occurrence", "slow")

    def __init__(
        self, occurrence: "Occurrence", check: OwnerCheck, checks: tuple[Check, ...], slow: OwnerCheck
    ) -> None:
        self.occurrence = occurrence
        self.checks = checks
        self.slow = slow
        self._check = check

    def __call__(self, owner: dict[str, Any], run: Run, path: Path) -> None:
        self._check(owner, run, path)


class Occurrence:
    """An element that is one member, and how often it may occur."""

    __slots__ = ("extra", "greatest", "is_list", "is_primitive", "key", "least", "step")

    def __init__(self, element: Element, least: int, greatest: int | None) -> None:
        self.key = element.name
        self.extra = f"_{element.name}" if element.kind == "primitive" and not element.attribute else ""
        self.is_primitive = element.kind == "primitive"
        self.is_list = element.is_list
        self.step = step_of(element)
        self.least = least
        self.greatest = sys.maxsize if greatest is None else greatest

    def counted(self, slow: OwnerCheck) -> OwnerCheck:
        """The check of the number alone."""
        key, extra, least, greatest = self.key, self.extra, self.least, self.greatest

        def check(owner: dict[str, Any], run: Run, path: Path) -> None:
            value = owner.get(key)
            if value.__class__ is not list:
                is_right = least <= (value is not None) <= greatest and extra not in owner
            else:
                is_right = not extra and least <= len(value) <= greatest
            if not is_right:
                slow(owner, run, path)

        return Watched(self, check, (), slow)

    def each(self, checks: tuple[Check, ...], slow: OwnerCheck) -> OwnerCheck:
        """The check of the number, and of each value."""
        check = self._primitives(checks, slow) if self.is_primitive else self._objects(checks, slow)
        return Watched(self, check, checks, slow)

    def resource(self, inner: Callable[[Item, Run], None], slow: OwnerCheck) -> OwnerCheck:
        """The check of the number, and of the one resource that the member may be."""
        key, step, least, greatest = self.key, self.step, self.least, self.greatest

        def check(owner: dict[str, Any], run: Run, path: Path) -> None:
            value = owner.get(key)
            if value.__class__ is dict and least <= 1 <= greatest:
                inner(Item(value, resource_type(value), (path, step)), run)
            else:
                slow(owner, run, path)

        return check

    def _primitives(self, checks: tuple[Check, ...], slow: OwnerCheck) -> OwnerCheck:
        key, extra, step, least, greatest = self.key, self.extra, self.step, self.least, self.greatest

        def check(owner: dict[str, Any], run: Run, path: Path) -> None:
            value = owner.get(key)
            if extra in owner or value.__class__ is list:
                slow(owner, run, path)
            elif value is None:
                if least:
                    slow(owner, run, path)
            elif least <= 1 <= greatest:
                where = (path, step)
                for each in checks:
                    each(value, run, where)
            else:
                slow(owner, run, path)

        return check

    def _objects(self, checks: tuple[Check, ...], slow: OwnerCheck) -> OwnerCheck:
        key, step, least, greatest = self.key, self.step, self.least, self.greatest

        def check(owner: dict[str, Any], run: Run, path: Path) -> None:
            value = owner.get(key)
            if value is None:
                if least:
                    slow(owner, run, path)
            elif value.__class__ is list:
                if not least <= len(value) <= greatest or not all(map(_is_element, value)):
                    return slow(owner, run, path)
                where = (path, step)
                for index, each in enumerate(value):
                    place = (where, index)
                    for inner in checks:
                        inner(each, run, place)
            elif least <= 1 <= greatest and _is_element(value):
                where = (path, step)
                for inner in checks:
                    inner(value, run, where)
            else:
                slow(owner, run, path)
            return None

        return check


def absent(checks: dict[str, OwnerCheck]) -> OwnerCheck:
    """The check of elements that may not be there, by the members that they would be."""
    keys = frozenset(checks)

    def check(owner: dict[str, Any], run: Run, path: Path) -> None:
        if not keys.isdisjoint(owner):
            for each in dict.fromkeys(checks[key] for key in owner if key in keys):
                each(owner, run, path)

    return check


def _is_element(value: Any) -> bool:
    return value.__class__ is dict and "resourceType" not in value
