"""Expressions as their callers have them."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from adapter.fhirpath import functions, model, nodes, parser, written
from adapter.fhirpath.compiler import Compiler, check
from adapter.fhirpath.environment import Environment, Scope
from adapter.fhirpath.errors import FhirPathError, FhirPathLimitError, FhirPathSyntaxError
from adapter.fhirpath.lines import Lines, Unusual, Unwritable
from adapter.fhirpath.model import Type
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.plans import Focus, Plan, Truth
from adapter.fhirpath.presence import needed
from adapter.fhirpath.tree import Chain, Tree
from adapter.fhirpath.variables import RESERVED
from adapter.fhirpath.work import Work
from adapter.support.clock import Clock

_Result = TypeVar("_Result")
_MOST_OPERANDS = 5_000
_OFTEN = 10
"""How often a condition is evaluated before code is written for it: what is asked once does not pay for that."""

__all__ = ["Compiled", "Expression", "compile_expression", "functions"]


class Expression:
    """A parsed expression; compiled for a type of input when it first meets one. Safe to share between threads."""

    def __init__(self, text: str, tree: Tree, *, strict: bool) -> None:
        self.text = text
        self._tree = tree
        self._strict = strict
        self._compiled: dict[Type | None, Compiled] = {}

    def __repr__(self) -> str:
        return f"<FHIRPath {self.text!r}>"

    def __call__(
        self,
        resource: Any,
        /,
        *,
        type_name: str | None = None,
        environment: Environment | None = None,
        clock: Clock | None = None,
        **variables: Any,
    ) -> list[Any]:
        """The items that the expression gives for a resource or element in FHIR JSON.

        `type_name` is the input's type (`HumanName`, `Patient.contact`) where it has no `resourceType`. FHIR values
        come back as JSON values, System values as bool, int, Decimal, str and this room's Date, DateTime, Time,
        Quantity. `variables` are single values or lists, `%name` in the expression. Raises FhirPathError.
        """
        return [nodes.plain(item) for item in self._items(resource, type_name, environment, clock, variables)]

    def typed(
        self,
        resource: Any,
        /,
        *,
        type_name: str | None = None,
        environment: Environment | None = None,
        clock: Clock | None = None,
        **variables: Any,
    ) -> list[tuple[str, Any]]:
        """The same with the type of each item: `FHIR.code`, `System.Boolean`."""
        items = self._items(resource, type_name, environment, clock, variables)
        return [(repr(nodes.item_type(item)), nodes.plain(item)) for item in items]

    def selects(self, resource: Any, part: object, /, *, environment: Environment | None = None) -> bool:
        """Whether the result holds a part of the resource itself: an object of it, or the `_` member of a primitive."""
        items = self._items(resource, None, environment, None, {})
        return any(item.__class__ is nodes.Node and (item.value is part or item.extra is part) for item in items)

    def _items(
        self,
        resource: Any,
        type_name: str | None,
        environment: Environment | None,
        clock: Clock | None,
        variables: dict[str, Any],
    ) -> list[Any]:
        for name in variables:
            if name in RESERVED:
                raise FhirPathError(f"the variable %{name} cannot be set")
        given = {name: _collection(value) for name, value in variables.items()}
        type_ = _input_type(resource, type_name)
        node = Node(resource, type_ or model.fhir("Element"))
        scope = Scope(node, environment=environment, clock=clock, variables=given)
        compiled = self.for_type(type_)
        return compiled.items(resource if type_ else None, scope)

    def needed(self, type_: Type) -> frozenset[str]:
        """Of a condition: the elements without any one of which it holds for an input of the type."""
        return needed(self._tree, type_)

    def lead_to_elements(self, types: Iterable[str]) -> None:
        """Raises FhirPathError where an expression, or one of those between which `|` stands, names what none of the
        R4 types has; FhirPathLimitError where there are too many of both to look at."""
        tree = self._tree
        operands = tree.operands if isinstance(tree, Chain) and tree.operator == "|" else (tree,)
        known = [model.fhir(each) for each in dict.fromkeys(types)]
        if len(operands) * len(known) > _MOST_OPERANDS:
            raise FhirPathLimitError("too many expressions and types: they were not held against each other")
        for operand in operands:
            errors: list[FhirPathError] = []
            for type_ in known:
                try:
                    Compiled(operand, type_, strict=True)
                except FhirPathError as error:
                    errors.append(error)
            if errors and len(errors) == len(known):
                raise errors[0]

    def for_type(self, type_: Type | str | None) -> "Compiled":
        """Compiled for input of a type (one of `model`, or its name), None for no input. Raises FhirPathError."""
        found = model.fhir(type_) if isinstance(type_, str) else type_
        compiled = self._compiled.get(found)
        if compiled is None:
            compiled = self._compiled[found] = Compiled(self._tree, found, strict=self._strict)
        return compiled


class Compiled:
    """An expression for one type of input. `scope` may serve any number of expressions on one resource."""

    def __init__(self, tree: Tree, type_: Type | None, *, strict: bool) -> None:
        self._tree = tree
        self._type = type_
        self._strict = strict
        self._focus = Focus(type_, absent=type_ is None)
        self._compiler = Compiler(strict=strict)
        self._plan = self._compiler.plan(tree, self._focus)
        self._run = self._plan.boxed()
        self._asked = 0
        self._usual: Truth | None = None

    def items(self, value: Any, scope: Scope) -> list[Any]:
        """The items, as the engine has them (see `nodes`), for an input in FHIR JSON."""
        self._enter(value, scope)
        try:
            return self._run(value, scope)
        except (FhirPathError, RecursionError, AttributeError, TypeError) as error:
            return self._explained(error, value, scope, lambda plan: plan.boxed())

    def holds(self, value: Any, scope: Scope) -> bool | None:
        """The result as a Boolean, None where it is empty: for invariants."""
        scope.input = (value, self._type)
        scope.index = 0
        scope.total = None
        usual = self._usual
        if usual is not None:
            left = scope.work.left
            try:
                return usual(value, scope)
            except (Unusual, FhirPathError, AttributeError, TypeError):
                scope.work.left = left
        elif self._asked < _OFTEN:
            self._ask()
        try:
            return self._plan.truth(value, scope)
        except (FhirPathError, RecursionError, AttributeError, TypeError) as error:
            return self._explained(error, value, scope, lambda plan: plan.truth)

    def _ask(self) -> None:
        """Counts how often it is asked; code is written for what is asked often."""
        self._asked += 1
        if self._asked == _OFTEN and (lines := self.source()) is not None:
            self._usual = lines.function()

    def source(self) -> Lines | None:
        """The code of the condition, for usual content; None where it is left to the closures."""
        if self._type is None:
            return None
        with suppress(Unwritable):
            return written.source(self._tree, self._type, self._compiler.operand)
        return None

    def _enter(self, value: Any, scope: Scope) -> None:
        scope.input = (value, self._type)
        scope.index = 0
        scope.total = None

    def _explained(
        self, error: Exception, value: Any, scope: Scope, form: Callable[[Plan], Callable[[Any, Scope], _Result]]
    ) -> _Result:
        """Evaluates once more, in the slower form that knows where it fails; this does not count as work."""
        plan, work = self._explain(error, value, scope), scope.work
        scope.work = Work()
        try:
            return form(plan)(value, scope)
        finally:
            scope.work = work

    def _explain(self, error: Exception, value: Any, scope: Scope) -> Plan:
        if isinstance(error, RecursionError):
            raise FhirPathError("the expression or its input is nested too deep") from None
        if isinstance(error, FhirPathLimitError):
            raise error
        if not isinstance(error, FhirPathError):
            place = None if self._type is None else nodes.misshapen(value, self._type)
            place = place or nodes.misshapen(scope.root.value, scope.root.type)
            if place is None:
                raise error
            raise FhirPathError(f"the input does not have the shape of FHIR JSON at {place}") from None
        self._enter(value, scope)
        return Compiler(strict=self._strict, locating=True).plan(self._tree, self._focus)


def _input_type(resource: Any, type_name: str | None) -> Type | None:
    if type_name is not None:
        try:
            return model.fhir(type_name)
        except KeyError:
            raise FhirPathError(f"there is no R4 type {type_name[:60]}") from None
    if resource is None:
        return None
    found = nodes.type_of(resource)
    if found is None:
        raise FhirPathError("the input is no R4 resource: give the type of an element as type_name")
    return found


def _collection(value: Any) -> list[Any]:
    """A variable's value as items."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [nodes.node_of(each) if isinstance(each, dict) else _system(each) for each in values]


def _system(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value


@lru_cache(4096)
def compile_expression(expression: str, model: str = "r4", *, strict: bool = False) -> Expression:
    """Reads an expression. Everything that can be told without input is told here: FhirPathSyntaxError, or
    FhirPathError for functions and types that do not exist. `strict`: an element that the input's type does not have is
    an error, not empty, and so is the first of items without order. R4 is the only model."""
    if model != "r4":
        raise FhirPathError(f"there is no model {model[:20]!a}: expected r4")
    try:
        tree = parser.parse(expression)
        check(tree, strict=strict)
    except RecursionError:
        raise FhirPathSyntaxError("the expression is nested too deep") from None
    return Expression(expression, tree, strict=strict)
