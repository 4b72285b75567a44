"""A StructureDefinition that is sent as content: whether its differential can be laid over what it constrains.

FHIR R4, Profiling (https://hl7.org/fhir/R4/profiling.html): a constraint may only narrow its base, so it speaks of
elements that the base has, keeps values that the base fixes, and gives a type profiles of that type. ElementDefinition
(https://hl7.org/fhir/R4/elementdefinition.html): a discriminator's path begins at an element of what is sliced.
"""

from typing import Any

from adapter.definitions import snapshot, wellformed
from adapter.fhir.elements import table
from adapter.fhir.shapes import obj, objects, text, texts
from adapter.support.errors import DefinitionsError
from adapter.validation import rules, values
from adapter.validation.items import Collectors, segments
from adapter.validation.library import Library
from adapter.validation.run import Path, Run

_MOST = 2000
_OPEN = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})


class Structures:
    """Checks StructureDefinitions against those that are loaded. May be used from any thread."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._collectors = Collectors(table())

    def check(self, structure: dict[str, Any], run: Run, path: Path) -> None:
        """Reports what in a differential does not fit the base."""
        base = text(structure.get("baseDefinition"))
        if base is not None and base == structure.get("url"):
            words = "baseDefinition names the definition itself: expected another"
            run.report(rules.DEFINITION_CIRCLE, words, (path, "baseDefinition"))
        elif structure.get("derivation") == "constraint" and base is not None and _has_shape(structure):
            self._constraint(structure, base, run, path)

    def _constraint(self, structure: dict[str, Any], base: str, run: Run, path: Path) -> None:
        elements = objects(obj(structure.get("differential")).get("element"))
        known = self._library.structure(base)
        if known is None or len(elements) > _MOST:
            why = "its base is not loaded" if known is None else f"it has more than {_MOST} elements"
            words = f"the differential was not held against its base: {why}"
            run.report(rules.DEFINITION_BASE, words, (path, "baseDefinition"), severity="warning")
            return
        if structure.get("kind") != known.get("kind"):
            words = f"the base is of the kind {known.get('kind')}: expected the same"
            run.report(rules.DEFINITION_BASE, words, (path, "kind"))
        place: Path = (path, "differential")
        problems: list[str] = []
        try:
            made = snapshot.generate(structure, self._load, problems)
        except DefinitionsError:
            words = "no snapshot can be made: the differential, or a definition that it rests on, is malformed"
            run.report(rules.DEFINITION_BASE, words, place)
            return
        inherited, own = _by_id(known), _by_id(made)
        for index, each in enumerate(elements):
            where: Path = ((place, "element"), index)
            named = str(each.get("id") or each.get("path"))
            if any(f"element {name}: " in problem for problem in problems for name in {named, each.get("path")}):
                words = "the base has no such element, or allows less than this says"
                run.report(rules.DEFINITION_BASE, words, where)
            _check_values(each, inherited.get(named, {}), run, where)
            _check_value_types(each, own.get(named, {}), run, where)
            self._check_types(each, run, where)
            self._check_slicing(each, own.get(named, {}), run, where)

    def _load(self, canonical: str) -> dict[str, Any] | None:
        return self._library.definitions.resource(canonical, "StructureDefinition")

    def _check_types(self, element: dict[str, Any], run: Run, place: Path) -> None:
        for index, type_ in enumerate(objects(element.get("type"))):
            code = type_.get("code")
            for profile in texts(type_.get("profile")) if code not in _OPEN else ():
                found = self._library.structure(profile)
                if found is not None and found.get("type") != code:
                    words = "the profile is of another type than the code: expected a profile of the type"
                    run.report(rules.DEFINITION_BASE, words, ((place, "type"), index))

    def _check_slicing(self, element: dict[str, Any], own: dict[str, Any], run: Run, place: Path) -> None:
        codes = [str(each.get("code")) for each in objects(own.get("type"))]
        if not codes or not all(code in table() and code not in _OPEN for code in codes):
            return
        for index, each in enumerate(objects(obj(element.get("slicing")).get("discriminator"))):
            kind, name = next(iter(segments(str(each.get("path"))) or ()), ("", ""))
            if kind == "name" and not any(self._collectors.elements(code, name) for code in codes):
                words = "the path begins with no element of what is sliced"
                run.report(rules.DEFINITION_BASE, words, (((place, "slicing"), "discriminator"), index))


def _has_shape(structure: dict[str, Any]) -> bool:
    try:
        wellformed.check(structure)
    except DefinitionsError:
        return False  # R4's own rules say what is wrong with it
    return True


def _by_id(structure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The elements of a snapshot by id, and by path where that is unlike it."""
    elements = objects(obj(structure.get("snapshot")).get("element"))
    found = {str(each.get("id")): each for each in elements}
    for each in elements:
        found.setdefault(str(each.get("path")), each)
    return found


def _check_values(element: dict[str, Any], inherited: dict[str, Any], run: Run, place: Path) -> None:
    fixed, wanted = values.prefixed(element, "fixed"), values.prefixed(inherited, "fixed")
    if fixed is not None and wanted is not None and not values.is_equal(fixed[1], wanted[1]):
        run.report(rules.DEFINITION_BASE, "the base fixes another value: expected that one", place)


def _check_value_types(element: dict[str, Any], own: dict[str, Any], run: Run, place: Path) -> None:
    """A fixed value or pattern is of a type that the element has."""
    codes = [str(each.get("code")) for each in objects(own.get("type"))]
    if not codes or not all(code in table() or code in table().primitives for code in codes):
        return
    for prefix in ("fixed", "pattern"):
        given = values.prefixed(element, prefix)
        if given is not None and given[0] not in {code[:1].upper() + code[1:] for code in codes}:
            words = f"the {prefix} value is of another type than the element: expected {' or '.join(codes)[:200]}"
            run.report(rules.DEFINITION_BASE, words, place)
