"""A Questionnaire as a tree: its items in their order, which are named by linkId and which by place."""

from typing import Any

import pytest

from adapter.validation import forms
from adapter.validation.forms import Form, Question

WRITTEN: dict[str, Any] = {
    "type": "survey",
    "linkId": "q",
    "contained": [{"resourceType": "ValueSet", "id": "v"}, {"resourceType": "ValueSet", "id": "w"}],
    "item": [
        {"linkId": "g", "type": "group", "required": True, "item": [{"linkId": "h"}, {"linkId": "i", "repeats": True}]},
        "no object",
        {"text": "no linkId", "item": [{"linkId": "j"}]},
        {"linkId": "h", "type": "string", "required": "true", "repeats": 1},
        {"linkId": 7},
        {"linkId": "k", "item": {"linkId": "l"}},
    ],
}


def test_items_by_their_link_ids_in_the_order_that_they_stand_in() -> None:
    form = Form(WRITTEN)
    assert list(form.by_link) == ["g", "h", "i", "j", "k"]  # neither the Questionnaire's own nor what is no array
    assert form.by_link["h"].parent is form.by_link["g"]  # the first of two
    assert form.root.positions == {"g": 0, "h": 2, "k": 4}
    assert [item.index for item in form.root.items] == [0, 2, 3, 4, 5]
    assert [item.link for item in form.root.items] == ["g", None, "h", None, "k"]
    assert form.by_link["g"].positions == {"h": 0, "i": 1}


def test_what_an_item_says() -> None:
    form = Form(WRITTEN)
    group, repeating, other = form.by_link["g"], form.by_link["i"], form.root.items[2]
    assert (form.root.type, form.root.parent, form.root.index) == ("group", None, 0)
    assert (group.type, group.required, group.repeats, group.checks) == ("group", True, False, None)
    assert (repeating.type, repeating.required, repeating.repeats) == (None, False, True)
    assert (other.type, other.required, other.repeats) == ("string", False, False)  # true alone is true


def test_contained_resources_by_id() -> None:
    assert {key: each["id"] for key, each in Form(WRITTEN).contained.items()} == {"v": "v", "w": "w"}
    assert Form({}).contained == {}


def test_how_items_are_named() -> None:
    """By place where the Questionnaire is the response's own content, which is not repeated."""
    known, own = Form(WRITTEN, "http://acme.com/q"), Form(WRITTEN)
    assert known.name(known.by_link["i"]) == "the item with linkId 'i'"
    assert own.name(own.by_link["i"]) == "Questionnaire.item[0].item[1]"
    assert own.name(own.by_link["j"]) == "Questionnaire.item[2].item[0]"
    assert own.name(own.root) == "Questionnaire"
    long = Form({"item": [{"linkId": "x" * 100}]}, "http://acme.com/q")
    assert long.name(long.root.items[0]) == f"the item with linkId '{'x' * 64}'"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({"valueCoding": {"code": "a"}}, ("valueCoding", {"code": "a"})),
        ({"id": "x", "valueInteger": 1, "item": []}, ("valueInteger", 1)),
        ({"id": "x", "othervalue": 1}, None),
        ({}, None),
    ],
)
def test_the_member_that_has_the_value(written: dict[str, Any], found: object) -> None:
    assert forms.valued(written) == found


def test_values_of_an_extension() -> None:
    extensions: list[Any] = [
        {"url": forms.EXTENSION + "maxSize", "valueDecimal": 1},
        {"url": forms.EXTENSION + "minLength", "valueInteger": 2},
        {"url": "http://acme.com/maxSize", "valueDecimal": 3},
        {"url": forms.EXTENSION + "maxSize", "extension": []},
        {"url": forms.EXTENSION + "maxSize", "id": "x", "valueDecimal": 4},
        {"valueDecimal": 5},
        None,
    ]
    question = Question({"extension": extensions}, None, 0)
    assert forms.EXTENSION == "http://hl7.org/fhir/StructureDefinition/"
    assert forms.extension_values(question, "maxSize") == [1, 4]
    assert forms.extension_values(question, "maxSize", "http://acme.com/") == [3]
    assert forms.extension_values(Question({}, None, 0), "maxSize") == []
