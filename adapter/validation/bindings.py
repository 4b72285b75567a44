"""Bindings: whether codes are from the value set that an element is bound to, by strength."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from adapter.fhir.outcomes import Rule
from adapter.fhir.shapes import obj, objects, text
from adapter.validation import rules
from adapter.validation.primitives import Recurring
from adapter.validation.run import Path, Run

Check = Callable[[Any, Run, Path], None]

_MAXIMUM = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
_ADDITIONAL = frozenset(
    {
        "http://hl7.org/fhir/tools/StructureDefinition/additional-binding",
        "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional",
    }
)
_PURPOSES = {"required": "required", "maximum": "required", "extensible": "extensible", "preferred": "preferred"}
_RULES = {"required": rules.CODE_REQUIRED, "extensible": rules.CODE_EXTENSIBLE, "preferred": rules.CODE_PREFERRED}
_PRIMITIVE = frozenset({"code", "string", "uri", "url", "canonical", "id", "markdown", "oid", "uuid"})
_CONCEPT = frozenset({"CodeableConcept"})
QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity"})
_CODED = QUANTITIES | {"Coding"}


class Answer(Protocol):
    """What a terminology says of a code."""

    @property
    def result(self) -> bool | None:
        """None where it cannot be decided."""

    @property
    def reason(self) -> str:
        """Why not, or why it cannot be decided."""


class Terms(Protocol):
    """The terminology that bindings ask."""

    def member(self, value_set: str, system: str | None, code: str) -> Answer:
        """Whether a code is in a value set; without system, one of the value set's systems is meant."""


class Binding(Recurring):
    """One value set at one strength. Called, it checks a code, string or uri."""

    __slots__ = ("_profile", "_rule", "_terms", "_undecided", "_value_set")

    def __init__(self, value_set: str, rule: Rule, terms: Terms, profile: str) -> None:
        self._value_set = value_set
        self._rule = rule
        self._terms = terms
        self._profile = profile
        # What cannot be decided where R4 itself binds extensibly, to many a value set that fits no one, is no warning.
        self._undecided = "information" if rule is rules.CODE_EXTENSIBLE and not profile else ""
        super().__init__()

    def __call__(self, value: Any, run: Run, path: Path) -> None:
        if value.__class__ is not str or value in self.good:
            return
        answer = self._terms.member(self._value_set, None, value)
        if answer.result:
            self.remember(value)
        else:
            self._report(answer.result, answer.reason, run, path)

    def coded(self, value: Any, run: Run, path: Path) -> None:
        """A Coding or a Quantity, by system and code."""
        coding = obj(value)
        system, code = coding.get("system"), coding.get("code")
        if code.__class__ is not str or (system is not None and system.__class__ is not str):
            if system is None and code is None:
                self._missing(run, path)
            return
        if (system, code) in self.good:
            return
        answer = self._terms.member(self._value_set, system or "", code)
        if answer.result:
            self.remember((system, code))
        else:
            self._report(answer.result, answer.reason, run, path)

    def concept(self, value: Any, run: Run, path: Path) -> None:
        """A CodeableConcept: one of its codings must be in the value set."""
        codings = value.get("coding") if value.__class__ is dict else None
        undecided: str | None = None
        found = False
        for coding in codings if codings.__class__ is list else ():
            coding = obj(coding)
            system, code = coding.get("system"), coding.get("code")
            if code.__class__ is not str or (system is not None and system.__class__ is not str):
                continue
            found = True
            if (system, code) in self.good:
                return None
            answer = self._terms.member(self._value_set, system or "", code)
            if answer.result:
                return self.remember((system, code))
            if answer.result is None and undecided is None:
                undecided = answer.reason
        if not found:
            return self._missing(run, path)
        return self._report(None if undecided is not None else False, undecided or "", run, path)

    def _missing(self, run: Run, path: Path) -> None:
        if self._rule is not rules.CODE_PREFERRED:
            words = f"there is no code: expected one of {self._value_set}"
            run.report(self._rule, words, path, self._profile)

    def _report(self, result: bool | None, reason: str, run: Run, path: Path) -> None:
        if result is None:
            if self._rule is not rules.CODE_PREFERRED:
                words = f"not decided whether the code is in {self._value_set}: {reason}"
                run.report(rules.CODE_UNDECIDED, words, path, self._profile, self._undecided)
            return
        words = f"the code is not in the value set: expected one of {self._value_set}"
        run.report(self._rule, words, path, self._profile)


def checks(definition: dict[str, Any], type_name: str, terms: Terms, profile: str = "") -> list[Check]:
    """The checks of an ElementDefinition's binding on values of a type; [] where there is nothing to check."""
    binding = obj(definition.get("binding"))
    found: list[Check] = []
    rule = _RULES.get(str(binding.get("strength")))
    value_set = text(binding.get("valueSet"))
    maximum = _maximum(binding)
    if value_set is not None and rule is not None and not (rule is rules.CODE_PREFERRED and not profile):
        found += _check(Binding(value_set, rule, terms, profile), type_name)
    if maximum is not None and rule is not rules.CODE_REQUIRED:
        found += _check(Binding(maximum, rules.CODE_MAXIMUM, terms, profile), type_name)
    for strength, bound in _additional(binding):
        found += _check(Binding(bound, _RULES[strength], terms, profile), type_name)
    return found


def _additional(binding: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Strength and value set of each additional binding that holds without regard to a context of use."""
    for extension in objects(binding.get("extension")):
        if text(extension.get("url")) not in _ADDITIONAL:
            continue
        parts = {str(part.get("url")): part for part in objects(extension.get("extension"))}
        if parts.keys() & {"usage", "any"}:
            continue
        purpose = _PURPOSES.get(str(obj(parts.get("purpose")).get("valueCode")))
        value_set = text(obj(parts.get("valueSet")).get("valueCanonical"))
        if purpose is not None and value_set is not None:
            yield purpose, value_set


def _check(binding: Binding, type_name: str) -> list[Check]:
    if type_name in _CONCEPT:
        return [binding.concept]
    if type_name in _CODED:
        return [binding.coded]
    return [binding] if type_name in _PRIMITIVE else []


def _maximum(binding: dict[str, Any]) -> str | None:
    for extension in objects(binding.get("extension")):
        if extension.get("url") == _MAXIMUM:
            return text(extension.get("valueCanonical")) or text(extension.get("valueUri"))
    return None
