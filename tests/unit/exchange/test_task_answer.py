"""The message that a change of a Task over REST is: to the other side, about the same person, answering what asked."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from adapter.discharge.tasks import Role
from adapter.exchange import task_answer
from adapter.exchange.submission import Refusal
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import EVENT, HSA, MUNICIPALITY, RESERVNUMMER
from adapter.validation import messages

AT = datetime(2026, 3, 9, 10, 30, tzinfo=ZoneInfo("Europe/Stockholm"))


def asked(patient="p", **task):
    """A ward asks a municipality that it names by kommunkod."""
    ids = {name: f"00000000-0000-4000-8000-00000000000{number}" for number, name in enumerate("hptwx")}
    ward = {"resourceType": "Organization", "id": ids["w"], "identifier": [{"system": HSA, "value": "SE1-W"}]}
    header = {
        "resourceType": "MessageHeader",
        "id": ids["h"],
        "eventCoding": {"system": EVENT, "code": "admission-notice"},
        "sender": {"reference": f"urn:uuid:{ids['w']}"},
        "source": {"endpoint": "https://ward.example"},
        "destination": [
            {"endpoint": "https://town.example", "receiver": {"identifier": {"system": MUNICIPALITY, "value": "2482"}}}
        ],
    }
    request = {
        "resourceType": "Task",
        "id": ids["t"],
        "status": "requested",
        "for": {"reference": f"urn:uuid:{ids[patient]}"},
        "owner": {"identifier": {"system": MUNICIPALITY, "value": "2482"}, "display": "Skellefteå"},
        "requester": {"reference": f"urn:uuid:{ids['w']}"},
        **task,
    }
    person = {
        "resourceType": "Patient",
        "id": ids["p"],
        "meta": {"security": [{"code": "x"}]},
        "identifier": [{"system": RESERVNUMMER, "value": "R-1"}],
        "name": [{"text": "A"}],
    }
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in (header, person, request, ward)]
    timestamp = "2026-03-09T10:00:00+01:00"
    return MessageBundle(
        {"resourceType": "Bundle", "type": "message", "id": ids["x"], "timestamp": timestamp, "entry": entries}
    )


def test_the_owner_answers_the_requester():
    message = asked()
    given = {"status": "rejected", "statusReason": {"text": "nej"}, "code": {"text": "not taken over"}}
    answer = MessageBundle(task_answer.write(message, 2, given, Role.OWNER, AT))
    assert answer.event == "acceptance-answer"
    assert answer.hsa_of(answer.header["sender"], answer.header_entry) == "2482"
    assert answer.destination_receivers() == [(0, "SE1-W", None)]
    assert answer.destinations[0]["endpoint"] == "https://ward.example"
    assert answer.header["source"]["endpoint"] == "https://town.example"
    [task] = answer.of_type("Task")
    assert (task["status"], task["statusReason"], "code" in task) == ("rejected", {"text": "nej"}, False)
    assert answer.units_of(task["owner"]) == (None, "2482")
    [person] = answer.of_type("Patient")
    assert (person["name"], person["meta"]) == ([{"text": "A"}], {"security": [{"code": "x"}]})
    assert answer.resolve(task["for"]) is person
    [(_, own)] = answer.own_provenances
    assert [(each["role"], each["what"]["identifier"]["value"]) for each in own["entity"]] == [
        ("source", f"urn:uuid:{message.header_id}")
    ]
    assert answer.timestamp == task["lastModified"] == "2026-03-09T10:30:00.000+01:00"
    assert [issue.rule for issue in messages.check(answer.bundle) if issue.severity == "error"] == []


def test_the_requester_answers_the_owner():
    answer = MessageBundle(task_answer.write(asked(), 2, {"status": "cancelled"}, Role.REQUESTER, AT))
    assert answer.hsa_of(answer.header["sender"]) == "SE1-W"
    assert answer.destination_receivers() == [(0, None, "2482")]


def test_each_answer_has_ids_of_its_own():
    first, second = (task_answer.write(asked(), 2, {"status": "received"}, Role.OWNER, AT) for _ in range(2))
    ids = [{each["resource"]["id"] for each in bundle["entry"]} | {bundle["id"]} for bundle in (first, second)]
    assert ids[0].isdisjoint(ids[1])


def test_what_was_said_of_the_former_status_goes():
    message = asked(status="received", businessStatus={"text": "waiting"}, statusReason={"text": "why"})
    [task] = MessageBundle(task_answer.write(message, 2, {"status": "accepted"}, Role.OWNER, AT)).of_type("Task")
    assert task.keys().isdisjoint({"businessStatus", "statusReason"})


def test_without_the_patient_it_cannot_be_written():
    with pytest.raises(Refusal) as caught:
        task_answer.write(asked(patient="w"), 2, {"status": "received"}, Role.OWNER, AT)
    assert (caught.value.status, caught.value.issues[0].rule) == (422, "task-person")
