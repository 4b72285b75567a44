"""Functions that tell in one pass that nothing is wrong with an object of a type, or that something may be.

Most of what is sent is right. So each element of a resource is first held to a function that looks at what is there
and makes neither places nor words; only where that meets anything that it does not know to be right, it raises Unclean,
and the functions that explain (`shapes`) take over and decide. What is not known here (extensions, ids of elements,
narratives, contained resources) is Unclean, and so is whatever a check that is shared with them reports meanwhile.

The functions are Python source, written from the same table and checks as those that explain: `Cleaners.source` shows
it. A function is written when the first object of its type is met.
"""

from collections.abc import Callable
from threading import RLock
from typing import Any, Protocol

from adapter.fhir.elements import Element, Primitive, Table
from adapter.validation.members import right
from adapter.validation.primitives import LONGEST, TEXTS, Recurring, accepting, fault
from adapter.validation.run import Check, Clean, Needing, Run, Unclean
from adapter.validation.source import Source

_CODINGS = 20_000
_SHORT = 200


class Known(Protocol):
    """What is known of a type or backbone: the checks of its elements' values, and of the whole."""

    @property
    def extras(self) -> dict[str, tuple[Check, ...]]:
        """By element: binding, references, invariants."""

    @property
    def whole(self) -> tuple[Check, ...]:
        """Invariants and rules of the type itself."""


class Cleaners:
    """The functions of all types and backbones. May be used from any thread: writing one twice does no harm."""

    def __init__(self, table: Table, known: Callable[[str], Known]) -> None:
        self._table = table
        self._known = known
        self._made: dict[str, Clean] = {}
        self._sources: dict[str, str] = {}
        self._begun: set[str] = set()
        self._lock = RLock()

    def source(self, structure: str) -> str:
        """The source of a type's or backbone's function."""
        self.of(structure)
        return self._sources[structure]

    def of(self, structure: str) -> Clean:
        """The function of objects of a type or backbone."""
        return self._made.get(structure) or self._make(structure)

    def _make(self, structure: str) -> Clean:
        with self._lock:
            if structure in self._made:
                return self._made[structure]
            if structure in self._begun:  # a type within itself, as an Identifier's assigner
                return lambda value, run: self.of(structure)(value, run)
            self._begun.add(structure)
            try:
                writer = _Writer(self, structure)
                writer.structure(self._table[structure].elements, self._known(structure))
            finally:
                self._begun.discard(structure)
            made = writer.source.function() if structure != "Coding" else _coding(writer.source.function())
            self._made[structure], self._sources[structure] = made, writer.source.text
            return made

    def member(self, structure: str, element: Element) -> Clean:
        """The function of an element's member, one value or an array."""
        writer = _Writer(self, structure)
        writer.member(element, "value", self._known(structure).extras[element.name], 1)
        return writer.source.function()

    def knows(self, structure: str) -> bool:
        """Whether objects of a type or backbone can be found clean at all."""
        elements = self._table[structure].elements
        return all(_is_plain(each) or each.choice for each in elements if each.min > 0) and not any(
            each.kind == "resource" for each in elements
        )

    def primitive(self, element: Element) -> Primitive:
        """The primitive type of an element."""
        return self._table.primitives[element.type]

    def leaf(self, element: Element, extras: tuple[Check, ...]) -> Clean:
        """The function of one value of a primitive type, with whatever is checked of it."""
        type_ = self.primitive(element)
        accepts = accepting(type_)

        def leaf(value: Any, run: Run) -> None:
            if not accepts(value) and fault(value, type_) is not None:
                raise Unclean
            for extra in extras:
                extra(value, run, None)

        return leaf

    def choice(self, structure: str, elements: list[Element]) -> Callable[[dict[str, Any], Run], int]:
        """Of an element with a choice of types: a function that looks at the member that is there and tells whether
        there is one."""
        by_name = {each.name: each for each in elements}
        made: dict[str, Clean] = {}

        def choice(owner: dict[str, Any], run: Run) -> int:
            found = 0
            for key in owner:
                if key in by_name:
                    clean = made.get(key)
                    if clean is None:
                        clean = made[key] = self.member(structure, by_name[key])
                    clean(owner[key], run)
                    found += 1
            if found > 1:
                raise Unclean
            return found

        return choice


def _coding(clean: Clean) -> Clean:
    """Codings recur, and nothing but the three members that most have tells whether one is right: a bounded number of
    right ones is kept."""
    good: set[tuple[int, str, str, str]] = set()

    def coding(value: Any, run: Run) -> None:
        if value.__class__ is dict:
            system, code, display = value.get("system"), value.get("code"), value.get("display", "")
            if system.__class__ is str and code.__class__ is str and display.__class__ is str:
                key = (len(value), system, code, display)
                if key in good:
                    return
                clean(value, run)
                if len(value) == 2 + ("display" in value) and sum(map(len, key[1:])) < _SHORT and len(good) < _CODINGS:
                    good.add(key)
                return
        clean(value, run)

    return coding


class _Writer:
    """Writes the function of a type, or of a member."""

    def __init__(self, cleaners: Cleaners, structure: str) -> None:
        self._cleaners = cleaners
        self._structure = structure
        self.source = Source(structure)

    def structure(self, elements: tuple[Element, ...], known: Known) -> None:
        """An object: each element that is looked at counts the member off, and none may be left."""
        source = self.source
        source.unclean(1, "value.__class__ is not dict or not value")
        source.write(1, "left = len(value)")
        plain = [e for e in elements if _is_plain(e) and (e.kind == "primitive" or self._cleaners.knows(e.type))]
        if any(each.min > 0 and not each.choice and each not in plain for each in elements):
            source.write(1, "raise Unclean")
        for element in plain:
            variable = f"{element.name}_"
            source.write(1, f"{variable} = value.get({element.name!r})")
            if element.min > 0:
                source.unclean(1, f"{variable} is None")
            source.write(1, f"if {variable} is not None:", "    left -= 1")
            self.member(element, variable, known.extras[element.name], 2)
        self._choices(elements)
        source.unclean(1, "left")
        self._whole(known.whole, {each.name for each in plain})

    def _choices(self, elements: tuple[Element, ...]) -> None:
        choices: dict[str, list[Element]] = {}
        for element in elements:
            if element.choice and element.kind in ("primitive", "complex"):
                choices.setdefault(element.choice, []).append(element)
        for found in choices.values():
            choice = self.source.named("choice", self._cleaners.choice(self._structure, found))
            self.source.write(1, f"found = {choice}(value, run) if left else 0", "left -= found")
            if found[0].min > 0:
                self.source.unclean(1, "not found")

    def _whole(self, checks: tuple[Check, ...], names: set[str]) -> None:
        for check in checks:
            if isinstance(check, Needing) and check.names and names.issuperset(check.names):
                self.source.write(1, f"if {' and '.join(f'{name}_ is not None' for name in sorted(check.names))}:")
                self.source.write(2, f"{self.source.named('whole', check.check)}(value, run, None)")
            else:
                self.source.write(1, f"{self.source.named('whole', check)}(value, run, None)")

    def member(self, element: Element, variable: str, extras: tuple[Check, ...], depth: int) -> None:
        """One value, or an array of at least one."""
        if not element.is_list:
            return self._value(element, variable, extras, depth)
        self.source.unclean(depth, f"{variable}.__class__ is not list or not {variable}")
        self.source.write(depth, f"for item in {variable}:")
        return self._value(element, "item", extras, depth + 1)

    def _value(self, element: Element, variable: str, extras: tuple[Check, ...], depth: int) -> None:
        source = self.source
        if element.kind == "primitive":
            unlike = self._unlike(element, variable, extras)
            if unlike:
                source.write(depth, f"if {unlike}:")
            leaf = source.named("leaf", self._cleaners.leaf(element, extras))
            source.write(depth + bool(unlike), f"{leaf}({variable}, run)")
            return
        source.write(depth, f"{source.named('object', self._cleaners.of(element.type))}({variable}, run)")
        for each in extras:
            source.write(depth, f"{source.named('extra', each)}({variable}, run, None)")

    def _unlike(self, element: Element, variable: str, extras: tuple[Check, ...]) -> str:
        """The condition on which a primitive needs more than a quick look; the empty text where there is none."""
        if element.type in TEXTS and not extras:
            # From "!" on: so it is neither empty nor blank.
            long = f"len({variable}) >= {LONGEST}"
            return f"{variable}.__class__ is not str or {variable} <= '!' or not {variable}.isprintable() or {long}"
        if len(extras) == 1 and isinstance(extras[0], Recurring):
            return f"{variable}.__class__ is not str or {variable} not in {self.source.named('good', extras[0].good)}"
        test = right(self._cleaners.primitive(element), extras)
        if test is None:
            return ""
        name = self.source.named("test", test)
        return f"{variable}.__class__ is not str or len({variable}) >= {LONGEST} or not {name}({variable})"


def _is_plain(element: Element) -> bool:
    """Whether an element is looked at by its name: no choice, and nothing that needs a place."""
    if element.choice or element.attribute or element.type == "Extension" or not element.name.isidentifier():
        return False
    return element.kind in ("primitive", "complex")
