"""Path steps. Where the type of the items is known, a step is a look-up in a dict; else it asks each item."""

from collections.abc import Callable
from typing import Any

from adapter.fhirpath import model, nodes
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.model import Option, Type
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.plans import NOTHING, Plan, Run, Some

Get = Run
"""The items under one item. As a plan's `run`, so that it is that of a step from the focus; the scope is not read."""

Has = Some
"""Whether there are any."""


def member(source: Plan, name: str, *, strict: bool) -> Plan:
    """The plan of `source.name`. Raises FhirPathError where strict and the type is known to have no such element."""
    type_ = source.raw
    if type_ is None:
        if source.resources is not None and name in model.fhir("Resource").members:
            return _of_resources(source.resources, model.fhir("Resource").members[name][0])
        return _step(source, lambda item, _: nodes.member(item, name), None, None)
    options = type_.members.get(name)
    if options is None:
        if type_.is_primitive and name in ("id", "extension"):
            return _step(source, lambda item, _: nodes.extra_member(item, name), None, None)
        if strict:
            raise FhirPathError(f"{type_.name} has no element {name!a}")
        return NOTHING
    if len(options) == 1:
        option = options[0]
        if option.type.is_polymorphic:
            plan = _step(source, _resources(option), None, _has(option))
            plan.resources = _step(source, _complex(option), None, None).run
            return plan
        return _step(source, _primitives(option) if option.extra else _complex(option), option.type, _has(option))
    return _step(source, lambda item, _: nodes.choice(item, options), None, _has_choice(options))


def _step(source: Plan, get: Get, raw: Type | None, has: Has | None) -> Plan:
    """Takes the step from the focus itself or from each item of the source."""
    run = source.run
    if source.is_focus:
        return Plan(get, raw, some=has)

    def walk(this: Any, scope: Scope) -> list[Any]:
        items = run(this, scope)
        if len(items) == 1:
            found = get(items[0], scope)
            if raw is None and len(found) > 1:  # each became a Node
                scope.work.spend(len(found))
            return found
        found = []
        for item in items:
            found += get(item, scope)
        scope.work.spend(len(items) + len(found))
        return found

    if has is None:
        return Plan(walk, raw)

    def some(this: Any, scope: Scope) -> bool:
        items = run(this, scope)
        if len(items) > 1:
            scope.work.spend(len(items))
        for item in items:  # noqa: SIM110 - any() with a generator costs twice as much
            if has(item, scope):
                return True
        return False

    return Plan(walk, raw, some=some)


def _complex(option: Option) -> Get:
    key = option.key

    def get(value: dict[str, Any], _: Scope) -> list[Any]:
        found = value.get(key)
        if found is None:
            return []
        return found if found.__class__ is list else [found]

    return get


def _primitives(option: Option) -> Get:
    key, extra = option.key, option.extra

    def get(value: dict[str, Any], _: Scope) -> list[Any]:
        if extra in value:
            return nodes.read(value, option)
        found = value.get(key)
        if found is None:
            return []
        return found if found.__class__ is list else [found]

    return get


def _resources(option: Option) -> Get:
    key = option.key
    return lambda value, _: nodes.typed(nodes.read(value, option), option.type) if key in value else []


def _of_resources(resources: Run, option: Option) -> Plan:
    """An element that every resource has, and of one type."""
    get = _primitives(option) if option.extra else _complex(option)

    def of_object(value: Any, scope: Scope) -> list[Any]:
        return get(value, scope) if value.__class__ is dict else []

    return _step(Plan(resources), of_object, option.type, None)


def extensions_below(source: Plan) -> Plan:
    """The plan of `source.descendants().extension`: no element of that name is anything but an Extension."""
    run = source.boxed()

    def walk(this: Any, scope: Scope) -> list[Any]:
        found: list[Any] = []
        for item in run(this, scope):
            extensions, visited = nodes.extensions_below(item)
            scope.work.spend(visited)
            found += extensions
        return found

    return Plan(walk, model.fhir("Extension"))


def _has(option: Option) -> Has:
    key, extra = option.key, option.extra
    if extra is None:
        return lambda value, _: bool(value.get(key))

    def has(value: dict[str, Any], _: Scope) -> bool:
        found = value.get(key)
        if found is None:
            return bool(value.get(extra))
        return found.__class__ is not list or bool(found)

    return has


def _has_choice(options: tuple[Option, ...]) -> Has:
    keys = frozenset(key for option in options for key in (option.key, option.extra) if key)
    return lambda value, _: not keys.isdisjoint(value)


def type_step(focus: Plan, types: tuple[Type, ...]) -> Plan:
    """A type's name at the start of a path: the focus where it is of that type."""
    if focus.raw is not None:
        return focus if any(type_ in focus.raw.ancestors for type_ in types) else NOTHING
    run = focus.run

    def keep(this: Any, scope: Scope) -> list[Any]:
        return [item for item in run(this, scope) if any(type_ in nodes.item_type(item).ancestors for type_ in types)]

    return Plan(keep)


def children_count(type_: Type) -> Callable[[Any], int]:
    """How many children a raw item of the type has."""
    by_key = type_.by_key

    def count(item: Any) -> int:
        if item.__class__ is not dict:
            return len(nodes.children(item)) if item.__class__ is Node else 0
        total = 0
        for key, value in item.items():
            option = by_key.get(key)
            if option is None:
                continue
            if key != option.key:
                total += len(nodes.read(item, option)) if option.key not in item else 0
            elif value.__class__ is list:
                total += len(nodes.read(item, option)) if option.extra else len(value)
            else:
                total += 1
        return total

    return count
