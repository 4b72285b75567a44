"""What must be there for a condition to be broken at all."""

from collections.abc import Iterable

from adapter.fhirpath import tree
from adapter.fhirpath.model import Type
from adapter.fhirpath.tree import Tree

_TELLING = frozenset(("exists", "hasValue", "empty"))
"""Functions that tell of an element of the input whether it is there, and cannot fail."""


def needed(condition: Tree, type_: Type) -> frozenset[str]:
    """Elements of an input of the type without any one of which the condition holds, whatever else there is; each is
    one JSON member. What is evaluated before this is found cannot fail."""
    match condition:
        case tree.Chain(operator="or", operands=operands):
            found = _first_names(operands, absent=True)
        case tree.Binary(operator="implies", left=tree.Chain(operator="and", operands=operands)):
            found = _first_names(operands, absent=False)
        case tree.Binary(operator="implies", left=left):
            found = _first_names((left,), absent=False)
        case _:
            found = _first_names((condition,), absent=True)
    return frozenset(name for name in found if [each.key for each in type_.members.get(name, ())] == [name])


def _first_names(operands: Iterable[Tree], *, absent: bool) -> Iterable[str]:
    """The elements of which the operands say that they are not there, or that they are, up to the first operand that
    may fail."""
    for operand in operands:
        told = _told(operand)
        if told is None:
            return
        name, says_absent = told
        if says_absent is absent:
            yield name


def _told(found: Tree) -> tuple[str, bool] | None:
    """The element of which something says whether it is there, and whether it says that it is not."""
    match found:
        case tree.Call(source=tree.Call() as inner, name="not", arguments=()):
            told = _told(inner)
            return None if told is None else (told[0], not told[1])
        case tree.Call(source=tree.Member(source=None, name=name), name=function, arguments=()):
            return (name, function == "empty") if function in _TELLING else None
        case _:
            return None
