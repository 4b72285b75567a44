"""A QuestionnaireResponse held against its Questionnaire.

FHIR R4, QuestionnaireResponse (https://hl7.org/fhir/R4/questionnaireresponse.html): the structure of a response is that
of its Questionnaire: items by linkId, in the same groups and in the same order; groups have items, questions answers,
and what is nested in a question stands in each of its answers. Questionnaire
(https://hl7.org/fhir/R4/questionnaire-definitions.html): required, repeats, enableWhen (what is disabled disables all
in it), the extensions questionnaire-minOccurs, -maxOccurs and -optionExclusive. `initial` and `readOnly` say what a
form shows first and who may change it, which no response tells.
"""

from typing import Any, Protocol

from adapter.fhir.elements import table
from adapter.fhir.outcomes import Rule
from adapter.fhir.shapes import obj, objects, text
from adapter.fhirpath.errors import FhirPathLimitError
from adapter.validation import answers, rules, values
from adapter.validation.enabling import Conditions, Given
from adapter.validation.forms import EXTENSION, Form, Question, extension_values, valued
from adapter.validation.run import Path, Run

_FINISHED = ("completed", "amended")
_TRANSLATION = EXTENSION + "translation"

Placed = tuple[dict[str, Any], Path]
"""An item or answer of the response, and where it is."""


class Definitions(Protocol):
    """Where Questionnaires come from."""

    def resource(self, canonical: str, resource_type: str | None = None) -> dict[str, Any] | None:
        """The resource with that canonical (`url` or `url|version`); None where there is none."""


class Questionnaires:
    """Holds responses against Questionnaires. May be used from any thread."""

    def __init__(self, definitions: Definitions, terms: answers.Terms) -> None:
        self._definitions = definitions
        self._terms = terms
        self._forms: dict[str, Form] = {}

    def check(self, response: dict[str, Any], run: Run, path: Path) -> None:
        """Reports what a response breaks of its Questionnaire."""
        canonical = text(response.get("questionnaire"))
        if canonical is None:
            words = "no Questionnaire is named: answers were not held against one"
            run.report(rules.QUESTIONNAIRE_NONE, words, path)
            return
        form = self._form(canonical, run.frame.outer.contained)
        if form is None:
            is_other = self._definitions.resource(canonical) is not None
            words = "the Questionnaire is not loaded: answers were not held against it"
            if is_other:
                words = "the URL is that of another type of resource: expected a Questionnaire's"
            run.report(rules.QUESTIONNAIRE_UNKNOWN, words, (path, "questionnaire"), "", "error" if is_other else "")
            return
        _check_period(form, response, run, path)
        try:
            _Review(form, self._terms, response, run).items(Given(form.root, response, response, None), path)
        except FhirPathLimitError as error:  # who sends what takes too much must not thereby be spared what it breaks
            run.report(rules.NOT_EVALUATED, f"the conditions were not evaluated: {error}", path, severity="error")

    def _form(self, canonical: str, contained: dict[str, dict[str, Any]]) -> Form | None:
        if canonical.startswith("#"):
            found = obj(contained.get(canonical[1:]))
            return Form(found) if found.get("resourceType") == "Questionnaire" else None
        form = self._forms.get(canonical)
        if form is None:
            resource = self._definitions.resource(canonical, "Questionnaire")
            if resource is not None:
                form = self._forms[canonical] = Form(resource, canonical)
        return form


class _Review:
    """One response beside one Questionnaire."""

    def __init__(self, form: Form, terms: answers.Terms, response: dict[str, Any], run: Run) -> None:
        self._form = form
        self._terms = terms
        self._run = run
        self._contained = {} if form.canonical else run.frame.outer.contained
        self._conditions = Conditions(form, run)
        self._is_finished = response.get("status") in _FINISHED

    def items(self, given: Given, path: Path) -> None:
        """The items in a part of the response: a group, an answer, the response itself."""
        group = given.question
        found: dict[int, list[Placed]] = {}
        last = 0
        self._run.work.spend(len(group.items))
        for item, place in _placed(given.owner, "item", path):
            link = text(item.get("linkId"))
            position = group.positions.get(link or "")
            if position is not None:
                if position < last:
                    words = "the item stands after one that the Questionnaire has later"
                    self._tell(rules.QUESTIONNAIRE_PLACE, words, place)
                last = position
                found.setdefault(position, []).append((item, place))
            elif link is not None:
                self._misplaced(link, item, place, given)
        for position, question in enumerate(group.items):
            self._question(question, found.get(position, []), given, path)

    def _misplaced(self, link: str, item: dict[str, Any], place: Path, given: Given) -> None:
        question = self._form.by_link.get(link)
        if question is None:
            self._tell(rules.QUESTIONNAIRE_LINK, "the Questionnaire has no item with this linkId", place)
            return
        self._tell(rules.QUESTIONNAIRE_PLACE, "the Questionnaire has the item in another group", place)
        self._item(question, item, place, given, enabled=None)

    def _question(self, question: Question, found: list[Placed], given: Given, path: Path) -> None:
        enabled = self._conditions.enabled(question, given)
        if not found:
            if enabled is not False:
                self._missing(question, path, is_decided=enabled is True)
            return
        is_group = question.type == "group"
        if len(found) > 1 and not question.repeats:
            words = f"{self._form.name(question)} stands {len(found)} times: expected once"
            self._tell(rules.QUESTIONNAIRE_REPEATS, words, found[1][1])
        self._count(question, len(found) if is_group else sum(_count(item, "answer") for item, _ in found), found[0][1])
        for item, place in found:
            if enabled is False and (item.keys() & {"answer", "item"}):
                words = "the item is answered, and the other answers do not enable it: expected no answer"
                self._tell(rules.QUESTIONNAIRE_NOT_ENABLED, words, place)
            elif enabled is not False:
                self._item(question, item, place, given, enabled=enabled)

    def _item(
        self, question: Question, item: dict[str, Any], place: Path, given: Given, *, enabled: bool | None
    ) -> None:
        self._text(question, item, place)
        if question.type == "group":
            if "answer" in item:
                self._tell(rules.QUESTIONNAIRE_ANSWER, "the item is a group: expected items, no answer", place)
            if "item" not in item:
                self._missing(question, place, is_decided=enabled is True)
            self.items(Given(question, item, item, given), place)
        elif question.type == "display":
            if item.keys() & {"answer", "item"}:
                self._tell(
                    rules.QUESTIONNAIRE_ANSWER, "the item is for display: expected neither answer nor item", place
                )
        else:
            self._answers(question, item, place, given, enabled=enabled)

    def _answers(
        self, question: Question, item: dict[str, Any], place: Path, given: Given, *, enabled: bool | None
    ) -> None:
        if "item" in item:
            words = "the item is a question: expected what is nested in it within its answer"
            self._tell(rules.QUESTIONNAIRE_PLACE, words, place)
        found = _placed(item, "answer", place)
        if not found:
            self._missing(question, place, is_decided=enabled is True)
        if len(found) > 1:
            if not question.repeats:
                words = f"{len(found)} answers: expected one, the question does not repeat"
                self._tell(rules.QUESTIONNAIRE_REPEATS, words, place)
            self._exclusive(question, found)
        if question.checks is None:
            question.checks = answers.checks(question, self._form, self._contained, self._terms)
        for answer, where in found:
            value = valued(answer)
            if value is not None and value[0] in _VALUES:
                for check in question.checks:
                    check(*value, self._run, (where, _VALUES[value[0]].step))
            self.items(Given(question, item, answer, given), where)

    def _exclusive(self, question: Question, found: list[Placed]) -> None:
        alone = {
            answers.option(each)
            for each in objects(question.definition.get("answerOption"))
            if values.extension_value(each, EXTENSION + "questionnaire-optionExclusive") is True
        }
        for answer, where in found if alone else ():
            if answers.option(answer) in alone:
                self._tell(rules.QUESTIONNAIRE_OPTION, "the answer excludes all others: expected it alone", where)

    def _count(self, question: Question, count: int, place: Path) -> None:
        for name, is_wrong in (("min", int.__lt__), ("max", int.__gt__)):
            for limit in extension_values(question, f"questionnaire-{name}Occurs"):
                if limit.__class__ is int and is_wrong(count, limit):
                    expected = f"at {'least' if name == 'min' else 'most'} {limit}"
                    words = f"{self._form.name(question)} occurs {count} times: expected {expected}"
                    self._tell(rules.QUESTIONNAIRE_REPEATS, words, place)

    def _missing(self, question: Question, place: Path, *, is_decided: bool) -> None:
        if not question.required or question.type == "display":
            return
        name = self._form.name(question)
        if is_decided:
            words = f"{name} has no answer: expected one, it is required"
            severity = "" if self._is_finished else "information"
            self._tell(rules.QUESTIONNAIRE_REQUIRED, words, place, severity)
        elif self._is_finished:
            words = f"{name} has no answer, and it is not decided whether it is enabled"
            self._tell(rules.QUESTIONNAIRE_UNDECIDED, words, place)

    def _text(self, question: Question, item: dict[str, Any], place: Path) -> None:
        given = item.get("text")
        own = question.definition.get("text")
        if isinstance(given, str) and given != own and given not in _translations(question):
            words = f"the text is not that of {self._form.name(question)}"
            self._tell(rules.QUESTIONNAIRE_TEXT, words, (place, "text"))

    def _tell(self, rule: Rule, words: str, place: Path, severity: str = "") -> None:
        self._run.report(rule, words, place, self._form.canonical, severity)


_VALUES = table()["QuestionnaireResponse.item.answer"].by_name


def _placed(owner: dict[str, Any], name: str, path: Path) -> list[Placed]:
    found = owner.get(name)
    return [
        (each, ((path, name), index))
        for index, each in enumerate(found if isinstance(found, list) else ())
        if isinstance(each, dict)
    ]


def _count(item: dict[str, Any], name: str) -> int:
    return len(objects(item.get(name)))


def _translations(question: Question) -> list[Any]:
    """What the Questionnaire gives as translations of an item's text."""
    return [
        values.extension_value(each, "content")
        for each in objects(obj(question.definition.get("_text")).get("extension"))
        if each.get("url") == _TRANSLATION
    ]


def _check_period(form: Form, response: dict[str, Any], run: Run, path: Path) -> None:
    period = obj(form.questionnaire.get("effectivePeriod"))
    for name, wrong, words in (("start", -1, "before"), ("end", 1, "after")):
        limit = period.get(name)
        if isinstance(limit, str) and values.comparing(limit)(response.get("authored")) == wrong:
            told = f"authored is {words} the period in which the Questionnaire is to be used"
            run.report(rules.QUESTIONNAIRE_PERIOD, told, (path, "authored"), form.canonical)
