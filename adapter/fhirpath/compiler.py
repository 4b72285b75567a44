"""Trees to plans, for one type of focus."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from adapter.fhirpath import arithmetic, conditions, model, navigation, nodes, tree, type_tests
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError, FhirPathSyntaxError, Position
from adapter.fhirpath.fixed import is_fixed
from adapter.fhirpath.model import Type
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.plans import NOTHING, Focus, Plan, Run, constant, integer
from adapter.fhirpath.registry import FUNCTIONS, Function
from adapter.fhirpath.tree import Tree
from adapter.fhirpath.variables import variable
from adapter.fhirpath.work import LONG_TEXT, MATCHED

_ORDERED = frozenset(("first", "last", "tail", "skip", "take"))
_MATCHING = frozenset(("matches", "matchesFull", "replaceMatches"))
_UNORDERED = frozenset(("children", "descendants"))


def check(whole: Tree, *, strict: bool) -> None:
    """What can be told before the type of the input is known: functions, their arguments, names of types; if strict
    that nothing asks for the order of what has none."""
    pending = [whole]
    while pending:
        found = pending.pop()
        pending.extend(tree.children(found))
        if isinstance(found, tree.Call):
            _check_call(found)
            if strict and found.name in _ORDERED and _is_unordered(found.source):
                raise FhirPathError(f"{found.name}() of items that have no order", found.at)
        elif isinstance(found, tree.Index):
            if strict and _is_unordered(found.source):
                raise FhirPathError("an index into items that have no order", found.at)
        elif isinstance(found, tree.TypeTest):
            types_named(found.type, found.at)


def _is_unordered(found: Tree | None) -> bool:
    return isinstance(found, tree.Call) and found.name in _UNORDERED


def _check_call(call: tree.Call) -> None:
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise FhirPathError(f"there is no function {call.name[:40]}()", call.at)
    count = len(call.arguments)
    if not function.fewest <= count <= function.most:
        expected = str(function.fewest) if function.fewest == function.most else f"{function.fewest} to {function.most}"
        raise FhirPathError(f"{call.name}() takes {expected} arguments, not {count}", call.at)
    if call.name in ("is", "as", "ofType"):
        types_named(type_name(call.arguments[0]), call.at)


def type_name(found: Tree) -> str:
    """A type specifier that stands as an argument."""
    if isinstance(found, tree.Member):
        return found.name if found.source is None else f"{type_name(found.source)}.{found.name}"
    raise FhirPathSyntaxError("expected the name of a type", found.at)


def types_named(name: str, at: Position) -> tuple[Type, ...]:
    """The types that a specifier stands for. Raises FhirPathError where there is none."""
    types = model.specified(name)
    if not types:
        raise FhirPathError(f"there is no type {name[:60]}", at)
    return types


class Site:
    """Where a function is called: what its builder may ask for."""

    def __init__(self, compiler: "Compiler", call: tree.Call, focus: Focus) -> None:
        self._compiler = compiler
        self.call = call
        self.focus = focus

    @property
    def count(self) -> int:
        """The number of arguments."""
        return len(self.call.arguments)

    def argument(self, index: int) -> Plan:
        """An argument, on the focus around the call."""
        return self._compiler.operand(self.call.arguments[index], self.focus)

    def body(self, index: int, focus: Focus) -> Plan:
        """An argument that is evaluated for each item, or for a focus of its own."""
        return self._compiler.operand(self.call.arguments[index], focus)

    def key(self, index: int, focus: Focus) -> Plan:
        """A key of sort()."""
        return self._compiler.operand(self.call.keys[index].key, focus)

    def indexed(self, index: int) -> bool:
        """Whether the argument mentions `$index`."""
        return tree.mentions(self.call.arguments[index], _is_index)

    def types(self) -> tuple[Type, ...]:
        """The first argument as a type specifier."""
        return types_named(type_name(self.call.arguments[0]), self.call.at)


def _remembered(plan: Plan, key: object) -> Plan:
    """Evaluated once for a resource."""
    run = plan.run

    def recall(this: Any, scope: Scope) -> list[Any]:
        found = scope.memory.get(key)
        if found is None:
            found = scope.memory[key] = run(this, scope)
        return found

    if plan.constant is not None:
        return plan
    remembered = Plan(recall, plan.raw)
    remembered.is_boolean = plan.is_boolean
    return remembered


def _is_index(found: Tree) -> bool:
    return isinstance(found, tree.Special) and found.name == "$index"


def _defines(found: Tree) -> bool:
    return isinstance(found, tree.Call) and found.name == "defineVariable"


class Compiler:
    """Compiles trees. `strict`: an element that the type does not have is an error, not empty. `locating`: errors of
    the evaluation know their position, which makes it slower; meant for the second time, when one has occurred. What
    one compiler makes of one part of a tree is evaluated once for a resource where it depends on nothing else."""

    def __init__(self, *, strict: bool = False, locating: bool = False) -> None:
        self._keys: dict[int, object] = {}
        self._strict = strict
        self._locating = locating

    def _located(self, plan: Plan, at: Position) -> Plan:
        return _located(plan, at) if self._locating else plan

    def operand(self, found: Tree, focus: Focus) -> Plan:
        """A tree whose variables, if it defines any, end with it."""
        plan = self.plan(found, focus)
        if not tree.mentions(found, _defines):
            return plan
        run = plan.run

        def scoped(this: Any, scope: Scope) -> list[Any]:
            outer = scope.variables
            try:
                return run(this, scope)
            finally:
                scope.variables = outer

        return Plan(scoped, plan.raw)

    def plan(self, found: Tree, focus: Focus) -> Plan:
        """The plan of a tree on a focus."""
        if is_fixed(found):
            return _remembered(self._plan(found, focus), self._keys.setdefault(id(found), object()))
        return self._plan(found, focus)

    def _plan(self, found: Tree, focus: Focus) -> Plan:
        match found:
            case tree.Literal(value=value):
                return constant([value])
            case tree.Empty():
                return NOTHING
            case tree.Special():
                return self._special(found, focus)
            case tree.Variable(name=name, at=at):
                return self._located(variable(name), at)
            case tree.Member():
                return self._member(found, focus)
            case tree.Call():
                return self._call(found, focus)
            case tree.Index():
                return self._index(found, focus)
            case tree.TypeTest(operator=operator, operand=operand, type=name, at=at):
                types = types_named(name, at)
                test = type_tests.is_type if operator == "is" else type_tests.as_type
                return self._located(test(self.operand(operand, focus), types), at)
            case _:
                return self._operator(found, focus)

    def _operator(self, found: tree.Sign | tree.Binary | tree.Chain, focus: Focus) -> Plan:
        match found:
            case tree.Sign(operator=operator, operand=operand, at=at):
                return self._located(_signed(operator, self.operand(operand, focus)), at)
            case tree.Chain(operator=operator, operands=operands, at=at):
                plan = conditions.chain(operator, [self.operand(each, focus) for each in operands])
                name, texts = tree.alternatives(found)
                if name is not None:
                    plan = conditions.one_of(self._member(tree.Member(None, name, at), focus), texts, plan)
                return self._located(plan, at)
            case tree.Binary(operator=operator, left=left, right=right, at=at):
                one, other = self.operand(left, focus), self.operand(right, focus)
                condition = conditions.binary(operator, one, other)
                return self._located(condition or _arithmetic(operator, one, other), at)

    def _special(self, found: tree.Special, focus: Focus) -> Plan:
        if found.name == "$index":
            return Plan(lambda _this, scope: [scope.index])
        if found.name == "$total":
            return self._located(Plan(_total), found.at)
        return _this(focus)

    def _member(self, found: tree.Member, focus: Focus) -> Plan:
        name = found.name
        if name == "extension" and isinstance(found.source, tree.Call) and found.source.name == "descendants":
            start = found.source.source
            return navigation.extensions_below(_this(focus) if start is None else self.plan(start, focus))
        if found.source is not None:
            source = self.plan(found.source, focus)
        else:
            source = _this(focus)
            types = model.specified(name) if name[:1].isupper() else ()
            if types and not (source.raw and name in source.raw.members):
                plan = navigation.type_step(source, types)
                if self._strict and plan is NOTHING:
                    raise FhirPathError(f"the input is a {source.raw and source.raw.name}, not a {name}", found.at)
                return plan
        if source is NOTHING:
            return NOTHING
        try:
            return navigation.member(source, name, strict=self._strict)
        except FhirPathError as error:
            error.locate(found.at)
            raise

    def _index(self, found: tree.Index, focus: Focus) -> Plan:
        source, index = self.plan(found.source, focus), self.operand(found.index, focus).boxed()
        run = source.run

        def pick(this: Any, scope: Scope) -> list[Any]:
            items, at = run(this, scope), index(this, scope)
            if not at:
                return []
            number = nodes.system_value(at[0]) if len(at) == 1 else None
            if number.__class__ is bool or not isinstance(number, int):
                raise FhirPathError("an index is a single Integer")
            return [items[number]] if 0 <= number < len(items) else []

        return self._located(Plan(pick, source.raw), found.at)

    def _call(self, call: tree.Call, focus: Focus) -> Plan:
        function = FUNCTIONS[call.name]
        source = _this(focus) if call.source is None else self.plan(call.source, focus)
        site = Site(self, call, focus)
        if function.build is not None:
            return self._located(function.build(site, source), call.at)
        arguments = [site.argument(i).boxed() for i in range(site.count)]
        return self._located(Plan(_plain(function, source.boxed(), arguments)), call.at)


def _plain(function: Function, source: Run, arguments: list[Run]) -> Run:
    evaluate = function.plain
    if evaluate is None:
        raise AssertionError(function.name)
    long = MATCHED if function.name in _MATCHING else LONG_TEXT

    def call(this: Any, scope: Scope) -> list[Any]:
        items = source(this, scope)
        if len(items) > 1:
            scope.work.spend(len(items))
        elif items:
            value = items[0].value if items[0].__class__ is Node else items[0]
            if value.__class__ is str and len(value) > LONG_TEXT:
                scope.work.spend(len(value) // long)
        if not arguments:
            return evaluate(scope, items)
        return evaluate(scope, items, *[each(this, scope) for each in arguments])

    return call


def _this(focus: Focus) -> Plan:
    if focus.absent:
        return NOTHING
    return Plan(lambda this, _: [this], focus.type, some=lambda _this, _scope: True, is_focus=True)


def _total(_this: Any, scope: Scope) -> list[Any]:
    if scope.total is None:
        raise FhirPathError("$total exists only inside aggregate()")
    return scope.total


def _signed(operator: str, plan: Plan) -> Plan:
    run = plan.boxed()
    if operator == "-":
        if plan.constant is not None:
            # Folded where it can be; where it cannot, the error belongs to the evaluation.
            with suppress(FhirPathError):
                return constant(arithmetic.negated(plan.constant))
        return Plan(lambda this, scope: arithmetic.negated(run(this, scope)))

    def same(this: Any, scope: Scope) -> list[Any]:
        items = run(this, scope)
        arithmetic.negated(items)
        return items

    return Plan(same)


def _arithmetic(operator: str, left: Plan, right: Plan) -> Plan:
    one, other = left.boxed(), right.boxed()
    if operator == "+" and left.number is not None and right.number is not None:
        first, second = left.number, right.number
        return integer(lambda this, scope: first(this, scope) + second(this, scope))

    def run(this: Any, scope: Scope) -> list[Any]:
        result = arithmetic.operate(operator, one(this, scope), other(this, scope))
        if result and result[0].__class__ is str and len(result[0]) > LONG_TEXT:
            scope.work.spend(len(result[0]) // LONG_TEXT)
        return result

    if operator == "&" and all(plan.raw is None or conditions.holds_text(plan.raw) for plan in (left, right)):
        return Plan(_joined(left.run, right.run, run))
    return Plan(run)


def _joined(left: Run, right: Run, otherwise: Run) -> Run:
    """`&` of what is most often two short texts."""

    def run(this: Any, scope: Scope) -> list[Any]:
        one, other = left(this, scope), right(this, scope)
        if len(one) == 1 == len(other):
            first, second = one[0], other[0]
            if first.__class__ is str and second.__class__ is str and len(first) + len(second) <= LONG_TEXT:
                return [first + second]
        return otherwise(this, scope)

    return run


def _located(plan: Plan, at: Position) -> Plan:
    """The same plan; an error that it raises says where it was."""
    if plan.is_focus or plan.constant is not None:
        return plan
    result = Plan(
        _at(plan.run, at), plan.raw, some=_at(plan.some, at), number=_at(plan.number, at) if plan.number else None
    )
    result.truth = _at(plan.truth, at)
    result.is_boolean = plan.is_boolean
    return result


_Result = TypeVar("_Result")


def _at(run: Callable[[Any, Scope], _Result], at: Position) -> Callable[[Any, Scope], _Result]:
    def located(this: Any, scope: Scope) -> _Result:
        try:
            return run(this, scope)
        except FhirPathError as error:
            error.locate(at)
            raise

    return located
