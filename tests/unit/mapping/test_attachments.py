"""What no rule speaks of goes along as text, where the record has a place that the mapping names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapter.mapping import Mapping, NotCarriedError, Outcome
from adapter.support.errors import ConfigurationError, MappingError

ATTACH = 'attach\nattach_to: "{body}/about"'
RULES = """
  - {fhir: communication.status, record: note/text}
  - {fhir: communication.priority, value: routine}"""
NAMED = "  communication: {type: Communication}"
COMMUNICATION = {"resourceType": "Communication", "id": "c", "status": "completed", "priority": "routine"}
PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "name": [{"family": "Berg"}, {"family": "Lund & Ek"}],
    "multipleBirthInteger": 2,
}

Make = Callable[..., Mapping]
Message = Callable[..., dict[str, Any]]


@pytest.fixture
def mapping(small: Make) -> Mapping:
    return small(RULES, resources=NAMED, on_unmapped=ATTACH)


def test_each_node_is_a_line_and_each_resource_a_paragraph(mapping: Mapping, message: Message) -> None:
    other = {"resourceType": "Basic", "id": "b", "code": {"text": "x"}}
    written = mapping.to_record(message(PATIENT, COMMUNICATION, other))
    text = written.content.decode().partition("<about>")[2].partition("</about>")[0]
    assert text.split("\n") == [
        "Patient.active: true",
        "Patient.name[0].family: Berg",
        "Patient.name[1].family: Lund &amp; Ek",
        "Patient.multipleBirthInteger: 2",
        "",
        "Basic",
        "Basic.code.text: x",
    ]
    attached = written.report.of(Outcome.ATTACHED)
    assert len(attached) == 6
    assert {line.rule.partition(":")[0] for line in attached} == {"mapping.yaml"}
    assert not written.report.of(Outcome.NOT_MAPPED)
    assert "mapping.yaml" not in {line.rule.partition(":")[0] for line in written.report.of(Outcome.MAPPED)}


def test_nothing_is_attached_where_nothing_is_left_over(mapping: Mapping, message: Message) -> None:
    written = mapping.to_record(message(COMMUNICATION))
    assert b"<about>" not in written.content
    assert not written.report.of(Outcome.ATTACHED)


def test_what_contradicts_a_constant_is_refused_and_not_attached(mapping: Mapping, message: Message) -> None:
    with pytest.raises(NotCarriedError, match="priority"):
        mapping.to_record(message(COMMUNICATION | {"priority": "urgent"}))


def test_the_way_back_refuses_what_no_rule_speaks_of(mapping: Mapping, record: Callable[..., bytes]) -> None:
    with pytest.raises(NotCarriedError, match="about"):
        mapping.to_fhir(record("<note><text>completed</text><about>x</about></note>"))


def test_a_place_that_a_rule_writes_to_is_taken(small: Make, message: Message) -> None:
    rules = f"{RULES}\n  - {{fhir: communication.language, record: note/about}}"
    mapping = small(rules, resources=NAMED, on_unmapped=ATTACH)
    spoken = COMMUNICATION | {"language": "sv"}
    assert b"<about>sv</about>" in mapping.to_record(message(spoken)).content
    with pytest.raises(MappingError, match="a rule writes there"):
        mapping.to_record(message(PATIENT, spoken))


def test_characters_that_xml_cannot_carry_are_refused_without_the_text(mapping: Mapping, message: Message) -> None:
    with pytest.raises(MappingError, match="XML cannot carry") as caught:
        mapping.to_record(message(PATIENT | {"language": "hem\x07ligt"}, COMMUNICATION))
    assert "ligt" not in str(caught.value)


@pytest.mark.parametrize(
    ("on_unmapped", "words"),
    [
        ("attach", "belong together"),
        ("refuse\nattach_to: note/about", "belong together"),
        ("attach\nattach_to: note/abuot", "no message has a place for text at 'note/abuot'"),
        ("attach\nattach_to: note/step", "no message has a place for text at 'note/step'"),
    ],
)
def test_the_place_must_be_there(folder: Callable[..., Path], on_unmapped: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Mapping.load(folder(RULES, resources=NAMED, on_unmapped=on_unmapped))
