"""Conditions as code: the same truth as the closures, or none; and what is written at all."""

import copy
import random
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from adapter.fhirpath import FhirPathError, Scope, nodes, temporal
from adapter.fhirpath import compile as compile_expression
from adapter.fhirpath.lines import Unusual
from adapter.fhirpath.work import Work

CODED = {"url": "urn:z", "valueCodeableConcept": {"coding": [{"system": "urn:c", "code": "c"}]}}
TASK: dict[str, Any] = {
    "resourceType": "Task",
    "id": "t",
    "status": "requested",
    "intent": "order",
    "identifier": [{"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}],
    "groupIdentifier": {"system": "urn:a", "value": "1"},
    "authoredOn": "2026-03-09T10:12:00+01:00",
    "lastModified": "2026-03-09T11:12:00+01:00",
    "code": {"coding": [{"system": "urn:c", "code": "x"}, {"system": "urn:c", "code": "y", "userSelected": True}]},
    "owner": {"reference": "urn:uuid:1", "identifier": {"value": "o"}},
    "requester": {"reference": "urn:uuid:2", "identifier": {"value": "r"}},
    "restriction": {"repetitions": 2, "period": {"start": "2026-03-09", "end": "2026-03-10"}},
    "extension": [{"url": "urn:x", "valueCode": "v"}, {"url": "urn:y", "valueBoolean": True}, CODED],
    "input": [{"type": {"text": "a"}, "valueString": "s"}, {"type": {"text": "b"}, "valueInteger": 3}],
    "contained": [{"resourceType": "Organization", "id": "1", "name": "a"}, {"resourceType": "Patient", "id": "p"}],
}
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "message",
    "entry": [
        {
            "fullUrl": "urn:uuid:h",
            "resource": {"resourceType": "MessageHeader", "id": "h", "eventCoding": {"code": "e"}},
        },
        {"fullUrl": "urn:uuid:t", "resource": TASK},
        {
            "fullUrl": "urn:uuid:p",
            "resource": {
                "resourceType": "Provenance",
                "id": "p",
                "target": [{"reference": "urn:uuid:h"}],
                "activity": {"coding": [{"code": "e"}]},
            },
        },
    ],
}
CONDITIONS = {
    "Task": [
        "status = 'requested'",
        "status != 'rejected' or statusReason.exists()",
        "status = 'a' or status = 'requested' or status = 'b'",
        "status in ('a' | 'requested')",
        "'requested' = status and intent = 'order' and id.hasValue()",
        "status = intent or owner.reference != requester.reference",
        "(status = 'failed' or status = 'requested') implies statusReason.exists()",
        "statusReason.exists() implies reasonCode.exists() and note.empty()",
        "statusReason.text = 'x' implies intent = 'plan'",
        "statusReason.text = 'x' or businessStatus.text = 'y' or status = 'z'",
        "statusReason.text = 'x' and businessStatus.text = 'y' and status = 'requested'",
        "(statusReason.text = 'x').not() and status.exists().not()",
        "(owner.reference | owner.identifier.value).intersect(requester.reference | requester.display).empty()",
        "identifier.where(system = 'urn:a').exists()",
        "identifier.where(system = 'urn:a' and value.exists()).count() = 1",
        "identifier.count() + note.count() > 1",
        "identifier.count() >= 1 and identifier.count() != 3 and groupIdentifier.count() = 1",
        "identifier.all(system.startsWith('urn:') and value.matches('^[0-9]$'))",
        "identifier.exists(value = %context.groupIdentifier.value)",
        "identifier.system.isDistinct() and code.coding.code.isDistinct() and code.coding.isDistinct()",
        "groupIdentifier.system.subsetOf(%context.identifier.system)",
        "identifier.first().value = '1' and identifier.first().exists()",
        "identifier.value = '1'",
        "groupIdentifier.where(system = 'urn:a').value = '1'",
        "groupIdentifier.exists(value = '1') and groupIdentifier.all(value = '2').not()",
        "lastModified >= authoredOn and authoredOn < lastModified",
        "restriction.period.start <= restriction.period.end",
        "restriction.repetitions = 2 and restriction.repetitions != 3",
        "restriction.repetitions.exists() implies restriction.repetitions > 1",
        "code.coding.where(userSelected = true).code = 'y'",
        "authoredOn.toString().matches('T.+(Z|[+-][0-9]{2}:[0-9]{2})$') and authoredOn.toString().length() >= 10",
        "status.toString().length() < 5 or status.contains('quest') or status.endsWith('ed')",
        "'a' & status = 'arequested' and (description & status).matches('^req')",
        "extension.where(url = 'urn:x').value = 'v'",
        "extension.where(url = 'urn:y').value.exists() and input.value.exists()",
        "extension.value.coding.where(code = 'c' and system = 'urn:c').exists() and input.value.reference.empty()",
        "extension.where(url = 'urn:z').value.coding.code = 'c' or extension.value.coding.empty()",
        "input.first().value.exists() and input.first().value.start.empty() and input.value.id.empty()",
        "note.text.first() > 'A' or status = 'z'",
        "note.text.first() > 'A' and status = 'requested'",
        "note.text.first() > 'A' implies status = 'z'",
        "(status.exists() implies note.text.first() > 'A').not()",
        "(status.exists() and note.text.first() > 'A').not()",
        "(note.text.first() > 'A' or status.empty()).not()",
        "(statusReason.text = 'x' implies id.empty()).not()",
        "(lastModified < executionPeriod.end).not()",
        "status > intent or id.exists()",
        "id.exists() or authoredOn > status or status > authoredOn",
        "groupIdentifier.count() = true",
        "identifier.count() > restriction.repetitions or id.exists()",
        "identifier.count() + restriction.repetitions > 1 or id.exists()",
        "identifier.value.all(matches('^[0-9]$')) and identifier.system.exists(startsWith('urn:a'))",
        "identifier.all(value in (1 | 2)) or status in (1 | 2)",
        "groupIdentifier.is(Patient) or status.is(Patient)",
        "groupIdentifier.ofType(Patient).exists() or status.ofType(Patient).exists()",
        "status.matches('^(a+)+$') or id.exists()",
        "restriction.repetitions.toString() = '2' and status.exists()",
        "extension.value.code = 'x' or extension.value.extension.exists()",
        "contained.text.status = 'generated' or contained.meta.exists()",
        "contained.ofType(Resource).exists() or contained.ofType(DomainResource).exists()",
        "contained.ofType(Quantity).exists() or extension.value.ofType(code) = 'v'",
        "identifier.exists() and identifier.where($this.exists()).value.exists()",
        "contained.first().id = '1' and groupIdentifier.exists(system.exists()) and identifier.all($this.exists())",
        "'x' = 'x' and status.matches('x' & 'y').not()",
        "'requested' in (status | intent) and 'a'.startsWith('b').not()",
        "status.length() > restriction.repetitions",
        "status = 1 or id.exists()",
        "status.matches('REQ', 'i') and status.matchesFull('requested')",
        "status.length() + identifier.count() > 1",
        "status.exists() = id.exists() and identifier.count() = contained.count()",
        "status = ('requested' | 'b') or id.exists()",
        "identifier.absent.exists() or status.extension.exists()",
        "contained.where(name = 'a').exists()",
        "groupIdentifier.is(Patient) or contained.ofType(Period).exists()",
        "descendants().extension.all(url = 'urn:x' or url = 'urn:y' or url = 'urn:z')",
        "contained.ofType(Organization).name = 'a' and contained.where(id = 'p').exists()",
        "contained.ofType(Organization).exists(name = %resource.status)",
        "contained.all(id.exists()) and contained.first().is(Organization)",
        "input.type.where(text = 'a').exists()",
        "authoredOn = '2026-03-09T10:12:00+01:00'",
        "Task.status = 'requested' or $this.status.exists()",
        "identifier.where(true).exists() or iif(status = 'x', true, false)",
        "restriction.repetitions = restriction.repetitions or status = 1 or status = true",
        "partOf.reference.exists() or basedOn.where(reference = %context.owner.reference).exists()",
    ],
    "Bundle": [
        "entry.resource.ofType(Provenance).where(target.reference = %resource.entry.first().fullUrl).count() = 1",
        "entry.resource.ofType(Provenance).activity.coding.code = entry.first().resource.event.code",
        "type = 'message' implies entry.first().resource.is(MessageHeader)",
        "entry.all(fullUrl = 'urn:uuid:' & resource.id and resource.id.matches('^[a-z]$'))",
        "entry.resource.where(id = 'h').exists() and entry.resource.id.isDistinct()",
        "entry.resource.all(meta.exists() or id.exists())",
        "entry.resource.ofType(Task).all(status = 'requested' and contained.exists())",
    ],
    "MessageHeader": [
        "event.id = 'a'",
        "event.exists()",
        "event.empty() or id.empty()",
        "event.code = 'e'",
        "event.code = 'e' or event.exists()",
        "event.is(Coding)",
    ],
    "HumanName": [
        "given.hasValue() or family.hasValue().not()",
        "period.hasValue()",
        "given.where($this.hasValue()).exists() and given.first() = 'a'",
    ],
    "dateTime": ["matches('^2026')", "$this.toString().length() >= 10", "$this.exists() and hasValue()"],
}
EXAMPLES: dict[str, Any] = {"Task": TASK, "Bundle": BUNDLE, "dateTime": "2026-03-09T10:12:00+01:00"}
EXAMPLES["HumanName"] = {"family": "f", "given": ["a", "b"], "period": {"start": "2026"}}
EXAMPLES["MessageHeader"] = {"resourceType": "MessageHeader", "id": "h", "eventCoding": {"id": "a", "code": "e"}}
WRONG: tuple[Any, ...] = (None, "", "x", 7, True, [], {}, [None], [{}], "2026-03", ["a", "b"], [[]], "a" * 200)


def sites(value: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [value]
    while waiting:
        owner = waiting.pop()
        for key, member in list(owner.items()) if isinstance(owner, dict) else list(enumerate(owner)):
            yield owner, key
            if isinstance(member, dict | list):
                waiting.append(member)


def spoilt(value: Any, rng: random.Random) -> Any:
    """The value with up to three members gone, replaced, doubled, many, of another text, or with extensions."""
    if not isinstance(value, dict):
        return rng.choice((value, *WRONG, "2026-03-09", "2026-03-09T00:00:00Z", "2026-03-09T00:00:00+00:00"))
    found = copy.deepcopy(value)
    for _ in range(rng.randint(0, 3)):
        owner, key = rng.choice(list(sites(found)))
        match rng.randrange(6):
            case 0:
                owner[key] = copy.deepcopy(rng.choice(WRONG))
            case 1:
                del owner[key]
            case 2:
                owner[key] = [owner[key], copy.deepcopy(owner[key])]
            case 3 if isinstance(owner, list):
                owner += [copy.deepcopy(owner[key]) for _ in range(rng.choice((1, 12)))]
            case 4:
                other, name = rng.choice(list(sites(found)))
                owner[key] = copy.deepcopy(other[name])
            case _:
                if isinstance(owner, dict):
                    owner[f"_{key}"] = rng.choice(
                        ({"id": "x"}, {"extension": [{"url": "urn:x"}]}, [None, {"id": "y"}], None)
                    )
    return found


def told(ask: Any, value: Any, scope: Scope) -> object:
    """A truth, or the name of what was raised."""
    try:
        return ask(value, scope)
    except (Unusual, FhirPathError, AttributeError, TypeError) as error:
        return type(error).__name__


UNUSUAL = {"identifier.value = '1'", "code.coding.where(userSelected = true).code = 'y'"}
"""Of the examples: two identifiers are compared with one text."""


def both(type_: str, expression: str, values: Iterable[Any]) -> Iterator[tuple[Any, object, object]]:
    """Each value, what the code says of it, and what the closures say. What is left to the closures stands in something
    that is not."""
    condition = compile_expression(expression).for_type(type_)
    if condition.source() is None:
        condition = compile_expression(f"$this.exists() and ({expression})").for_type(type_)
    lines = condition.source()
    assert lines is not None
    function = lines.function()
    for value in values:
        node, answers = nodes.node_of(value if isinstance(value, dict) else TASK), []
        for ask in (function, condition._plan.truth):
            scope = Scope(node)
            scope.input = (value, condition._type)
            answers.append(told(ask, value, scope))
        yield value, answers[0], answers[1]


@pytest.mark.parametrize(("type_", "expression"), [(type_, each) for type_ in CONDITIONS for each in CONDITIONS[type_]])
def test_code_says_what_closures_say(type_: str, expression: str) -> None:
    rng, example = random.Random(expression), EXAMPLES[type_]
    agreed = 0
    for value, written, closures in both(type_, expression, [example, *(spoilt(example, rng) for _ in range(60))]):
        if written.__class__ is str:
            assert value is not example or expression in UNUSUAL
        else:
            assert written == closures, value
            agreed += 1
    assert agreed > 8 or expression in UNUSUAL


def test_work_is_counted_in_loops_over_many() -> None:
    condition = compile_expression("identifier.all(value.exists())").for_type("Task")
    lines = condition.source()
    assert lines is not None
    for many, spent in ((8, 0), (9, 9)):
        scope = Scope(nodes.node_of(TASK))
        left = scope.work.left
        assert lines.function()(TASK | {"identifier": [{"value": "1"}] * many}, scope) is True
        assert left - scope.work.left == spent


def test_where_there_is_no_work_left_it_is_the_closures_that_say_so() -> None:
    condition = compile_expression("identifier.all(value.exists())").for_type("Task")
    many = TASK | {"identifier": [{"value": "1"}] * 50}
    for _ in range(12):
        assert condition.holds(many, Scope(nodes.node_of(many))) is True
    with pytest.raises(FhirPathError, match="steps"):
        condition.holds(many, Scope(nodes.node_of(many), work=Work(20)))


def test_code_is_written_for_what_is_asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    condition = compile_expression("status = 'requested' and id = 't'").for_type("Task")
    scope = Scope(nodes.node_of(TASK))
    for _ in range(9):
        condition.holds(TASK, scope)
    assert condition._usual is None
    condition.holds(TASK, scope)
    monkeypatch.setattr(condition._plan, "truth", None)  # no more asked
    assert condition.holds(TASK, scope) is True


def test_what_is_unusual_is_left_to_the_closures() -> None:
    condition = compile_expression("status = 'requested'").for_type("Task")
    extended = TASK | {"_status": {"extension": [{"url": "urn:x", "valueCode": "y"}]}}
    for _ in range(12):
        assert condition.holds(extended, Scope(nodes.node_of(extended))) is True
    misshapen = TASK | {"status": {"x": 1}}
    with pytest.raises(FhirPathError, match=r"Task\.status"):
        condition.holds(misshapen, Scope(nodes.node_of(misshapen)))


def test_long_texts_are_not_matched_in_line() -> None:
    condition = compile_expression("status.matches('^a+$')").for_type("Task")
    lines = condition.source()
    assert lines is not None
    scope = Scope(nodes.node_of(TASK))
    assert lines.function()({"status": "a" * 100}, scope) is True
    with pytest.raises(Unusual):
        lines.function()({"status": "a" * 101}, scope)


@pytest.mark.parametrize(
    ("type_", "expression"),
    [
        ("Task", "input.where($index = 0).exists()"),
        ("Task", "defineVariable('a', status).status.exists()"),
        ("Task", "status.matches('[')"),
        ("Task", "status"),
        ("DomainResource", "id.exists()"),
    ],
)
def test_no_code_is_written_for_what_only_closures_know(type_: str, expression: str) -> None:
    assert compile_expression(expression).for_type(type_).source() is None


def test_code_names_elements_and_literals_alone() -> None:
    lines = compile_expression("status = 'a\\'; import os #\\n\\\\'").for_type("Task").source()
    assert lines is not None
    assert lines.function()({"status": "a'; import os #\n\\"}, Scope(nodes.node_of(TASK))) is True


def test_conditions_nested_deep_are_written_as_far_as_python_goes() -> None:
    expression = "identifier.exists()"
    for _ in range(30):
        expression = f"contained.ofType(Task).where({expression}).exists()"
    lines = compile_expression(expression).for_type("Task").source()
    assert lines is not None
    assert lines.function()(TASK, Scope(nodes.node_of(TASK))) is False


ORDERED = {"resourceType": "MolecularSequence", "coordinateSystem": 1}
CODED_BY: list[dict[str, Any]] = [{"valueCoding": {"code": "x"}}, {"valueQuantity": {"code": "x"}}]


@pytest.mark.parametrize(
    ("type_", "expression", "value", "wanted"),
    [
        ("Task", "identifier.count() + note.count() > 1", TASK, True),
        ("Task", "note.count() + 2 = 2 and identifier.count() + 0 != 3", TASK, True),
        ("Task", "status.length() < 5", TASK, False),
        ("Task", "description.length() > 1", TASK, None),
        ("Task", "status.startsWith('req') and status.endsWith('ted') and status.contains('que')", TASK, True),
        ("Task", "status.startsWith('x') or status.endsWith('x') or status.contains('x')", TASK, False),
        ("Task", "restriction.repetitions = 2 and restriction.repetitions != 3", TASK, True),
        ("MolecularSequence", "coordinateSystem = 1", ORDERED, True),
        ("Attachment", "size = 7", {"size": 7}, True),
        ("Attachment", "data = 'QUJD'", {"data": "QUJD"}, True),
        ("Coding", "userSelected = true", {"userSelected": False}, False),
        ("Task", "extension.value.coding.code = 'c'", TASK, True),
        ("Task", "extension.value.exists() and input.value.empty().not()", TASK, True),
        ("Task", "extension.where(url = 'urn:none').value.exists()", TASK, False),
        ("Task", "contained.ofType(Organization).name = 'a' and contained.id.exists()", TASK, True),
        ("Task", "(owner.reference | owner.display).intersect(requester.reference | status).empty()", TASK, True),
        ("Task", "(status | intent).intersect(intent | status).count() = 2", TASK, True),
        ("Task", "groupIdentifier.system.subsetOf(%context.identifier.system)", TASK, True),
        ("Task", "restriction.period.start <= restriction.period.end", TASK, True),
        ("Task", "contained.first().is(Organization) and contained.first().id = '1'", TASK, True),
        ("Task", "id.hasValue() and status.exists() and note.first().text.hasValue().not()", TASK, True),
        ("Task", "%resource.status = 'requested' and identifier.all(system != %resource.status)", TASK, True),
        ("Task", "identifier.first().value = '1' and note.first().exists().not()", TASK, True),
        (
            "Task",
            "groupIdentifier.first().value = '1' and restriction.first().period.start.first().exists()",
            TASK,
            True,
        ),
        ("Observation", "issued <= issued", {"resourceType": "Observation", "issued": "2026-03-09T10:12:00Z"}, True),
        ("Task", "identifier.value.all(matches('^[0-9]$'))", TASK, True),
        ("Patient", "birthDate <= birthDate", {"resourceType": "Patient", "birthDate": "2026-03-09"}, True),
        ("MessageHeader", "event.code = 'e'", EXAMPLES["MessageHeader"], True),
        ("MessageHeader", "event.exists()", {"resourceType": "MessageHeader", "eventUri": "urn:x"}, True),
    ],
)
def test_what_is_known_is_written_in_line(type_: str, expression: str, value: Any, wanted: bool | None) -> None:
    condition = compile_expression(expression).for_type(type_)
    lines = condition.source()
    assert lines is not None
    assert [each for each in lines.objects.values() if "<locals>" in getattr(each, "__qualname__", "")] == []
    resource = value if "resourceType" in value else TASK
    for ask in (lines.function(), condition._plan.truth):
        assert ask(value, Scope(nodes.node_of(resource))) is wanted


@pytest.mark.parametrize(
    ("expression", "members"),
    [
        ("identifier.exists()", {"identifier": {"value": "1"}}),
        ("identifier.first().exists()", {"identifier": [None]}),
        ("identifier.first().exists()", {"identifier": [{}]}),
        ("identifier.first().exists()", {"identifier": ["x"]}),
        ("identifier.where($this.exists()).exists()", {"identifier": ["x"]}),
        ("identifier.value = '1'", {}),
        ("groupIdentifier.exists()", {"groupIdentifier": {}}),
        ("groupIdentifier.exists()", {"groupIdentifier": [{"value": "x"}]}),
        ("status.exists()", {"status": ["x"]}),
        ("status.exists()", {"_status": {"id": "x"}}),
        ("status = 'x'", {"status": 1}),
        ("restriction.repetitions = 2", {"restriction": {"repetitions": True}}),
        ("restriction.repetitions = 2", {"restriction": {"repetitions": "2"}}),
        ("extension.value = 'v'", {"extension": [{"valueCode": "v", "_valueCode": {"id": "x"}}]}),
        ("extension.value = '2026'", {"extension": [{"valueDate": "2026"}]}),
        ("extension.value = 'v'", {"extension": [{"valueCode": "v"}, {"valueCode": "v"}]}),
        ("extension.value.coding.exists()", {"extension": [{"valueCode": "v", "valueCodeableConcept": {"text": "x"}}]}),
        ("lastModified > authoredOn", {"authoredOn": "2026"}),
        ("lastModified > authoredOn", {"authoredOn": 2026}),
        ("authoredOn.toString().length() > 1", {"authoredOn": "2026"}),
        ("identifier.value.isDistinct()", {"identifier": [{"value": 1}]}),
        ("'a' & status = 'b'", {"status": "x" * 100}),
    ],
)
def test_what_is_not_usual_is_said_to_be_so(expression: str, members: dict[str, Any]) -> None:
    lines = compile_expression(expression).for_type("Task").source()
    assert lines is not None
    with pytest.raises(Unusual):
        lines.function()(TASK | members, Scope(nodes.node_of(TASK)))


@pytest.mark.parametrize("member", CODED_BY)
def test_an_element_of_several_types_of_a_choice_is_left_to_closures(member: dict[str, Any]) -> None:
    lines = compile_expression("extension.value.code = 'x'").for_type("Task").source()
    assert lines is not None
    assert lines.function()(TASK | {"extension": [member]}, Scope(nodes.node_of(TASK))) is True


@pytest.mark.parametrize(
    "expression", ["authoredOn > description", "description > authoredOn", "note.text > note.text"]
)
def test_texts_have_no_order_with_moments_whatever_they_look_like(expression: str) -> None:
    task = TASK | {"description": "2026-03-09T10:00:00+01:00"}
    condition = compile_expression(f"{expression} or id.empty()").for_type("Task")
    lines = condition.source()
    assert lines is not None
    assert temporal.whole_order not in lines.objects.values()
    for _, written, _ in both("Task", expression, [task]):
        assert written in (None, "FhirPathError")


def test_texts_that_closures_find_are_compared_in_line() -> None:
    lines = compile_expression("identifier.value.last() = '2'").for_type("Task").source()
    assert lines is not None
    assert lines.function()(TASK, Scope(nodes.node_of(TASK))) is True


def test_what_has_extensions_alone_has_no_value() -> None:
    task = TASK | {"identifier": [{"value": "1"}, {"_value": {"extension": [{"url": "urn:x", "valueCode": "y"}]}}]}
    for _, written, closures in both("Task", "identifier.value.tail().where(hasValue()).exists()", [task]):
        assert closures is False
        assert written in (False, "Unusual")


@pytest.mark.parametrize("expression", ["event.id = 'a'", "event.extension.url = 'urn:x'"])
def test_ids_and_extensions_of_primitives_in_a_choice_are_found(expression: str) -> None:
    more = {"id": "a", "extension": [{"url": "urn:x"}]}
    header = {"resourceType": "MessageHeader", "eventUri": "urn:x", "_eventUri": more}
    lines = compile_expression(expression).for_type("MessageHeader").source()
    assert lines is not None
    assert lines.function()(header, Scope(nodes.node_of(header))) is True


@pytest.mark.parametrize(
    ("expression", "loops"),
    [
        ("identifier.where(system = 'urn:a').value < '5' or id.exists()", 0),  # a part that is taken back
        ("extension.where(url = 'urn:z').value.ofType(CodeableConcept).coding.code = 'c'", 2),
        ("identifier.where(system = 'urn:a').value.exists()", 2),
        ("contained.where(id = 'x') = 'y'", 0),
    ],
)
def test_what_cannot_be_written_to_its_end_leaves_nothing(expression: str, loops: int) -> None:
    lines = compile_expression(expression).for_type("Task").source()
    assert lines is not None
    assert lines.text.count("for ") == loops


def test_an_item_of_a_loop_is_known_to_be_there() -> None:
    lines = compile_expression("identifier.all(value.exists())").for_type("Task").source()
    assert lines is not None
    assert "= None" not in lines.text


@pytest.mark.parametrize(("levels", "is_closure"), [(13, False), (14, True)])
def test_how_deep_is_written(levels: int, is_closure: bool) -> None:
    expression = "%context.note.exists(" * levels + "text.exists()" + ")" * levels
    lines = compile_expression(expression).for_type("Task").source()
    assert lines is not None
    assert any("<locals>" in getattr(each, "__qualname__", "") for each in lines.objects.values()) is is_closure


def test_what_is_the_same_for_all_items_of_a_loop_is_read_before_it() -> None:
    lines = compile_expression("identifier.all(system != %resource.status)").for_type("Task").source()
    assert lines is not None
    before, _, loop = lines.text.partition("for ")
    assert "'status'" in before
    assert "'status'" not in loop


def test_work_is_counted_where_texts_are_compared_with_many() -> None:
    lines = compile_expression("identifier.value.isDistinct()").for_type("Task").source()
    assert lines is not None
    scope = Scope(nodes.node_of(TASK))
    left = scope.work.left
    lines.function()(TASK | {"identifier": [{"value": str(number)} for number in range(12)]}, scope)
    assert left - scope.work.left == 12 + 12  # the step, and the comparison
