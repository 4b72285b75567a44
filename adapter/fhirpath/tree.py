"""The syntax tree of an expression. A path step without `source` applies to the focus (`$this`)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapter.fhirpath.errors import Position


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of a System type."""

    value: Any
    at: Position


@dataclass(frozen=True, slots=True)
class Empty:
    """`{}`"""

    at: Position


@dataclass(frozen=True, slots=True)
class Member:
    """`source.name`; a first name may be a type."""

    source: "Tree | None"
    name: str
    at: Position


@dataclass(frozen=True, slots=True)
class SortKey:
    """An argument of sort(). `negated`: written with a minus sign, which turns the order of what is there; `desc` turns
    the place of what is empty too."""

    key: "Tree"
    negated: bool
    descending: bool


@dataclass(frozen=True, slots=True)
class Call:
    """`source.name(arguments)`; `keys` instead of arguments for sort()."""

    source: "Tree | None"
    name: str
    arguments: tuple["Tree", ...]
    keys: tuple[SortKey, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Special:
    """`$this`, `$index`, `$total`."""

    name: str
    at: Position


@dataclass(frozen=True, slots=True)
class Variable:
    """`%name`"""

    name: str
    at: Position


@dataclass(frozen=True, slots=True)
class Index:
    """`source[index]`"""

    source: "Tree"
    index: "Tree"
    at: Position


@dataclass(frozen=True, slots=True)
class Sign:
    """Unary `+` or `-`."""

    operator: str
    operand: "Tree"
    at: Position


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two expressions."""

    operator: str
    left: "Tree"
    right: "Tree"
    at: Position


@dataclass(frozen=True, slots=True)
class Chain:
    """`|`, `and`, `or` between any number of expressions: long lists are wide, not deep."""

    operator: str
    operands: tuple["Tree", ...]
    at: Position


@dataclass(frozen=True, slots=True)
class TypeTest:
    """`operand is type`, `operand as type`."""

    operator: str
    operand: "Tree"
    type: str
    at: Position


Tree = Literal | Empty | Member | Call | Special | Variable | Index | Sign | Binary | Chain | TypeTest


def children(tree: Tree) -> tuple[Tree, ...]:
    """The expressions directly inside one."""
    match tree:
        case Member(source=source):
            return () if source is None else (source,)
        case Call(source=source, arguments=arguments, keys=keys):
            inner = (*arguments, *(key.key for key in keys))
            return inner if source is None else (source, *inner)
        case Index(source=source, index=index):
            return (source, index)
        case Sign(operand=operand) | TypeTest(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Chain(operands=operands):
            return operands
        case _:
            return ()


def mentions(whole: Tree, wanted: Callable[[Tree], bool]) -> bool:
    """Whether any part of the tree is one wanted."""
    pending = [whole]
    while pending:
        found = pending.pop()
        if wanted(found):
            return True
        pending.extend(children(found))
    return False


def alternatives(chain: Chain) -> tuple[str | None, frozenset[str]]:
    """The element and the texts of `a = 'x' or a = 'y'`; None where the chain is another."""
    names: set[str | None] = set()
    texts: set[str] = set()
    for each in chain.operands:
        match each:
            case Binary(operator="=", left=Member(source=None, name=name), right=Literal(value=str(text))):
                names.add(name)
                texts.add(text)
            case _:
                names.add(None)
    return (names.pop() if len(names) == 1 and chain.operator == "or" else None), frozenset(texts)
