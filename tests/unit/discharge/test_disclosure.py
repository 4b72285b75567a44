"""The statutory minimum is what the receivers of an admission notice get."""

import copy
from typing import Any

from adapter.discharge.disclosure import disclose, narrow
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import ESTIMATED_DISCHARGE, EVENT, HSA, NEED_ASSESSED

ESTIMATE = {"url": ESTIMATED_DISCHARGE, "valueDateTime": "2026-03-13T13:00:00+01:00"}
NEED = {"url": NEED_ASSESSED, "valueDateTime": "2026-03-09T09:55:00+01:00"}


def notice(encounter: dict[str, Any], event: str = "admission-notice") -> MessageBundle:
    header = {"resourceType": "MessageHeader", "eventCoding": {"system": EVENT, "code": event}}
    patient = {"resourceType": "Patient", "extension": [NEED]}
    resources = [header, patient, {"resourceType": "Encounter", "status": "in-progress"} | encounter]
    return MessageBundle({"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]})


def test_clock_instants_are_taken_out_and_said() -> None:
    sent = notice({"period": {"start": "2026-03-09T08:40:00+01:00"}, "extension": [ESTIMATE, NEED], "class": {}})
    before = copy.deepcopy(sent.bundle)
    disclosed, removals = disclose(sent)
    assert disclosed.of_type("Encounter") == [
        {"resourceType": "Encounter", "status": "in-progress", "extension": [ESTIMATE], "class": {}}
    ]
    assert [removal.path for removal in removals] == [
        "Bundle.entry[2].resource.period.start",
        "Bundle.entry[2].resource.extension[1]",
    ]
    assert all("LAW 2:3" in removal.reason for removal in removals)
    assert sent.bundle == before, "the message as sent is not changed"
    assert disclosed.of_type("Patient") == sent.of_type("Patient")


def test_what_else_stands_in_the_same_place_stays() -> None:
    period = {"start": "2026-03-09T08:40:00+01:00", "_start": {"id": "x"}, "end": "2026-03-13T08:40:00+01:00"}
    disclosed, _ = disclose(notice({"period": period, "extension": [NEED]}))
    assert disclosed.of_type("Encounter") == [
        {"resourceType": "Encounter", "status": "in-progress", "period": {"end": "2026-03-13T08:40:00+01:00"}}
    ]


def test_nothing_to_take_out_and_other_events_are_returned_as_they_are() -> None:
    bare = notice({"extension": [ESTIMATE]})
    assert disclose(bare) == (bare, [])
    ready = notice({"period": {"start": "2026-03-09T08:40:00+01:00"}, "extension": [NEED]}, "ready-for-discharge")
    assert disclose(ready) == (ready, [])


def to_two() -> MessageBundle:
    """A message to the units A and B, each with its Organization and Task."""

    def organization(name: str) -> dict[str, Any]:
        return {"resourceType": "Organization", "id": name, "identifier": [{"system": HSA, "value": name}]}

    def task(owner: str) -> dict[str, Any]:
        return {"resourceType": "Task", "id": f"task-{owner}", "owner": {"reference": f"urn:uuid:{owner}"}}

    header = {
        "resourceType": "MessageHeader",
        "id": "header",
        "sender": {"reference": "urn:uuid:S"},
        "destination": [{"receiver": {"reference": f"urn:uuid:{name}"}} for name in "AB"],
    }
    resources = [header, organization("S"), organization("A"), organization("B"), task("A"), task("B")]
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources]
    return MessageBundle({"resourceType": "Bundle", "entry": entries})


def ids(message: MessageBundle) -> list[str]:
    return [resource["id"] for resource in message.resources]


def test_a_receiver_is_not_told_who_else_got_the_message() -> None:
    sent = to_two()
    before = copy.deepcopy(sent.bundle)
    narrowed, removals = narrow(sent, {0})
    assert ids(narrowed) == ["header", "S", "A", "task-A"]
    assert narrowed.destination_receivers() == [(0, "A", None)]
    assert [removal.path for removal in removals] == [
        "MessageHeader.destination[1]",
        "Bundle.entry[3]",
        "Bundle.entry[5]",
    ]
    assert sent.bundle == before


def test_what_the_content_refers_to_stays() -> None:
    sent = to_two()
    plan = {"resourceType": "CarePlan", "id": "plan", "author": {"reference": "urn:uuid:B"}}
    sent = MessageBundle(sent.bundle | {"entry": [*sent.entries, {"fullUrl": "urn:uuid:plan", "resource": plan}]})
    assert ids(narrow(sent, {0})[0]) == ["header", "S", "A", "B", "task-A", "plan"]


def test_for_all_its_destinations_a_message_is_as_it_was_sent() -> None:
    sent = to_two()
    assert narrow(sent, {0, 1}) == (sent, [])
