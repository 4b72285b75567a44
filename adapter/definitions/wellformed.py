"""Whether a definition has the shape that this room and the validator read: told when it comes in, with the element.

What a definition says is another matter: that is told when it is used, for it may rest on others.
"""

from collections.abc import Callable, Iterator
from typing import Any

from adapter.definitions import element_tree
from adapter.fhir.elements import Table, table
from adapter.fhir.shapes import obj, objects
from adapter.fhirpath import FhirPathSyntaxError
from adapter.fhirpath import compile as compile_expression
from adapter.fhirpath.errors import FhirPathError
from adapter.support.errors import DefinitionsError

Member = tuple[str, str, bool]
"""A member's name, its kind (text, list, object, whole, flag) and whether it must be there."""

_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "text": (lambda value: isinstance(value, str) and bool(value), "a text"),
    "list": (lambda value: isinstance(value, list) and bool(value), "a list"),
    "object": (lambda value: isinstance(value, dict), "an object"),
    "whole": (lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number"),
    "flag": (lambda value: isinstance(value, bool), "true or false"),
}
_DEFINITION: tuple[Member, ...] = (("url", "text", True), ("version", "text", False))
_STRUCTURE: tuple[Member, ...] = (
    *_DEFINITION,
    ("type", "text", True),
    ("kind", "text", True),
    ("baseDefinition", "text", False),
    ("derivation", "text", False),
    ("context", "list", False),
    ("contextInvariant", "list", False),
)
_ELEMENT: tuple[Member, ...] = (
    ("id", "text", False),
    ("sliceName", "text", False),
    ("min", "whole", False),
    ("max", "text", False),
    ("maxLength", "whole", False),
    ("contentReference", "text", False),
    ("slicing", "object", False),
    ("binding", "object", False),
    ("constraint", "list", False),
    ("extension", "list", False),
)
_CONSTRAINT: tuple[Member, ...] = (("key", "text", True), ("severity", "text", False), ("expression", "text", False))
_DISCRIMINATOR: tuple[Member, ...] = (("type", "text", True), ("path", "text", True))
_BINDING: tuple[Member, ...] = (("strength", "text", True), ("valueSet", "text", False))
_INCLUDE: tuple[Member, ...] = (
    ("system", "text", False),
    ("version", "text", False),
    ("concept", "list", False),
    ("filter", "list", False),
    ("valueSet", "list", False),
)
_FILTER: tuple[Member, ...] = (("property", "text", True), ("op", "text", True), ("value", "text", True))
_CODE: tuple[Member, ...] = (("code", "text", True),)


def check(resource: dict[str, Any]) -> None:
    """Raises DefinitionsError, naming definition and element, where a StructureDefinition, ValueSet or CodeSystem has
    not the shape of one. Other resources are let pass."""
    checks = {"StructureDefinition": _structure, "ValueSet": _value_set, "CodeSystem": _code_system}
    named = resource.get("resourceType")
    if isinstance(named, str) and named in checks:
        url = resource.get("url")
        try:
            checks[named](resource)
        except _Wrong as wrong:
            place, reason = wrong.args
            raise DefinitionsError(f"{url if isinstance(url, str) else named}: {place}: {reason}") from None


class _Wrong(Exception):  # noqa: N818 - place and reason on their way to `check`
    pass


def _members(value: Any, members: tuple[Member, ...], place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(place, "expected an object")
    for name, kind, needed in members:
        fits, words = _KINDS[kind]
        if (needed or name in value) and not fits(value.get(name)):
            raise _Wrong(f"{place}.{name}" if place else name, f"expected {words}")
    return value


def _items(holder: dict[str, Any], name: str, members: tuple[Member, ...], place: str) -> Iterator[tuple[str, Any]]:
    """The objects of a list with their places, each checked."""
    for index, item in enumerate(holder.get(name, [])):
        where = f"{place}.{name}[{index}]".removeprefix(".")
        yield where, _members(item, members, where)


def _texts(holder: dict[str, Any], name: str, place: str) -> None:
    for index, item in enumerate(holder.get(name, [])):
        if not isinstance(item, str):
            raise _Wrong(f"{place}.{name}[{index}]".removeprefix("."), "expected a text")


def _structure(resource: dict[str, Any]) -> None:
    _members(resource, _STRUCTURE, "")
    url = str(resource["url"])
    _texts(resource, "contextInvariant", "")
    for _ in _items(resource, "context", (("type", "text", True), ("expression", "text", True)), ""):
        pass
    constraining = resource.get("derivation") == "constraint" and resource["kind"] != "logical"
    types = _types() if constraining else None
    for view in ("snapshot", "differential"):
        elements = element_tree.elements(resource, view)
        for index, element in enumerate(elements):
            _element(element, f"{view}.element[{index}] ({element['path'][:200]})", types)
    snapshot = element_tree.elements(resource, "snapshot")
    if snapshot:
        element_tree.parse(url, snapshot)


def _types() -> Table | None:
    """R4's types; None while the core package, which tells them, is not there."""
    try:
        return table()
    except DefinitionsError:
        return None


def _element(element: dict[str, Any], place: str, types: Table | None) -> None:
    _members(element, _ELEMENT, place)
    for index, each in enumerate(element.get("type", [])):
        code = each["code"]
        if types is not None and "://" not in code and code not in types and code not in types.primitives:
            raise _Wrong(f"{place}.type[{index}].code", f"{code[:100]!a} is no type of FHIR R4")
    _members(element.get("slicing", {}), (("discriminator", "list", False),), f"{place}.slicing")
    for _ in _items(obj(element.get("slicing")), "discriminator", _DISCRIMINATOR, f"{place}.slicing"):
        pass
    if "binding" in element:
        _members(element["binding"], _BINDING, f"{place}.binding")
    for where, constraint in _items(element, "constraint", _CONSTRAINT, place):
        _expression(constraint, f"{where} ({constraint['key'][:60]})")


def _expression(constraint: dict[str, Any], place: str) -> None:
    """That it can be read. What it calls may be unknown here: then its evaluation says so."""
    if "expression" not in constraint:
        return
    try:
        compile_expression(constraint["expression"])
    except FhirPathSyntaxError as error:
        raise _Wrong(f"{place}.expression", f"this is not FHIRPath: {error}") from None
    except FhirPathError:
        return


def _value_set(resource: dict[str, Any]) -> None:
    _members(resource, (*_DEFINITION, ("compose", "object", False), ("expansion", "object", False)), "")
    compose = obj(resource.get("compose"))
    _members(compose, (("include", "list", False), ("exclude", "list", False)), "compose")
    for part in ("include", "exclude"):
        for place, include in _items(compose, part, _INCLUDE, "compose"):
            _texts(include, "valueSet", place)
            for name, members in (("concept", _CODE), ("filter", _FILTER)):
                for _ in _items(include, name, members, place):
                    pass
    _members(obj(resource.get("expansion")), (("contains", "list", False),), "expansion")
    if not all(isinstance(each, dict) for each in obj(resource.get("expansion")).get("contains", [])):
        raise _Wrong("expansion.contains", "expected objects")


def _code_system(resource: dict[str, Any]) -> None:
    members = (("content", "text", False), ("caseSensitive", "flag", False), ("concept", "list", False))
    _members(resource, (*_DEFINITION, *members), "")
    pending = [("", resource)]
    while pending:
        place, holder = pending.pop()
        for where, concept in _items(holder, "concept", _CODE, place):
            _members(concept, (("concept", "list", False), ("property", "list", False)), where)
            if len(objects(concept.get("property"))) != len(concept.get("property", [])):
                raise _Wrong(f"{where}.property", "expected objects")
            pending.append((where, concept))
