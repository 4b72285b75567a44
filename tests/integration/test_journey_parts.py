"""Holding, releasing, mending and answering, through the real worker and real receivers."""

import copy
import shutil

import pytest
from sqlalchemy import select, update

from adapter.delivery.outbox import DeliveryStateError
from adapter.exchange.submission import Submission
from adapter.fhir import json as fhir_json
from adapter.sandbox import lifecare_format
from adapter.sandbox.server import Response
from adapter.security.principals import Right
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support.clock import STOCKHOLM, SystemClock
from adapter.support.errors import ForbiddenError, MappingError, NotFoundError


def resources(message, kind):
    return [entry["resource"] for entry in message["entry"] if entry["resource"]["resourceType"] == kind]


def deliveries(installation):
    with installation.adapter.database.read() as connection:
        return connection.execute(select(tables.delivery).order_by(tables.delivery.c.id)).all()


def protect(message):
    resources(message, "Patient")[0]["meta"] = {
        "security": [{"system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel", "code": "skyddadFolkbokforing"}]
    }
    return message


class TestProtected:
    def test_is_held_until_released_with_a_reason_by_one_who_may(self, installation, messages):
        installation.send(protect(messages("a")[0]))
        installation.adapter.worker.run_until_idle()
        assert {row.status for row in deliveries(installation)} == {"held"}
        assert installation.lifecare.ledger.stored == ()

        number = next(row.id for row in deliveries(installation) if row.endpoint == "lifecare")
        operations = installation.adapter.operations
        with pytest.raises(ForbiddenError):
            operations.release(installation.principal("region", Right.RESEND), number, "kontrollerad")
        operations.release(installation.operator, number, "adressen kontrollerad")
        installation.adapter.worker.run_until_idle()
        assert [entry.event for entry in installation.lifecare.ledger.stored] == ["inskrivningsmeddelande"]
        assert installation.open_care.ledger.stored == ()

    def test_a_later_message_without_the_label_is_held_too(self, installation, messages):
        first, second = messages("a")[:2]
        installation.send(protect(first))
        installation.send(second)
        assert {row.status for row in deliveries(installation)} == {"held"}

    def test_a_later_label_holds_what_has_not_left(self, installation, messages):
        first, second = messages("a")[:2]
        installation.send(first)
        installation.send(protect(second))
        assert {row.status for row in deliveries(installation)} == {"held"}

    def test_a_try_that_fails_after_the_label_came_is_held_and_not_tried_again(self, installation, messages):
        installation.send(messages("a")[0])
        installation.lifecare.be_unavailable()
        with installation.adapter.database.write() as connection:
            connection.execute(update(tables.patient).values(protected=True))
        installation.adapter.worker.run_until_idle()
        assert {row.status for row in deliveries(installation) if row.endpoint == "lifecare"} == {"held"}

    def test_a_dead_letter_is_held_when_retried_before_it_was_released(self, installation, messages):
        message = protect(messages("a")[1])
        resources(message, "Patient")[0]["maritalStatus"] = {"text": "gift"}
        installation.send(message)
        (dead,) = [row for row in deliveries(installation) if row.status == "dead"]
        with installation.adapter.database.write() as connection:
            installation.adapter.contents.add(
                connection,
                message_id=dead.message_id,
                delivery_id=dead.id,
                stage="mapped",
                media_type="application/xml",
                body=b"<x/>",
                at=0,
            )
        installation.adapter.operations.retry(installation.operator, dead.id)
        installation.adapter.worker.run_until_idle()
        assert {row.status for row in deliveries(installation) if row.event != "delivery-report"} == {"held"}

    def test_lists_do_not_tell_where_the_person_is(self, installation, messages):
        installation.send(protect(messages("a")[0]))
        views = installation.adapter.views
        shown = repr(views.messages(installation.operator)) + repr(views.deliveries(installation.operator))
        shown += repr(views.status(installation.operator)) + repr(views.overview(installation.operator))
        for secret in ("SE2120002643", "2482", "kommun", "Skellefteå", "SE2321000222"):
            assert secret not in shown


class TestDeadLetter:
    def test_one_that_could_not_be_mapped_is_mapped_again_when_retried(self, installation, messages, monkeypatch):
        mapping = type(installation.adapter.mappings["lifecare"])
        good = mapping.to_record

        def broken(self, bundle):
            raise MappingError("lifecare/admission-notice.yaml:12: Patient.name has no place in the record")

        monkeypatch.setattr(mapping, "to_record", broken)
        installation.send(messages("a")[0])
        (dead,) = [row for row in deliveries(installation) if row.status == "dead"]
        with pytest.raises(MappingError, match="still cannot be mapped"):
            installation.adapter.operations.retry(installation.operator, dead.id)
        assert {row.status for row in deliveries(installation)} == {"dead", "waiting"}

        monkeypatch.setattr(mapping, "to_record", good)
        installation.adapter.operations.retry(installation.operator, dead.id)
        installation.adapter.worker.run_until_idle()
        assert {row.status for row in deliveries(installation)} == {"done"}
        with installation.adapter.database.read() as connection:
            assert standing(connection) == []

    def test_a_dead_letter_is_mapped_anew_by_the_version_that_was_chosen(self, installation, messages, tmp_path):
        installation.lifecare._take = lambda message, _: Response(
            200, lifecare_format.acknowledgement(message.message_id, "avvisat", "orsak saknas"), "application/xml"
        )
        installation.send(messages("a")[0])
        installation.adapter.worker.run_until_idle()
        (dead,) = [row for row in deliveries(installation) if row.status == "dead"]
        then = tmp_path / "lifecare-0.9"
        shutil.copytree(installation.adapter.settings.mappings.folder / "lifecare", then)
        written = (then / "mapping.yaml").read_text("utf-8")
        (then / "mapping.yaml").write_text(written.replace('version: "1.0.0"', 'version: "0.9.0"'), "utf-8")
        retry = installation.adapter.operations.retry
        other = tmp_path / "other"
        shutil.copytree(then, other)
        (other / "mapping.yaml").write_text(written.replace("name: lifecare", "name: other"), "utf-8")
        with pytest.raises(MappingError, match="expected a mapping to lifecare"):
            retry(installation.operator, dead.id, mapping=other)
        del installation.lifecare._take
        retry(installation.operator, dead.id, "as agreed", mapping=then)
        with installation.adapter.database.read() as connection:
            row = connection.execute(tables.delivery.select().where(tables.delivery.c.id == dead.id)).one()
            kept = installation.adapter.contents.of_message(connection, dead.message_id, "mapped")
        assert row.mapping_version.startswith("0.9.0+")
        assert len([each for each in kept if each.delivery_id == dead.id]) == 2
        with pytest.raises(DeliveryStateError, match="only dead can be mapped anew"):
            retry(installation.operator, dead.id, mapping=then)
        installation.adapter.worker.run_until_idle()
        assert {row.status for row in deliveries(installation)} == {"done"}

    def test_it_keeps_later_messages_of_the_patient_waiting_but_not_of_others(self, installation, messages):
        mine = messages("a")
        resources(mine[1], "Patient")[0]["maritalStatus"] = {"text": "gift"}
        other = copy.deepcopy(messages("b")[0])
        resources(other, "Patient")[0]["identifier"][0]["value"] = "189001039800"
        for message in (mine[1], mine[2], other):
            assert installation.send(message).status == 200
        installation.adapter.worker.run_until_idle()
        ends = [(row.message_id, row.status) for row in deliveries(installation) if row.endpoint == "lifecare"]
        assert ends == [(1, "dead"), (2, "waiting"), (3, "done")]
        (dead,) = [row.id for row in deliveries(installation) if row.status == "dead"]
        (waiting,) = [row.id for row in deliveries(installation) if row.status == "waiting"]
        assert installation.adapter.views.delivery(installation.operator, waiting).behind == dead
        assert installation.adapter.views.delivery(installation.operator, dead).behind is None


def test_a_case_is_found_by_its_value_alone(installation, messages):
    message = messages("a")[0]
    installation.send(message)
    case = resources(message, "Task")[0]["groupIdentifier"]
    views = installation.adapter.views
    for named in (case["value"], f"{case['system']}|{case['value']}"):
        assert len(views.messages(installation.operator, case=named).rows) == 1
    assert views.messages(installation.operator, case="another").rows == ()


class TestAnswers:
    def record(self, installation, body, party="drift"):
        submission = Submission(body, "application/xml", request_id="test", source="lifecare")
        return installation.adapter.exchange.receive_record("lifecare", submission, installation.principal(party))

    def test_an_unreadable_record_is_refused_in_the_partners_format_and_kept(self, installation):
        for body, status in ((b"<meddelande", 400), (b"<x xmlns='urn:y'/>", 422)):
            reply = self.record(installation, body)
            assert reply.status == status, reply.body
            assert b"avvisat" in reply.body
        with installation.adapter.database.read() as connection:
            kept = connection.execute(select(tables.message.c.status, tables.message.c.source)).all()
        assert kept == [("rejected", "lifecare")] * 2


def test_a_party_sees_only_its_own(installation, messages):
    installation.send(messages("a")[0])
    views = installation.adapter.views
    assert len(views.messages(installation.principal("region", Right.LIST)).rows) == 1
    assert len(views.messages(installation.principal("kommun", Right.LIST)).rows) == 1
    assert views.messages(installation.principal("annan", Right.LIST)).rows == ()
    with pytest.raises(NotFoundError):
        views.message(installation.principal("annan", Right.LIST), 1)


class TestAsynchronous:
    def send(self, installation, message, party="region"):
        submission = Submission(
            fhir_json.serialize(message), "application/fhir+json", request_id="test", asynchronous=True
        )
        return installation.adapter.exchange.receive(submission, installation.principal(party))

    def test_the_acknowledgement_is_posted_to_the_senders_address(self, installation, messages):
        reply = self.send(installation, protect(messages("a")[0]))
        assert (reply.status, reply.resource) == (202, {})
        installation.adapter.worker.run_until_idle()
        assert [entry.event for entry in installation.ehr.ledger.stored] == ["acknowledgement"]
        assert {row.event: row.status for row in deliveries(installation)} == {
            "admission-notice": "held",  # the acknowledgement tells nothing of the person and waits for no release
            "acknowledgement": "done",
        }

    def test_sent_again_it_is_posted_again_and_nothing_else_happens(self, installation, messages):
        message = messages("a")[0]
        self.send(installation, message)
        self.send(installation, message)
        events = sorted(row.event for row in deliveries(installation))
        assert events == ["acknowledgement", "acknowledgement", "admission-notice", "admission-notice"]

    def test_a_refusal_is_told_at_once(self, installation, messages):
        reply = self.send(installation, messages("a")[0] | {"type": "collection"})
        assert reply.status == 422

    def test_without_an_address_it_is_refused(self, installation, messages):
        directory = installation.folder / "directory" / "directory.yaml"
        directory.write_text(
            directory.read_text(encoding="utf-8").replace(
                "- {to: {hsa: SE2321000222-E7A31}, endpoint: ehr}",
                "- {to: {hsa: SE2321000222-E7A31}, endpoint: ehr, events: [read-receipt]}",
            ),
            encoding="utf-8",
        )
        reply = self.send(installation, messages("a")[0])
        assert reply.status == 422
        assert reply.resource["issue"][0]["details"]["coding"][0]["code"] == "acknowledgement-address"
        assert deliveries(installation) == []


class TestBusinessAnswers:
    """What the municipality answers in its own format reaches the sender of the answered message, as FHIR."""

    def received(self, installation, messages):
        """The admission notice as Lifecare got it."""
        installation.send(messages("a")[0])
        installation.adapter.worker.run_until_idle()
        (number,) = [row.id for row in deliveries(installation) if row.endpoint == "lifecare"]
        with installation.adapter.database.read() as connection:
            return installation.adapter.contents.of_delivery(connection, number, "mapped").body

    def rejection(self, notice):
        now = SystemClock().now().astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
        own_id = "0d4b0e7e-2a53-4a39-9d1c-6f5b3c2a1e90"
        accepted = lifecare_format.acceptance(lifecare_format.parse(notice), own_id, now)
        reason = "<status>avvisad</status><orsak><text>Fel mottagare, personen bor i Umeå.</text></orsak>"
        return accepted.decode().replace("<status>accepterad</status>", reason).encode()

    def send(self, installation, body, party="drift"):
        submission = Submission(body, "application/xml", request_id="test", source="lifecare")
        return installation.adapter.exchange.receive_record("lifecare", submission, installation.principal(party))

    def test_a_rejection_reaches_the_region_with_its_reason(self, installation, messages):
        reply = self.send(installation, self.rejection(self.received(installation, messages)))
        assert reply.status == 200, reply.body
        installation.adapter.worker.run_until_idle()
        (answer,) = [row for row in deliveries(installation) if row.event == "acceptance-answer"]
        assert (answer.endpoint, answer.status) == ("ehr", "done")
        with installation.adapter.database.read() as connection:
            body = installation.adapter.contents.of_delivery(connection, answer.id, "mapped").body
            (state,) = connection.execute(select(tables.case_state.c.state)).scalars()
        (task,) = resources(fhir_json.parse(body), "Task")
        assert (task["status"], task["statusReason"]["text"]) == ("rejected", "Fel mottagare, personen bor i Umeå.")
        assert "rejected" in state["tasks"].values()
        assert "Umeå" not in repr(state)

    def test_an_answer_from_a_unit_that_was_not_asked_is_refused(self, installation, messages):
        body = self.rejection(self.received(installation, messages))
        foreign = body.replace(b"SE2120002643-MOTT01", b"SE2120002627-MOTT01")
        assert self.send(installation, foreign).status == 422
        assert [row.event for row in deliveries(installation)] == ["admission-notice"] * 2
