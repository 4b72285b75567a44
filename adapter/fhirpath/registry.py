"""The functions of the language by name, with how many arguments they take.

Most are plain: they get the input and the arguments as boxed collections. Those that loop, that look at types, or that
are asked often enough to be worth it, build their plan themselves.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from adapter.fhirpath.plans import Plan

if TYPE_CHECKING:
    from adapter.fhirpath.compiler import Site

Plain = Callable[..., list[Any]]
Builder = Callable[["Site", Plan], Plan]


class Function(NamedTuple):
    """`fewest` to `most` arguments; exactly one of `plain` and `build`."""

    name: str
    fewest: int
    most: int
    plain: Plain | None
    build: Builder | None

    @property
    def is_pure(self) -> bool:
        """Whether the result is that of the input and the arguments alone: plain, and neither clock nor environment."""
        return self.plain is not None and self.name not in _ASKING


_ASKING = frozenset(
    (
        "now",
        "today",
        "timeOfDay",
        "resolve",
        "memberOf",
        "conformsTo",
        "htmlChecks",
        "htmlChecks2",
        "subsumes",
        "subsumedBy",
        "elementDefinition",
        "slice",
    )
)

FUNCTIONS: dict[str, Function] = {}


def plain(name: str, fewest: int = 0, most: int | None = None) -> Callable[[Plain], Plain]:
    """Registers `f(scope, items, *arguments) -> items`."""

    def register(function: Plain) -> Plain:
        FUNCTIONS[name] = Function(name, fewest, fewest if most is None else most, function, None)
        return function

    return register


def built(name: str, fewest: int = 0, most: int | None = None) -> Callable[[Builder], Builder]:
    """Registers `f(site, source) -> Plan`."""

    def register(function: Builder) -> Builder:
        FUNCTIONS[name] = Function(name, fewest, fewest if most is None else most, None, function)
        return function

    return register
