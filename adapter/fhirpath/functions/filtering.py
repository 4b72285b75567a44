"""Choosing and projecting: functions that evaluate an argument for each item, and those that take some of the items."""

from collections.abc import Callable
from typing import Any

from adapter.fhirpath import comparison
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError, FhirPathLimitError
from adapter.fhirpath.functions.singles import integer, single, text
from adapter.fhirpath.nodes import boxed
from adapter.fhirpath.plans import NOTHING, Focus, Plan, Run, counted, derived
from adapter.fhirpath.registry import built
from adapter.fhirpath.variables import RESERVED
from adapter.fhirpath.work import size

MAX_ITEMS = 250_000
"""Items that repeat() and select() may find: more is a loop without end, or one inside another."""


@built("where", 1)
def where(site: Site, source: Plan) -> Plan:
    run, test = counted(source.run), site.body(0, Focus(source.raw)).truth
    if not site.indexed(0):

        def some(this: Any, scope: Scope) -> bool:
            for item in run(this, scope):  # noqa: SIM110 - any() with a generator costs twice as much
                if test(item, scope):
                    return True
            return False

        return Plan(lambda this, scope: [i for i in run(this, scope) if test(i, scope)], source.raw, some=some)

    def indexed(this: Any, scope: Scope) -> list[Any]:
        items, outer, found = run(this, scope), scope.index, []
        for scope.index, item in enumerate(items):
            if test(item, scope):
                found.append(item)
        scope.index = outer
        return found

    return derived(source, indexed)


@built("select", 1)
def select(site: Site, source: Plan) -> Plan:
    body = site.body(0, Focus(source.raw))
    return Plan(_each(counted(source.run), body.run, indexed=site.indexed(0)), body.raw)


def _each(run: Run, body: Run, *, indexed: bool) -> Run:
    """The results of the body for all items."""

    def plain_loop(this: Any, scope: Scope) -> list[Any]:
        found: list[Any] = []
        for item in run(this, scope):
            found += body(item, scope)
            if len(found) > MAX_ITEMS:
                raise FhirPathLimitError(f"select() finds more than {MAX_ITEMS} items")
        return found

    def indexed_loop(this: Any, scope: Scope) -> list[Any]:
        items, outer, found = run(this, scope), scope.index, list[Any]()
        for scope.index, item in enumerate(items):
            found += body(item, scope)
            if len(found) > MAX_ITEMS:
                raise FhirPathLimitError(f"select() finds more than {MAX_ITEMS} items")
        scope.index = outer
        return found

    return indexed_loop if indexed else plain_loop


@built("repeat", 1)
def repeat(site: Site, source: Plan) -> Plan:
    run, body = source.boxed(), site.body(0, Focus(None)).boxed()

    def walk(this: Any, scope: Scope) -> list[Any]:
        found: dict[Any, Any] = {}
        level = run(this, scope)
        while level:
            scope.work.spend(len(level))
            nearest: list[Any] = []
            for item in level:
                results = body(item, scope)
                scope.work.spend(size(results))
                for result in results:
                    key = comparison.key(result)
                    if key not in found:
                        found[key] = result
                        nearest.append(result)
                if len(found) > MAX_ITEMS:
                    raise FhirPathLimitError(f"repeat() finds more than {MAX_ITEMS} items: a loop without end")
            level = nearest
        return list(found.values())

    return Plan(walk)


@built("repeatAll", 1)
def repeat_all(site: Site, source: Plan) -> Plan:
    run, body = source.boxed(), site.body(0, Focus(None)).boxed()

    def walk(this: Any, scope: Scope) -> list[Any]:
        found: list[Any] = []
        level = run(this, scope)
        while level:
            nearest: list[Any] = []
            for item in level:
                nearest += body(item, scope)
                scope.work.spend(1)
                if len(found) + len(nearest) > MAX_ITEMS:
                    raise FhirPathLimitError(f"repeatAll() finds more than {MAX_ITEMS} items: a loop without end")
            found += nearest
            level = nearest
        return found

    return Plan(walk)


@built("iif", 2, 3)
def iif(site: Site, source: Plan) -> Plan:
    if site.call.source is None:
        return Plan(_choose(site, site.focus))
    run = source.run
    present, absent = _choose(site, Focus(source.raw)), _choose(site, Focus(None, absent=True))

    def choose(this: Any, scope: Scope) -> list[Any]:
        items = run(this, scope)
        if len(items) > 1:
            raise FhirPathError(f"iif() needs a single item, found {len(items)}")
        return present(items[0], scope) if items else absent(None, scope)

    return Plan(choose)


def _choose(site: Site, focus: Focus) -> Run:
    test, yes = site.body(0, focus).truth, site.body(1, focus).boxed()
    no = site.body(2, focus).boxed() if site.count == 3 else NOTHING.run
    return lambda this, scope: yes(this, scope) if test(this, scope) else no(this, scope)


@built("coalesce", 1, 100)
def coalesce(site: Site, _source: Plan) -> Plan:
    runs = [site.argument(i).boxed() for i in range(site.count)]
    return Plan(lambda this, scope: next((items for run in runs if (items := run(this, scope))), []))


@built("sort", 0)
def sort(site: Site, source: Plan) -> Plan:
    run = source.run
    focus = Focus(source.raw)
    keys = [(site.key(i, focus).boxed(), key.negated, key.descending) for i, key in enumerate(site.call.keys)]
    if not keys:
        keys = [(Plan(lambda this, _: [this], source.raw).boxed(), False, False)]

    def ordered(this: Any, scope: Scope) -> list[Any]:
        items = list(run(this, scope))
        scope.work.spend(len(items) * len(items).bit_length() * len(keys))
        # From the last key to the first: the sort is stable.
        for key, negated, descending in reversed(keys):
            decorated = [_SortKey(single(key(item, scope), "a key of sort()"), negated=negated) for item in items]
            order = sorted(range(len(items)), key=decorated.__getitem__, reverse=descending)
            items = [items[i] for i in order]
        return items

    return derived(source, ordered)


class _SortKey:
    """Compares by FHIRPath's order, the empty collection lowest."""

    __slots__ = ("_negated", "value")

    def __init__(self, value: Any, *, negated: bool) -> None:
        self.value = value
        self._negated = negated

    def __lt__(self, other: "_SortKey") -> bool:
        if self.value is None or other.value is None:
            return self.value is None and other.value is not None
        order = comparison.order_items(self.value, other.value)
        return order is not None and (order > 0 if self._negated else order < 0)


@built("trace", 1, 2)
def trace(site: Site, source: Plan) -> Plan:
    run, raw, name = source.run, source.raw, site.argument(0).boxed()
    body = site.body(1, Focus(raw)).boxed() if site.count == 2 else None

    def traced(this: Any, scope: Scope) -> list[Any]:
        items = run(this, scope)

        def shown() -> list[Any]:
            if body is None:
                return boxed(items, raw)
            return _each(lambda _this, _scope: items, body, indexed=site.indexed(1))(this, scope)

        scope.trace(text(name(this, scope), "trace()") or "", shown)
        return items

    return Plan(traced, raw)


@built("defineVariable", 1, 2)
def define_variable(site: Site, source: Plan) -> Plan:
    run, name = source.run, site.argument(0).boxed()
    value = site.argument(1).boxed() if site.count == 2 else source.boxed()

    def define(this: Any, scope: Scope) -> list[Any]:
        items = run(this, scope)
        called = text(name(this, scope), "defineVariable()")
        if not called:
            raise FhirPathError("defineVariable() needs a name")
        if called in RESERVED or called in scope.variables:
            raise FhirPathError(f"there is a variable %{called[:40]} already")
        scope.variables = {**scope.variables, called: value(this, scope)}
        return items

    return derived(source, define)


def _subset(name: str, take: Callable[[list[Any]], list[Any]]) -> None:
    @built(name)
    def function(_site: Site, source: Plan) -> Plan:
        run = counted(source.run)
        return derived(source, lambda this, scope: take(run(this, scope)))


def _only(items: list[Any]) -> list[Any]:
    if len(items) > 1:
        raise FhirPathError(f"single() needs at most one item, found {len(items)}")
    return items


_subset("first", lambda items: items[:1])
_subset("last", lambda items: items[-1:])
_subset("tail", lambda items: items[1:])
_subset("single", _only)


def _counted_subset(name: str, take: Callable[[list[Any], int], list[Any]]) -> None:
    @built(name, 1)
    def function(site: Site, source: Plan) -> Plan:
        run, number = counted(source.run), site.argument(0).boxed()

        def some_items(this: Any, scope: Scope) -> list[Any]:
            items, count = run(this, scope), integer(number(this, scope), f"{name}()")
            return [] if count is None else take(items, max(count, 0))

        return derived(source, some_items)


_counted_subset("skip", lambda items, count: items[count:])
_counted_subset("take", lambda items, count: items[:count])
