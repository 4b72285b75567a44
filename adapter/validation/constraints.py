"""What a profile demands of one value: fixed, pattern, limits, length, form, binding, invariants."""

from collections.abc import Callable, Iterable
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
from adapter.validation.run import Path, Run

Check = Callable[[Any, Run, Path], None]
"""Checks a value of a known type; one that has an id or extensions beside it is a Node where the constraint asks."""

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_MIN_LENGTH = _EXTENSION + "minLength"
_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."
_REGEX = _EXTENSION + "regex"


class Constraint:
    """What one rule demands of an element's values. Called with an item of any type; `of` gives the checks of values of
    one type, for those who know it. `extended`: the rule looks at the id and extensions of a primitive too."""

    __slots__ = ("_extended", "_made", "_make")

    def __init__(self, make: Callable[[str], Iterable[Check]], *, extended: bool = False) -> None:
        self._make = make
        self._made: dict[str, tuple[Check, ...]] = {}
        self._extended = extended

    def of(self, type_name: str) -> tuple[Check, ...]:
        """The checks of values of a type, made once."""
        made = self._made.get(type_name)
        if made is None:
            made = self._made[type_name] = tuple(self._make(type_name))
        return made

    def only(self, types: frozenset[str]) -> "Constraint":
        """The same for values of some types."""
        return Constraint(lambda type_: self.of(type_) if type_ in types else (), extended=self._extended)

    def __call__(self, item: Item, run: Run) -> None:
        value = item.value
        if item.extra is not None and self._extended:
            value = Node(value, type_named(item.type), item.extra)
        for each in self.of(item.type):
            each(value, run, item.path)


def of_any_type(check: Check) -> Constraint:
    """A check of values of any type as a constraint."""
    return Constraint(lambda _: (check,))


def of_item(check: Callable[[Item, Run], None]) -> Constraint:
    """A check of items as a constraint."""

    def made(type_: str) -> tuple[Check]:
        def of_value(value: Any, run: Run, path: Path) -> None:
            bare, extra = (value.value, value.extra) if value.__class__ is Node else (value, None)
            check(Item(bare, type_, path, extra), run)

        return (of_value,)

    return Constraint(made, extended=True)


def checks(
    definition: dict[str, Any], base: dict[str, Any], terms: Terms, url: str, *, best_practice: bool = False
) -> list[Constraint]:
    """The checks of an ElementDefinition, less those that its base has already; with `best_practice` also of
    constraints that only recommend."""
    found: list[Check] = []
    for prefix, make in (("fixed", _fixed), ("pattern", _pattern), ("minValue", _least), ("maxValue", _greatest)):
        wanted = values.prefixed(definition, prefix)
        if wanted is not None and wanted != values.prefixed(base, prefix):
            found.append(make(*wanted, url))
    if _differs(definition, base, "maxLength") and isinstance(definition["maxLength"], int):
        found.append(_length(definition["maxLength"], url, longest=True))
    shortest = values.extension_value(definition, _MIN_LENGTH)
    if isinstance(shortest, int) and shortest != values.extension_value(base, _MIN_LENGTH):
        found.append(_length(shortest, url, longest=False))
    form = values.extension_value(definition, _REGEX)
    if isinstance(form, str) and form != values.extension_value(base, _REGEX):
        found.append(_regex(form, url))
    return [
        *map(of_any_type, found),
        *_valued(definition, url),
        *_of_types(definition, base, terms, url, best_practice=best_practice),
    ]


def _of_types(
    definition: dict[str, Any], base: dict[str, Any], terms: Terms, url: str, *, best_practice: bool
) -> list[Constraint]:
    """Those whose meaning depends on the value's type: bindings and invariants."""
    found: list[Constraint] = []
    if _differs(definition, base, "binding"):
        found.append(Constraint(lambda type_: bindings.checks(definition, type_, terms, url)))
    found += [of_item(check) for check in narrative.controls(definition, url)]
    known = frozenset(str(each.get("key")) for each in objects(base.get("constraint")))
    if _has_new(definition, known):
        found.append(
            Constraint(
                lambda type_: invariants.checks(definition, type_, url, known, best_practice=best_practice),
                extended=True,
            )
        )
    return found


def _differs(definition: dict[str, Any], base: dict[str, Any], name: str) -> bool:
    return name in definition and definition[name] != base.get(name)


def _has_new(definition: dict[str, Any], known: frozenset[str]) -> bool:
    return any(str(each.get("key")) not in known for each in objects(definition.get("constraint")))


def _fixed(_type: str, wanted: Any, url: str) -> Check:
    equals = values.equalling(wanted)

    def check(value: Any, run: Run, path: Path) -> None:
        if value is not None and not equals(value):
            run.report(rules.PROFILE_FIXED, "the value is not the one that the profile fixes", path, url)

    return check


def _pattern(_type: str, wanted: Any, url: str) -> Check:
    holds = values.holding(wanted)

    def check(value: Any, run: Run, path: Path) -> None:
        if value is not None and not holds(value):
            words = "the value does not hold all that the profile's pattern holds"
            run.report(rules.PROFILE_PATTERN, words, path, url)

    return check


def _least(type_: str, limit: Any, url: str) -> Check:
    return _limit(type_, limit, url, -1)


def _greatest(type_: str, limit: Any, url: str) -> Check:
    return _limit(type_, limit, url, 1)


def _limit(type_: str, limit: Any, url: str, wrong: int) -> Check:
    compare = values.comparing(limit)
    relative = relative_limits.comparing(limit, wrong) if type_ in ("Duration", "Quantity") else None
    rule = rules.PROFILE_LEAST if wrong < 0 else rules.PROFILE_GREATEST
    shown = f"{limit.get('value')} {limit.get('code', '')}".strip() if isinstance(limit, dict) else str(limit)
    found, expected = ("smaller", "at least") if wrong < 0 else ("greater", "at most")
    words = f"the value is {found} than the profile allows: expected {expected} {shown}"

    def check(value: Any, run: Run, path: Path) -> None:
        if value is None:
            return
        of_moment = relative if isinstance(value, str) else None
        order = compare(value) if of_moment is None else of_moment(value, run)
        if order == wrong:
            run.report(rule, words, path, url)
        elif order is None and of_moment is None:
            told = f"the value cannot be compared with the profile's limit {shown}: value, system or unit is another"
            severity = "error" if values.is_measured(value) and values.is_measured(limit) else ""
            run.report(rules.PROFILE_RANGE_UNDECIDED, told, path, url, severity)

    return check


def _valued(definition: dict[str, Any], url: str) -> list[Constraint]:
    """R5's mustHaveValue and valueAlternatives, which R4 carries as extensions."""
    extensions = [each for each in objects(definition.get("extension")) if str(each.get("url")).startswith(_R5)]
    needed = any(each["url"] == f"{_R5}mustHaveValue" and each.get("valueBoolean") is True for each in extensions)
    instead = {str(each.get("valueCanonical")) for each in extensions if each["url"] == f"{_R5}valueAlternatives"}
    if not needed and not instead:
        return []

    def check(value: Any, run: Run, path: Path) -> None:
        bare, extra = (value.value, value.extra or {}) if value.__class__ is Node else (value, {})
        if bare is None and not any(text(each.get("url")) in instead for each in objects(extra.get("extension"))):
            words = f"expected a value{' or one of the extensions ' if instead else ''}{', '.join(map(str, instead))}"
            run.report(rules.PROFILE_VALUE, words, path, url)

    return [Constraint(lambda _: (check,), extended=True)]


def _length(limit: Any, url: str, *, longest: bool) -> Check:
    def check(value: Any, run: Run, path: Path) -> None:
        if isinstance(value, (int, Decimal)):
            value = str(value)
        if not isinstance(value, str) or (len(value) <= limit if longest else len(value) >= limit):
            return
        words = f"{len(value)} characters: expected at {'most' if longest else 'least'} {limit}"
        run.report(rules.PROFILE_LENGTH, words, path, url)

    return check


def _regex(form: str, url: str) -> Check:
    def check(value: Any, run: Run, path: Path) -> None:
        if not isinstance(value, str):
            return None
        try:
            right = patterns.compiled(form).fullmatch(value)
        except FhirPathError as error:
            words = f"the profile's regular expression was not evaluated: {error}"
            return run.report(rules.NOT_EVALUATED, words, path, url)
        if not right:
            run.report(rules.PROFILE_REGEX, "the value does not have the form that the profile describes", path, url)
        return None

    return check
