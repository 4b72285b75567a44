"""What the adapter makes is validated before it is kept for delivery."""

import json
from uuid import uuid4

import pytest
from sqlalchemy import select

from adapter.exchange import acknowledge
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.submission import Submission
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox import lifecare_format
from adapter.store import tables
from adapter.support import settings
from adapter.support.clock import STOCKHOLM
from adapter.support.errors import MappingError
from adapter.validation import Validator
from adapter.validation.whole import MessageValidator

BASE = "http://hl7.org/fhir/StructureDefinition/"
STARTED = {
    "resourceType": "StructureDefinition",
    "url": "https://ours.example/started",
    "name": "Started",
    "status": "draft",
    "kind": "resource",
    "abstract": False,
    "type": "Encounter",
    "baseDefinition": f"{BASE}Encounter",
    "derivation": "constraint",
    "differential": {"element": [{"path": "Encounter"}, {"path": "Encounter.period", "min": 1}]},
}
"""A stay that has begun: what a receiver of an admission notice does not get is demanded by it."""


class Counting:
    """A validator that counts."""

    def __init__(self, *definitions):
        self._validator = Validator.load(packages=settings.Packages().required, definitions=definitions)
        self.calls = 0

    def validate(self, *arguments, **named):
        self.calls += 1
        return self._validator.validate(*arguments, **named)

    def __getattr__(self, name):
        return getattr(self._validator, name)


def use(installation, *definitions):
    """Gives the installation a validator that counts, and knows these definitions too."""
    installation.adapter.__dict__.pop("message_validator", None)
    installation.adapter.validator = Counting(*definitions)
    return installation.adapter.validator


def deliveries(installation):
    with installation.adapter.database.read() as connection:
        return {row.endpoint: row for row in connection.execute(select(tables.delivery))}


def content(installation, delivery, stage):
    with installation.adapter.database.read() as connection:
        return installation.adapter.contents.of_delivery(connection, delivery.id, stage)


def claimed(message):
    (stay,) = [e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == "Encounter"]
    stay["meta"] = {"profile": [STARTED["url"]]}
    return message


def test_a_narrowed_message_that_is_not_valid_is_a_dead_letter_and_the_others_go(installation, messages):
    validator = use(installation, STARTED)
    reply = installation.send(claimed(messages("a")[0]))

    assert reply.status == 200, reply.resource
    assert "issue" in reply.resource["entry"][1]["resource"], reply.resource
    (warning,) = [
        issue
        for issue in reply.resource["entry"][1]["resource"]["issue"]
        if issue["details"]["coding"][0]["code"] == "outgoing-invalid"
    ]
    assert warning["severity"] == "warning"
    assert "accepted, but not delivered to one receiver" in warning["diagnostics"]
    found = deliveries(installation)
    assert {name: row.status for name, row in found.items()} == {"open-care": "dead", "lifecare": "waiting"}
    dead = found["open-care"]
    assert "profile-min" in dead.reason
    assert content(installation, dead, "mapped") is None
    report = json.loads(content(installation, dead, "report").body)
    assert [row["rule"] for row in report["validation"]] == ["profile-min"]
    assert report["disclosure"], "what was taken out is told too"
    assert content(installation, found["lifecare"], "mapped") is not None
    assert validator.calls == 2, "once on the way in, once for the one FHIR receiver"


def test_it_is_sent_once_what_was_wrong_is_mended(installation, messages):
    use(installation, STARTED)
    installation.send(claimed(messages("a")[0]))
    dead = deliveries(installation)["open-care"]
    with pytest.raises(MappingError, match="profile-min"):
        installation.adapter.operations.retry(installation.operator, dead.id)
    assert deliveries(installation)["open-care"].status == "dead"
    use(installation, STARTED | {"differential": {"element": [{"path": "Encounter"}]}})
    installation.adapter.operations.retry(installation.operator, dead.id)
    installation.adapter.worker.run_until_idle()
    assert {row.status for row in deliveries(installation).values()} == {"done"}


def test_each_distinct_content_is_validated_once(messages):
    validator = Counting()
    bundle = messages("a")[0]
    outgoing = Outgoing(MessageValidator(validator))
    assert [outgoing.faults(MessageBundle(each)) for each in (bundle, json.loads(json.dumps(bundle)))] == [[], []]
    assert validator.calls == 1
    outgoing.faults(MessageBundle(bundle | {"entry": bundle["entry"][:-1]}))
    assert validator.calls == 2


def test_what_is_sent_as_it_came_is_not_validated_again(installation, messages):
    validator = use(installation)
    first, message = messages("a")[:2]
    installation.send(first)
    validator.calls = 0
    header = message["entry"][0]["resource"]
    header["destination"] = [each for each in header["destination"] if "HC2074" in json.dumps(message)][:1]
    reply = installation.send(message)
    assert reply.status == 200, reply.resource
    assert validator.calls == 1


def asynchronously(installation, message):
    submission = Submission(fhir_json.serialize(message), "application/fhir+json", request_id="t", asynchronous=True)
    return installation.adapter.exchange.receive(submission, installation.principal("region"))


def test_an_acknowledgement_that_is_not_valid_is_not_posted(installation, messages, monkeypatch):
    right = acknowledge.accepted

    def wrong(*arguments):
        answer = right(*arguments)
        answer["entry"][0]["resource"]["response"]["code"] = "fine"
        return answer

    monkeypatch.setattr(acknowledge, "accepted", wrong)
    assert asynchronously(installation, messages("a")[0]).status == 202
    found = deliveries(installation)
    assert found["ehr"].status == "dead"
    assert found["lifecare"].status == "waiting"
    assert ".response.code" in found["ehr"].reason
    assert json.loads(content(installation, found["ehr"], "report").body)["validation"]
    with pytest.raises(MappingError, match=r"\.response\.code"):
        installation.adapter.operations.retry(installation.operator, found["ehr"].id)


def test_acknowledgements_are_valid_with_and_without_warnings(installation, messages):
    use(installation, STARTED)
    for message in (messages("a")[0], claimed(messages("b")[0])):
        assert asynchronously(installation, message).status == 202
    with installation.adapter.database.read() as connection:
        rows = connection.execute(select(tables.delivery).where(tables.delivery.c.endpoint == "ehr")).all()
    assert [row.status for row in rows] == ["waiting", "waiting"]
    for row in rows:
        outcome = installation.adapter.validator.validate(content(installation, row, "mapped").body)
        assert outcome.valid, outcome.issues


def test_a_record_that_becomes_invalid_fhir_is_refused(installation, messages, monkeypatch):
    """What a partner's record becomes goes the way of every message: it is validated before anything is kept of it."""
    installation.send(messages("a")[0])
    body = content(installation, deliveries(installation)["lifecare"], "mapped").body
    now = installation.adapter.clock.now().astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
    answer = lifecare_format.acceptance(lifecare_format.parse(body), str(uuid4()), now)
    to_fhir = installation.adapter.mappings["lifecare"].to_fhir

    def wrong(record):
        result = to_fhir(record)
        for entry in result.bundle["entry"]:
            if entry["resource"]["resourceType"] == "Task":
                entry["resource"]["status"] = "finished"
        return result

    def send():
        submission = Submission(answer, "application/xml", request_id="t", source="lifecare")
        return installation.adapter.exchange.receive_record("lifecare", submission, installation.principal("drift"))

    monkeypatch.setattr(installation.adapter.mappings["lifecare"], "to_fhir", wrong)
    refused = send()
    assert (refused.status, b"code-invalid" in refused.body) == (422, True)
    assert set(deliveries(installation)) == {"lifecare", "open-care"}
    monkeypatch.undo()
    assert send().status == 200
