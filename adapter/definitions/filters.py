"""Filters of value sets: from a code system and a filter to the codes that it selects (FHIR R4 valueset.html)."""

from collections.abc import Callable

from adapter.definitions.codesystems import CodeSystem, properties
from adapter.fhirpath import patterns

_CODE = frozenset({"concept", "code"})
_KNOWN = frozenset({"parent", "child", "inactive", "notSelectable", "status", "display", "definition"})
_BOOLEAN = frozenset({"inactive", "notSelectable"})


class Undecidable(Exception):  # noqa: N818 - not a fault: what the filter asks cannot be told from what is held
    """The filter cannot be decided; its words say why."""


def selected(system: CodeSystem, name: str, operation: str, value: str) -> frozenset[str]:
    """The codes, as the system compares them, that one filter selects.

    Raises Undecidable, and FhirPathError where a regular expression cannot be used.
    """
    if operation in _HIERARCHICAL:
        if name not in _CODE:
            raise Undecidable(f"the filter {operation} on the property {name} is not supported")
        return frozenset(_HIERARCHICAL[operation](system, system.key(value))) & system.codes
    if operation not in ("=", "in", "not-in", "regex", "exists"):
        raise Undecidable(f"the filter operation {operation} is not supported")
    if name not in _CODE | _KNOWN | system.declared:
        raise Undecidable(f"{system.url} does not define the property {name}")
    values = _values(system, name)
    matches = _matcher(system, name, operation, value)
    if operation == "not-in":
        return frozenset(code for code in system.codes if not any(map(matches, values.get(code, ()))))
    found = frozenset(code for code, each in values.items() if any(map(matches, each)))
    return system.codes - found if operation == "exists" and value == "false" else found


def _matcher(system: CodeSystem, name: str, operation: str, value: str) -> Callable[[str], bool]:
    if operation == "regex":
        return patterns.compiled(value).fullmatch
    if operation == "exists":
        if value not in ("true", "false"):
            raise Undecidable("the filter exists asks for true or false")
        return lambda _: True
    wanted = [value] if operation == "=" else [each.strip() for each in value.split(",")]
    if name in _CODE or name in ("parent", "child"):
        wanted = [system.key(each) for each in wanted]
    return frozenset(wanted).__contains__


def _values(system: CodeSystem, name: str) -> dict[str, tuple[str, ...]]:
    """The values of a property by code; codes without any are left out."""
    if name in _CODE:
        return {code: (code,) for code in system.codes}
    if name in ("parent", "child"):
        edges = system.parents if name == "parent" else system.children
        return {code: tuple(edges[code]) for code in system.codes if code in edges}
    if name == "display":
        return {code: system.displays(code)[:1] for code in system.codes}
    values: dict[str, tuple[str, ...]] = {}
    for code, concept in system.concepts.items():
        if name == "definition" and isinstance(definition := concept.get(name), str):
            values[code] = (definition,)
        found = tuple(_text(value) for each, value in properties(concept) if each == name)
        if found or name in _BOOLEAN:
            values[code] = values.get(code, ()) + (found or ("false",))
    return values


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_HIERARCHICAL: dict[str, Callable[[CodeSystem, str], set[str]]] = {
    "is-a": lambda system, code: system.below(code) | {code},
    "descendent-of": lambda system, code: system.below(code),
    "child-of": lambda system, code: system.children.get(code, set()),
    "is-not-a": lambda system, code: {*system.codes} - system.below(code) - {code},
    "generalizes": lambda system, code: system.above(code) | {code},
}
