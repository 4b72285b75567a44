"""aggregate() and what is written with it most often."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.fhirpath import arithmetic, comparison
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.nodes import item_type, system_value
from adapter.fhirpath.plans import NOTHING, Focus, Plan, counted
from adapter.fhirpath.registry import built, plain


@built("aggregate", 1, 2)
def aggregate(site: Site, source: Plan) -> Plan:
    run, body = counted(source.run), site.body(0, Focus(source.raw)).boxed()
    start = site.argument(1).boxed() if site.count == 2 else NOTHING.run

    def total(this: Any, scope: Scope) -> list[Any]:
        items, outer = run(this, scope), (scope.index, scope.total)
        result = start(this, scope)
        for scope.index, item in enumerate(items):
            scope.total = result
            result = body(item, scope)
        scope.index, scope.total = outer
        return result

    return Plan(total)


def _same_types(items: list[Any], what: str) -> list[Any]:
    values = [system_value(item) for item in items]
    if len({item_type(value) for value in values}) > 1:
        raise FhirPathError(f"{what}() needs items of one type")
    return values


@plain("sum")
def sum_(_scope: Scope, items: list[Any]) -> list[Any]:
    return _sum(items, "sum")


def _sum(items: list[Any], what: str) -> list[Any]:
    values = _same_types(items, what)
    if values and values[0].__class__ is str:
        raise FhirPathError(f"{what}() needs numbers or quantities")
    total = values[:1]
    for value in values[1:]:
        total = arithmetic.operate("+", total, [value])
    return total


@plain("avg")
def avg(_scope: Scope, items: list[Any]) -> list[Any]:
    return arithmetic.operate("/", _sum(items, "avg"), [Decimal(len(items))]) if items else []


def _extreme(name: str, better: Callable[[int], bool]) -> None:
    @plain(name)
    def function(_scope: Scope, items: list[Any]) -> list[Any]:
        values = _same_types(items, name)
        best = values[:1]
        for value in values[1:]:
            order = comparison.order_items(value, best[0])
            if order is None:
                return []
            if better(order):
                best = [value]
        return best


_extreme("min", lambda order: order < 0)
_extreme("max", lambda order: order > 0)
