"""Whether there are items, how many, and what holds for all or some of them."""

from collections.abc import Callable
from typing import Any

from adapter.fhirpath import nodes
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.functions.collections import keys
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.plans import NOTHING, Focus, Plan, Truth, boolean, constant, counted, integer
from adapter.fhirpath.registry import built, plain


@built("exists", 0, 1)
def exists(site: Site, source: Plan) -> Plan:
    if site.count == 0:
        return constant([False]) if source is NOTHING else boolean(source.some)
    return boolean(_any(site, source, wanted=True))


@built("all", 1)
def all_(site: Site, source: Plan) -> Plan:
    found = _any(site, source, wanted=False)
    return boolean(lambda this, scope: not found(this, scope))


def _any(site: Site, source: Plan, *, wanted: bool) -> Truth:
    """Whether the criterion is true (or, where `wanted` is false, not true) for some item."""
    run, test = counted(source.run), site.body(0, Focus(source.raw)).truth

    def plain_loop(this: Any, scope: Scope) -> bool:
        for item in run(this, scope):  # noqa: SIM110 - any() with a generator costs twice as much
            if (test(item, scope) is True) is wanted:
                return True
        return False

    def indexed_loop(this: Any, scope: Scope) -> bool:
        items, outer, found = run(this, scope), scope.index, False
        for scope.index, item in enumerate(items):
            if (test(item, scope) is True) is wanted:
                found = True
                break
        scope.index = outer
        return found

    return indexed_loop if site.indexed(0) else plain_loop


@built("empty")
def empty(_site: Site, source: Plan) -> Plan:
    some = source.some
    return constant([True]) if source is NOTHING else boolean(lambda this, scope: not some(this, scope))


@built("not")
def not_(_site: Site, source: Plan) -> Plan:
    value = source.truth

    def negated(this: Any, scope: Scope) -> bool | None:
        found = value(this, scope)
        return None if found is None else not found

    return boolean(negated)


@built("count")
def count(_site: Site, source: Plan) -> Plan:
    run, counted = source.run, source.counted
    return integer(counted or (lambda this, scope: len(run(this, scope))))


@built("hasValue")
def has_value(_site: Site, source: Plan) -> Plan:
    """Whether the input is one primitive with a value (FHIR)."""
    run, raw = source.run, source.raw
    if raw is not None and not raw.is_primitive:
        return constant([False])

    def truth(this: Any, scope: Scope) -> bool:
        items = run(this, scope)
        if len(items) != 1:
            return False
        item = items[0]
        if item.__class__ is Node:
            return bool(item.type.is_primitive) and item.value is not None
        return item is not None

    return boolean(truth)


def _truths(name: str, decide: Callable[[list[bool]], bool]) -> None:
    @plain(name)
    def function(_scope: Scope, items: list[Any]) -> list[Any]:
        values = [nodes.system_value(item) for item in items]
        if any(value is not True and value is not False for value in values):
            raise FhirPathError(f"{name}() needs Booleans")
        return [decide(values)]


_truths("allTrue", all)
_truths("anyTrue", any)
_truths("allFalse", lambda values: not any(values))
_truths("anyFalse", lambda values: not all(values))


@built("subsetOf", 1)
def subset_of(site: Site, source: Plan) -> Plan:
    some, others = keys(source), keys(site.argument(0))
    return boolean(lambda this, scope: set(some(this, scope)) <= set(others(this, scope)))


@built("supersetOf", 1)
def superset_of(site: Site, source: Plan) -> Plan:
    some, others = keys(source), keys(site.argument(0))
    return boolean(lambda this, scope: set(some(this, scope)) >= set(others(this, scope)))


@built("isDistinct")
def is_distinct(_site: Site, source: Plan) -> Plan:
    some = keys(source)

    def truth(this: Any, scope: Scope) -> bool:
        found = some(this, scope)
        return len(set(found)) == len(found)

    return boolean(truth)
