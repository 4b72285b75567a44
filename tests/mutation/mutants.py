"""Small changes to a module's code, each of which a test ought to notice.

What is changed: comparisons, boolean operators and their operands, negations, arithmetic, numbers, constants, strings
that carry meaning, returned values, string methods, filters of comprehensions, branches, and whole statements. What
is not: annotations, decorators, default values, docstrings, Protocols, type aliases, the wording of messages, and a
`return` of nothing at the end of a function, which is the same without.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_COMPARED: dict[type, type] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Mod: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_PAIRS = [
    ("lower", "upper"),
    ("startswith", "endswith"),
    ("removeprefix", "removesuffix"),
    ("partition", "rpartition"),
    ("any", "all"),
    ("min", "max"),
    ("search", "fullmatch"),
]
_NAMES = dict(_PAIRS) | {right: left for left, right in _PAIRS}
_WORDING = frozenset({"words", "told"})
_TELLING = {"report": 1, "issue": 0}
_UNTOUCHED = frozenset({"__all__", "__slots__"})


@dataclass
class Mutant:
    """One change: `replacement` for what stands in `field` of `holder` (at `index`, where that is a list)."""

    module: str
    function: str | None
    """Qualified name of the outermost function; None where the code is the module's own."""
    lines: range
    before: str
    after: str
    holder: ast.AST
    name: str
    index: int | None
    replacement: ast.AST
    nth: int = 1
    statement: ast.stmt | None = field(default=None, repr=False)

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What stays the same while lines move: place, code before and after, and which of several alike it is."""
        return (self.module, self.function or "", self.before, self.after, self.nth)

    def apply(self) -> None:
        """Changes the tree that the mutant was found in."""
        if self.index is None:
            setattr(self.holder, self.name, self.replacement)
        else:
            getattr(self.holder, self.name)[self.index] = self.replacement


def parse(path: Path) -> ast.Module:
    """The tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def mutants(tree: ast.Module, module: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its code."""
    found = [each for statement in tree.body for each in _Finder(module).of_top(statement)]
    seen: Counter[tuple[Any, ...]] = Counter()
    for each in found:
        seen[each.key] += 1
        each.nth = max(1, seen[each.key])
    return found


def _line(found: Any) -> int:
    """Where a statement, handler or case begins."""
    return int(found.pattern.lineno if isinstance(found, ast.match_case) else found.lineno)


class _Finder:
    """Walks one statement of the module's top."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._function: str | None = None
        self._statement: ast.stmt | None = None
        self._lines = range(0)
        self._silent = 0
        self._ends: set[int] = set()

    def of_top(self, statement: ast.stmt) -> Iterator[Mutant]:
        """The mutants of a function, class or statement."""
        if isinstance(statement, ast.FunctionDef):
            self._function = statement.name
            yield from self._body(statement)
        elif isinstance(statement, ast.ClassDef):
            if not any(ast.unparse(base).startswith("Protocol") for base in statement.bases):
                for each in statement.body:
                    if isinstance(each, ast.FunctionDef):
                        self._function = f"{statement.name}.{each.name}"
                        yield from self._body(each)
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            names = [ast.unparse(each) for each in _targets(statement)]
            if not _UNTOUCHED & set(names) and not _is_alias(statement.value):
                yield from self._visit_statement(statement, statement, "value")

    def _body(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Mutant]:
        self._ends.add(id(function.body[-1]))
        yield from self._block(function, "body")

    def _block(self, holder: ast.AST, name: str) -> Iterator[Mutant]:
        for index, statement in enumerate(getattr(holder, name, [])):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue
            yield from self._in_statement(statement, holder, name, index)

    def _in_statement(self, statement: ast.stmt, holder: ast.AST, name: str, index: int) -> Iterator[Mutant]:
        if isinstance(statement, ast.FunctionDef):
            yield from self._body(statement)
            return
        self._statement = statement
        inner = [each for each in ("body", "orelse", "finalbody", "handlers", "cases") if getattr(statement, each, [])]
        last = _line(getattr(statement, inner[0])[0]) - 1 if inner else statement.end_lineno or statement.lineno
        self._lines = range(statement.lineno, max(last, statement.lineno) + 1)
        yield from self._whole(statement, holder, name, index)
        for child, _ in ast.iter_fields(statement):
            if child not in inner and child not in ("annotation", "target", "targets", "type_params"):
                yield from self._visit_statement(statement, statement, child)
        for child in inner:
            if child in ("handlers", "cases"):
                for each in getattr(statement, child):
                    yield from self._block(each, "body")
            else:
                yield from self._block(statement, child)

    def _whole(self, statement: ast.stmt, holder: ast.AST, name: str, index: int) -> Iterator[Mutant]:
        """Changes of a statement as a whole."""
        if isinstance(statement, ast.Expr | ast.AugAssign | ast.Raise | ast.Delete):
            yield self._mutant(holder, name, index, ast.Pass(), statement)
        elif isinstance(statement, ast.Continue):
            yield self._mutant(holder, name, index, ast.Break(), statement)
        elif isinstance(statement, ast.Break):
            yield self._mutant(holder, name, index, ast.Continue(), statement)
        elif isinstance(statement, ast.Return) and statement.value is not None and not _is_none(statement.value):
            if isinstance(statement.value, ast.Call) and _called(statement.value) in _TELLING:
                yield self._mutant(holder, name, index, ast.Return(value=None), statement)
            else:
                yield self._mutant(statement, "value", None, ast.Constant(None), statement.value)
        elif isinstance(statement, ast.Return) and id(statement) not in self._ends:
            yield self._mutant(holder, name, index, ast.Pass(), statement)
        elif isinstance(statement, ast.If | ast.While) and not isinstance(
            statement.test, ast.Compare | ast.BoolOp | ast.UnaryOp
        ):
            negated = ast.UnaryOp(ast.Not(), statement.test)
            yield self._mutant(statement, "test", None, negated, statement.test)

    def _visit_statement(self, statement: ast.stmt, holder: ast.AST, name: str) -> Iterator[Mutant]:
        self._statement = statement
        if self._function is None:
            self._lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        value = getattr(holder, name)
        is_wording = isinstance(statement, ast.Assign | ast.AnnAssign) and any(
            ast.unparse(each) in _WORDING for each in _targets(statement)
        )
        self._silent += is_wording
        if isinstance(value, list):
            for index, each in enumerate(value):
                if isinstance(each, ast.AST):
                    yield from self._visit(each, holder, name, index)
        elif isinstance(value, ast.AST):
            yield from self._visit(value, holder, name, None)
        self._silent -= is_wording

    def _visit(self, node: ast.AST, holder: ast.AST, name: str, index: int | None) -> Iterator[Mutant]:
        if isinstance(node, ast.JoinedStr | ast.arguments):
            return  # wording; default values
        for replacement in self._changes(node):
            yield self._mutant(holder, name, index, replacement, node)
        if isinstance(node, ast.Name) and node.id in _NAMES and isinstance(holder, ast.Call) and name == "func":
            yield self._mutant(holder, name, index, ast.Name(_NAMES[node.id], node.ctx), node)
        spoken = _TELLING.get(_called(node)) if isinstance(node, ast.Call) else None
        for child, value in ast.iter_fields(node):
            several = value if isinstance(value, list) else [value]
            for place, each in enumerate(several):
                if not isinstance(each, ast.AST) or isinstance(each, ast.expr_context | ast.operator | ast.cmpop):
                    continue
                silent = child == "args" and place == spoken
                self._silent += silent
                yield from self._visit(each, node, child, place if isinstance(value, list) else None)
                self._silent -= silent

    def _changes(self, node: ast.AST) -> Iterator[ast.AST]:
        match node:
            case ast.Compare(left, [operator], right) if type(operator) in _COMPARED:
                yield ast.Compare(left, [_COMPARED[type(operator)]()], right)
            case ast.Compare(left, [first, second], right):
                yield ast.Compare(left, [_COMPARED[type(first)](), second], right)
                yield ast.Compare(left, [first, _COMPARED[type(second)]()], right)
            case ast.BoolOp(operator, values):
                yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
                for index in range(len(values)):
                    rest = values[:index] + values[index + 1 :]
                    yield rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)
            case ast.UnaryOp(ast.Not(), operand):
                yield operand
            case ast.UnaryOp(ast.USub(), operand):
                yield operand
            case ast.BinOp(left, operator, right) if type(operator) in _COMPUTED:
                if not self._silent and not _is_text(left) and not _is_text(right):
                    yield ast.BinOp(left, _COMPUTED[type(operator)](), right)
            case ast.IfExp(test, body, orelse) if not self._silent:
                yield ast.IfExp(test, orelse, body)
            case ast.comprehension(target, over, conditions, is_async) if conditions:
                for index in range(len(conditions)):
                    yield ast.comprehension(target, over, conditions[:index] + conditions[index + 1 :], is_async)
            case ast.Constant(bool() as value):
                yield ast.Constant(not value)
            case ast.Constant(int() as value):
                yield ast.Constant(value + 1)
            case ast.Constant(str() as value) if not self._silent and " " not in value:
                yield ast.Constant(f"XX{value}XX")
            case ast.Attribute(value, called, context) if called in _NAMES:
                yield ast.Attribute(value, _NAMES[called], context)

    def _mutant(self, holder: ast.AST, name: str, index: int | None, replacement: ast.AST, node: ast.AST) -> Mutant:
        ast.copy_location(replacement, node)
        ast.fix_missing_locations(replacement)
        before, after = ast.unparse(node), ast.unparse(replacement)
        return Mutant(
            self._module,
            self._function,
            self._lines,
            before,
            after,
            holder,
            name,
            index,
            replacement,
            statement=self._statement,
        )


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_alias(value: ast.expr) -> bool:
    """Whether an assignment at the top names a type."""
    whole = ast.unparse(value)
    return isinstance(value, ast.Subscript | ast.BinOp) and whole.startswith(
        ("Callable", "tuple[", "dict[", "list[", "Literal", "Iterator", "Mapping")
    )
