"""Edit and resend, another endpoint, replay and where: on a whole installation with real receivers."""

import json
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from adapter.delivery.outbox import DeliveryStateError
from adapter.directory import Directory
from adapter.exchange import expunge
from adapter.exchange.acts import ConflictError
from adapter.exchange.editing import NotValidError
from adapter.exchange.selection import Filter
from adapter.security.principals import Right
from adapter.store import tables
from adapter.support.clock import to_micros
from adapter.support.errors import ForbiddenError, NotFoundError

CASE = "test"
NOW = to_micros(datetime.now(UTC))


@pytest.fixture
def sent(installation, messages):
    """The deliveries of an admission notice, by endpoint, none of them sent yet."""
    reply = installation.send(messages(CASE)[0])
    assert reply.status == 200, reply.resource
    return {row["endpoint"]: row["id"] for row in rows(installation, tables.delivery)}


def rows(installation, table):
    with installation.adapter.database.read() as connection:
        return list(connection.execute(select(table)).mappings())


def delivery(installation, number):
    return next(row for row in rows(installation, tables.delivery) if row["id"] == number)


def bury(installation, number):
    with installation.adapter.database.write() as connection:
        column = tables.delivery.c
        values = {"status": "dead", "blocking": True, "next_attempt_at": None, "attempts": 1, "reason": "refused"}
        connection.execute(update(tables.delivery).where(column.id == number).values(values))


def reported(installation):
    """What the sender's reports say of their destinations, each after the other."""
    reports = [row["id"] for row in rows(installation, tables.delivery) if row["event"] == "delivery-report"]
    found = [json.loads(bodies(installation, number, "mapped").body) for number in sorted(reports)]
    resources = [[entry["resource"] for entry in each["entry"]] for each in found]
    return [[one["status"] for one in each if one["resourceType"] == "Communication"] for each in resources]


def audited(installation):
    return [row["action"] for row in rows(installation, tables.audit)]


def bodies(installation, number, stage):
    with installation.adapter.database.read() as connection:
        return installation.adapter.contents.of_delivery(connection, number, stage)


class TestRepair:
    def test_the_edited_record_is_kept_checked_and_sent_the_original_stays(self, installation, sent):
        adapter, number = installation.adapter, sent["lifecare"]
        bury(installation, number)
        before = adapter.repairs.original(installation.operator, number, "wrong name").body
        edited = before.replace(b"<fornamn>", b"<fornamn>Nya ", 1) if b"<fornamn>" in before else None
        if edited is None:
            name = re.search(rb"<([a-z]*namn)>", before)[1]
            edited = before.replace(b"<" + name + b">", b"<" + name + b">Nya ", 1)
        assert adapter.repairs.check(installation.operator, number, edited, "look").problems == ()
        assert delivery(installation, number)["status"] == "dead"
        adapter.repairs.repair(installation.operator, number, edited, "wrong name")
        assert adapter.worker.run_until_idle() >= 1
        assert delivery(installation, number)["status"] == "done"
        stages = [row["stage"] for row in rows(installation, tables.content) if row["delivery_id"] == number]
        assert [stage for stage in stages if stage in ("mapped", "repaired")] == ["mapped", "repaired", "mapped"]
        assert bodies(installation, number, "repaired").body == edited
        assert audited(installation) == ["content-view", "content-view", "delivery-repair"]

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            (b"</meddelande>", b"", "XML"),
            (b"<patient>", b"<patient><okand/>", "okand"),
        ],
    )
    def test_what_breaks_the_schema_is_not_sent(self, installation, sent, old, new, words):
        adapter, number = installation.adapter, sent["lifecare"]
        bury(installation, number)
        before = adapter.repairs.original(installation.operator, number, "wrong").body
        assert old in before or re.search(old.replace(b">", b"[ >]"), before)
        with pytest.raises(NotValidError):
            adapter.repairs.repair(installation.operator, number, before.replace(old, new, 1), "wrong")
        assert delivery(installation, number)["status"] == "dead"
        assert bodies(installation, number, "repaired") is None

    def test_another_person_another_id_and_no_change_are_refused(self, installation, sent):
        adapter, number = installation.adapter, sent["lifecare"]
        bury(installation, number)
        before = adapter.repairs.original(installation.operator, number, "wrong").body
        person = re.search(rb">((?:19|20)\d{6}-?\d{4})<", before)[1]
        other = b"199010042386" if len(person) == 12 else b"19901004-2386"
        for old, new, words in (
            (person, other, "who the person is"),
            (re.search(rb"<meddelandeId>([^<]*)<", before)[1], b"00000000-0000-4000-8000-000000000001", "id"),
        ):
            with pytest.raises(NotValidError, match=words):
                adapter.repairs.repair(installation.operator, number, before.replace(old, new), "wrong")
        with pytest.raises(ConflictError, match="not changed"):
            adapter.repairs.repair(installation.operator, number, before, "wrong")

    def test_a_fhir_message_is_validated(self, installation, sent):
        adapter, number = installation.adapter, sent["open-care"]
        bury(installation, number)
        before = adapter.repairs.original(installation.operator, number, "wrong").body
        broken = re.sub(rb'<intent value="order"', b'<intent value="nonsense"', before)
        assert broken != before
        problems = adapter.repairs.check(installation.operator, number, broken, "wrong").problems
        assert any("intent" in problem for problem in problems)

    def test_of_an_expunged_message_it_says_that(self, installation, sent):
        number = sent["lifecare"]
        with installation.adapter.database.write() as connection:
            expunge.contents_of(connection, [delivery(installation, number)["message_id"]], NOW)
        with pytest.raises(ConflictError, match=r"^the content of message 1 is expunged, on "):
            installation.adapter.repairs.original(installation.operator, number, "wrong name")

    def test_rights(self, installation, sent):
        bury(installation, sent["lifecare"])
        for rights in ((Right.EDIT,), (Right.CONTENT, Right.RESEND)):
            with pytest.raises(ForbiddenError):
                installation.adapter.repairs.original(
                    installation.principal("region", *rights), sent["lifecare"], "why"
                )
        other = installation.principal("annan", Right.EDIT, Right.CONTENT)
        with pytest.raises(NotFoundError):
            installation.adapter.repairs.original(other, sent["lifecare"], "why")


@pytest.fixture
def second_way(installation):
    """A second endpoint of Lifecare, and the municipality's tasks taken over by another."""
    file = installation.folder / "directory" / "directory.yaml"
    text = file.read_text("utf-8").replace(
        "endpoints:\n",
        'endpoints:\n  - {id: second, system: lifecare, channel: xml-http, address: "'
        + installation.lifecare.address
        + '", mapping: lifecare, token_file: receiver.token}\n',
    )
    file.write_text(text, "utf-8")
    installation.adapter.directory = Directory.load(file.parent)


@pytest.mark.usefixtures("second_way")
class TestRedirect:
    def test_the_same_receivers_other_endpoint(self, installation, sent):
        adapter, old = installation.adapter, sent["lifecare"]
        bury(installation, old)
        new = adapter.redirects.redirect(installation.operator, old, "second", "the first is gone")
        assert delivery(installation, old)["status"] == "cancelled"
        assert delivery(installation, new)["receiver_party"] == delivery(installation, old)["receiver_party"]
        [origin] = rows(installation, tables.delivery_origin)
        assert (origin["delivery_id"], origin["of_id"], origin["kind"]) == (new, old, "redirect")
        adapter.worker.run_until_idle()
        assert delivery(installation, new)["status"] == "done"
        assert audited(installation) == ["delivery-redirect"]

    def test_the_sender_is_told_what_becomes_of_it_on_the_other_way(self, installation, sent):
        adapter, old = installation.adapter, sent["lifecare"]
        bury(installation, old)
        with adapter.database.write() as connection:
            column = tables.delivery.c
            due = update(tables.delivery).where(column.id == old).values(tell_at=column.created_at)
            connection.execute(due)
        assert adapter.reports.tell_next()
        assert reported(installation) == [["not-done"]]
        new = adapter.redirects.redirect(installation.operator, old, "second", "the first is gone")
        adapter.worker.run_until_idle()
        assert delivery(installation, new)["status"] == "done"
        assert reported(installation) == [["not-done"], ["completed", "completed"]]  # the other receiver's too
        assert (delivery(installation, old)["tell_at"], delivery(installation, old)["reported"]) == (None, None)

    def test_nobody_else_gets_it(self, installation, sent):
        bury(installation, sent["lifecare"])
        with pytest.raises(ForbiddenError, match="nobody else"):
            installation.adapter.redirects.redirect(installation.operator, sent["lifecare"], "ehr", "quick")
        assert delivery(installation, sent["lifecare"])["status"] == "dead"

    def test_who_has_taken_over_does(self, installation, sent):
        adapter, old = installation.adapter, sent["open-care"]
        party = adapter.directory.party("region").model_copy(update={"replaced_by": "annan"})
        adapter.directory.parties = {**adapter.directory.parties, "region": party}
        bury(installation, old)
        new = adapter.redirects.redirect(installation.operator, old, "second", "the region has handed it over")
        assert delivery(installation, new)["receiver_party"] == "annan"

    def test_a_protected_person_is_held_again_and_takes_the_right_to_release(self, installation, sent):
        adapter, old = installation.adapter, sent["lifecare"]
        bury(installation, old)
        with adapter.database.write() as connection:
            connection.execute(update(tables.patient).values(protected=True))
        with pytest.raises(ForbiddenError):
            adapter.redirects.redirect(installation.principal("region", Right.EDIT), old, "second", "why")
        new = adapter.redirects.redirect(installation.operator, old, "second", "why")
        assert delivery(installation, new)["status"] == "held"
        assert delivery(installation, new)["held_reason"] == "protected"

    def test_where_it_goes_already_and_what_has_arrived(self, installation, sent):
        adapter, number = installation.adapter, sent["lifecare"]
        with pytest.raises(ConflictError, match="already"):
            adapter.redirects.redirect(installation.operator, number, "lifecare", "why")
        adapter.worker.run_until_idle()
        with pytest.raises(DeliveryStateError, match="is done"):
            adapter.redirects.redirect(installation.operator, number, "second", "why")


def test_a_replay_sends_what_arrived_once_more_and_the_receiver_knows_it(installation, sent):
    adapter = installation.adapter
    adapter.worker.run_until_idle()
    assert {row["status"] for row in rows(installation, tables.delivery)} == {"done"}
    for content in ("stored", "mapped"):
        wanted = Filter(status="done", endpoint="lifecare")
        counted = adapter.replays.count(installation.operator, wanted, content)
        number = adapter.replays.start(installation.operator, wanted, counted.digest, "lost there", content=content)
        while adapter.replay_one():
            pass
        with adapter.database.write() as connection:  # as the clock would have it
            connection.execute(update(tables.replay).values(next_at=0))
        while adapter.replay_one():
            pass
        row = adapter.replays.one(installation.operator, number)
        assert (row.status, row.done, row.refused) == ("done", counted.count, 0)
        items, _ = adapter.replays.items(installation.operator, number)
        assert {item.outcome for item in items} == {"replayed"}
        old, new = items[0].delivery_id, items[0].new_delivery_id
        assert bodies(installation, new, "mapped").body == bodies(installation, old, "mapped").body
        adapter.worker.run_until_idle()
        assert delivery(installation, new)["status"] == "done"
        delivered = [row for row in rows(installation, tables.delivery) if row["id"] == new]
        assert delivered[0]["message_id"] == delivery(installation, old)["message_id"]


def test_where(installation, messages, sent):
    adapter = installation.adapter
    patient = next(
        entry["resource"] for entry in messages(CASE)[0]["entry"] if entry["resource"]["resourceType"] == "Patient"
    )
    person = (patient["identifier"][0]["system"], patient["identifier"][0]["value"])
    adapter.worker.run_until_idle()
    found = adapter.where.find(installation.operator, person, "the ward asks")
    assert found.known
    assert {row.delivery_id for row in found.rows} == set(sent.values())
    assert all(row.status == "done" and row.delivered_at for row in found.rows)
    kommun = installation.principal("annan", Right.CONTENT)
    assert adapter.where.find(kommun, person, "curious").rows == ()
    other = (person[0], "189001019802")
    assert not adapter.where.find(installation.operator, other, "another person").known
    assert audited(installation)[-3:] == ["where"] * 3


def test_test_of_an_endpoint_sends_nothing(installation):
    found = installation.adapter.test_endpoint(installation.operator, "lifecare")
    assert found.proves or found.reason
    assert audited(installation) == ["endpoint-test"]
    with pytest.raises(NotFoundError):
        installation.adapter.test_endpoint(installation.operator, "nowhere")
    with pytest.raises(ForbiddenError):
        installation.adapter.test_endpoint(installation.principal("region", Right.RESEND), "lifecare")
