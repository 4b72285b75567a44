"""R4's types compiled: for each type and backbone a function that checks an object, made on first use.

What an element needs is looked up when compiling, so that validating is calling: one function for each member, already
made for its type, cardinality, binding and invariants.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

from adapter.fhir.elements import Element, Primitive, Structure, Table
from adapter.validation import members, narrative, rules
from adapter.validation.clean import Cleaners
from adapter.validation.primitives import LONGEST, TEXTS
from adapter.validation.run import Check, Path, Run, step

Definition = dict[str, Any]


class Extras(Protocol):
    """What a definition adds to an element beyond its structure."""

    def definitions(self, type_name: str) -> dict[str, Definition]:
        """The elements of a type's own definition by path."""

    def of_shape(self, type_name: str, definition: Definition) -> list[Check]:
        """Invariants and rules of a type or backbone as a whole; each is called with the object."""

    def of_element(self, definition: Definition, type_name: str, element: Element) -> list[Check]:
        """Binding, reference and invariant checks of an element; each is called with one of its values."""

    def extension(self, structure: str, *, modifier: bool) -> members.Item:
        """The check of an extension by its definition, in a structure."""

    def resource(self, value: Any, run: Run, path: Path, owner: dict[str, Any], element: str) -> None:
        """Checks a resource within another."""


class Shape:
    """A type or backbone. `check` takes an object; it compiles the shape when it is called for the first time.
    `members` are the functions for each member, `extras` the checks of each element's values, `whole` those of the
    object; `ready` makes sure that they are there."""

    __slots__ = ("check", "extras", "members", "name", "ready", "whole")

    def __init__(self, name: str, compile_: Callable[["Shape"], Check]) -> None:
        self.name = name
        self.check: Check
        self.members: dict[str, members.Member] = {}
        self.extras: dict[str, tuple[Check, ...]] = {}
        self.whole: tuple[Check, ...] = ()

        def first(value: Any, run: Run, path: Path) -> None:
            self.check = compile_(self)
            self.check(value, run, path)

        def ready() -> None:
            if not self.members:
                self.check = compile_(self)

        self.check = first
        self.ready = ready


class Shapes:
    """The shapes of all types, each compiled once. May be used from any thread: compiling twice does no harm."""

    def __init__(self, table: Table, extras: Extras) -> None:
        self.table = table
        self._extras = extras
        self._shapes: dict[str, Shape] = {}
        self.cleaners = Cleaners(table, self._ready)

    def _ready(self, name: str) -> Shape:
        shape = self[name]
        shape.ready()
        return shape

    def __getitem__(self, name: str) -> Shape:
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = Shape(name, self._compile)
        return shape

    def _compile(self, shape: Shape) -> Check:
        structure = self.table[shape.name]
        definitions = self._extras.definitions(structure.name.partition(".")[0])
        found: dict[str, members.Member] = {}
        quick = Quick(set(), {})
        for element in structure.elements:
            definition = definitions.get(f"{structure.name}.{element.choice or element.name}", {})
            extras = shape.extras[element.name] = tuple(self._extras.of_element(definition, structure.name, element))
            found.update(self._members(structure, element, extras))
            if element.kind == "primitive" and not element.is_list:
                quick.add(element.name, self.table.primitives[element.type], extras)
        shape.whole = tuple(self._extras.of_shape(structure.name, definitions.get(structure.name, {})))
        shape.members = found
        return _object(structure, found, quick, _required(structure), _choices(structure), shape.whole)

    def _members(self, structure: Structure, element: Element, extras: tuple[Check, ...]) -> dict[str, members.Member]:
        """The functions for an element's member and, where it is primitive, for the member with underscore."""
        place = step_of(element)
        if element.kind == "primitive":
            primitive = self.table.primitives[element.type]
            plain = members.primitives if element.is_list else members.primitive
            checked = plain(element.name, place, primitive, extras, self["Element"])
            return (
                {element.name: checked} if element.attribute else {element.name: checked, f"_{element.name}": checked}
            )
        if element.kind == "resource":
            check = self._resource(element.name)
        elif element.kind == "xhtml":
            check = _narrative
        else:
            check = _complex(self[element.type])
            if element.type == "Extension":
                check = _both(
                    check, self._extras.extension(structure.name, modifier=element.name == "modifierExtension")
                )
        wrapped = members.several(check, place) if element.is_list else members.one(check, place)
        if element.kind == "complex" and element.type != "Extension":
            quick = members.several_objects if element.is_list else members.one_object
            wrapped = quick(self[element.type], extras, place, wrapped)
            if structure.kind == "resource" and self.cleaners.knows(element.type):
                wrapped = members.tried(partial(self.cleaners.member, structure.name, element), wrapped)
        return {element.name: wrapped}

    def _resource(self, name: str) -> members.Item:
        resource = self._extras.resource

        def check(value: Any, run: Run, path: Path, owner: dict[str, Any]) -> None:
            resource(value, run, path, owner, name)

        return check


def _complex(shape: Shape) -> members.Item:
    def check(value: Any, run: Run, path: Path, owner: dict[str, Any]) -> None:  # noqa: ARG001 - as any check
        shape.check(value, run, path)

    return check


def _both(first: members.Item, second: members.Item) -> members.Item:
    def check(value: Any, run: Run, path: Path, owner: dict[str, Any]) -> None:
        first(value, run, path, owner)
        if value.__class__ is dict:
            second(value, run, path, owner)

    return check


def step_of(element: Element) -> str:
    """An element's step in a path: `value.ofType(Quantity)` for valueQuantity."""
    return element.step


class Quick(NamedTuple):
    """Members that are most often right texts: those that may be any text, and the test of each other one. What does
    not pass here is for the member's function."""

    texts: set[str]
    tests: dict[str, Callable[[str], object]]

    def add(self, name: str, type_: Primitive, extras: tuple[Check, ...]) -> None:
        """Takes note of a member that does not repeat."""
        test = members.right(type_, extras)
        if type_.name in TEXTS and not extras:
            self.texts.add(name)
        elif test is not None:
            self.tests[name] = test


def _object(
    structure: Structure,
    found: dict[str, members.Member],
    quick: Quick,
    required: tuple[tuple[str, tuple[str, ...]], ...],
    choices: tuple[tuple[str, frozenset[str]], ...],
    whole: tuple[Check, ...],
) -> Check:
    """The function that checks an object of a type."""
    get, name = found.get, structure.name
    texts, test_of = quick.texts, quick.tests.get
    is_resource = structure.kind == "resource"

    def check(value: Any, run: Run, path: Path) -> None:
        if value.__class__ is not dict:
            words = f"{'null' if value is None else 'a value'} where an object ({name}) is expected"
            return run.report(rules.JSON_TYPE, words, path)
        if len(value) < 2 and not is_resource and (not value or "id" in value):
            return run.report(rules.EMPTY, "an object without content: expected at least one element", path)
        for key, member in value.items():
            if member.__class__ is str and len(member) < LONGEST:
                if key in texts:
                    if member.isprintable() and member and not member.isspace():
                        continue
                elif (test := test_of(key)) is not None and test(member):
                    continue
            checked = get(key)
            if checked is not None:
                checked(member, value, run, path, key)
            elif not (is_resource and key == "resourceType"):
                run.report(rules.UNKNOWN_ELEMENT, f"{name} has no element of this name", (path, step(key)))
        for label, alternatives in required:
            if label not in value and not any(each in value for each in alternatives):
                run.report(rules.REQUIRED, f"{name}.{label} is missing: expected a value", path)
        for label, keys in choices:
            if not keys.isdisjoint(value) and len(value.keys() & keys) > 1:
                run.report(rules.CHOICE, f"{label} is given in more than one type: expected one", (path, label[:-3]))
        for each in whole:
            each(value, run, path)
        return None

    return check


def _required(structure: Structure) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(name, members of which one must be there) for each required element; a choice has several members."""
    found: dict[str, list[str]] = {}
    for element in structure.elements:
        if element.min > 0:
            found.setdefault(element.choice or element.name, []).extend((element.name, f"_{element.name}"))
    return tuple((name, tuple(alternatives)) for name, alternatives in found.items())


def _choices(structure: Structure) -> tuple[tuple[str, frozenset[str]], ...]:
    found: dict[str, set[str]] = {}
    for element in structure.elements:
        if element.choice:
            found.setdefault(element.choice, set()).add(element.name)
    return tuple((name, frozenset(alternatives)) for name, alternatives in found.items() if len(alternatives) > 1)


def _narrative(value: Any, run: Run, path: Path, owner: dict[str, Any]) -> None:  # noqa: ARG001 - as any check
    narrative.check(value, run, path)
