"""Collections with collections, and the tree below items."""

from typing import Any

from adapter.fhirpath import navigation, nodes
from adapter.fhirpath.comparison import distinct, key
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.plans import Plan, counted
from adapter.fhirpath.registry import built, plain
from adapter.fhirpath.work import size


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


@plain("intersect", 1)
def intersect(scope: Scope, items: list[Any], other: list[Any]) -> list[Any]:
    scope.work.spend(size(items) + size(other))
    keys = {key(item) for item in other}
    return [item for item in distinct(items) if key(item) in keys]


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
