"""Each kind of rule, in both directions, on a small system."""

from collections.abc import Callable
from typing import Any

import pytest

from adapter.mapping import Mapping, NotCarriedError, Outcome
from adapter.support.errors import ConfigurationError, MappingError

Make = Callable[..., Mapping]
Message = Callable[..., dict[str, Any]]
Record = Callable[..., bytes]

NOTE = "\n  - {fhir: communication.status, record: note/text}"
NOTE_RESOURCE = "  communication: {type: Communication}"
COMMUNICATION = {"resourceType": "Communication", "id": "c", "status": "completed"}


def both_ways(mapping: Mapping, bundle: dict[str, Any], part: str) -> dict[str, Any]:
    """The bundle as it comes back; the record must hold `part` and survive its own way there and back."""
    written = mapping.to_record(bundle)
    assert part in written.content.decode()
    back = mapping.to_fhir(written.content)
    assert mapping.to_record(back.bundle).content == written.content
    return back.bundle


def note(rules: str) -> str:
    return NOTE + rules


@pytest.fixture
def person(small: Make) -> Callable[[str], Mapping]:
    return lambda rules, **more: small(note(rules), resources=NOTE_RESOURCE, **more)


def test_value_text_keeps_line_breaks_and_space(
    person: Callable[..., Mapping], message: Message, resource: Callable[..., Any]
) -> None:
    mapping = person(
        "\n  - {fhir: patient.birthDate, record: person/born}\n  - {fhir: patient.name.given, record: person/name}"
    )
    text = " a\r\n\tb & <c> ]]> å "
    bundle = message(
        {"resourceType": "Patient", "id": "p", "birthDate": "1950-02-03", "name": [{"given": [text, "B"]}]},
        COMMUNICATION,
    )
    back = both_ways(mapping, bundle, "<born>1950-02-03</born>")
    assert resource(back, "Patient")["name"] == [{"given": [text, "B"]}]


def test_boolean(person: Callable[..., Mapping], message: Message, resource: Callable[..., Any]) -> None:
    mapping = person("\n  - {fhir: patient.active, record: person/active}")
    back = both_ways(
        mapping,
        message({"resourceType": "Patient", "id": "p", "active": False}, COMMUNICATION),
        "<active>false</active>",
    )
    assert resource(back, "Patient")["active"] is False


@pytest.mark.parametrize("written", ["2026-03-02T10:00:00", "2026-03-02", "igår", 5])
def test_instant_without_offset_is_refused_without_repeating_it(
    person: Callable[..., Mapping], message: Message, written: object
) -> None:
    mapping = person("\n  - {fhir: bundle.timestamp, record: sent}")
    bundle = message(COMMUNICATION) | {"timestamp": written}
    with pytest.raises(MappingError, match="offset") as caught:
        mapping.to_record(bundle)
    assert str(written) not in str(caught.value).replace("2026-03-09T10:12:00+01:00", "")
    assert "bundle.timestamp" in str(caught.value)
    assert "messages/note.yaml:" in str(caught.value)


def test_instant_keeps_how_it_was_written(person: Callable[..., Mapping], message: Message) -> None:
    mapping = person("\n  - {fhir: bundle.timestamp, record: sent}")
    bundle = message(COMMUNICATION) | {"timestamp": "2026-03-02T10:00:00.120+00:00"}
    back = both_ways(mapping, bundle, "<sent>2026-03-02T10:00:00.120+00:00</sent>")
    assert back["timestamp"] == "2026-03-02T10:00:00.120+00:00"


def test_codes_by_concept_map(person: Callable[..., Mapping], message: Message, resource: Callable[..., Any]) -> None:
    mapping = person("\n  - {fhir: patient.gender, record: person/sex, concepts: sex}")
    back = both_ways(
        mapping, message({"resourceType": "Patient", "id": "p", "gender": "female"}, COMMUNICATION), "<sex>kvinna</sex>"
    )
    assert resource(back, "Patient")["gender"] == "female"
    with pytest.raises(MappingError, match="concept map sex") as caught:
        mapping.to_record(message({"resourceType": "Patient", "id": "p", "gender": "other"}, COMMUNICATION))
    assert "other" not in str(caught.value)


def test_unmapped_code_kept_but_never_one_that_would_come_back_as_another(
    person: Callable[..., Mapping], message: Message
) -> None:
    mapping = person("\n  - {fhir: patient.gender, record: person/born, concepts: sex}", unmapped="keep")
    both_ways(
        mapping, message({"resourceType": "Patient", "id": "p", "gender": "other"}, COMMUNICATION), "<born>other</born>"
    )
    with pytest.raises(MappingError, match="concept map sex"):
        mapping.to_record(message({"resourceType": "Patient", "id": "p", "gender": "man"}, COMMUNICATION))


def test_group_with_condition_and_constant(
    person: Callable[..., Mapping], message: Message, resource: Callable[..., Any]
) -> None:
    mapping = person(
        """
  - each: patient.telecom
    named: contact
    record: person/contact
    rules:
      - {fhir: contact.value, record: .}
      - {fhir: contact.use, record: "@by", unless: {fhir: contact.rank}}
      - {fhir: contact.system, value: phone}"""
    )
    telecom = [{"system": "phone", "value": "1", "use": "home"}, {"system": "phone", "value": "2"}]
    back = both_ways(
        mapping,
        message({"resourceType": "Patient", "id": "p", "telecom": telecom}, COMMUNICATION),
        '<contact by="home">1</contact>',
    )
    assert resource(back, "Patient")["telecom"] == [
        {"value": "1", "use": "home", "system": "phone"},
        {"value": "2", "system": "phone"},
    ]


def test_constant_that_differs_is_not_mapped_and_one_that_lacks_is_supplied(
    person: Callable[..., Mapping], message: Message
) -> None:
    mapping = person("\n  - {fhir: patient.birthDate, record: person/born}\n  - {fhir: patient.gender, value: female}")
    with pytest.raises(NotCarriedError, match="expected 'female'"):
        mapping.to_record(
            message({"resourceType": "Patient", "id": "p", "gender": "male", "birthDate": "1950-01-01"}, COMMUNICATION)
        )
    report = mapping.to_record(
        message({"resourceType": "Patient", "id": "p", "birthDate": "1950-01-01"}, COMMUNICATION)
    ).report
    assert [line.path for line in report.of(Outcome.SUPPLIED)] == ["patient.gender"]


def test_record_constant_that_differs_is_not_mapped(person: Callable[..., Mapping], record: Record) -> None:
    mapping = person('\n  - {record: note/by, value: "yes"}')
    content = record("<note><text>completed</text><by>no</by></note>")
    with pytest.raises(NotCarriedError, match=r"note\[1\]/by\[1\] \(expected 'yes'\)"):
        mapping.to_fhir(content)


def test_defaults_are_reported_as_supplied(person: Callable[..., Mapping], message: Message, record: Record) -> None:
    mapping = person(
        "\n  - {fhir: communication.priority, record: note/about, default: {record: plain, fhir: routine}}"
    )
    written = mapping.to_record(message(COMMUNICATION))
    assert b"<about>plain</about>" in written.content
    assert [line.path for line in written.report.of(Outcome.SUPPLIED)] == ["note/about"]
    read = mapping.to_fhir(record())
    assert [line.path for line in read.report.of(Outcome.SUPPLIED)] == ["communication.priority"]


def test_required_says_which_element_the_record_needs(person: Callable[..., Mapping], message: Message) -> None:
    mapping = person("\n  - {fhir: communication.priority, record: note/about, required: true}")
    with pytest.raises(MappingError, match=r"communication\.priority: is missing; note/about of the record needs it"):
        mapping.to_record(message(COMMUNICATION))


def test_one_way_rule(person: Callable[..., Mapping], message: Message, record: Record) -> None:
    mapping = person("\n  - {fhir: communication.priority, record: note/about, only: record, reason: a test}")
    assert b"<about>asap</about>" in mapping.to_record(message({**COMMUNICATION, "priority": "asap"})).content
    with pytest.raises(NotCarriedError, match="about"):
        mapping.to_fhir(record("<note><text>completed</text><about>asap</about></note>"))


LINKS = """
  - {fhir: patient.birthDate, record: person/born}
  - {fhir: communication.subject, refers: patient}
  - {fhir: communication.sender, refers: patient, record: note/by}
  - {fhir: plan.status, record: note/about}
  - each: plan.goal
    named: goal
    resource: Goal
    record: note/goal
    rules:
      - {fhir: goal.description.text, record: .}
  - each: plan.activity
    named: step
    record: note/step
    rules:
      - {fhir: step.detail.description, record: what}
      - {fhir: step.detail.goal, refers: goal, record: serves, position: true}"""


@pytest.fixture
def linked(small: Make) -> Mapping:
    return small(note(LINKS), resources=NOTE_RESOURCE + "\n  plan: {type: CarePlan}")


def linked_message(message: Message) -> dict[str, Any]:
    goals = [{"resourceType": "Goal", "id": f"g{n}", "description": {"text": f"goal {n}"}} for n in (1, 2)]
    detail = {"description": "do", "goal": [{"reference": "urn:uuid:g2"}, {"reference": "urn:uuid:g1"}]}
    plan = {
        "resourceType": "CarePlan",
        "id": "plan",
        "status": "active",
        "goal": [{"reference": "urn:uuid:g1"}, {"reference": "urn:uuid:g2"}],
        "activity": [{"detail": detail}],
    }
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1950-01-01"}
    to_patient = {"reference": "urn:uuid:p"}
    return message(patient, {**COMMUNICATION, "subject": to_patient, "sender": to_patient}, plan, *goals)


def test_links_are_taken_for_granted_flagged_or_told_by_position(
    linked: Mapping, message: Message, resource: Callable[..., Any]
) -> None:
    back = both_ways(linked, linked_message(message), "<serves>2</serves>")
    patient = f"urn:uuid:{resource(back, 'Patient')['id']}"
    communication = resource(back, "Communication")
    assert communication["subject"] == {"reference": patient} == communication["sender"]
    plan = resource(back, "CarePlan")
    assert plan["activity"][0]["detail"]["goal"] == [plan["goal"][1], plan["goal"][0]]
    ids = {entry["fullUrl"] for entry in back["entry"]}
    assert {reference["reference"] for reference in plan["goal"]} <= ids
    assert len(ids) == 6


def test_a_reference_that_leads_elsewhere_is_not_mapped(linked: Mapping, message: Message) -> None:
    bundle = linked_message(message)
    bundle["entry"][2]["resource"]["subject"] = {"reference": "urn:uuid:plan"}
    with pytest.raises(NotCarriedError, match=r"subject.reference"):
        linked.to_record(bundle)


def test_a_position_that_no_item_has_is_refused(linked: Mapping, message: Message) -> None:
    content = linked.to_record(linked_message(message)).content
    with pytest.raises(MappingError, match="serves: expected a place in the list, 1 to 2"):
        linked.to_fhir(content.replace(b"<serves>2<", b"<serves>3<"))


def test_a_flag_without_anybody_to_lead_to_is_refused(linked: Mapping, record: Record) -> None:
    with pytest.raises(MappingError, match="note/by: there is no patient in the message"):
        linked.to_fhir(record("<note><text>completed</text><by>true</by></note>"))


UNIT = """description: A unit.
rules:
  - {fhir: unit.identifier.where(system = %mail).value, record: about}
  - {fhir: unit.name, record: by}
"""


@pytest.fixture
def party(folder: Callable[..., Any]) -> Mapping:
    path = folder(
        note("\n  - {each: sender, named: unit, record: note, part: parts/unit.yaml}"),
        resources=NOTE_RESOURCE + "\n  sender: {type: Organization, via: header.sender}",
    )
    (path / "parts").mkdir()
    (path / "parts" / "unit.yaml").write_text(UNIT)
    return Mapping.load(path)


def test_resource_by_reference(party: Mapping, message: Message, resource: Callable[..., Any]) -> None:
    unit = {
        "resourceType": "Organization",
        "id": "o",
        "identifier": [{"system": "urn:mail", "value": "a"}],
        "name": "A",
    }
    back = both_ways(party, message(unit, COMMUNICATION, sender={"reference": "urn:uuid:o"}), "<about>a</about>")
    made = resource(back, "Organization")
    assert {**made, "id": "o"} == unit
    assert resource(back, "MessageHeader")["sender"] == {"reference": f"urn:uuid:{made['id']}"}


def test_party_named_by_identifier_alone(party: Mapping, message: Message, resource: Callable[..., Any]) -> None:
    sender = {"identifier": {"system": "urn:mail", "value": "a"}, "display": "A"}
    written = party.to_record(message(COMMUNICATION, sender=sender))
    assert b"<about>a</about>" in written.content
    assert b"<by>A</by>" in written.content
    assert not written.report.of(Outcome.NOT_MAPPED)


def test_an_identifier_of_another_system_is_not_dropped(party: Mapping, message: Message) -> None:
    identifiers = [{"system": "urn:mail", "value": "a"}, {"system": "urn:other", "value": "b"}]
    unit = {"resourceType": "Organization", "id": "o", "identifier": identifiers}
    with pytest.raises(NotCarriedError, match=r"identifier\[1\].value") as caught:
        party.to_record(message(unit, COMMUNICATION, sender={"reference": "urn:uuid:o"}))
    assert caught.value.report.of(Outcome.NOT_MAPPED)


def test_two_rules_that_write_different_values_are_refused(person: Callable[..., Mapping], message: Message) -> None:
    mapping = person("\n  - {fhir: communication.priority, record: note/text}")
    with pytest.raises(MappingError, match="two rules write different values"):
        mapping.to_record(message({**COMMUNICATION, "priority": "asap"}))


STEPS = """
  - each: communications
    named: communication
    record: note/step
    rules:
      - {fhir: communication.status, record: what}
      - {fhir: communication.instantiatesUri, record: serves}
      - {fhir: communication.implicitRules, record: /sent}"""
MANY = "  communications: {type: Communication, many: true}"


def test_a_name_for_many_is_gone_through_and_says_once_what_all_say(small: Make, message: Message) -> None:
    mapping = small(STEPS, resources=MANY)
    notes = [{**COMMUNICATION, "id": each, "implicitRules": "urn:a", "instantiatesUri": [each]} for each in "cd"]
    written = mapping.to_record(message(*notes))
    assert written.content.count(b"<step>") == 2
    assert written.content.count(b"<sent>urn:a</sent>") == 1
    back = mapping.to_fhir(written.content).bundle
    found = [each["resource"] for each in back["entry"] if each["resource"]["resourceType"] == "Communication"]
    assert [(each["instantiatesUri"], each["implicitRules"]) for each in found] == [(["c"], "urn:a"), (["d"], "urn:a")]
    assert mapping.to_record(back).content == written.content
    notes[1]["implicitRules"] = "urn:b"
    with pytest.raises(MappingError, match="/sent: two rules write different values"):
        mapping.to_record(message(*notes))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{fhir: communications.status, record: note/text}", "'communications' may be many: go through them"),
        ("{each: communications, named: c, record: note, rules: []}", "'note' stands once; 'communications' may be"),
    ],
)
def test_a_name_for_many_is_only_gone_through(small: Make, rule: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        small(f"\n  - {rule}", resources=MANY)


def test_many_are_not_found_by_one_reference(small: Make) -> None:
    with pytest.raises(ConfigurationError, match="many has no meaning with via"):
        small(NOTE, resources="  communication: {type: Communication, via: header.sender, many: true}")
