"""What an item of a Questionnaire demands of the value of an answer: type, option, value set, unit, type of target.

FHIR R4, Questionnaire (https://hl7.org/fhir/R4/questionnaire-definitions.html): item.type with its code system
item-type, answerOption, answerValueSet; and R4's extensions of items questionnaire-unitOption, -unitValueSet and
-referenceResource.
"""

from collections.abc import Callable
from typing import Any, Protocol

from adapter.fhir.shapes import obj, objects, text
from adapter.validation import answer_limits, rules
from adapter.validation.forms import Check, Form, Question, extension_values, valued
from adapter.validation.references import Targets
from adapter.validation.run import Path, Run
from adapter.validation.vocabulary import Answer

Member = Callable[[str | None, str], Answer]

_CHOICE = frozenset({"valueCoding", "valueDate", "valueTime", "valueInteger", "valueString", "valueReference"})
_TYPES = {
    "boolean": frozenset({"valueBoolean"}),
    "decimal": frozenset({"valueDecimal"}),
    "integer": frozenset({"valueInteger"}),
    "date": frozenset({"valueDate"}),
    "dateTime": frozenset({"valueDateTime"}),
    "time": frozenset({"valueTime"}),
    "string": frozenset({"valueString"}),
    "text": frozenset({"valueString"}),
    "url": frozenset({"valueUri"}),
    "choice": _CHOICE,
    "open-choice": _CHOICE,
    "attachment": frozenset({"valueAttachment"}),
    "reference": frozenset({"valueReference"}),
    "quantity": frozenset({"valueQuantity"}),
}


class Terms(Protocol):
    """The terminology that answers are held against."""

    def member(self, value_set: str, system: str | None, code: str) -> Answer:
        """Whether a code is in a value set."""

    def contained(self, value_set: dict[str, Any]) -> Member:
        """The same for a ValueSet that stands in a resource."""


def checks(question: Question, form: Form, contained: dict[str, dict[str, Any]], terms: Terms) -> list[Check]:
    """The checks of an item's answers. `contained` are the resources beside the Questionnaire, by id."""
    allowed = _TYPES.get(str(question.type), frozenset())
    found = [_typed(allowed, str(question.type or "unknown")), *answer_limits.checks(question)]
    options = {key for each in objects(question.definition.get("answerOption")) if (key := option(each)) is not None}
    value_set = text(question.definition.get("answerValueSet"))
    if options:
        found.append(_one_of(options, is_open=question.type == "open-choice"))
    elif value_set is not None:
        found.append(_in_value_set(value_set, _member(value_set, form, contained, terms)))
    units = extension_values(question, "questionnaire-unitOption")
    if units:
        found.append(_unit_of([obj(each) for each in units]))
    sets = [each for each in extension_values(question, "questionnaire-unitValueSet") if isinstance(each, str)]
    found += [_unit_in(each, _member(each, form, contained, terms)) for each in sets]
    types = frozenset(map(str, extension_values(question, "questionnaire-referenceResource")))
    return [*found, _leading_to(types)] if types else found


def option(written: dict[str, Any]) -> tuple[Any, ...] | None:
    """What an answer and an option have in common where the answer is that option."""
    found = valued(written)
    if found is None:
        return None
    name, value = found
    if name == "valueCoding":
        value = obj(value)
        code = value.get("code")
        return name, str(value.get("system")), str(value.get("display") if code is None else code)
    return name, str(obj(value).get("reference") if name == "valueReference" else value)


def _typed(allowed: frozenset[str], type_: str) -> Check:
    def check(name: str, value: Any, run: Run, place: Path) -> None:  # noqa: ARG001
        if name not in allowed:
            expected = " or ".join(sorted(allowed)) or "the Questionnaire to say of which type answers are"
            words = f"the item is of the type {type_[:64]}: expected {expected}"
            run.report(rules.QUESTIONNAIRE_ANSWER, words, place)

    return check


def _one_of(options: set[tuple[Any, ...]], *, is_open: bool) -> Check:
    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if option({name: value}) not in options and not (is_open and name == "valueString"):
            run.report(rules.QUESTIONNAIRE_OPTION, "the answer is none of the item's options: expected one", place)

    return check


def _member(value_set: str, form: Form, contained: dict[str, dict[str, Any]], terms: Terms) -> Member:
    if not value_set.startswith("#"):
        return lambda system, code: terms.member(value_set, system, code)
    found = form.contained.get(value_set[1:]) or contained.get(value_set[1:])
    if found is None or found.get("resourceType") != "ValueSet":
        return lambda system, code: Answer(None, "no contained ValueSet has this id")  # noqa: ARG005
    return terms.contained(found)


def _in_value_set(value_set: str, member: Member) -> Check:
    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if name != "valueCoding":
            return
        system, code = text(obj(value).get("system")), text(obj(value).get("code"))
        answer = Answer(False) if code is None else member(system or "", code)
        _tell(answer, f"the code is not in the value set {value_set}, from which answers are taken", run, place)

    return check


def _tell(answer: Answer, words: str, run: Run, place: Path) -> None:
    if answer.result is None:
        run.report(rules.QUESTIONNAIRE_UNDECIDED, f"not decided whether the answer is allowed: {answer.reason}", place)
    elif not answer.result:
        run.report(rules.QUESTIONNAIRE_OPTION, words, place)


def _unit_in(value_set: str, member: Member) -> Check:
    def check(name: str, value: Any, run: Run, place: Path) -> None:
        code = text(obj(value).get("code"))
        if name == "valueQuantity" and code is not None:
            answer = member(text(obj(value).get("system")) or "", code)
            _tell(answer, f"the unit is not in the value set {value_set}, from which units are taken", run, place)

    return check


def _unit_of(options: list[dict[str, Any]]) -> Check:
    pairs = (("system", "system"), ("code", "code"), ("display", "unit"))

    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if name == "valueQuantity" and not any(
            all(each.get(one) in (None, obj(value).get(other)) for one, other in pairs) for each in options
        ):
            run.report(rules.QUESTIONNAIRE_OPTION, "the unit is none of the item's units: expected one", place)

    return check


def _leading_to(types: frozenset[str]) -> Check:
    targets = Targets(types, (), frozenset(), "")

    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if name == "valueReference":
            targets.check(value, run, place)

    return check
