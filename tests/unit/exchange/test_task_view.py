"""A Task as it reads by itself, and what an answer may change of it."""

import pytest

from adapter.exchange import task_view
from adapter.fhir.bundles import MessageBundle

HSA = {"system": "urn:oid:1.2.752.29.4.19", "value": "SE1-A"}


def message(task, *others):
    resources = [{"resourceType": "Task", "id": "t", **task}, *others]
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources]
    return MessageBundle({"resourceType": "Bundle", "type": "message", "entry": entries})


def test_references_are_by_identifier():
    unit = {"resourceType": "Organization", "id": "o", "identifier": [HSA]}
    role = {"resourceType": "PractitionerRole", "id": "r", "organization": {"reference": "urn:uuid:o"}}
    plan = {"resourceType": "CarePlan", "id": "c"}
    task = {
        "meta": {"profile": ["p"], "versionId": "9"},
        "text": {"div": "<div/>"},
        "owner": {"reference": "urn:uuid:o", "display": "A"},
        "requester": {"reference": "urn:uuid:r"},
        "for": {"identifier": {"system": "s", "value": "1"}},
        "basedOn": [{"reference": "urn:uuid:c", "display": "plan"}, {"reference": "urn:uuid:gone"}],
        "input": [{"valueReference": {"reference": "urn:uuid:o"}}],
        "focus": {"reference": "#inside"},
        "partOf": [{"reference": "https://other.example/Task/1"}],
    }
    assert task_view.rendered(message(task, unit, role, plan), 0) == {
        "resourceType": "Task",
        "meta": {"profile": ["p"]},
        "owner": {"type": "Organization", "identifier": HSA, "display": "A"},
        "requester": {"type": "Organization", "identifier": HSA},
        "for": {"identifier": {"system": "s", "value": "1"}},
        "basedOn": [{"type": "CarePlan", "display": "plan"}, {"reference": "urn:uuid:gone"}],
        "input": [{"valueReference": {"type": "Organization", "identifier": HSA}}],
        "focus": {"reference": "#inside"},
        "partOf": [{"reference": "https://other.example/Task/1"}],
    }


@pytest.mark.parametrize(
    ("before", "after", "members"),
    [
        ({"status": "requested"}, {"status": "accepted", "output": [], "note": [], "_status": {}}, []),
        ({"id": "1", "meta": {"versionId": "1"}, "text": {}}, {"id": "2", "lastModified": "2026-01-01"}, []),
        ({"for": {"display": "a"}}, {}, ["for"]),
        ({}, {"basedOn": [], "_authoredOn": {"id": "x"}}, ["authoredOn", "basedOn"]),
        ({"code": {"text": "a", "id": "b"}}, {"code": {"id": "b", "text": "a"}}, []),
    ],
)
def test_what_was_asked_does_not_change(before, after, members):
    assert task_view.changed(before, after) == members


def test_a_digest_forgets_what_says_nothing_of_the_request():
    task = {"resourceType": "Task", "status": "requested"}
    written = {"id": "1", "meta": {"versionId": "2"}, "text": {"div": "x"}, "lastModified": "2026-01-01"}
    assert task_view.digest(task | written) == task_view.digest(task)
    assert task_view.digest(task | {"status": "accepted"}) != task_view.digest(task)
