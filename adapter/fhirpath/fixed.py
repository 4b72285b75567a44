"""Which parts of an expression give the same for all elements of a resource, and so are evaluated once for it."""

from adapter.fhirpath import tree
from adapter.fhirpath.registry import FUNCTIONS
from adapter.fhirpath.tree import Tree

_OF_ITEMS = frozenset(("where", "select", "all", "exists", "repeat", "repeatAll"))
"""Functions whose argument is about each item of the input; `$this` in it is the item."""
_OF_TYPES = frozenset(("as", "is", "ofType"))
_OF_INPUT = frozenset(
    (
        *(
            "first",
            "last",
            "tail",
            "single",
            "skip",
            "take",
            "children",
            "empty",
            "not",
            "count",
            "hasValue",
            "matches",
        ),
        *("intersect", "subsetOf", "supersetOf", "isDistinct"),
    )
)
"""Functions that build their plan, and of which the input and the arguments still tell the result."""


def is_fixed(found: Tree) -> bool:
    """Whether the result depends on nothing but the resource, and takes more than reading a variable."""
    return not isinstance(found, tree.Variable | tree.Literal | tree.Empty) and _is_fixed(found, inside=False)


def _is_fixed(found: Tree, *, inside: bool) -> bool:
    """`inside`: `$this` is an item of something that is fixed."""
    match found:
        case tree.Variable(name=name):
            return name in ("resource", "rootResource")
        case tree.Literal() | tree.Empty():
            return True
        case tree.Special(name=name):
            return inside and name == "$this"
        case tree.Member(source=source):
            return inside if source is None else _is_fixed(source, inside=inside)
        case tree.Call():
            return _is_fixed_call(found, inside=inside)
        case _:
            return all(_is_fixed(each, inside=inside) for each in tree.children(found))


def _is_fixed_call(call: tree.Call, *, inside: bool) -> bool:
    if not (inside if call.source is None else _is_fixed(call.source, inside=inside)):
        return False
    if call.name in _OF_TYPES:
        return True
    if call.name in _OF_ITEMS:
        return all(_is_fixed(each, inside=True) for each in call.arguments)
    is_pure = call.name in _OF_INPUT or FUNCTIONS[call.name].is_pure
    return is_pure and all(_is_fixed(each, inside=inside) for each in call.arguments)
