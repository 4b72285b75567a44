"""Collections with collections, and the tree below items."""

from typing import Any

from adapter.fhirpath import navigation, nodes
from adapter.fhirpath.comparison import distinct, key
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.conditions import holds_text
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.plans import Plan, Run, counted
from adapter.fhirpath.registry import built, plain
from adapter.fhirpath.work import size


def are_texts(items: list[Any]) -> bool:
    """Whether all items are texts as they stand."""
    for item in items:  # noqa: SIM110 - all() with a generator costs twice as much
        if item.__class__ is not str:
            return False
    return True


def keys(plan: Plan) -> Run:
    """What tells the items apart: texts that stand as they are do it themselves."""
    run, type_, may_be_texts = plan.run, plan.raw, holds_text(plan.raw)

    def found(this: Any, scope: Scope) -> list[Any]:
        items = run(this, scope)
        if may_be_texts and are_texts(items):
            scope.work.spend(len(items))
            return items
        items = nodes.boxed(items, type_)
        scope.work.spend(size(items))
        return [key(item) for item in items]

    return found


@plain("distinct")
def distinct_(scope: Scope, items: list[Any]) -> list[Any]:
    scope.work.spend(size(items))
    return distinct(items)


@plain("union", 1)
def union(scope: Scope, items: list[Any], other: list[Any]) -> list[Any]:
    scope.work.spend(size(items) + size(other))
    return distinct([*items, *other])


@plain("combine", 1, 2)
def combine(_scope: Scope, items: list[Any], other: list[Any], _keep_order: list[Any] | None = None) -> list[Any]:
    return [*items, *other]


@built("intersect", 1)
def intersect(site: Site, source: Plan) -> Plan:
    items_of, other_of = source.run, keys(site.argument(0))
    type_ = source.raw if holds_text(source.raw) else None
    boxed = source.boxed()

    def found(this: Any, scope: Scope) -> list[Any]:
        wanted = set(other_of(this, scope))
        items = items_of(this, scope) if type_ is not None else boxed(this, scope)
        if type_ is not None and are_texts(items):
            scope.work.spend(len(items))
            return [item for item in dict.fromkeys(items) if item in wanted]
        items = nodes.boxed(items, type_)
        scope.work.spend(size(items))
        return [item for item in distinct(items) if key(item) in wanted]

    return Plan(found, type_)


@plain("exclude", 1)
def exclude(scope: Scope, items: list[Any], other: list[Any]) -> list[Any]:
    scope.work.spend(size(items) + size(other))
    keys = {key(item) for item in other}
    return [item for item in items if key(item) not in keys]


@built("children")
def children(_site: Site, source: Plan) -> Plan:
    run = source.boxed()

    def found(this: Any, scope: Scope) -> list[Any]:
        items = [child for item in run(this, scope) for child in nodes.children(item)]
        scope.work.spend(len(items))
        return items

    plan = Plan(found)
    if source.raw is not None:
        items_of, count = counted(source.run), navigation.children_count(source.raw)
        plan.counted = lambda this, scope: sum(map(count, items_of(this, scope)))
    return plan


@plain("descendants")
def descendants(scope: Scope, items: list[Any]) -> list[Any]:
    if len(items) != 1 or items[0] is not scope.resource:
        return _descendants(items, scope)
    found = scope.memory.get(descendants)
    if found is None:
        found = scope.memory[descendants] = _descendants(items, scope)
    return found


def _descendants(items: list[Any], scope: Scope) -> list[Any]:
    found: list[Any] = []
    for level in nodes.levels(items):
        scope.work.spend(len(level))
        found += level
    return found
