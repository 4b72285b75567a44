"""What an expression compiles to: closures over the focus and the scope, and what is known of their result."""

from collections.abc import Callable
from typing import Any, NamedTuple

from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.model import Type
from adapter.fhirpath.nodes import Node, boxed, system_value

Run = Callable[[Any, Scope], list[Any]]
Truth = Callable[[Any, Scope], bool | None]
Some = Callable[[Any, Scope], bool]
Number = Callable[[Any, Scope], int]


class Focus(NamedTuple):
    """What `$this` is inside an expression: raw items of `type`, boxed items where None, nothing where `absent`."""

    type: Type | None
    absent: bool = False


class Plan:
    """One compiled expression, in the forms that those around it ask for.

    `run` gives the items: raw where `raw` names their type, else boxed. `truth` is the value as a Boolean, `some`
    whether there are items. `number`: the only item, where it is a count; `counted`: how many items, where that is
    quicker than having them. `is_boolean`: the items are at most one System Boolean. `is_focus`: the
    plan is `$this`. `constant`: the items, where they are the same always. `resources`: where the items are what stands
    where any resource may, the same as JSON.
    """

    __slots__ = ("constant", "counted", "is_boolean", "is_focus", "number", "raw", "resources", "run", "some", "truth")

    def __init__(
        self,
        run: Run,
        raw: Type | None = None,
        *,
        some: Some | None = None,
        number: Number | None = None,
        is_focus: bool = False,
        constant: list[Any] | None = None,
    ) -> None:
        self.run = run
        self.raw = raw
        self.some: Some = some or (lambda this, scope: bool(run(this, scope)))
        self.truth: Truth = lambda this, scope: truth_of(run(this, scope))
        self.number = number
        self.counted: Number | None = None
        self.resources: Run | None = None
        self.is_focus = is_focus
        self.is_boolean = False
        self.constant = constant

    def boxed(self) -> Run:
        """`run` with each FHIR value as a Node."""
        run, raw = self.run, self.raw
        if raw is None:
            return run
        items_of = counted(run)
        return lambda this, scope: boxed(items_of(this, scope), raw)


def truth_of(items: list[Any]) -> bool | None:
    """A collection as a Boolean: a single item that is not one counts as true."""
    if not items:
        return None
    if len(items) > 1:
        raise FhirPathError(f"expected a single Boolean, found {len(items)} items")
    item = items[0]
    if item is True or item is False:
        return bool(item)
    if item.__class__ is Node:
        value = system_value(item)
        if value is True or value is False:
            return bool(value)
        if value is None:
            return None
    return True


def boolean(truth: Truth) -> Plan:
    """The plan of something that is true, false or empty."""

    def run(this: Any, scope: Scope) -> list[Any]:
        value = truth(this, scope)
        return [] if value is None else [value]

    plan = Plan(run, some=lambda this, scope: truth(this, scope) is not None)
    plan.truth = truth
    plan.is_boolean = True
    return plan


def integer(number: Number) -> Plan:
    """The plan of a count."""
    return Plan(lambda this, scope: [number(this, scope)], some=lambda _this, _scope: True, number=number)


def constant(items: list[Any]) -> Plan:
    """The plan of what is the same always."""
    value = truth_of(items) if len(items) < 2 else None
    plan = Plan(lambda _this, _scope: items, some=lambda _this, _scope: bool(items), constant=items)
    if items and value is items[0]:
        plan.truth = lambda _this, _scope: value
        plan.is_boolean = True
    return plan


NOTHING = constant([])


def counted(run: Run) -> Run:
    """The same items; that they are looked at, one by one, is work."""

    def looked_at(this: Any, scope: Scope) -> list[Any]:
        items = run(this, scope)
        if len(items) > 1:
            scope.work.spend(len(items))
        return items

    return looked_at


def derived(source: Plan, run: Run) -> Plan:
    """A plan whose items are some of another's."""
    return Plan(run, source.raw)
