"""Whether an item of a Questionnaire is enabled by the answers of a response, and what its conditions may refer to.

FHIR R4, Questionnaire (https://hl7.org/fhir/R4/questionnaire-definitions.html): item.enableWhen and enableBehavior,
and the code system questionnaire-enable-operator; of Structured Data Capture enableWhenExpression. Which answers a
condition means: those of the nearest item with its linkId, which are those in the nearest part of the response that
holds both items. `!=` holds where no answer is equal; R4 leaves open what it is without any answer. What is not decided
is None: then nothing is demanded.
"""

from collections.abc import Sequence
from typing import Any

from adapter.fhir.shapes import obj, objects, text
from adapter.validation import rules, values
from adapter.validation.forms import Form, Question
from adapter.validation.invariants import Evaluated
from adapter.validation.run import Path, Run

_EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
_ORDERED = {">": (1,), "<": (-1,), ">=": (0, 1), "<=": (0, -1)}


class Given:
    """A part of a response that an item of the Questionnaire is answered in. `item` is the response's item, `owner`
    what holds the items in it: the item itself, or an answer of it."""

    __slots__ = ("item", "outer", "owner", "question")

    def __init__(self, question: Question, item: dict[str, Any], owner: dict[str, Any], outer: "Given | None") -> None:
        self.question = question
        self.item = item
        self.owner = owner
        self.outer = outer


class Conditions:
    """The conditions of a Questionnaire over one response."""

    def __init__(self, form: Form, run: Run) -> None:
        self._form = form
        self._run = run
        self._work = run.work
        self._expressions: dict[int, bool | None] = {}
        self._found: dict[int, dict[str, list[dict[str, Any]]]] = {}

    def enabled(self, question: Question, given: Given) -> bool | None:
        """Whether the answers enable a question that stands in a part of the response; None where it is not decided.

        Raises FhirPathLimitError where comparing takes more than a validation may do."""
        expression = values.extension_value(question.definition, _EXPRESSION)
        if expression is not None:
            return self._evaluated(question, obj(expression))
        conditions = objects(question.definition.get("enableWhen"))
        if not conditions:
            return True
        found = [self._holds(each, question, given) for each in conditions]
        behavior = question.definition.get("enableBehavior")
        if len(found) > 1 and behavior not in ("all", "any"):
            return found[0] if len(set(found)) == 1 else None
        decisive = behavior == "any"
        if decisive in found:
            return decisive
        return None if None in found else not decisive

    def _evaluated(self, question: Question, expression: dict[str, Any]) -> bool | None:
        """What FHIRPath says of the whole response, once for each question."""
        written = text(expression.get("expression"))
        if written is None or expression.get("language") != "text/fhirpath":
            return None
        if id(question) not in self._expressions:
            frame = self._run.frame
            evaluate = Evaluated("enableWhenExpression", written, frame.type, self._form.canonical)
            self._expressions[id(question)] = evaluate(frame.resource, self._run, frame.path)
        return self._expressions[id(question)]

    def _holds(self, condition: dict[str, Any], question: Question, given: Given) -> bool | None:
        expected = values.prefixed(condition, "answer")
        operator = condition.get("operator")
        target = self._form.by_link.get(text(condition.get("question")) or "")
        if expected is None or target is None:
            return None
        answers = self._answers(target, question, given)
        self._work.spend(len(answers))
        if operator == "exists":
            return bool(answers) is expected[1] if isinstance(expected[1], bool) else None
        found = [_compared(answer, str(operator), *expected) for answer in answers]
        if operator == "!=":
            return None if None in found or not found else all(found)
        return True if True in found else None if None in found else False

    def _answers(self, target: Question, question: Question, given: Given) -> list[dict[str, Any]]:
        """The answers of the nearest item of a question."""
        above = _above(target)
        nearest: Given | None = given
        while nearest is not None and nearest.outer is not None and nearest.question not in above:
            nearest = nearest.outer
        if nearest is None or target is question:
            return []
        if nearest.question is target:
            return objects(nearest.item.get("answer"))
        index = self._found.get(id(nearest.owner))
        if index is None:
            index = self._found[id(nearest.owner)] = _index(nearest.owner)
            self._work.spend(len(index))
        return index.get(str(target.link), [])


def _above(question: Question | None) -> list[Question]:
    found = []
    while question is not None:
        found.append(question)
        question = question.parent
    return found


def _index(owner: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The answers in a part of the response by linkId."""
    found: dict[str, list[dict[str, Any]]] = {}
    waiting = objects(owner.get("item"))
    while waiting:
        item = waiting.pop()
        answers = objects(item.get("answer"))
        if isinstance(item.get("linkId"), str):
            found.setdefault(item["linkId"], []).extend(answers)
        waiting += objects(item.get("item"))
        for answer in answers:
            waiting += objects(answer.get("item"))
    return found


def _compared(answer: dict[str, Any], operator: str, type_: str, expected: Any) -> bool | None:
    """Whether an answer's value is as a condition says; None where it has another type, or cannot be compared."""
    value = answer.get(f"value{type_}")
    if value is None:
        return None
    if operator in ("=", "!="):
        return _is_same(value, expected) is (operator == "=")
    order = values.comparing(expected)(value)
    wanted = _ORDERED.get(operator)
    return None if order is None or wanted is None else order in wanted


def _is_same(value: Any, expected: Any) -> bool:
    """Codings by system, where one is expected, and code; quantities by value; references by where they lead."""
    if not isinstance(expected, dict):
        return values.is_equal(value, expected)
    value = obj(value)
    if "value" in expected:
        return values.comparing(expected)(value) == 0 or all(
            value.get(name) == each for name, each in expected.items() if name in ("value", "code", "unit")
        )
    names: Sequence[str] = ("reference",) if "reference" in expected else ("system", "code")
    return all(value.get(name) == expected.get(name) for name in names if name != "system" or name in expected)


def check(questionnaire: dict[str, Any], run: Run, path: Path) -> None:
    """What the conditions of a Questionnaire itself refer to: another item of it, outside the one that they enable."""
    form = Form(questionnaire)
    for question in form.by_link.values():
        for index, condition in enumerate(objects(question.definition.get("enableWhen"))):
            link = text(condition.get("question"))
            if link is None:
                continue
            target = form.by_link.get(link)
            fault = _fault(question, target)
            if fault:
                run.report(rules.QUESTIONNAIRE_CONDITION, fault, ((_place(question, path), "enableWhen"), index))


def _fault(question: Question, target: Question | None) -> str:
    if target is None:
        return "the Questionnaire has no item with the linkId that the condition names"
    if target is question:
        return "the condition names the item that it enables: expected another"
    if question in _above(target):
        return "the condition names an item within the one that it enables: expected one outside it"
    return ""


def _place(question: Question, path: Path) -> Path:
    steps = [each.index for each in _above(question)[:-1]]
    for index in reversed(steps):
        path = ((path, "item"), index)
    return path
