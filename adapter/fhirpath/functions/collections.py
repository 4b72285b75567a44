"""Collections with collections, and the tree below items."""

from typing import Any

from adapter.fhirpath import navigation, nodes
from adapter.fhirpath.comparison import distinct, key
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.plans import Plan
from adapter.fhirpath.registry import built, plain


@plain("distinct")
def distinct_(_scope: Scope, items: list[Any]) -> list[Any]:
    return distinct(items)


@plain("union", 1)
def union(_scope: Scope, items: list[Any], other: list[Any]) -> list[Any]:
    return distinct([*items, *other])


@plain("combine", 1, 2)
def combine(_scope: Scope, items: list[Any], other: list[Any], _keep_order: list[Any] | None = None) -> list[Any]:
    return [*items, *other]


@plain("intersect", 1)
def intersect(_scope: Scope, items: list[Any], other: list[Any]) -> list[Any]:
    keys = {key(item) for item in other}
    return [item for item in distinct(items) if key(item) in keys]


@plain("exclude", 1)
def exclude(_scope: Scope, items: list[Any], other: list[Any]) -> list[Any]:
    keys = {key(item) for item in other}
    return [item for item in items if key(item) not in keys]


@built("children")
def children(_site: Site, source: Plan) -> Plan:
    run = source.boxed()
    plan = Plan(lambda this, scope: [child for item in run(this, scope) for child in nodes.children(item)])
    if source.raw is not None:
        items_of, count = source.run, navigation.children_count(source.raw)
        plan.counted = lambda this, scope: sum(map(count, items_of(this, scope)))
    return plan


@plain("descendants")
def descendants(scope: Scope, items: list[Any]) -> list[Any]:
    if len(items) != 1 or items[0] is not scope.resource:
        return list(nodes.descendants(items))
    found = scope.memory.get(descendants)
    if found is None:
        found = scope.memory[descendants] = list(nodes.descendants(items))
    return found
