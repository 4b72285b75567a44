"""Limits that an item of a Questionnaire sets to the value of an answer: length, form, size, smallest, greatest.

FHIR R4: Questionnaire.item.maxLength (characters of the value as it is written), and its extensions of items minLength,
regex, minValue, maxValue, maxDecimalPlaces, mimeType and maxSize (in MB); of Structured Data Capture minQuantity and
maxQuantity.
"""

from decimal import Decimal
from typing import Any, TypeGuard

from adapter.fhir.shapes import obj
from adapter.fhirpath import patterns
from adapter.fhirpath.errors import FhirPathError
from adapter.validation import rules, values
from adapter.validation.forms import Check, Question, extension_values
from adapter.validation.run import Path, Run

_CAPTURE = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
_MEGABYTE = 1_000_000
_WRITTEN = frozenset({"valueString", "valueUri", "valueDecimal", "valueInteger"})
_ORDERED = frozenset({"valueDate", "valueDateTime", "valueTime", "valueDecimal", "valueInteger", "valueQuantity"})


def checks(question: Question) -> list[Check]:
    """The checks of an item's answers."""
    found = [_length(each, "most") for each in (question.definition.get("maxLength"),) if _is_number(each)]
    found += [_length(each, "least") for each in extension_values(question, "minLength") if _is_number(each)]
    found += [_places(each) for each in extension_values(question, "maxDecimalPlaces") if _is_number(each)]
    found += [_form(each) for each in extension_values(question, "regex") if isinstance(each, str)]
    for name, wrong in (("min", -1), ("max", 1)):
        found += [_limit(each, wrong) for each in extension_values(question, f"{name}Value")]
        found += [_limit(each, wrong) for each in extension_values(question, f"{name}Quantity", _CAPTURE)]
    types = [each for each in extension_values(question, "mimeType") if isinstance(each, str)]
    if types:
        found.append(_media_type(tuple(types)))
    return found + [_size(each) for each in extension_values(question, "maxSize") if _is_number(each)]


def _is_number(value: Any) -> TypeGuard[Decimal]:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _length(limit: Decimal, most: str) -> Check:
    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if name in _WRITTEN:
            count = len(str(value))
            if count > limit if most == "most" else count < limit:
                words = f"the answer has {count} characters: expected at {most} {limit}"
                run.report(rules.QUESTIONNAIRE_LIMIT, words, place)

    return check


def _places(limit: Decimal) -> Check:
    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if name == "valueQuantity":
            value = obj(value).get("value")
        if _is_number(value) and len(str(value).partition(".")[2]) > limit:
            run.report(rules.QUESTIONNAIRE_LIMIT, f"more than {limit} decimal places", place)

    return check


def _form(pattern: str) -> Check:
    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if name not in _WRITTEN:
            return
        try:
            if not patterns.compiled(pattern).fullmatch(str(value)):
                words = "the answer does not have the form that the item's regular expression describes"
                run.report(rules.QUESTIONNAIRE_LIMIT, words, place)
        except FhirPathError as error:
            run.report(rules.NOT_EVALUATED, f"the item's regular expression was not evaluated: {error}", place)

    return check


def _limit(limit: Any, wrong: int) -> Check:
    compare = values.comparing(limit)
    shown = "smaller than the item allows" if wrong < 0 else "greater than the item allows"

    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if name not in _ORDERED or (isinstance(limit, dict) is not (name == "valueQuantity")):
            return
        order = compare(value)
        if order == wrong:
            run.report(rules.QUESTIONNAIRE_LIMIT, f"the answer is {shown}", place)
        elif order is None and name == "valueQuantity":
            words = (
                "the answer cannot be compared with the item's limit: expected system and code of a unit like its own"
            )
            run.report(rules.QUESTIONNAIRE_LIMIT, words, place)
        elif order is None:
            words = "the answer cannot be compared with the item's limit: its precision is another"
            run.report(rules.QUESTIONNAIRE_UNDECIDED, words, place)

    return check


def _media_type(allowed: tuple[str, ...]) -> Check:
    """`image` and `image/` allow all that begin so."""
    beginnings = tuple(each.removesuffix("*").casefold() for each in allowed)

    def check(name: str, value: Any, run: Run, place: Path) -> None:
        if name == "valueAttachment" and not str(obj(value).get("contentType")).casefold().startswith(beginnings):
            words = f"contentType is not one that the item allows: expected {' or '.join(allowed)[:200]}"
            run.report(rules.QUESTIONNAIRE_LIMIT, words, place)

    return check


def _size(limit: Decimal) -> Check:
    def check(name: str, value: Any, run: Run, place: Path) -> None:
        data = obj(value).get("data")
        if name == "valueAttachment" and isinstance(data, str):
            data = "".join(data.split())
            count = len(data) * 3 // 4 - data.count("=")
            if count > limit * _MEGABYTE:
                run.report(rules.QUESTIONNAIRE_LIMIT, f"{count} bytes: expected at most {limit} MB", place)

    return check
