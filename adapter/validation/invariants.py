"""Invariants: the hot ones written by hand, all others through FHIRPath. One that cannot be evaluated is reported."""

from collections.abc import Callable
from typing import Any

from adapter.fhir.shapes import objects, text
from adapter.fhirpath import Compiled, FhirPathError, FhirPathLimitError, Scope, model, nodes, temporal
from adapter.fhirpath import compile as compile_expression
from adapter.fhirpath.model import Type
from adapter.validation import errata, rules
from adapter.validation.run import Check, Frame, Needing, Path, Run

Holds = Callable[[dict[str, Any]], bool | None]
"""Whether an object keeps an invariant; None where FHIRPath is to tell."""

_BEST_PRACTICE = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"

ELSEWHERE = frozenset({"ele-1", "ref-1", "txt-1", "txt-2", "dom-2", "dom-3", "dom-4", "dom-5"})
"""R4's own invariants that other modules check, in time linear in the content's size."""

_R4 = "http://hl7.org/fhir/StructureDefinition/"


def _has(value: dict[str, Any], name: str) -> bool:
    return name in value or f"_{name}" in value


def _extension(value: dict[str, Any]) -> bool:
    for name in value:
        if name.startswith(("value", "_value")):
            return "extension" not in value
    return "extension" in value


def _entries(value: dict[str, Any], name: str, *types: str) -> bool:
    wanted = value.get("type") in types
    for entry in objects(value.get("entry")):  # noqa: SIM110 - all() with a generator costs twice as much
        if (name in entry) is not wanted:
            return False
    return True


def _distinct(value: dict[str, Any]) -> bool:
    if value.get("type") == "history":
        return True
    seen: set[tuple[str, str]] = set()
    for entry in objects(value.get("entry")):
        url, resource = entry.get("fullUrl"), entry.get("resource")
        if isinstance(url, str):
            meta = resource.get("meta") if isinstance(resource, dict) else None
            key = (url, str(meta.get("versionId", "")) if isinstance(meta, dict) else "")
            if key in seen:
                return False
            seen.add(key)
    return True


def _in_order(value: dict[str, Any]) -> bool | None:
    start, end = value.get("start"), value.get("end")
    if start.__class__ is not str or end.__class__ is not str or "_start" in value or "_end" in value:
        return None
    order = temporal.whole_order(str(start), str(end))
    return None if order is None else order <= 0


BY_HAND: dict[str, Holds] = {
    "extension.exists() != value.exists()": _extension,
    "code.empty() or system.exists()": lambda v: "code" not in v or _has(v, "system"),
    "value.empty() or system.exists()": lambda v: not _has(v, "value") or _has(v, "system"),
    "data.empty() or contentType.exists()": lambda v: not _has(v, "data") or _has(v, "contentType"),
    "comparator.empty()": lambda v: not _has(v, "comparator"),
    "detail.empty() or reference.empty()": lambda v: "detail" not in v or "reference" not in v,
    "resource.exists() or request.exists() or response.exists()": lambda v: (
        "resource" in v or "request" in v or "response" in v
    ),
    "fullUrl.contains('/_history/').not()": lambda v: "/_history/" not in str(v.get("fullUrl", "")),
    "total.empty() or (type = 'searchset') or (type = 'history')": lambda v: (
        not _has(v, "total") or v.get("type") in ("searchset", "history")
    ),
    "entry.search.empty() or (type = 'searchset')": lambda v: (
        v.get("type") == "searchset" or not any("search" in entry for entry in objects(v.get("entry")))
    ),
    "entry.all(request.exists() = (%resource.type = 'batch' or %resource.type = 'transaction' or %resource.type = "
    "'history'))": lambda v: _entries(v, "request", "batch", "transaction", "history"),
    "entry.all(response.exists() = (%resource.type = 'batch-response' or %resource.type = 'transaction-response' or "
    "%resource.type = 'history'))": lambda v: _entries(
        v, "response", "batch-response", "transaction-response", "history"
    ),
    "start.hasValue().not() or end.hasValue().not() or (start <= end)": _in_order,
    "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId)"
    ".isDistinct()": _distinct,
}
"""R4's expressions whose meaning is plain from which members there are."""


def checks(
    definition: dict[str, Any],
    type_name: str,
    profile: str = "",
    known: frozenset[str] = frozenset(),
    *,
    best_practice: bool = False,
) -> list[Check]:
    """The checks of an ElementDefinition's constraints on values of a type, less those whose keys are `known`; where
    `best_practice` asks for them, those too that recommend."""
    found: list[Check] = []
    for constraint in objects(definition.get("constraint")):
        key, expression = text(constraint.get("key")), errata.expression(constraint)
        if key is None or key in known or expression is None or _is_elsewhere(key, constraint, profile):
            continue
        check = _check(key, expression, constraint, type_name, profile, inner="." in str(definition.get("path")))
        if _is_best_practice(constraint):
            found += [check if profile else _of_outer(check)] if best_practice else []
        else:
            found.append(check)
    return found


def _is_best_practice(constraint: dict[str, Any]) -> bool:
    found = objects(constraint.get("extension"))
    return any(each.get("url") == _BEST_PRACTICE and each.get("valueBoolean") is True for each in found)


def _of_outer(check: Check) -> Check:
    """Not of contained resources: the narrative of the resource that contains them tells of them."""

    def outer(value: Any, run: Run, path: Path) -> None:
        if not run.frame.is_contained:
            check(value, run, path)

    return outer


def _is_elsewhere(key: str, constraint: dict[str, Any], profile: str) -> bool:
    source = text(constraint.get("source"))
    return key in ELSEWHERE and (not profile or source is None or source.startswith(_R4))


def _check(
    key: str, expression: str, constraint: dict[str, Any], type_name: str, profile: str, *, inner: bool
) -> Check:
    rule = rules.PROFILE_INVARIANT if profile else rules.INVARIANT
    severity = "error" if constraint.get("severity") == "error" else "warning"
    words = f"{key}: expected: {text(constraint.get('human')) or expression}"
    by_hand = BY_HAND.get(expression)
    evaluate = Evaluated(key, expression, type_name, profile, inner=inner)

    def quick(value: Any, run: Run, path: Path) -> None:
        if value.__class__ is dict and by_hand is not None:
            found = by_hand(value)
            if found is False or (found is None and evaluate(value, run, path) is False):
                run.report(rule, words, path, profile, severity)

    def check(value: Any, run: Run, path: Path) -> None:
        if evaluate(value, run, path) is False:
            run.report(rule, words, path, profile, severity)

    return _needing(check if by_hand is None else quick, expression, type_name)


def _needing(check: Check, expression: str, type_name: str) -> Check:
    """The check of an invariant, left out where it holds because of what is not there."""
    try:
        names = compile_expression(expression).needed(_type(type_name))
    except FhirPathError:
        return check  # which says so
    return Needing(check, names) if names else check


class Evaluated:
    """A FHIRPath condition, compiled when it is first needed. `inner` is one of an element within a resource: where
    that element holds a resource, `%resource` is the resource around it."""

    __slots__ = ("_compiled", "_expression", "_inner", "_key", "_profile", "_type")

    def __init__(self, key: str, expression: str, type_name: str, profile: str, *, inner: bool = False) -> None:
        self._inner = inner
        self._key = key
        self._expression = expression
        self._type = type_name
        self._profile = profile
        self._compiled: Compiled | None = None

    def __call__(self, value: Any, run: Run, path: Path) -> bool | None:
        """Whether it holds, empty counting as no; None where it cannot be evaluated, which is reported."""
        try:
            compiled = self._compiled
            if compiled is None:
                compiled = self._compiled = compile_expression(self._expression).for_type(_type(self._type))
            frame = run.frame
            if self._inner and value is frame.resource and frame.holder is not None:
                frame = frame.holder
            return compiled.holds(value, frame.scope or scope(run, frame)) is True
        except FhirPathError as error:
            words = f"{self._key} was not evaluated: {error}"
            # Who sends content that takes too much must not thereby be spared what it breaks.
            severity = "error" if isinstance(error, FhirPathLimitError) else ""
            run.report(rules.NOT_EVALUATED, words, path, self._profile, severity)
            return None


def _type(name: str) -> Type:
    try:
        return model.fhir(name)
    except KeyError:
        return model.fhir("Element")


def scope(run: Run, frame: Frame | None = None) -> Scope:
    """What FHIRPath knows of a resource, by default the one that the walk is in."""
    frame = frame or run.frame
    found: Scope | None = frame.scope
    if found is None:
        node = _node(frame)
        root = node if frame.outer is frame else _node(frame.outer)
        found = frame.scope = Scope(node, root, run.environment, work=run.work)
    return found


def _node(frame: Frame) -> nodes.Node:
    return nodes.node_of(frame.resource)
