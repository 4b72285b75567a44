"""Nothing vanishes: every node is carried, left out with a reason, or stops the message."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapter.mapping import Mapping, NotCarriedError, Outcome
from adapter.support.errors import MappingError

from .conftest import write_small

Make = Callable[..., Mapping]
Message = Callable[..., dict[str, Any]]
RULES = "\n  - {fhir: communication.status, record: note/text}"
NAMED = "  communication: {type: Communication}"
NOTE = {"resourceType": "Communication", "id": "c", "status": "completed"}


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ({"priority": "asap"}, "priority"),
        ({"_status": {"extension": [{"url": "urn:x", "valueString": "hemligt"}]}}, "_status.extension[0].url"),
        ({"note": [{"text": "hemligt"}]}, "note[0].text"),
        ({"note": []}, "note"),
        ({"subject": {}}, "subject"),
        ({"contained": [{"resourceType": "Basic"}]}, "contained[0].ofType(Basic)"),
        ({"contained": [[{"resourceType": "Basic"}]]}, "contained[0][0].ofType(Basic)"),
        ({"note": [["hemligt"]]}, "note[0][0]"),
        ({"note": [None, "hemligt"]}, "note[1]"),
        ({"note": [{}]}, "note[0]"),
        ({"extension": [{"url": "urn:mail", "valueString": "hemligt"}]}, "extension[0].url"),
        ({"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}, "modifierExtension[0].valueBoolean"),
    ],
)
def test_what_no_rule_speaks_of_stops_the_message(
    small: Make, message: Message, extra: dict[str, Any], path: str
) -> None:
    mapping = small(RULES, resources=NAMED)
    with pytest.raises(NotCarriedError) as caught:
        mapping.to_record(message({**NOTE, **extra}))
    assert f"Communication).{path}" in str(caught.value)
    assert "hemligt" not in str(caught.value)
    assert "hemligt" not in str(caught.value.report.to_dict())


def test_a_resource_that_nothing_names_stops_the_message(small: Make, message: Message) -> None:
    with pytest.raises(NotCarriedError, match=r"entry\[2\].resource.ofType\(Basic\)"):
        small(RULES, resources=NAMED).to_record(message(NOTE, {"resourceType": "Basic", "id": "b"}))


def test_what_is_left_out_hides_no_resource_within_it(small: Make, message: Message) -> None:
    mapping = small(RULES, resources=NAMED, leave_out="  - {fhir: Communication.contained, reason: not needed}")
    mapping.to_record(message({**NOTE, "contained": ["x", ["y"]]}))
    for contained in ([{"resourceType": "Basic"}], [[{"resourceType": "Basic"}]], {"resourceType": "Basic"}):
        with pytest.raises(NotCarriedError, match=r"ofType\(Basic\)"):
            mapping.to_record(message({**NOTE, "contained": contained}))


def test_warn_says_so_in_the_report(small: Make, message: Message) -> None:
    mapping = small(RULES, resources=NAMED, on_unmapped="warn")
    report = mapping.to_record(message({**NOTE, "priority": "asap"})).report
    (line,) = report.of(Outcome.NOT_MAPPED)
    assert line.path == "Bundle.entry[1].resource.ofType(Communication).priority"
    assert report.to_dict()["counts"]["not-mapped"] == 1


def test_what_is_left_over_is_told_by_path_and_reason_alone(small: Make, message: Message) -> None:
    with pytest.raises(NotCarriedError) as caught:
        small(RULES, resources=NAMED).to_record(message({**NOTE, "note": [None, {"text": "hemligt"}]}))
    report = caught.value.report.to_dict()
    path, reason = "Bundle.entry[1].resource.ofType(Communication).note[1].text", "no rule speaks of it"
    assert [node for node in report["nodes"] if "note" in node["path"]] == [
        {"path": path, "outcome": "not-mapped", "reason": reason}
    ]


def test_every_node_is_in_the_report_once(small: Make, message: Message) -> None:
    report = small(RULES, resources=NAMED).to_record(message(NOTE)).report
    paths = [line.path for line in report.lines]
    assert len(paths) == len(set(paths))
    assert "Bundle.entry[1].resource.ofType(Communication).status" in paths
    assert all(line.rule and (line.reason or line.outcome == Outcome.MAPPED) for line in report.lines)


def test_left_out_by_pattern_extension_and_value(small: Make, message: Message) -> None:
    mapping = small(
        RULES,
        resources=NAMED,
        leave_out="""  - {fhir: Communication.extension(%mail), reason: no mail}
  - {fhir: "**.display", reason: for people}
  - {fhir: Communication.priority, value: routine, reason: says nothing}""",
    )
    mail = {"extension": [{"url": "urn:mail", "extension": [{"url": "a", "valueCode": "b"}]}]}
    reasons = {
        line.reason
        for line in mapping.to_record(
            message({**NOTE, **mail, "priority": "routine", "subject": {"display": "x"}})
        ).report.of(Outcome.LEFT_OUT)
    }
    assert {"no mail", "for people", "says nothing"} <= reasons
    with pytest.raises(NotCarriedError, match="priority"):
        mapping.to_record(message({**NOTE, "priority": "asap"}))
    with pytest.raises(NotCarriedError, match=r"extension\[0\].valueCode"):
        mapping.to_record(message({**NOTE, "extension": [{"url": "urn:other", "valueCode": "b"}]}))


def test_what_is_left_out_has_its_own_reason_where_two_stand_on_one_line(tmp_path: Path, message: Message) -> None:
    folder = write_small(tmp_path, RULES, resources=NAMED)
    file = folder / "messages" / "note.yaml"
    header = "{fhir: MessageHeader.source, reason: not needed}"
    both = f"leave_out: [{header}, {{fhir: Communication.priority, reason: of no use}}]"
    file.write_text(file.read_text().replace(f"leave_out:\n  - {header}", both))
    report = Mapping.load(folder).to_record(message({**NOTE, "priority": "asap"})).report
    reasons = {line.path.rpartition("(")[2]: line.reason for line in report.of(Outcome.LEFT_OUT)}
    assert reasons["Communication).priority"] == "of no use"
    assert reasons["MessageHeader).source.endpoint"] == "not needed"


def test_left_out_only_beside_what_says_the_same(small: Make, message: Message) -> None:
    beside = '  - {fhir: "**.display", beside: [reference], reason: for people}'
    mapping = small(RULES + "\n  - {fhir: communication.subject, refers: patient}", resources=NAMED, leave_out=beside)
    patient = {"resourceType": "Patient", "id": "p"}
    mapping.to_record(message({**NOTE, "subject": {"reference": "urn:uuid:p", "display": "x"}}, patient))
    for alone in ({"display": "x"}, {"display": [{}, "x"]}):
        with pytest.raises(NotCarriedError, match=r"subject.display"):
            mapping.to_record(message({**NOTE, "subject": alone}))


def test_resources_left_out_only_where_they_say_whom_they_are_for(small: Make, message: Message) -> None:
    mapping = small(RULES, resources=NAMED, leave_out="  - {resource: Task, having: owner, reason: another receiver's}")
    task = {"resourceType": "Task", "id": "t", "status": "requested"}
    mapping.to_record(message(NOTE, {**task, "owner": {"reference": "urn:uuid:c"}}))
    with pytest.raises(NotCarriedError, match=r"ofType\(Task\)"):
        mapping.to_record(message(NOTE, task))


def test_two_resources_for_one_name_are_not_guessed_between(small: Make, message: Message) -> None:
    with pytest.raises(MappingError, match="2 Communication resources fit; expected one at most"):
        small(RULES, resources=NAMED).to_record(message(NOTE, {**NOTE, "id": "d"}))


def test_a_record_node_that_no_rule_speaks_of_stops_the_message(small: Make, record: Callable[..., bytes]) -> None:
    mapping = small(RULES, resources=NAMED)
    with pytest.raises(NotCarriedError, match=r"message/note\[1\]/by\[1\]"):
        mapping.to_fhir(record("<note><text>completed</text><by>hemligt</by></note>"))


def test_one_destination_and_a_known_event(small: Make, message: Message) -> None:
    mapping = small(RULES, resources=NAMED)
    bundle = message(NOTE)
    header = bundle["entry"][0]["resource"]
    header["destination"] *= 2
    with pytest.raises(MappingError, match="2 destinations"):
        mapping.to_record(bundle)
    header["destination"].pop()
    header["eventCoding"]["code"] = "sip"
    with pytest.raises(MappingError, match="no record for this event; it has: general-message"):
        mapping.to_record(bundle)
