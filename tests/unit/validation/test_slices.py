"""The rules of a slicing, for items whose slices are plain: numbers, order, what is open and closed, what is idle."""

from typing import Any

import pytest

from adapter.fhir.elements import table
from adapter.validation.items import Collectors, Item
from adapter.validation.run import Run
from adapter.validation.slicing import Slice, Slicing
from adapter.validation.trees import Node, parse

URL = "http://acme.com/p"
TELECOM = "Patient.telecom"


class Host:
    """Slices whose comment begins with `checked` have a check, which reports that it was made."""

    url = URL
    collectors = Collectors(table())

    def __init__(self) -> None:
        self.checked: list[tuple[str, Any]] = []

    def tree(self, _canonical: str) -> Node | None:
        return None

    def fits(self, _item: Item, _canonical: str, _run: Run) -> bool:
        return False

    def is_member(self, _item: Item, _value_set: str) -> bool:
        return False

    def slice_check(self, node: Node, _whole: Node, structure: str) -> Any:
        assert structure in ("Patient", "Observation")
        if not str(node.definition.get("comment", "")).startswith("checked"):
            return None
        return lambda item, _run: self.checked.append((str(node.slice), item.value["use"]))


def use(name: str, code: str = "", **own: Any) -> list[dict[str, Any]]:
    fixed = [{"path": TELECOM + ".use", "fixedCode": code or name}] if code != "none" else []
    return [{"path": TELECOM, "sliceName": name, **own}, *fixed]


def made(host: Host, *slices: list[dict[str, Any]], rules: str | None = "open", **more: Any) -> Slicing:
    slicing = {"discriminator": [{"type": "value", "path": "use"}]} | ({"rules": rules} if rules else {}) | more
    listed = [{"path": "Patient"}, {"path": TELECOM, "slicing": slicing}, *(each for one in slices for each in one)]
    return Slicing(parse({"snapshot": {"element": listed}}).children["telecom"], "Patient", host)


def told(slicing: Slicing, *uses: str) -> list[str]:
    run = Run("Patient")
    items = [Item({"use": each}, "ContactPoint", ((None, "telecom"), index)) for index, each in enumerate(uses)]
    slicing.apply(items, run, None)
    assert {issue.profile for issue in run.issues} <= {URL}
    return [f"{issue.rule} {issue.expression[0]}: {issue.message}" for issue in run.issues]


def least(name: str, found: int, number: int) -> str:
    return f"profile-min Patient: {found} elements of telecom fit the slice {name}: expected at least {number}"


def most(name: str, found: int, number: int) -> str:
    return f"profile-max Patient: {found} elements of telecom fit the slice {name}: expected at most {number}"


def closed(index: int, names: str) -> str:
    return f"profile-slice-closed Patient.telecom[{index}]: the element fits no slice: expected one of {names}"


def late(index: int) -> str:
    words = "the element stands after one of a later slice: expected the order of the profile"
    return f"profile-slice-order Patient.telecom[{index}]: {words}"


def end(index: int) -> str:
    words = "the element stands after one that fits no slice: expected those at the end"
    return f"profile-slice-order Patient.telecom[{index}]: {words}"


A, B = use("home"), use("work")


@pytest.mark.parametrize(
    ("slices", "more", "uses", "issues"),
    [
        ([A, B], {}, ["home", "work", "old"], []),
        ([A, B], {"rules": None}, ["old"], []),
        (
            [A, B],
            {"rules": "closed"},
            ["home", "old", "work", "temp"],
            [closed(1, "home, work"), closed(3, "home, work")],
        ),
        ([A, B], {"rules": "closed"}, [], []),
        ([use("home", min=1, max="2")], {}, [], [least("home", 0, 1)]),
        ([use("home", min=1, max="2")], {}, ["home"], []),
        ([use("home", min=1, max="2")], {}, ["home", "work", "home"], []),
        ([use("home", min=1, max="2")], {}, ["home"] * 3, [most("home", 3, 2)]),
        ([use("home", min=2, max="*")], {}, ["home"], [least("home", 1, 2)]),
        ([use("home", max="0")], {}, ["home"], [most("home", 1, 0)]),
        ([A, B], {"ordered": True}, ["home", "work"], []),
        ([A, B], {"ordered": True}, ["home", "old", "home", "work", "work"], []),
        ([A, B], {"ordered": True}, ["work", "home", "work", "home"], [late(1), late(3)]),
        ([A, B], {"ordered": False}, ["work", "home"], []),
        ([A, B], {"rules": "openAtEnd"}, ["work", "home", "old", "temp"], []),
        ([A, B], {"rules": "openAtEnd"}, ["old", "home", "work"], [end(1), end(2)]),
        ([A, B], {"rules": "openAtEnd", "ordered": True}, ["old", "work", "home"], [end(1), late(2)]),
        ([A, B], {"rules": "open"}, ["old", "home"], []),
    ],
)
def test_rules(slices: list[Any], more: dict[str, Any], uses: list[str], issues: list[str]) -> None:
    assert told(made(Host(), *slices, **more), *uses) == issues


def test_what_fits_two_slices_is_of_the_first() -> None:
    slicing = made(Host(), use("one", "home", min=1), use("two", "home", min=1))
    words = "the element fits the slices one and two: expected one"
    assert told(slicing, "home") == [f"profile-slice-several Patient.telecom[0]: {words}", least("two", 0, 1)]


def test_slices_that_nothing_tells_apart() -> None:
    slicing = made(Host(), A, use("one", "none", min=1), use("two", "none"), rules="closed")
    words = "the discriminators say nothing about the slice one, two"
    assert told(slicing, "old") == [f"profile-slice-undecided Patient.telecom: {words}"]
    assert told(slicing) == [least("one", 0, 1)]


def test_what_fits_no_slice_is_of_the_default() -> None:
    host = Host()
    slicing = made(host, A, use("@default", "none", comment="checked"), rules="closed")
    assert told(slicing, "home", "old", "work") == []
    assert host.checked == [("@default", "old"), ("@default", "work")]
    assert told(made(Host(), A, use("@default", "none"), rules="closed"), "old") == []
    before = made(Host(), use("@default", "none"), use("home", max="1"), rules="closed")
    assert told(before, "home", "old", "home") == [most("home", 2, 1)]


def test_each_member_is_checked() -> None:
    host = Host()
    slicing = made(host, use("home", comment="checked"), use("work", comment="checked"), use("old"))
    assert told(slicing, "work", "home", "temp", "old", "work") == []
    assert host.checked == [("home", "home"), ("work", "work"), ("work", "work")]


def test_slices_of_slices() -> None:
    inner = [
        {"path": TELECOM, "sliceName": "home/first", "max": "1"},
        {"path": TELECOM + ".system", "fixedCode": "sms"},
    ]
    again = {"path": TELECOM, "sliceName": "home", "slicing": {"discriminator": [{"type": "value", "path": "system"}]}}
    words = "2 elements of telecom fit the slice home/first: expected at most 1"
    by_whole = {"path": TELECOM, "sliceName": "home"}
    by_both = [{"type": "value", "path": each} for each in ("use", "system")]
    two = [by_whole, {"path": TELECOM + ".use", "fixedCode": "home"}, {"path": TELECOM + ".system", "fixedCode": "sms"}]
    for slicing in (
        made(Host(), [again, {"path": TELECOM + ".use", "fixedCode": "home"}], inner),
        made(Host(), two, inner, discriminator=by_both),  # what divides the whole divides its slices too
    ):
        run = Run("Patient")
        items = [Item({"use": each, "system": "sms"}, "ContactPoint", None) for each in ("home", "home", "work")]
        slicing.apply(items, run, None)
        assert [issue.message for issue in run.issues] == [words]


@pytest.mark.parametrize(
    ("slices", "more", "idle"),
    [
        ([A, B], {}, True),
        ([A, B], {"rules": None}, True),
        ([A, B], {"rules": "closed"}, False),
        ([A, B], {"rules": "openAtEnd"}, False),
        ([A, use("work", min=1)], {}, False),
        ([A, use("work", min=0, max="*")], {}, True),
        ([use("home", max="1"), B], {}, False),
        ([use("home", comment="checked"), B], {}, False),
        ([A, use("@default", "none", comment="checked")], {}, False),
        ([A, use("@default", "none")], {}, True),
    ],
)
def test_idle(slices: list[Any], more: dict[str, Any], idle: bool) -> None:
    assert made(Host(), *slices, **more).is_idle is idle


@pytest.mark.parametrize(
    ("own", "least_", "greatest"),
    [
        ({}, 0, None),
        ({"min": 2, "max": "3"}, 2, 3),
        ({"min": "2", "max": 3}, 0, None),
        ({"min": 0, "max": "*"}, 0, None),
        ({"max": "0"}, 0, 0),
    ],
)
def test_numbers_of_a_slice(own: dict[str, Any], least_: int, greatest: int | None) -> None:
    found = Slice(Node(own, TELECOM, "s", None), None, None, None)
    assert (found.name, found.least, found.greatest) == ("s", least_, greatest)


def test_a_choice_is_sliced_by_type_where_nothing_else_is_said() -> None:
    value = "Observation.value[x]"
    listed = [
        {"path": "Observation"},
        {"path": value},
        {"path": value, "sliceName": "valueString", "type": [{"code": "string"}], "max": "0"},
        {"path": value, "sliceName": "valueQuantity", "type": [{"code": "Quantity"}]},
    ]

    slicing = Slicing(parse({"snapshot": {"element": listed}}).children["value[x]"], "Observation", Host())
    run = Run("Observation")
    slicing.apply([Item("x", "string", None)], run, None)
    slicing.apply([Item({}, "Quantity", None)], run, None)
    assert [issue.message for issue in run.issues] == [
        "1 elements of value fit the slice valueString: expected at most 0"
    ]


def test_a_choice_may_be_sliced_by_something_else() -> None:
    value = "Observation.value[x]"
    slicing = {"discriminator": [{"type": "exists", "path": "extension"}], "rules": "closed"}
    listed = [
        {"path": "Observation"},
        {"path": value, "slicing": slicing},
        {"path": value, "sliceName": "s", "type": [{"code": "string"}]},
        {"path": value + ".extension", "min": 1},
    ]
    found = Slicing(parse({"snapshot": {"element": listed}}).children["value[x]"], "Observation", Host())
    for extra, issues in (({"extension": [{}]}, []), (None, ["the element fits no slice: expected one of s"])):
        run = Run("Observation")
        found.apply([Item("x", "string", None, extra)], run, None)
        assert [issue.message for issue in run.issues] == issues


def test_without_discriminators_only_a_choice_is_sliced_by_type() -> None:
    typed = use("one", "none", type=[{"code": "ContactPoint"}], max="0")
    (issue,) = told(made(Host(), typed, discriminator=[]), "home")
    assert issue.startswith("profile-slice-undecided")
