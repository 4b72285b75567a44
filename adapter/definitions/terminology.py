"""Terminology, local: whether a code is in a value set or a code system, from the packages that are loaded.

What cannot be decided so is said, with the reason, never guessed.
"""

from typing import Any, Protocol

from adapter.definitions.codesystems import CodeSystem, displays
from adapter.definitions.implicit import SYSTEMS
from adapter.definitions.valuesets import Compiler
from adapter.definitions.verdicts import YES, Finite, Test, Verdict
from adapter.fhir.shapes import obj, objects, text

__all__ = ["Terminology", "Verdict"]


class Resources(Protocol):
    """Where definitions come from: `adapter.definitions.Definitions`, or what wraps it."""

    def resource(self, canonical: str, resource_type: str | None = None) -> dict[str, Any] | None: ...


class Terminology:
    """Answers about codes. What it has read and compiled is kept: build one, keep it, and use it from any thread."""

    def __init__(self, definitions: Resources) -> None:
        self._definitions = definitions
        self._tests: dict[str, Test] = {}
        self._systems: dict[str, CodeSystem] = {}

    def member(self, valueset_canonical: str, system: str | None, code: str, display: str | None = None) -> Verdict:
        """Whether the code is in the value set. `system` None: the code's system is the value set's, as for an element
        of type code. Where `display` is not one that is known of the code, the verdict's `display` gives one that is.
        """
        verdict = (self._tests.get(valueset_canonical) or self._test(valueset_canonical))(system, code)
        if display is not None and verdict.result:
            return self._with_display(valueset_canonical, system, code, display)
        if verdict.result is False and not verdict.reason:
            named = code if system is None else f"{system}#{code}"
            return Verdict(False, f"{named[:300]} is not in the value set {valueset_canonical}")
        return verdict

    def test(self, value_set: dict[str, Any]) -> Test:
        """What decides of a system and a code whether they are in a ValueSet that stands in another resource."""
        return Compiler(self, self._tests).contained(value_set)

    def codes(self, valueset_canonical: str) -> dict[str, frozenset[str]] | None:
        """All codes of the value set by system; None where they cannot be listed from what is loaded. Of a system that
        does not tell case apart they are in lower case."""
        test = self._test(valueset_canonical)
        return dict(test.sets) if isinstance(test, Finite) else None

    def known(self, system: str, code: str, version: str | None = None) -> Verdict:
        """Whether the code system has the code, be it abstract or retired."""
        held = self.code_system(system if version is None else f"{system}|{version}")
        if held is not None and held.key(code) in held.concepts:
            return YES
        if held is None or not held.complete:
            decide = SYSTEMS.get(system)
            return decide(code) if decide else Verdict(None, f"the codes of the system {system} are not all loaded")
        return Verdict(False, f"the code system {system} has no code {code[:200]}")

    def displays(self, system: str, code: str) -> tuple[str, ...]:
        """The displays that the code system gives a code, in all languages, its own first; () where none are known."""
        held = self.code_system(system)
        return () if held is None else held.displays(code)

    def code_system(self, canonical: str) -> CodeSystem | None:
        """The code system with that canonical (`url` or `url|version`); None where no package has it."""
        if canonical not in self._systems:
            resource = self._definitions.resource(canonical, "CodeSystem")
            if resource is None:
                return None  # not kept: whoever sends content may name systems without end
            self._systems[canonical] = CodeSystem(resource)
        return self._systems[canonical]

    def value_set(self, canonical: str) -> dict[str, Any] | None:
        """The ValueSet resource with that canonical; None where no package has it."""
        return self._definitions.resource(canonical, "ValueSet")

    def _test(self, canonical: str) -> Test:
        test = self._tests.get(canonical)
        return test if test is not None else Compiler(self, self._tests).value_set(canonical)

    def _with_display(self, canonical: str, system: str | None, code: str, display: str) -> Verdict:
        known = () if system is None else self.displays(system, code) + self._listed(canonical, system, code)
        if not known or _plain(display) in map(_plain, known):
            return YES
        return Verdict(True, f"the display is not one that is known of the code, such as {known[0]!a}", known[0])

    def _listed(self, canonical: str, system: str, code: str) -> tuple[str, ...]:
        """The displays that the value set itself gives the code."""
        compose = obj((self.value_set(canonical) or {}).get("compose"))
        concepts = (
            concept
            for part in objects(compose.get("include"))
            if part.get("system") == system
            for concept in objects(part.get("concept"))
        )
        return next((displays(each) for each in concepts if text(each.get("code")) == code), ())


def _plain(display: str) -> str:
    return " ".join(display.split()).casefold()
