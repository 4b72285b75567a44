"""A value set as a test of codes: include, exclude, filters, imports, and an expansion that the resource carries.

Whatever can be listed becomes known sets; the rest stays undecided, with the reason (FHIR R4 valueset.html).
"""

from collections.abc import Callable
from typing import Any, Protocol

from adapter.definitions import verdicts
from adapter.definitions.codesystems import CodeSystem
from adapter.definitions.filters import Undecidable, selected
from adapter.definitions.implicit import SYSTEMS, Decide
from adapter.definitions.verdicts import Cyclic, Finite, Test, Undecided, Verdict
from adapter.fhir.shapes import obj, objects, text
from adapter.fhirpath.errors import FhirPathError

_MAX_IMPORTS = 1000
_INCOMPLETE = frozenset(
    f"http://hl7.org/fhir/StructureDefinition/valueset-{name}" for name in ("unclosed", "toocostly")
)


class Library(Protocol):
    """Where value sets and code systems come from; both are None where no package has them."""

    def value_set(self, canonical: str) -> dict[str, Any] | None: ...
    def code_system(self, canonical: str) -> CodeSystem | None: ...


class Compiler:
    """Makes the test of one value set, and of those that it imports."""

    def __init__(self, library: Library, done: dict[str, Test]) -> None:
        """`done` holds the tests of value sets by canonical; those made here are added."""
        self._library = library
        self._done = done
        self._path: list[str] = []
        self._imports = 0

    def value_set(self, canonical: str) -> Test:
        """The test of the value set with that canonical; one that is not loaded decides on nothing."""
        done = self._done.get(canonical)
        if done is not None:
            return done
        if canonical in self._path:
            return Cyclic(None, f"the value set {canonical} imports itself")
        self._imports += 1
        if self._imports > _MAX_IMPORTS:
            return Cyclic(None, f"the value sets that are imported import more than {_MAX_IMPORTS} others")
        resource = self._library.value_set(canonical)
        if resource is None:
            return Undecided(None, f"the value set {canonical} is not in the packages that are loaded")
        self._path.append(canonical)
        test = self._of(resource, canonical)
        self._path.pop()
        if not self._path or not verdicts.is_cyclic(test):
            self._done[canonical] = test
        return test

    def contained(self, resource: dict[str, Any]) -> Test:
        """The test of a value set that stands in another resource."""
        return self._of(resource, "in the resource")

    def _of(self, resource: dict[str, Any], canonical: str) -> Test:
        compose = obj(resource.get("compose"))
        active = compose.get("inactive") is False
        includes = [self._part(part, active) for part in objects(compose.get("include"))]
        expansion = _expansion(obj(resource.get("expansion")), canonical)
        if not includes:
            return expansion or Undecided(None, f"the value set {canonical} has no content")
        test = verdicts.any_of(includes)
        excludes = [self._part(part, active=False) for part in objects(compose.get("exclude"))]
        if excludes:
            test = verdicts.without(test, verdicts.any_of(excludes))
        return test if expansion is None or isinstance(test, Finite) else verdicts.Fallback([test, expansion])

    def _part(self, part: dict[str, Any], active: bool) -> Test:
        """An include or exclude: what its system and concepts or filters select, and is in all that it imports."""
        imported = part.get("valueSet")
        urls = [url for url in map(text, imported) if url] if isinstance(imported, list) else []
        tests = [self.value_set(url) for url in urls]
        system = text(part.get("system"))
        if system is not None:
            tests.insert(0, self._system(part, system, active))
        return verdicts.all_of(tests) if tests else Undecided(None, "an include names neither system nor value set")

    def _system(self, part: dict[str, Any], system: str, active: bool) -> Test:
        concepts, filters = objects(part.get("concept")), objects(part.get("filter"))
        version = text(part.get("version"))
        held = self._library.code_system(system if version is None else f"{system}|{version}")
        if concepts:
            key: Callable[[str], str] = str if held is None else held.key
            codes = frozenset(key(code) for each in concepts if (code := text(each.get("code"))) is not None)
            folded = held is not None and not held.case_sensitive
            return Finite({system: codes}, frozenset({system}) if folded else frozenset())
        if held is None or held.content == "not-present":
            decide = SYSTEMS.get(system)
            if decide is not None and not filters:
                return _Formed(system, decide)
            return Undecided(system, _absent(system, version, self._library))
        return _selection(held, system, filters, active)


class _Formed:
    """Codes of a system that is decided by form."""

    def __init__(self, system: str, decide: Decide) -> None:
        self._system = system
        self._decide = decide

    def __call__(self, system: str | None, code: str) -> Verdict:
        return self._decide(code) if system is None or system == self._system else verdicts.NO


class _Held:
    """Codes of a system of which only some are held: those are members, others undecided."""

    def __init__(self, finite: Finite, system: str, reason: str) -> None:
        self._finite = finite
        self._rest = Undecided(system, reason)

    def __call__(self, system: str | None, code: str) -> Verdict:
        verdict = self._finite(system, code)
        return verdict if verdict.result else self._rest(system, code)


def _selection(held: CodeSystem, system: str, filters: list[dict[str, Any]], active: bool) -> Test:
    """What the filters, which all must hold, select of the concepts that are held."""
    codes = held.codes - held.inactive if active else held.codes
    try:
        for each in filters:
            name, operation, value = (text(each.get(key)) or "" for key in ("property", "op", "value"))
            codes &= selected(held, name, operation, value)
    except (Undecidable, FhirPathError) as reason:
        return Undecided(system, f"a filter on {system} cannot be decided: {reason}")
    folded = frozenset() if held.case_sensitive else frozenset({system})
    finite = Finite({system: codes - held.abstract}, folded)
    if held.content not in ("complete", "supplement"):
        return _Held(finite, system, f"{system} is held in part only (content: {held.content})")
    if held.content == "supplement":
        return Undecided(system, f"{system} is a supplement of another code system")
    return finite


def _absent(system: str, version: str | None, library: Library) -> str:
    if version is not None and library.code_system(system) is not None:
        return f"version {version} of the code system {system} is not in the packages that are loaded"
    return f"the codes of the system {system} are not in the packages that are loaded"


def _expansion(expansion: dict[str, Any], canonical: str) -> Test | None:
    """The test of an expansion that the resource carries, None where it carries none."""
    found: dict[str, set[str]] = {}
    waiting = objects(expansion.get("contains"))
    count = 0
    while waiting:
        each = waiting.pop()
        waiting += objects(each.get("contains"))
        system, code = text(each.get("system")), text(each.get("code"))
        if code is not None:
            count += 1
            if system is not None and each.get("abstract") is not True:
                found.setdefault(system, set()).add(code)
    if not count:
        return None
    finite = Finite({system: frozenset(codes) for system, codes in found.items()})
    total = expansion.get("total")
    partial = (
        (isinstance(total, int) and total > count)
        or expansion.get("offset") not in (None, 0)
        or any(text(each.get("url")) in _INCOMPLETE for each in objects(expansion.get("extension")))
    )
    if not partial:
        return finite
    return verdicts.AnyOf([finite, Undecided(None, f"the expansion that {canonical} carries is not the whole of it")])
