"""Puts the changed code of a mutant into the module that is loaded; and tells which lines a table's change touches."""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from mutants import Mutant


def graft(mutant: Mutant, tree: ast.Module, module: ModuleType) -> None:
    """Puts the changed code into the module that is loaded, and makes anew the tables at its top that are made with it.
    Raises what the changed code raises there."""
    changed: list[ast.stmt] = []
    if mutant.function is not None:
        code = _codes(compile(tree, str(module.__file__), "exec"))[mutant.function]
        _function(module, mutant.function).__code__ = code
        names = {mutant.function}
    else:
        assert mutant.statement is not None
        changed = [mutant.statement]
        names = {node.id for node in ast.walk(mutant.statement) if _is_stored(node)}
    before = dict(vars(module))
    for statement in (*changed, *_dependent(tree, names)):
        exec(compile(ast.Module([statement], []), str(module.__file__), "exec"), vars(module))
    for name, value in before.items():
        if vars(module)[name] is not value and not isinstance(value, int | str | bool | None):
            _rebind(value, vars(module)[name])
        elif vars(module)[name] is not value:
            _rebind_name(name, value, vars(module)[name])


def lines_of(mutant: Mutant, tree: ast.Module) -> set[int]:
    """The lines of a mutant: its own; of a function in a table at the module's top, those of that function; of
    the table itself, those that use it, straight or by another, and all where none does."""
    if mutant.function is not None:
        return set(mutant.lines)
    within = [
        node for node in ast.walk(mutant.statement or tree) if isinstance(node, ast.Lambda) and _holds(node, mutant)
    ]
    if within:
        return {line for node in within for line in range(node.body.lineno, (node.body.end_lineno or 0) + 1)}
    wanted = {node.id for node in ast.walk(mutant.statement or tree) if _is_stored(node)}
    lines: set[int] = set()
    for statement in _dependent(tree, wanted):
        wanted |= {node.id for node in ast.walk(statement) if _is_stored(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in wanted and not _is_stored(node):
            lines.add(node.lineno)
    return lines or set(range(1, 10_000))


def _holds(node: ast.Lambda, mutant: Mutant) -> bool:
    return any(each is mutant.holder for each in ast.walk(node))


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _dependent(tree: ast.Module, names: Iterable[str]) -> Iterator[ast.stmt]:
    """The assignments at the top that are made from those names, in their order."""
    known = set(names)
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            used = {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)}
            if used & known:
                known |= {node.id for node in ast.walk(statement) if _is_stored(node)}
                yield statement


def _rebind(old: object, new: object) -> None:
    for other in [each for name, each in sys.modules.items() if name.startswith("adapter.")]:
        for name, value in list(vars(other).items()):
            if value is old:
                setattr(other, name, new)


def _rebind_name(wanted: str, old: object, new: object) -> None:
    """A plain value is one with others alike: only that of the same name is meant."""
    for other in [each for name, each in sys.modules.items() if name.startswith("adapter.")]:
        if vars(other).get(wanted) is old:
            setattr(other, wanted, new)


def _codes(code: CodeType) -> dict[str, CodeType]:
    found = {}
    for each in code.co_consts:
        if isinstance(each, CodeType):
            found[each.co_qualname] = each
            found |= {inner.co_qualname: inner for inner in each.co_consts if isinstance(inner, CodeType)}
    return found


def _function(module: ModuleType, name: str) -> FunctionType:
    owner, _, last = name.rpartition(".")
    found: Any = inspect.getattr_static(getattr(module, owner) if owner else module, last)
    if isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(getattr(found, "__func__", found))
    assert isinstance(found, FunctionType)
    return found
