"""What operators say of elements: usual ones, those with extensions, those that are not there, and several."""

from typing import Any

import pytest

from adapter import fhirpath
from adapter.fhirpath import FhirPathError, Scope, nodes

REASON = {"extension": [{"url": "urn:x", "valueCode": "y"}]}
TASK: dict[str, Any] = {
    "resourceType": "Task",
    "id": "t",
    "status": "requested",
    "intent": "order",
    "identifier": [{"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}],
    "groupIdentifier": {"system": "urn:a", "value": "1"},
    "authoredOn": "2026-03-09T10:12:00+01:00",
    "lastModified": "2026-03-09T11:12:00+01:00",
    "restriction": {"repetitions": 2},
}
EXTENDED = TASK | {f"_{name}": REASON for name in ("status", "authoredOn")}
BARE = {name: value for name, value in TASK.items() if name != "status"} | {"_status": REASON}
ALIKE = TASK | {"intent": "requested", "_intent": REASON}
PAIRS = TASK | {"identifier": [{"system": "1", "value": "1"}, {"system": "3", "value": "2"}]}
DATED = TASK | {"description": "2026-03-09T10:12:00+01:00", "implicitRules": "2026-03-09T10:00:00Z"}
AT_ONCE = TASK | {"lastModified": "2026-03-09T09:12:00Z"}
HOLDING = TASK | {"contained": ["x", {"resourceType": "Organization", "name": "a"}]}
TIMING = {"event": ["2026-01-01", "2026-01-02"], "repeat": {"dayOfWeek": ["mon", "tue"]}}


def said(expression: str, value: dict[str, Any], type_name: str) -> object:
    """A Boolean, None for what is empty, or `error`."""
    try:
        found = fhirpath.compile(expression)(value, type_name=type_name)
    except FhirPathError:
        return "error"
    return found[0] if found else None


@pytest.mark.parametrize(
    ("expression", "task", "wanted"),
    [
        # Booleans
        ("status.exists() = id.exists()", TASK, True),
        ("status.exists() = note.exists()", TASK, False),
        ("status.exists() != note.exists()", TASK, True),
        ("(statusReason.text = 'x') = id.exists()", TASK, None),
        ("id.exists() = (statusReason.text = 'x')", TASK, None),
        ("status = true", TASK, False),
        ("true = status", TASK, False),
        ("status.exists() = 'requested'", TASK, False),
        ("id.exists() xor note.exists()", TASK, True),
        ("id.exists() xor status.exists()", TASK, False),
        ("id.exists() xor (statusReason.text = 'x')", TASK, None),
        ("(statusReason.text = 'x') xor id.exists()", TASK, None),
        ("(statusReason.text = 'x') implies id.exists()", TASK, True),
        ("(statusReason.text = 'x') implies note.exists()", TASK, None),
        ("id.exists() implies (statusReason.text = 'x')", TASK, None),
        # texts
        ("status = 'requested'", EXTENDED, True),
        ("status = 'order'", EXTENDED, False),
        ("status = ('requested' | 'b')", TASK, False),
        ("status = 'requested'", BARE, None),
        ("'requested' != status", EXTENDED, False),
        ("status !~ 'REQUESTED'", TASK, False),
        ("status ~ 'REQUESTED'", TASK, True),
        ("status !~ 'order'", TASK, True),
        ("authoredOn = '2026-03-09T10:12:00+01:00'", TASK, False),  # a text is no moment, whatever it looks like
        ("status = 'a' or status = 'requested'", EXTENDED, True),
        ("status = 'a' or status = 'b'", EXTENDED, False),
        ("status = 'a' or status = 'b'", BARE, None),
        ("description = 'a' or description = 'b'", TASK, None),
        ("authoredOn = 'a' or authoredOn = '2026-03-09T10:12:00+01:00'", TASK, False),
        ("restriction.repetitions = 'a' or restriction.repetitions = '2'", TASK, False),
        ("(status | intent).count() = 1", ALIKE, True),
        ("(status | intent).count() = 2", TASK, True),
        ("(status | description).exists()", TASK, True),
        ("(description | groupIdentifier.value).exists()", TASK, True),
        ("(status | intent).count() = 1", ALIKE | {"_status": REASON}, True),
        ("(description | statusReason.text).exists()", TASK, False),
        ("identifier.system = identifier.value", PAIRS, False),
        ("description = authoredOn", DATED, False),
        # unions
        ("(status | note).exists()", TASK, True),
        ("(description | note).exists()", TASK, False),
        ("(status | authoredOn).ofType(dateTime).exists()", TASK, True),
        ("(authoredOn | lastModified).count() = 1", AT_ONCE, True),
        # order
        ("authoredOn < lastModified", EXTENDED, True),
        ("lastModified <= authoredOn", EXTENDED, False),
        ("lastModified > executionPeriod.start", TASK, None),
        ("executionPeriod.start < lastModified", TASK, None),
        ("authoredOn < '2027-01-01T00:00:00+01:00'", TASK, "error"),
        ("'2025-01-01T00:00:00+01:00' < authoredOn", TASK, "error"),
        ("identifier.count() > note.count()", TASK, True),
        ("identifier.count() <= note.count()", TASK, False),
        ("note.count() < identifier.count()", TASK, True),
        ("restriction.repetitions >= identifier.count()", TASK, True),
        ("identifier.count() < restriction.repetitions", TASK, False),
        ("identifier.count() > 1", TASK, True),
        ("restriction.repetitions < 3", TASK, True),
        ("identifier.count() > {}", TASK, None),
        ("identifier.count() > 1.5", TASK, True),
        ("identifier.count() > (1 | 2)", TASK, "error"),
        ("identifier.count() > 'a'", TASK, "error"),
        ("description < implicitRules", DATED, False),  # in the order of their characters
        ("status > intent", TASK, True),
        # membership
        ("'requested' in status", TASK, True),
        ("status in ('a' | 'requested')", EXTENDED, True),
        ("status in ('a' | 'b')", EXTENDED, False),
        ("description in ('a' | 'b')", TASK, None),
        ("authoredOn in ('2026-03-09T10:12:00+01:00' | 'a')", TASK, False),
        ("identifier.value in ('1' | '2')", TASK, "error"),
        ("identifier.value contains '2'", TASK, True),
        ("identifier contains groupIdentifier", TASK, True),
        # types
        ("groupIdentifier.is(Identifier) and groupIdentifier.is(Element)", TASK, True),
        ("groupIdentifier.is(Period)", TASK, False),
        ("note.first().is(Annotation)", TASK, None),
        ("identifier.is(Identifier)", TASK, "error"),
        ("restriction.ofType(BackboneElement).exists() and restriction.ofType(Period).empty()", TASK, True),
        ("identifier.single().ofType(Period).exists()", TASK, "error"),
        ("('x' | status).ofType(code) = 'requested'", TASK, True),
        ("('x' | status).ofType(code).extension.exists()", EXTENDED, True),
        ("(1 | 'a').ofType(Integer) = 1", TASK, True),
        ("contained.ofType(Organization).name = 'a'", HOLDING, True),
        ("children().ofType(Organization).name = 'a'", HOLDING, True),
    ],
)
def test_conditions_on_a_task(expression: str, task: dict[str, Any], wanted: object) -> None:
    assert said(expression, task, "Task") == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("event < event", "error"),
        ("event.first() < event.last()", True),
        ("event = event", True),
        ("event < @2027", "error"),
        ("repeat.dayOfWeek = 'mon'", False),
        ("repeat.dayOfWeek = repeat.dayOfWeek", True),
        ("repeat.dayOfWeek in ('mon' | 'tue')", "error"),
        ("repeat.dayOfWeek = 'mon' or repeat.dayOfWeek = 'sun'", False),
    ],
)
def test_several_have_no_order_and_equal_no_single_one(expression: str, wanted: object) -> None:
    assert said(expression, TIMING, "Timing") == wanted


def test_several_are_not_one_of_several() -> None:
    assert said("given = 'a' or given = 'b'", {"given": ["a", "b"]}, "HumanName") is False
    assert said("given = 'a' or given = 'b'", {"given": ["b"]}, "HumanName") is True


@pytest.mark.parametrize(
    ("expression", "spent"),
    [
        ("status = intent", 0),
        ("status = description", 0),
        ("groupIdentifier = groupIdentifier", 3),  # the object and its two members
        ("groupIdentifier ~ groupIdentifier", 12),
        ("authoredOn = lastModified", 0),
        # items of several that are looked at, and what comparing their values takes
        ("identifier ~ identifier", 4 + 6 * 4 + 6 * 2),
        ("identifier ~ groupIdentifier", 2),
        ("identifier = identifier", 4 + 6),
        ("identifier.value = identifier.value", 8 + 4 + 2),
        ("identifier contains groupIdentifier", 2 + 2 * 3),
        ("id in identifier.value", 6 + 2 * 1),
        ("id in status", 0),
        ("(status | intent).count()", 2),
        ("identifier = groupIdentifier", 3),  # two items and one are looked at, and not compared
    ],
)
def test_what_it_costs_to_compare(expression: str, spent: int) -> None:
    scope = Scope(nodes.node_of(TASK))
    left = scope.work.left
    fhirpath.compile(expression).for_type("Task").holds(TASK, scope)
    assert left - scope.work.left == spent


@pytest.mark.parametrize(("type_", "wanted"), [("FHIR.Quantity", 1), ("Quantity", 1), ("Age", 1), ("Duration", 0)])
def test_a_type_is_one_of_its_base_too(type_: str, wanted: int) -> None:
    condition = {"resourceType": "Condition", "onsetAge": {"value": 1}}
    assert fhirpath.compile(f"onset.ofType({type_}).count()")(condition) == [wanted]
    assert fhirpath.compile(f"onset.ofType(Age) is {type_}")(condition) == [wanted == 1]


def test_what_several_are_asked_for_is_said() -> None:
    with pytest.raises(FhirPathError, match="is needs a single item, found 2"):
        fhirpath.compile("identifier is Identifier")(TASK)
    with pytest.raises(FhirPathError, match="is needs a single item, found 2"):
        fhirpath.compile("('a' | 1) is String")(TASK)
    with pytest.raises(FhirPathError, match="membership is of a single item, found 2"):
        fhirpath.compile("identifier.value in ('1' | '2')")(TASK)
