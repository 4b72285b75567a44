"""What a profile demands of one value: fixed, pattern, limits, length, form, binding, invariants."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.fhir.shapes import objects, text
from adapter.fhirpath import patterns
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.model import fhir as type_named
from adapter.fhirpath.nodes import Node
from adapter.validation import bindings, invariants, narrative, relative_limits, rules, values
from adapter.validation.bindings import Terms
from adapter.validation.items import Item
from adapter.validation.run import Run

ItemCheck = Callable[[Item, Run], None]

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_MIN_LENGTH = _EXTENSION + "minLength"
_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."
_REGEX = _EXTENSION + "regex"


def checks(
    definition: dict[str, Any], base: dict[str, Any], terms: Terms, url: str, *, best_practice: bool = False
) -> list[ItemCheck]:
    """The checks of an ElementDefinition, less those that its base has already; with `best_practice` also of
    constraints that only recommend."""
    found: list[ItemCheck] = []
    for prefix, make in (("fixed", _fixed), ("pattern", _pattern), ("minValue", _least), ("maxValue", _greatest)):
        wanted = values.prefixed(definition, prefix)
        if wanted is not None and wanted != values.prefixed(base, prefix):
            found.append(make(*wanted, url))
    found += _valued(definition, url)
    if _differs(definition, base, "maxLength") and isinstance(definition["maxLength"], int):
        found.append(_length(definition["maxLength"], url, longest=True))
    shortest = values.extension_value(definition, _MIN_LENGTH)
    if isinstance(shortest, int) and shortest != values.extension_value(base, _MIN_LENGTH):
        found.append(_length(shortest, url, longest=False))
    form = values.extension_value(definition, _REGEX)
    if isinstance(form, str) and form != values.extension_value(base, _REGEX):
        found.append(_regex(form, url))
    if _differs(definition, base, "binding"):
        found.append(_Bound(definition, terms, url).check)
    found += narrative.controls(definition, url)
    known = frozenset(str(each.get("key")) for each in objects(base.get("constraint")))
    if _has_new(definition, known):
        found.append(_Invariants(definition, known, url, best_practice=best_practice).check)
    return found


def _differs(definition: dict[str, Any], base: dict[str, Any], name: str) -> bool:
    return name in definition and definition[name] != base.get(name)


def _has_new(definition: dict[str, Any], known: frozenset[str]) -> bool:
    return any(str(each.get("key")) not in known for each in objects(definition.get("constraint")))


def _fixed(_type: str, wanted: Any, url: str) -> ItemCheck:
    equals = values.equalling(wanted)

    def check(item: Item, run: Run) -> None:
        if item.value is not None and not equals(item.value):
            run.report(rules.PROFILE_FIXED, "the value is not the one that the profile fixes", item.path, url)

    return check


def _pattern(_type: str, wanted: Any, url: str) -> ItemCheck:
    holds = values.holding(wanted)

    def check(item: Item, run: Run) -> None:
        if item.value is not None and not holds(item.value):
            words = "the value does not hold all that the profile's pattern holds"
            run.report(rules.PROFILE_PATTERN, words, item.path, url)

    return check


def _least(type_: str, limit: Any, url: str) -> ItemCheck:
    return _limit(type_, limit, url, -1)


def _greatest(type_: str, limit: Any, url: str) -> ItemCheck:
    return _limit(type_, limit, url, 1)


def _limit(type_: str, limit: Any, url: str, wrong: int) -> ItemCheck:
    compare = values.comparing(limit)
    relative = relative_limits.comparing(limit, wrong) if type_ in ("Duration", "Quantity") else None
    rule = rules.PROFILE_LEAST if wrong < 0 else rules.PROFILE_GREATEST
    shown = f"{limit.get('value')} {limit.get('code', '')}".strip() if isinstance(limit, dict) else str(limit)
    found, expected = ("smaller", "at least") if wrong < 0 else ("greater", "at most")
    words = f"the value is {found} than the profile allows: expected {expected} {shown}"

    def check(item: Item, run: Run) -> None:
        if item.value is None:
            return
        is_moment = relative is not None and isinstance(item.value, str)
        order = relative(item.value, run) if relative is not None and is_moment else compare(item.value)
        if order == wrong:
            run.report(rule, words, item.path, url)
        elif order is None and not is_moment:
            told = f"the value cannot be compared with the profile's limit {shown}: value, system or unit is another"
            run.report(rules.PROFILE_RANGE_UNDECIDED, told, item.path, url)

    return check


def _valued(definition: dict[str, Any], url: str) -> list[ItemCheck]:
    """R5's mustHaveValue and valueAlternatives, which R4 carries as extensions."""
    extensions = [each for each in objects(definition.get("extension")) if str(each.get("url")).startswith(_R5)]
    needed = any(each["url"] == f"{_R5}mustHaveValue" and each.get("valueBoolean") is True for each in extensions)
    instead = {str(each.get("valueCanonical")) for each in extensions if each["url"] == f"{_R5}valueAlternatives"}
    if not needed and not instead:
        return []

    def check(item: Item, run: Run) -> None:
        if item.value is None and not any(
            text(each.get("url")) in instead for each in objects((item.extra or {}).get("extension"))
        ):
            words = f"expected a value{' or one of the extensions ' if instead else ''}{', '.join(map(str, instead))}"
            run.report(rules.PROFILE_VALUE, words, item.path, url)

    return [check]


def _length(limit: Any, url: str, *, longest: bool) -> ItemCheck:
    def check(item: Item, run: Run) -> None:
        value = str(item.value) if isinstance(item.value, (int, Decimal)) else item.value
        if not isinstance(value, str) or (len(value) <= limit if longest else len(value) >= limit):
            return
        words = f"{len(value)} characters: expected at {'most' if longest else 'least'} {limit}"
        run.report(rules.PROFILE_LENGTH, words, item.path, url)

    return check


def _regex(form: str, url: str) -> ItemCheck:
    def check(item: Item, run: Run) -> None:
        if not isinstance(item.value, str):
            return None
        try:
            right = patterns.compiled(form).fullmatch(item.value)
        except FhirPathError as error:
            words = f"the profile's regular expression was not evaluated: {error}"
            return run.report(rules.NOT_EVALUATED, words, item.path, url)
        if not right:
            run.report(
                rules.PROFILE_REGEX, "the value does not have the form that the profile describes", item.path, url
            )
        return None

    return check


class _Bound:
    """A binding, compiled for each type that the element has."""

    def __init__(self, definition: dict[str, Any], terms: Terms, url: str) -> None:
        self._make: Callable[[str], list[bindings.Check]] = lambda type_: bindings.checks(definition, type_, terms, url)
        self._made: dict[str, list[bindings.Check]] = {}

    def check(self, item: Item, run: Run) -> None:
        made = self._made.get(item.type)
        if made is None:
            made = self._made[item.type] = self._make(item.type)
        for each in made:
            each(item.value, run, item.path)


class _Invariants:
    """Constraints that the base does not have, compiled for each type that the element has."""

    def __init__(
        self, definition: dict[str, Any], known: frozenset[str], url: str, *, best_practice: bool = False
    ) -> None:
        self._make: Callable[[str], list[invariants.Check]] = lambda type_: invariants.checks(
            definition, type_, url, known, best_practice=best_practice
        )
        self._made: dict[str, list[invariants.Check]] = {}

    def check(self, item: Item, run: Run) -> None:
        made = self._made.get(item.type)
        if made is None:
            made = self._made[item.type] = self._make(item.type)
        value = item.value if item.extra is None else Node(item.value, type_named(item.type), item.extra)
        for each in made:
            each(value, run, item.path)
