"""The functions that FHIR adds."""

from typing import Any

from adapter.fhirpath import model, narrative, nodes, references
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.functions.singles import text
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.plans import Plan
from adapter.fhirpath.registry import built, plain

_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"


@built("extension", 1)
def extension(site: Site, source: Plan) -> Plan:
    run, url = source.boxed(), site.argument(0).boxed()

    def named(this: Any, scope: Scope) -> list[Any]:
        wanted = text(url(this, scope), "extension()")
        return [
            found
            for item in run(this, scope)
            for found in nodes.member(item, "extension")
            if found.value.__class__ is dict and found.value.get("url") == wanted
        ]

    return Plan(named)


@plain("resolve")
def resolve(scope: Scope, items: list[Any]) -> list[Any]:
    found = [references.resolve(item, scope) for item in items]
    return [node for node in found if node is not None]


@plain("memberOf", 1)
def member_of(scope: Scope, items: list[Any], value_set: list[Any]) -> list[Any]:
    url = text(value_set, "memberOf()")
    if not items or url is None:
        return []
    if len(items) > 1:
        raise FhirPathError(f"memberOf() needs a single item, found {len(items)}")
    answer = scope.environment.member_of(nodes.plain(items[0]), nodes.item_type(items[0]).name, url)
    return [] if answer is None else [answer]


@plain("conformsTo", 1)
def conforms_to(scope: Scope, items: list[Any], profile: list[Any]) -> list[Any]:
    url = text(profile, "conformsTo()")
    if not items or url is None:
        return []
    if len(items) > 1 or not isinstance(items[0], Node):
        raise FhirPathError("conformsTo() needs a single FHIR item")
    type_ = items[0].type
    try:
        base = model.fhir(url.removeprefix(_DEFINITION)) if url.startswith(_DEFINITION) else None
    except KeyError:
        base = None
    if base is not None and base not in type_.ancestors:
        return [False]
    return [scope.environment.conforms_to(items[0].value, type_.name, url)]


@plain("getValue")
def get_value(_scope: Scope, items: list[Any]) -> list[Any]:
    """The System value of the only item, if it is a primitive that has one."""
    value = nodes.system_value(items[0]) if len(items) == 1 else None
    return [] if value is None or isinstance(value, Node) else [value]


def _asked(name: str, method: str, fewest: int, most: int) -> None:
    """A function that the environment answers, if it has the method, from the input and arguments as plain values."""

    @plain(name, fewest, most)
    def function(scope: Scope, items: list[Any], *arguments: list[Any]) -> list[Any]:
        answer = getattr(scope.environment, method, None)
        if answer is None:
            raise FhirPathError(f"{name}() needs definitions or a terminology, and none that answer it are given")
        found = answer([nodes.plain(item) for item in items], *[[nodes.plain(i) for i in each] for each in arguments])
        return [nodes.node_of(each) if isinstance(each, dict) else each for each in found]


_asked("subsumes", "subsumes", 1, 1)
_asked("subsumedBy", "subsumed_by", 1, 1)
_asked("elementDefinition", "element_definition", 0, 0)
_asked("slice", "slice", 2, 2)


def _html(name: str) -> None:
    @plain(name)
    def function(scope: Scope, items: list[Any]) -> list[Any]:
        if not items:
            return []
        value = text(items, f"{name}()")
        if value is None:
            return [False]
        return [narrative.is_allowed(value) and not scope.environment.html_issues(value)]


_html("htmlChecks")
_html("htmlChecks2")


@plain("checkModifiers", 1, 100)
def check_modifiers(_scope: Scope, items: list[Any], *modifiers: list[Any]) -> list[Any]:
    """The input, refused where it has a modifier extension that is not among those named."""
    known = {text(modifier, "checkModifiers()") for modifier in modifiers}
    for item in items:
        for found in nodes.member(item, "modifierExtension"):
            if found.value.__class__ is dict and str(found.value.get("url")) not in known:
                raise FhirPathError("an item has a modifier extension that the expression does not know")
    return items
