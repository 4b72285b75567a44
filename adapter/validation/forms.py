"""A Questionnaire as the tree of its items (FHIR R4, Questionnaire: https://hl7.org/fhir/R4/questionnaire.html)."""

from collections.abc import Callable
from typing import Any

from adapter.fhir.shapes import objects, text
from adapter.validation.run import Path, Run

EXTENSION = "http://hl7.org/fhir/StructureDefinition/"

Check = Callable[[str, Any, Run, Path], None]
"""Checks the value of an answer: the name of its member (`valueCoding`), the value, the run, the answer's place."""


class Question:
    """An item of a Questionnaire: a group, a question or a display; or the Questionnaire itself, as the outermost
    group. `positions` are those of the items in it by linkId; `checks` are made when the first answer is met."""

    __slots__ = ("checks", "definition", "index", "items", "link", "parent", "positions", "repeats", "required", "type")

    def __init__(self, definition: dict[str, Any], parent: "Question | None", index: int) -> None:
        self.definition = definition
        self.parent = parent
        self.index = index
        self.link = text(definition.get("linkId"))
        self.type = "group" if parent is None else definition.get("type")
        self.required = definition.get("required") is True
        self.repeats = definition.get("repeats") is True
        self.items: list[Question] = []
        self.positions: dict[str, int] = {}
        self.checks: list[Check] | None = None


class Form:
    """A Questionnaire. `root` holds its items, `by_link` all of them in the order that they stand in; of two with one
    linkId the first. `canonical` is empty for one that stands in the response itself: what it says is not repeated."""

    def __init__(self, questionnaire: dict[str, Any], canonical: str = "") -> None:
        self.questionnaire = questionnaire
        self.canonical = canonical
        self.contained = {str(each.get("id")): each for each in objects(questionnaire.get("contained"))}
        self.root = Question(questionnaire, None, 0)
        self.by_link: dict[str, Question] = {}
        waiting = [self.root]
        while waiting:
            question = waiting.pop()
            if question.link is not None and question.parent is not None:
                self.by_link.setdefault(question.link, question)
            _take_items(question)
            waiting += reversed(question.items)

    def name(self, question: Question) -> str:
        """How an item is named in words: by its linkId, or by its place where that is the response's own content."""
        if self.canonical:
            return f"the item with linkId '{str(question.link)[:64]}'"
        steps: list[str] = []
        while question.parent is not None:
            steps.append(f".item[{question.index}]")
            question = question.parent
        return f"Questionnaire{''.join(reversed(steps))}"


def _take_items(question: Question) -> None:
    items = question.definition.get("item")
    for index, each in enumerate(items if isinstance(items, list) else ()):
        if isinstance(each, dict):
            item = Question(each, question, index)
            if item.link is not None:
                question.positions.setdefault(item.link, len(question.items))
            question.items.append(item)


def valued(written: dict[str, Any]) -> tuple[str, Any] | None:
    """The member that has the value of an answer, an option or an extension; None where it has none."""
    return next(((name, each) for name, each in written.items() if name.startswith("value")), None)


def extension_values(question: Question, name: str, base: str = EXTENSION) -> list[Any]:
    """The values of an extension of an item."""
    return [
        found[1]
        for each in objects(question.definition.get("extension"))
        if each.get("url") == base + name and (found := valued(each)) is not None
    ]
