"""What the one door does with good and bad messages, from bytes to rows."""

import copy
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from adapter import wiring
from adapter.exchange.submission import Submission
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.canonical import EXTENDED_NOTICE
from adapter.security.principals import Right
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support import settings
from adapter.support.errors import ConfigurationError

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def count(installation, table, *conditions):
    with installation.adapter.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()


def rows(installation, table):
    with installation.adapter.database.read() as connection:
        return connection.execute(select(table)).all()


def rules(reply):
    return {issue["details"]["coding"][0]["code"] for issue in reply.resource["issue"] if "coding" in issue["details"]}


def resources(message, kind):
    return [entry["resource"] for entry in message["entry"] if entry["resource"]["resourceType"] == kind]


def test_an_accepted_message_is_committed_with_its_bytes_fact_and_deliveries(installation, messages):
    body = fhir_json.serialize(messages("a")[0])
    reply = installation.send(body)

    assert reply.status == 200, reply.resource
    header = reply.resource["entry"][0]["resource"]
    assert header["response"] == {"identifier": messages("a")[0]["entry"][0]["resource"]["id"], "code": "ok"}
    (message,) = rows(installation, tables.message)
    assert message.status == "accepted"
    assert message.config_version == installation.adapter.config_version
    deliveries = rows(installation, tables.delivery)
    assert {delivery.endpoint for delivery in deliveries} == {"lifecare", "open-care"}
    assert {delivery.status for delivery in deliveries} == {"waiting"}
    with installation.adapter.database.read() as connection:
        contents = installation.adapter.contents.of_message(connection, message.id)
    assert [content.body for content in contents if content.stage == "received"] == [body]
    assert sorted(content.stage for content in contents) == [
        "answer",
        "mapped",
        "mapped",
        "received",
        "report",
        "report",
    ]
    (fact,) = rows(installation, tables.fact)
    assert fact.event == "admission-notice"
    assert "need_assessed" in fact.instants


def test_the_clock_instants_are_kept_as_facts_but_not_delivered(installation, messages):
    installation.send(messages("a")[0])
    with installation.adapter.database.read() as connection:
        (message_id,) = connection.execute(select(tables.message.c.id)).scalars()
        mapped = installation.adapter.contents.of_message(connection, message_id, "mapped")
    (fact,) = rows(installation, tables.fact)
    assert len(mapped) == 2
    for content in mapped:
        assert fact.instants["need_assessed"].encode() not in content.body


def test_the_same_message_again_gets_the_same_answer_and_no_second_effect(installation, messages):
    message = messages("a")[0]
    first = installation.send(message)
    again = installation.send(message)
    resent = installation.send(message | {"id": "another-bundle-id", "timestamp": "2026-03-10T10:12:00.000+01:00"})

    assert (again.status, again.resource) == (200, first.resource)
    assert (resent.status, resent.resource) == (200, first.resource)
    assert count(installation, tables.message) == 1
    assert count(installation, tables.delivery) == 2


def test_the_same_message_from_many_threads_at_once_is_taken_in_once(installation, messages):
    message = messages("a")[0]
    _ = installation.adapter.exchange
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: installation.send(message), range(6)))
    assert {reply.status for reply in replies} == {200}
    assert len({json.dumps(reply.resource, sort_keys=True) for reply in replies}) == 1
    assert count(installation, tables.message) == 1


def test_the_same_id_with_other_content_is_a_conflict(installation, messages):
    message = messages("a")[0]
    installation.send(message)
    changed = copy.deepcopy(message)
    resources(changed, "Patient")[0]["address"][0]["city"] = "Byske"
    reply = installation.send(changed)
    assert (reply.status, rules(reply)) == (409, {"message-id-reused"})
    assert reply.resource["issue"][0]["code"] == "conflict"
    assert count(installation, tables.message, tables.message.c.status == "rejected") == 1


def test_a_bundle_id_with_another_message_is_a_conflict(installation, messages):
    first, second = messages("a")[0], messages("b")[0]
    installation.send(first)
    reply = installation.send(second | {"id": first["id"]})
    assert (reply.status, rules(reply)) == (409, {"bundle-id-reused"})


def test_ids_are_scoped_per_sender(installation, messages):
    """Another party that uses the same ids is not told that they exist: it cannot send as this unit at all."""
    installation.send(messages("a")[0])
    reply = installation.send(messages("a")[0], party="kommun")
    assert (reply.status, rules(reply)) == (403, {"sender-not-yours"})


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"{", 400, "not-readable"),
        (b"", 400, "not-readable"),
        (b'{"resourceType":"Bundle","a":NaN}', 400, "not-readable"),
        (b'{"resourceType":"Bundle","type":"message","type":"message"}', 400, "not-readable"),
        (b"[" * 100_000, 400, "not-readable"),
        (b'{"resourceType":"Bundle","type":"message","entry":[' + b"{}," * 60_000 + b"{}]}", 400, "not-readable"),
    ],
)
def test_what_cannot_be_read_is_refused_and_kept(installation, body, status, rule):
    reply = installation.send(body)
    assert (reply.status, rules(reply)) == (status, {rule})
    (message,) = rows(installation, tables.message)
    assert (message.status, message.http_status) == ("rejected", status)
    assert message.sender_party == "region"
    with installation.adapter.database.read() as connection:
        (content,) = installation.adapter.contents.of_message(connection, message.id)
    assert content.body == body


def test_a_sender_that_is_not_the_tokens_party_leaves_no_content(installation, messages):
    reply = installation.send(messages("a")[0], party="kommun")
    assert reply.status == 403
    assert count(installation, tables.content) == 0
    assert count(installation, tables.message) == 1


def test_without_the_right_to_send_nothing_is_read(installation, messages):
    body = fhir_json.serialize(messages("a")[0])
    submission = Submission(body, "application/fhir+json", request_id="test")
    reply = installation.adapter.exchange.receive(submission, installation.principal("region", Right.LIST))
    assert (reply.status, rules(reply)) == (403, {"http-403"})


def test_an_unknown_event_is_refused(installation, messages):
    message = messages("a")[0]
    message["entry"][0]["resource"]["eventCoding"]["code"] = "birth-notice"
    reply = installation.send(message)
    assert reply.status == 422
    assert "event-unknown" in rules(reply)


def test_what_only_the_adapter_writes_is_not_taken_in(installation, messages):
    message = messages("a")[0]
    message["entry"][0]["resource"]["eventCoding"]["code"] = "delivery-report"
    assert "event-not-taken-in" in rules(installation.send(message))


def test_an_unknown_recipient_refuses_the_whole_message(installation, messages):
    message = messages("a")[0]
    receivers = [
        identifier
        for organization in resources(message, "Organization")
        for identifier in organization["identifier"]
        if identifier["value"].startswith("SE2120002643")
    ]
    assert receivers
    receivers[0]["value"] = "SE2120009999-NOWHERE"
    reply = installation.send(message)
    assert (reply.status, rules(reply)) == (422, {"recipient-unknown"})
    assert reply.resource["issue"][0]["expression"] == ["MessageHeader.destination[0].receiver"]
    assert "SE2120009999" not in json.dumps(reply.resource)
    assert count(installation, tables.delivery) == 0


def test_the_same_recipient_twice_is_refused(installation, messages):
    message = messages("a")[0]
    header = message["entry"][0]["resource"]
    header["destination"].append(copy.deepcopy(header["destination"][0]))
    assert "recipient-twice" in rules(installation.send(message))


def test_an_invalid_resource_is_refused_with_its_location(installation, messages):
    message = messages("a")[0]
    resources(message, "Patient")[0]["birthDate"] = "2025-02-30"
    reply = installation.send(message)
    assert reply.status == 422
    assert any("birthDate" in place for issue in reply.resource["issue"] for place in issue["expression"])


def test_a_refused_statutory_notice_is_alarmed_until_it_is_accepted(installation, messages):
    good = messages("a")[0]
    bad = copy.deepcopy(good)
    bad["entry"][0]["resource"]["focus"] = [{"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}]
    assert installation.send(bad).status == 422
    with installation.adapter.database.read() as connection:
        (alarm,) = standing(connection)
    assert alarm.kind == "statutory-notice-refused"
    assert "admission-notice" in alarm.reason
    assert alarm.command == "adapter messages show 1"

    assert installation.send(good).status == 200
    with installation.adapter.database.read() as connection:
        assert standing(connection) == []


def test_a_map_that_fails_makes_a_dead_letter_and_a_warning_while_the_others_go(installation, messages):
    first, message = messages("a")[:2]
    installation.send(first)
    resources(message, "Patient")[0]["maritalStatus"] = {"text": "gift"}
    reply = installation.send(message)
    assert reply.status == 200
    outcome = reply.resource["entry"][1]["resource"]
    assert outcome["issue"][0]["severity"] == "warning"
    assert "maritalStatus" in outcome["issue"][0]["diagnostics"]
    assert "gift" not in json.dumps(reply.resource)
    assert {row.endpoint: row.status for row in rows(installation, tables.delivery) if row.message_id == 2} == {
        "lifecare": "dead",
        "open-care": "waiting",
    }
    with installation.adapter.database.read() as connection:
        assert [alarm.kind for alarm in standing(connection)] == ["dead-letter"]
        (dead,) = [row.id for row in rows(installation, tables.delivery) if row.status == "dead"]
        report = installation.adapter.contents.of_delivery(connection, dead, "report")
    assert b"maritalStatus" in report.body


def test_an_admission_notice_says_the_statutory_minimum_and_nothing_else(installation, messages):
    condition = {"resourceType": "Condition", "id": "c", "subject": {"display": "x"}}
    for name, change in {
        "Encounter": {"reasonCode": [{"text": "hjärtsvikt"}]},
        "Patient": {"gender": "female"},
        "Task": {"description": "hjärtsvikt"},
    }.items():
        message = messages(name)[0]
        resources(message, name)[0].update(change)
        reply = installation.send(message)
        assert (reply.status, rules(reply)) == (422, {"discharge-minimum-content", "profile-max"}), name
        places = [place for issue in reply.resource["issue"] for place in issue["expression"]]
        assert any(place.endswith(f".{next(iter(change))}") for place in places)
    message = messages("Condition")[0]
    message["entry"].append({"fullUrl": "https://journal.example/Condition/c", "resource": condition})
    assert "discharge-minimum-content" in rules(installation.send(message))
    assert count(installation, tables.delivery) == 0


def test_an_extended_admission_notice_needs_a_basis_in_the_settings(installation, messages, monkeypatch):
    message = messages("a")[0]
    resources(message, "Encounter")[0]["reasonCode"] = [{"text": "hjärtsvikt"}]
    message["meta"] = {"profile": [EXTENDED_NOTICE]}
    reply = installation.send(message)
    assert (reply.status, rules(reply)) == (422, {"discharge-extended-basis"})

    monkeypatch.setenv("ADAPTER_NOTICES__EXTENDED_BASIS", "the region's agreement of 2026")
    allowed = wiring.build(settings.load(installation.folder / "adapter.toml"), installation.adapter.clock)
    try:
        assert replace(installation, adapter=allowed).send(message).status == 200
    finally:
        allowed.close()


def test_packages_without_the_messages_are_told_before_any_is_taken_in(installation, monkeypatch):
    monkeypatch.setenv("ADAPTER_PACKAGES__REQUIRED", '["hl7.fhir.r4.core#4.0.1"]')
    bare = wiring.build(settings.load(installation.folder / "adapter.toml"), installation.adapter.clock)
    with pytest.raises(ConfigurationError, match=r"packages\.required: .*add discharge-adapter\.fhir#1\.0\.0"):
        _ = bare.exchange


def test_more_destinations_than_anyone_has_are_refused_before_any_work(installation, messages):
    message = messages("a")[0]
    header = message["entry"][0]["resource"]
    header["destination"] = header["destination"] * 26
    assert rules(installation.send(message)) == {"destinations-too-many"}


def test_a_missing_predecessor_warns(installation, messages):
    reply = installation.send(messages("a")[1])
    assert reply.status == 200
    outcome = reply.resource["entry"][1]["resource"]
    assert [issue["details"]["coding"][0]["code"] for issue in outcome["issue"]] == ["predecessor-missing"]


def test_another_persons_case_is_refused(installation, messages):
    first, other = messages("a"), messages("b")[0]
    installation.send(first[0])
    (group,) = {task["groupIdentifier"]["value"] for task in resources(first[0], "Task")}
    for task in resources(other, "Task"):
        task["groupIdentifier"]["value"] = group
    resources(other, "Patient")[0]["identifier"][0]["value"] = "189001039800"
    reply = installation.send(other)
    assert (reply.status, rules(reply)) == (422, {"patient-of-another-case"})
    assert count(installation, tables.patient) == 1


def test_xml_and_json_of_the_same_message_are_the_same_message(installation, messages):
    message = messages("a")[0]
    first = installation.send(message)
    submission = Submission(fhir_xml.serialize(message), "application/fhir+xml", request_id="test")
    again = installation.adapter.exchange.receive(submission, installation.principal("region"))
    assert again.resource == first.resource
    assert again.result == "repeated"


@pytest.mark.parametrize(
    ("media_type", "codec"),
    [("application/FHIR+XML", fhir_xml), ('application/fhir+json; profile="http://x.example/xml"', fhir_json)],
)
def test_a_media_type_counts_in_any_case_and_without_its_parameters(installation, messages, media_type, codec):
    submission = Submission(codec.serialize(messages("a")[0]), media_type, request_id="test")
    assert installation.adapter.exchange.receive(submission, installation.principal("region")).status == 200


def test_facts_and_audit_cannot_be_changed(installation, messages):
    installation.send(messages("a")[0])
    with (
        pytest.raises(Exception, match="never changed or removed"),
        installation.adapter.database.write() as connection,
    ):
        connection.execute(tables.fact.delete())
