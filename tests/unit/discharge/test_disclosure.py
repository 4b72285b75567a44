"""The statutory minimum is what the receivers of an admission notice get."""

import copy
from typing import Any

from adapter.discharge.disclosure import disclose
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import ESTIMATED_DISCHARGE, EVENT, NEED_ASSESSED

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
