"""One element definition laid over another: what replaces, what adds, and what may not widen."""

from collections.abc import Callable
from typing import Any

from adapter.definitions.element_tree import sourced
from adapter.support.errors import DefinitionsError

Definition = dict[str, Any]

_POSITION = frozenset({"id", "path", "sliceName", "base"})
_MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
_CHOICES = ("fixed", "pattern", "defaultValue", "minValue", "maxValue")
_TEXTS = frozenset({"definition", "comment", "requirements"})
_OF_PROFILE = ("short", "definition", "comment", "requirements", "alias", "mapping", "isModifier", "isModifierReason")


Report = Callable[[str], None]
"""Told, in a sentence that names the element, what a differential may not say; raises where that ends the work."""


def narrow(base: Definition, change: Definition, where: str, source: str, report: Report) -> Definition:
    """`base` as `change`, a differential's element, constrains it. `source` is the profile that does so.

    Lists that add up (constraint, mapping, condition, alias, example, code, extension) are joined, slicing and binding
    are joined member by member, all else is replaced. Of two cardinalities that disagree the narrower holds, and it is
    reported. Raises DefinitionsError where a cardinality is none.
    """
    result = dict(base)
    for key, value in change.items():
        if key in _POSITION:
            continue
        prefix = next((p for p in _CHOICES if key.removeprefix("_").startswith(p)), None)
        if prefix is not None:
            for other in [k for k in result if k.removeprefix("_").startswith(prefix) and k not in change]:
                del result[other]
        joined = _JOINS.get(key)
        if key in _TEXTS and isinstance(value, str) and value.startswith("..."):
            result[key] = f"{base.get(key, '')}\n{value[3:].lstrip()}".lstrip()
        elif joined is not None and key in result:
            result[key] = joined(result[key], value)
        else:
            result[key] = value
    if isinstance(result.get("constraint"), list):
        result["constraint"] = sourced(result["constraint"], source)
    return _with_cardinality(base, result, where, report)


def typed(base: Definition, root: Definition, where: str) -> Definition:
    """`base` with what the root of its type's profile says of it: texts, whether it modifies, how often it may occur.

    Its constraints are not taken over: whoever checks the element checks it against the type's profile too.
    """
    result = base | {key: root[key] for key in _OF_PROFILE if key in root}
    if maximum(root, where) < maximum(base, where):
        result["max"] = root["max"]
    return result


def maximum(definition: Definition, where: str) -> float:
    """The upper cardinality; infinity for `*` and where none is given. Raises DefinitionsError where it is no number"""
    value = definition.get("max", "*")
    if value == "*":
        return float("inf")
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    raise DefinitionsError(f"{where}: max is neither a number nor *")


def _with_cardinality(base: Definition, result: Definition, where: str, report: Report) -> Definition:
    low, base_low = result.get("min", 0), base.get("min", 0)
    if not isinstance(low, int) or isinstance(low, bool) or low < 0:
        raise DefinitionsError(f"{where}: min is not a whole number from 0")
    if maximum(result, where) > maximum(base, where):
        report(f"{where}: max {result['max']} is more than the {base['max']} of the base")
        result["max"] = base["max"]
    if low < base_low:
        report(f"{where}: min {low} is less than the {base_low} of the base")
        result["min"] = base_low
    if result.get("min", 0) > maximum(result, where):
        report(f"{where}: min {result['min']} is more than max {result['max']}")
    return result


def _union(identity: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Joins two lists: what the second has under an identity of the first takes its place, the rest follows."""

    def join(base: Any, change: Any) -> Any:
        if not isinstance(base, list) or not isinstance(change, list):
            return change
        joined = {identity(each): each for each in base}
        for each in change:
            joined[identity(each)] = each
        return list(joined.values())

    return join


def _by(*names: str) -> Callable[[Any], Any]:
    return lambda each: tuple(str(each.get(name)) for name in names) if isinstance(each, dict) else str(each)


def _constraints(base: Any, change: Any) -> Any:
    """The base's first; one that is repeated keeps the source that it has."""
    if not isinstance(base, list) or not isinstance(change, list):
        return change
    known = {_by("key", "expression")(each) for each in base}
    return [*base, *(each for each in change if _by("key", "expression")(each) not in known)]


def _slicing(base: Any, change: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    joined = base | change
    if "discriminator" in base and "discriminator" in change:
        joined["discriminator"] = _union(_by("type", "path"))(base["discriminator"], change["discriminator"])
    return joined


def _binding(base: Any, change: Any) -> Any:
    """The new binding; what it leaves out of value set and widest value set stays as it was."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    joined = {key: base[key] for key in ("strength", "valueSet") if key in base} | change
    widest = [x for x in _extensions(base) if x.get("url") == _MAX_VALUE_SET]
    own = _extensions(change)
    if widest and all(x.get("url") != _MAX_VALUE_SET for x in own):
        joined["extension"] = [*widest, *own]
    return joined


def _extensions(part: Definition) -> list[Any]:
    found = part.get("extension")
    return [x for x in found if isinstance(x, dict)] if isinstance(found, list) else []


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "alias": _union(str),
    "binding": _binding,
    "code": _union(_by("system", "code")),
    "condition": _union(str),
    "constraint": _constraints,
    "example": _union(_by("label")),
    "extension": _union(_by("url")),
    "mapping": _union(_by("identity", "map")),
    "slicing": _slicing,
}
