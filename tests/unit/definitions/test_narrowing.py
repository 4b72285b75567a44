"""One element laid over another: what is replaced, what is joined, what is kept, and what may not be said."""

from typing import Any

import pytest

from adapter.definitions import narrowing
from adapter.support.errors import DefinitionsError

Element = dict[str, Any]
MAXIMUM = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"


def narrowed(base: Element, change: Element, told: list[str] | None = None) -> Element:
    found: list[str] = []
    result = narrowing.narrow(base, change, "here", "http://x/p", found.append if told is None else told.append)
    assert found == []
    return result


def joined(name: str, base: Any, change: Any) -> Any:
    return narrowed({name: base}, {name: change})[name]


def test_the_place_of_an_element_is_its_own() -> None:
    base = {"id": "a", "path": "a", "sliceName": "a", "base": {"path": "a"}, "short": "a"}
    change = {"id": "b", "path": "b", "sliceName": "b", "base": {"path": "b"}, "short": "b"}
    assert narrowed(base, change) == base | {"short": "b"}
    assert narrowed({}, change) == {"short": "b"}
    assert base["short"] == "a"


@pytest.mark.parametrize("prefix", ["fixed", "pattern", "defaultValue", "minValue", "maxValue"])
def test_a_value_takes_the_place_of_one_of_another_type(prefix: str) -> None:
    base = {f"{prefix}Code": "a", f"_{prefix}Code": {"id": "x"}, "short": "s", f"x{prefix}": 1}
    assert narrowed(base, {f"{prefix}Uri": "b"}) == {"short": "s", f"x{prefix}": 1, f"{prefix}Uri": "b"}
    assert narrowed(base, {f"_{prefix}Uri": {}}) == {"short": "s", f"x{prefix}": 1, f"_{prefix}Uri": {}}
    assert narrowed(base, {f"{prefix}Code": "b", f"_{prefix}Code": {}}) == base | {
        f"{prefix}Code": "b",
        f"_{prefix}Code": {},
    }
    assert narrowed(base, {f"x{prefix}": 2}) == base | {f"x{prefix}": 2}
    assert narrowed(base, {"short": "t"}) == base | {"short": "t"}


def test_of_two_kinds_of_value_each_stays() -> None:
    base = {"minValueInteger": 1, "fixedInteger": 2}
    assert narrowed(base, {"maxValueInteger": 3}) == base | {"maxValueInteger": 3}


@pytest.mark.parametrize("name", ["definition", "comment", "requirements"])
def test_texts_go_on_after_three_points(name: str) -> None:
    assert joined(name, "One.", "... Two.") == "One.\nTwo."
    assert joined(name, "One.", "Two...") == "Two..."
    assert joined(name, "One.", 1) == 1
    assert narrowed({}, {name: "...Two."}) == {name: "Two."}
    assert joined("short", "One.", "...Two.") == "...Two."


@pytest.mark.parametrize("name", ["alias", "condition"])
def test_texts_add_up(name: str) -> None:
    assert joined(name, ["a", "b"], ["b", "c"]) == ["a", "b", "c"]
    assert joined(name, "a", ["b"]) == ["b"]
    assert joined(name, ["a"], "b") == "b"
    assert narrowed({}, {name: ["b"]}) == {name: ["b"]}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("code", ("system", "code")),
        ("example", ("label",)),
        ("extension", ("url",)),
        ("mapping", ("identity", "map")),
    ],
)
def test_objects_add_up_by_what_tells_them_apart(name: str, keys: tuple[str, ...]) -> None:
    one = dict.fromkeys(keys, "1") | {"x": 1}
    again = one | {"x": 2}
    assert joined(name, [one], [again]) == [again]
    for key in keys:
        other = one | {key: "2"}
        assert joined(name, [one], [other]) == [one, other]
    assert joined(name, [one, "text"], [again, "text", "more"]) == [again, "text", "more"]
    assert joined(name, [one], 1) == 1
    assert joined(name, 1, [one]) == [one]


def test_constraints_add_up_and_keep_their_source() -> None:
    old = {"key": "a", "expression": "x", "source": "http://x/base"}
    same, other, new = {"key": "a", "expression": "x"}, {"key": "a", "expression": "y"}, {"key": "b", "expression": "x"}
    found = joined("constraint", [old], [same, other, new])
    assert found == [old, other | {"source": "http://x/p"}, new | {"source": "http://x/p"}]
    assert joined("constraint", [old], 1) == 1
    assert joined("constraint", 1, [new]) == [new | {"source": "http://x/p"}]
    assert narrowed({}, {"constraint": [new]}) == {"constraint": [new | {"source": "http://x/p"}]}


def test_slicing_is_joined_member_by_member() -> None:
    one, two = {"type": "value", "path": "a"}, {"type": "value", "path": "b"}
    three = {"type": "exists", "path": "a"}
    base = {"discriminator": [one], "rules": "open", "ordered": False}
    assert joined("slicing", base, {"rules": "closed"}) == base | {"rules": "closed"}
    assert joined("slicing", base, {"discriminator": [one, two, three]}) == base | {"discriminator": [one, two, three]}
    assert joined("slicing", base, {"discriminator": [two]}) == base | {"discriminator": [one, two]}
    assert joined("slicing", {"rules": "open"}, {"discriminator": [two]}) == {"rules": "open", "discriminator": [two]}
    assert joined("slicing", base, 1) == 1
    assert joined("slicing", 1, base) == base


def test_a_binding_keeps_the_value_set_and_the_widest_one() -> None:
    widest = {"url": MAXIMUM, "valueCanonical": "http://x/max"}
    own, other = {"url": MAXIMUM, "valueCanonical": "http://x/own"}, {"url": "http://x/e", "valueCode": "e"}
    base = {"strength": "preferred", "valueSet": "http://x/vs", "description": "d", "extension": [widest, other]}
    kept = {"strength": "preferred", "valueSet": "http://x/vs"}
    assert joined("binding", base, {"strength": "required"}) == kept | {"strength": "required", "extension": [widest]}
    assert joined("binding", base, {"valueSet": "v"}) == kept | {"valueSet": "v", "extension": [widest]}
    assert joined("binding", base, {"extension": [own]}) == kept | {"extension": [own]}
    assert joined("binding", base, {"extension": [other]}) == kept | {"extension": [widest, other]}
    assert joined("binding", base, {"extension": ["x", other]}) == kept | {"extension": [widest, other]}
    bare = {"description": "d", "extension": [other]}
    assert joined("binding", bare, {"strength": "required"}) == {"strength": "required"}
    assert joined("binding", bare, {"extension": [own]}) == {"extension": [own]}
    assert joined("binding", base, 1) == 1
    assert joined("binding", 1, base) == base


ROOT = {
    **dict.fromkeys(("short", "definition", "comment", "requirements", "alias", "mapping"), "r"),
    **dict.fromkeys(("isModifier", "isModifierReason"), "r"),
    "constraint": "r",
    "min": 1,
    "max": "1",
    "type": "r",
}


@pytest.mark.parametrize(("least", "found"), [("*", "1"), ("2", "1"), ("1", "1"), ("0", "0")])
def test_what_a_types_profile_says_of_its_root(least: str, found: str) -> None:
    base = {"short": "b", "min": 0, "max": least, "type": "b", "constraint": "b"}
    taken = {name: "r" for name in ROOT if name not in ("constraint", "min", "max", "type")}
    assert narrowing.typed(base, ROOT, "here") == base | taken | {"max": found}
    assert narrowing.typed(base, {"max": "*"}, "here") == base


def test_how_often_an_element_may_occur_is_replaced_only_by_less() -> None:
    assert "max" not in narrowing.typed({"short": "b"}, {}, "here")
    assert narrowing.typed({}, {"max": "3"}, "here") == {"max": "3"}


@pytest.mark.parametrize(
    ("value", "number"), [("0", 0), ("1", 1), ("999999999", 999_999_999), ("*", float("inf")), (None, float("inf"))]
)
def test_upper_cardinality(value: str | None, number: float) -> None:
    assert narrowing.maximum({} if value is None else {"max": value}, "here") == number


@pytest.mark.parametrize("value", ["1000000000", "-1", "1.0", "", "٣", 1, None, ["1"]])
def test_what_is_no_upper_cardinality(value: Any) -> None:
    with pytest.raises(DefinitionsError, match=r"^here: max is neither a number nor"):
        narrowing.maximum({"max": value}, "here")


@pytest.mark.parametrize("value", [-1, "1", True, 1.5, None])
def test_what_is_no_lower_cardinality(value: Any) -> None:
    with pytest.raises(DefinitionsError, match=r"^here: min is not a whole number from 0$"):
        narrowed({}, {"min": value})


@pytest.mark.parametrize(
    ("base", "change", "counts", "told"),
    [
        ({}, {}, (None, None), []),
        ({"min": 0, "max": "*"}, {"min": 1, "max": "2"}, (1, "2"), []),
        ({"min": 1, "max": "1"}, {"min": 1, "max": "1"}, (1, "1"), []),
        ({"min": 1, "max": "1"}, {"min": 0}, (1, "1"), ["here: min 0 is less than the 1 of the base"]),
        ({"min": 0, "max": "1"}, {"max": "2"}, (0, "1"), ["here: max 2 is more than the 1 of the base"]),
        ({"min": 0, "max": "1"}, {"max": "*"}, (0, "1"), ["here: max * is more than the 1 of the base"]),
        ({"min": 0, "max": "3"}, {"min": 2, "max": "1"}, (2, "1"), ["here: min 2 is more than max 1"]),
        ({"max": "0"}, {"short": "x"}, (None, "0"), []),
        ({}, {"max": "0"}, (None, "0"), []),
        ({}, {"min": 0}, (0, None), []),
    ],
)
def test_cardinalities(base: Element, change: Element, counts: tuple[Any, Any], told: list[str]) -> None:
    reported: list[str] = []
    found = narrowed(base, change, reported)
    assert (found.get("min"), found.get("max")) == counts
    assert reported == told
