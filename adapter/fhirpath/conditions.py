"""Operators whose result is a Boolean, and the union."""

from collections.abc import Callable
from typing import Any

from adapter.fhirpath import comparison, nodes, temporal
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.model import Type
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.plans import Plan, Run, Truth, boolean, constant
from adapter.fhirpath.work import size

ORDERS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
_TEXTS = frozenset(("string", "uri", "base64Binary"))
MOMENTS = frozenset(("date", "dateTime", "instant"))


def chain(operator: str, operands: list[Plan]) -> Plan:
    """`and`, `or` and `|` of two or more."""
    if operator == "|":
        return _union(operands)
    truths = [plan.truth for plan in operands]
    if len(truths) == 2:
        return boolean((_and if operator == "and" else _or)(*truths))
    return boolean(_all_or_any(truths, decisive=operator == "or"))


def _all_or_any(truths: list[Truth], *, decisive: bool) -> Truth:
    """`or` of many where `decisive` is true, `and` where it is false."""

    def truth(this: Any, scope: Scope) -> bool | None:
        result: bool | None = not decisive
        for each in truths:
            value = each(this, scope)
            if value is decisive:
                return decisive
            if value is None:
                result = None
        return result

    return truth


def _and(left: Truth, right: Truth) -> Truth:
    def truth(this: Any, scope: Scope) -> bool | None:
        one = left(this, scope)
        if one is False:
            return False
        other = right(this, scope)
        return other if one or other is False else None

    return truth


def _or(left: Truth, right: Truth) -> Truth:
    def truth(this: Any, scope: Scope) -> bool | None:
        one = left(this, scope)
        if one:
            return True
        other = right(this, scope)
        return other if one is False or other else None

    return truth


def _union(operands: list[Plan]) -> Plan:
    if all(plan.constant is not None for plan in operands):
        return constant(comparison.distinct(item for plan in operands for item in plan.constant or ()))
    types = {plan.raw for plan in operands}
    if len(types) == 1 and holds_text(operands[0].raw):
        return _union_of_texts(operands)
    runs = [plan.boxed() for plan in operands]

    def run(this: Any, scope: Scope) -> list[Any]:
        items = [item for each in runs for item in each(this, scope)]
        scope.work.spend(size(items))
        return comparison.distinct(items)

    def some(this: Any, scope: Scope) -> bool:
        return any(plan.some(this, scope) for plan in operands)

    return Plan(run, some=some)


def _union_of_texts(operands: list[Plan]) -> Plan:
    """Of elements of one type, which hold texts as they stand."""
    runs, type_ = [plan.run for plan in operands], operands[0].raw

    def run(this: Any, scope: Scope) -> list[Any]:
        items = [item for each in runs for item in each(this, scope)]
        scope.work.spend(len(items))
        if all(item.__class__ is str for item in items):
            return list(dict.fromkeys(items))
        return comparison.distinct(nodes.boxed(items, type_))

    return Plan(run, type_, some=lambda this, scope: any(plan.some(this, scope) for plan in operands))


def binary(operator: str, left: Plan, right: Plan) -> Plan | None:
    """An operator that compares, tests membership or combines truths; None where the operator is arithmetic."""
    if operator in ("=", "!="):
        truth = _boolean_equal(left, right) or _text_equal(left, right) or _text_equal(right, left)
        equal = truth or _equal(left, right)
        return boolean(equal if operator == "=" else _not(equal))
    one, other = left.boxed(), right.boxed()
    if operator in ("~", "!~"):
        wanted = operator == "~"
        return boolean(_equivalent(one, other, wanted=wanted))
    if operator in ORDERS:
        return _ordered(operator, left, right)
    if operator in ("in", "contains"):
        return _membership(left, right) if operator == "in" else _membership(right, left)
    if operator == "xor":
        return boolean(_xor(left.truth, right.truth))
    if operator == "implies":
        return boolean(_implies(left.truth, right.truth))
    return None


def _equal(left: Plan, right: Plan) -> Truth:
    may_be_texts = all(plan.raw is None or holds_text(plan.raw) for plan in (left, right))
    first, second, type_, other_type = left.run, right.run, left.raw, right.raw

    def truth(this: Any, scope: Scope) -> bool | None:
        one, other = first(this, scope), second(this, scope)
        if len(one) == 1 == len(other) and may_be_texts and one[0].__class__ is str and other[0].__class__ is str:
            return bool(one[0] == other[0])
        if len(one) + len(other) > 2:
            scope.work.spend(len(one) + len(other))
        one, other = nodes.boxed(one, type_), nodes.boxed(other, other_type)
        _spend_on(one, other, scope)
        return comparison.equal(one, other)

    return truth


def _equivalent(left: Run, right: Run, *, wanted: bool) -> Truth:
    def truth(this: Any, scope: Scope) -> bool | None:
        one, other = left(this, scope), right(this, scope)
        _spend_on(one, other, scope, each=4)
        if len(one) > 1 and len(one) == len(other):
            scope.work.spend(size(one) * len(other))
        return comparison.equivalent(one, other) is wanted

    return truth


def _spend_on(one: list[Any], other: list[Any], scope: Scope, each: int = 1) -> None:
    """What it costs to compare two collections: only where they may be equal, and hold more than a value each."""
    if len(one) == len(other) and (len(one) > 1 or (one and one[0].__class__ is Node and _is_complex(one[0]))):
        scope.work.spend(size(one) * each)


def _is_complex(node: Node) -> bool:
    return node.value.__class__ is dict


def _not(truth: Truth) -> Truth:
    def negated(this: Any, scope: Scope) -> bool | None:
        value = truth(this, scope)
        return None if value is None else not value

    return negated


def _xor(left: Truth, right: Truth) -> Truth:
    def truth(this: Any, scope: Scope) -> bool | None:
        one, other = left(this, scope), right(this, scope)
        return None if one is None or other is None else one is not other

    return truth


def _implies(left: Truth, right: Truth) -> Truth:
    def truth(this: Any, scope: Scope) -> bool | None:
        one = left(this, scope)
        if one is False:
            return True
        other = right(this, scope)
        return other if one or other else None

    return truth


def _boolean_equal(left: Plan, right: Plan) -> Truth | None:
    if not (left.is_boolean and right.is_boolean):
        return None
    one_truth, other_truth = left.truth, right.truth

    def truth(this: Any, scope: Scope) -> bool | None:
        one, other = one_truth(this, scope), other_truth(this, scope)
        return None if one is None or other is None else one is other

    return truth


def holds_text(type_: Type | None) -> bool:
    """Whether values of the type are texts as they stand."""
    return type_ is not None and any(base.name in _TEXTS for base in type_.ancestors)


def _text_equal(left: Plan, right: Plan) -> Truth | None:
    """An element that holds text against a constant text."""
    literal = right.constant[0] if right.constant is not None and len(right.constant) == 1 else None
    if literal.__class__ is not str or not holds_text(left.raw):
        return None
    run, slow = left.run, left.boxed()

    def truth(this: Any, scope: Scope) -> bool | None:
        items = run(this, scope)
        if len(items) == 1 and items[0].__class__ is str:
            return bool(items[0] == literal)
        return comparison.equal(slow(this, scope), [literal]) if items else None

    return truth


def one_of(member: Plan, texts: frozenset[str], slow: Plan) -> Plan:
    """Whether an element that holds text is one of several; `slow` is the same, written with `=` and `or`."""
    if not holds_text(member.raw):
        return slow
    run, otherwise = member.run, slow.truth

    def truth(this: Any, scope: Scope) -> bool | None:
        items = run(this, scope)
        if len(items) == 1 and items[0].__class__ is str:
            return items[0] in texts
        return otherwise(this, scope) if items else None

    return boolean(truth)


def _ordered(operator: str, left: Plan, right: Plan) -> Plan:
    decide = ORDERS[operator]
    limit = right.constant[0] if right.constant is not None and len(right.constant) == 1 else None
    if left.number is not None and limit.__class__ is int:
        number = left.number
        return boolean(lambda this, scope: decide(number(this, scope) - limit))
    if left.number is not None and right.number is not None:
        first, second = left.number, right.number
        return boolean(lambda this, scope: decide(first(this, scope) - second(this, scope)))
    one, other = left.boxed(), right.boxed()

    def truth(this: Any, scope: Scope) -> bool | None:
        order = comparison.order(one(this, scope), other(this, scope))
        return None if order is None else decide(order)

    return boolean(_moments(left, right, decide, truth) if _are_moments(left, right) else truth)


def _are_moments(left: Plan, right: Plan) -> bool:
    return all(plan.raw is not None and plan.raw.name in MOMENTS for plan in (left, right))


def _moments(left: Plan, right: Plan, decide: Callable[[int], bool], slow: Truth) -> Truth:
    """The order of two elements that hold dates or times, which most have in the same whole form."""
    first, second = left.run, right.run

    def truth(this: Any, scope: Scope) -> bool | None:
        one, other = first(this, scope), second(this, scope)
        if len(one) == 1 == len(other) and one[0].__class__ is str and other[0].__class__ is str:
            order = temporal.whole_order(one[0], other[0])
            if order is not None:
                return decide(order)
        return slow(this, scope)

    return truth


def _membership(item: Plan, collection: Plan) -> Plan:
    one, many = item.boxed(), collection.boxed()
    keys = frozenset(map(comparison.key, collection.constant)) if collection.constant is not None else None
    run = item.run if holds_text(item.raw) else None

    def truth(this: Any, scope: Scope) -> bool | None:
        if run is not None and keys is not None:
            items = run(this, scope)
            if len(items) == 1 and items[0].__class__ is str:
                return items[0] in keys
        items = one(this, scope)
        if not items:
            return None
        if len(items) > 1:
            raise FhirPathError(f"membership is of a single item, found {len(items)}")
        found = many(this, scope)
        scope.work.spend(len(found) * size(items) if len(found) > 1 else 0)
        return any(comparison.equal_items(items[0], each) for each in found)

    return boolean(truth)
