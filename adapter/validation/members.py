"""The members of a JSON object: one value or an array, primitives with their sibling of id and extensions."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from adapter.fhir.elements import Primitive
from adapter.validation import rules
from adapter.validation.primitives import Recurring, accepting, fault, matching
from adapter.validation.run import Check, Clean, Path, Run

if TYPE_CHECKING:
    from adapter.validation.shapes import Shape

Member = Callable[[Any, dict[str, Any], Run, Path, str], None]
"""Checks a member: its value, the object that has it, the run, the object's place, the member's name."""

Item = Callable[[Any, Run, Path, dict[str, Any]], None]
"""Checks one value: the value, the run, its place, the object that has the member."""


def one(check: Item, place: str) -> Member:
    """A member that does not repeat."""

    def member(value: Any, owner: dict[str, Any], run: Run, path: Path, key: str) -> None:  # noqa: ARG001 - as any member
        if value.__class__ is list:
            words = "an array where the element does not repeat: expected one value"
            return run.report(rules.LIST, words, (path, place))
        if value is None:
            return run.report(rules.JSON_TYPE, "null: leave out what has no value", (path, place))
        return check(value, run, (path, place), owner)

    return member


def several(check: Item, place: str) -> Member:
    """A member that repeats."""

    def member(value: Any, owner: dict[str, Any], run: Run, path: Path, key: str) -> None:  # noqa: ARG001 - as any member
        where = (path, place)
        if value.__class__ is not list:
            rule = rules.JSON_TYPE if value is None else rules.LIST
            words = "null: leave out what has no value" if value is None else "the element repeats: expected an array"
            return run.report(rule, words, where)
        if not value:
            return run.report(rules.EMPTY, "an empty array: expected at least one value, or no member", where)
        for index, item in enumerate(value):
            check(item, run, (where, index), owner)
        return None

    return member


def one_object(shape: "Shape", extras: tuple[Check, ...], place: str, slow: Member) -> Member:
    """A member that does not repeat, of a complex type; `slow` says what is wrong with what is no object."""

    def member(value: Any, owner: dict[str, Any], run: Run, path: Path, key: str) -> None:
        if value.__class__ is not dict:
            return slow(value, owner, run, path, key)
        where = (path, place)
        shape.check(value, run, where)
        for extra in extras:
            extra(value, run, where)
        return None

    return member


def several_objects(shape: "Shape", extras: tuple[Check, ...], place: str, slow: Member) -> Member:
    """A member that repeats, of a complex type; `slow` says what is wrong with what is no array of values."""

    def member(value: Any, owner: dict[str, Any], run: Run, path: Path, key: str) -> None:
        if value.__class__ is not list or not value:
            return slow(value, owner, run, path, key)
        where = (path, place)
        for index, item in enumerate(value):
            inner = (where, index)
            shape.check(item, run, inner)
            if item.__class__ is dict:
                for extra in extras:
                    extra(item, run, inner)
        return None

    return member


def tried(make: Callable[[], Clean], explained: Member) -> Member:
    """A member that is explained only where something may be wrong with it. The function that tells is made when it is
    first needed."""
    clean: Clean | None = None

    def member(value: Any, owner: dict[str, Any], run: Run, path: Path, key: str) -> None:
        nonlocal clean
        if clean is None:
            clean = make()
        if not run.is_clean(value, clean):
            explained(value, owner, run, path, key)

    return member


def right(type_: Primitive, extras: tuple[Check, ...]) -> Callable[[str], object] | None:
    """A quick test of texts shorter than LONGEST, where there is one: true only of those of which neither the type nor
    the extras have anything to say."""
    if type_.json != "string":
        return None
    if not extras:
        return matching(type_)
    (first, *others) = extras
    return first.good.__contains__ if isinstance(first, Recurring) and not others else None


def primitive(name: str, place: str, type_: Primitive, extras: tuple[Check, ...], element: "Shape") -> Member:
    """A primitive that does not repeat. The function is called for the member and for the one with underscore."""
    accepts, sibling_name = accepting(type_), f"_{name}"

    def member(value: Any, owner: dict[str, Any], run: Run, path: Path, key: str) -> None:
        if key is not name and key != name:
            _sibling(value, owner, run, (path, place), name, element)
        elif accepts(value):
            for extra in extras:
                extra(value, run, (path, place))
        else:
            _wrong(value, owner.get(sibling_name), run, (path, place), type_, extras)

    return member


def _wrong(value: Any, sibling: Any, run: Run, path: Path, type_: Primitive, extras: tuple[Check, ...]) -> None:
    """A value that the quick test did not take: most are wrong."""
    if value.__class__ is list:
        return run.report(rules.LIST, "an array where the element does not repeat: expected one value", path)
    if value is None:
        words = "null: leave out what has no value" if sibling is None else "null: leave out the member itself"
        return run.report(rules.JSON_TYPE, words, path)
    found = fault(value, type_)
    if found is not None:
        return run.report(*found, path)
    for extra in extras:
        extra(value, run, path)
    return None


def _sibling(value: Any, owner: dict[str, Any], run: Run, path: Path, name: str, element: "Shape") -> None:
    """The member with underscore of a primitive that does not repeat."""
    if value.__class__ is list:
        return run.report(rules.LIST, "an array where the element does not repeat: expected one value", path)
    if value is None:
        return run.report(rules.JSON_TYPE, "null: leave out what has no value", path)
    return _extended(value, owner.get(name), run, path, element)


def _extended(sibling: Any, value: Any, run: Run, path: Path, element: "Shape") -> None:
    """Id and extensions of a primitive: an id alone will do where there is a value."""
    if value is not None and sibling.__class__ is dict and sibling.keys() == {"id"}:
        element.ready()
        return element.members["id"](sibling["id"], sibling, run, path, "id")
    return element.check(sibling, run, path)


def primitives(name: str, place: str, type_: Primitive, extras: tuple[Check, ...], element: "Shape") -> Member:
    """A primitive that repeats: two arrays side by side."""
    accepts, sibling_name = accepting(type_), f"_{name}"

    def member(value: Any, owner: dict[str, Any], run: Run, path: Path, key: str) -> None:
        where = (path, place)
        if key == sibling_name and name in owner:
            return None  # with the values
        if not _are_arrays(owner, name, sibling_name, run, where):
            return None
        siblings = owner.get(sibling_name)
        if siblings is None:
            for index, item in enumerate(value):
                if accepts(item):
                    for extra in extras:
                        extra(item, run, (where, index))
                else:
                    _item(item, None, run, (where, index), type_, extras, element)
            return None
        return _pairs(owner.get(name), siblings, run, where, type_, extras, element)

    return member


def _are_arrays(owner: dict[str, Any], name: str, sibling_name: str, run: Run, path: Path) -> bool:
    for each in (name, sibling_name):
        if each not in owner:
            continue
        value = owner[each]
        if value is None:
            run.report(rules.JSON_TYPE, "null: leave out what has no value", path)
        elif value.__class__ is not list:
            run.report(rules.LIST, "the element repeats: expected an array", path)
        elif not value:
            run.report(rules.EMPTY, "an empty array: expected at least one value, or no member", path)
        else:
            continue
        return False
    return True


def _pairs(
    values: list[Any] | None,
    siblings: list[Any],
    run: Run,
    path: Path,
    type_: Primitive,
    extras: tuple[Check, ...],
    element: "Shape",
) -> None:
    if values is not None and len(values) != len(siblings):
        words = f"{len(siblings)} beside {len(values)} values: expected as many, null where there is nothing"
        return run.report(rules.PRIMITIVE_SIBLING, words, path)
    for index, sibling in enumerate(siblings):
        value = values[index] if values is not None else None
        _item(value, sibling, run, (path, index), type_, extras, element)
    return None


def _item(
    value: Any,
    sibling: Any,
    run: Run,
    path: Path,
    type_: Primitive,
    extras: tuple[Check, ...],
    element: "Shape",
) -> None:
    if value is None and sibling is None:
        words = "null: expected a value, or an extension in the array with underscore"
        return run.report(rules.JSON_TYPE, words, path)
    if value is not None:
        found = fault(value, type_)
        if found is not None:
            run.report(*found, path)
        else:
            for extra in extras:
                extra(value, run, path)
    if sibling is not None:
        _extended(sibling, value, run, path, element)
    return None
