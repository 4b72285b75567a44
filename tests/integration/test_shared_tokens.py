"""One token that speaks for several parties, and ids that two senders both used: whose message is meant?"""

import copy
import json
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from adapter.exchange.submission import Submission
from adapter.sandbox import lifecare_format
from adapter.security.principals import Right
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support.clock import STOCKHOLM

EHR, KOMMUN, ANNAN = "SE2321000222-E7A31", "SE2120002643-MOTT01", "SE2120002627-MOTT01"


def replaced(message, *pairs):
    text = json.dumps(message)
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return json.loads(text)


def received(installation, message_id):
    """The record that Lifecare has of the message with this MessageHeader.id."""
    header, content = tables.message.c, tables.content.c
    query = (
        select(content.bytes)
        .join(tables.message, header.id == content.message_id)
        .where(header.header_id == message_id, content.stage == "mapped", content.media_type == "application/xml")
    )
    with installation.adapter.database.read() as connection:
        bodies = connection.execute(query).scalars().all()
    found = [lifecare_format.parse(body) for body in bodies]
    return next(record for record in found if record.receiver == KOMMUN)


def now(installation):
    return installation.adapter.clock.now().astimezone(STOCKHOLM).isoformat(timespec="milliseconds")


def answer(installation, body, party="drift"):
    submission = Submission(body, "application/xml", request_id="test", source="lifecare")
    return installation.adapter.exchange.receive_record("lifecare", submission, installation.principal(party))


def test_a_shared_token_answers_for_the_party_that_received_and_no_other(installation, messages):
    message = messages("a")[0]
    assert installation.send(message).status == 200
    record = received(installation, message["entry"][0]["resource"]["id"])
    svar = lifecare_format.acceptance(record, str(uuid4()), now(installation))
    other = answer(installation, svar.replace(KOMMUN.encode(), ANNAN.encode()))
    assert (other.status, b"not-found" in other.body) == (422, True)
    assert answer(installation, svar).status == 200


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_an_answer_finds_the_message_of_the_one_it_is_sent_to_where_two_senders_used_one_id(
    installation, messages, first
):
    ours = messages("a")[0]
    number, header_id = ours["entry"][0]["resource"]["id"], messages("b")[0]["entry"][0]["resource"]["id"]
    theirs = replaced(messages("b")[0], (header_id, number), (EHR, ANNAN))
    patient = next(entry["resource"] for entry in theirs["entry"] if entry["resource"]["resourceType"] == "Patient")
    patient["identifier"][0]["value"] = "189001039800"
    sent = [(ours, "region"), (theirs, "drift")]
    for message, party in sent if first == "ours" else reversed(sent):
        assert installation.send(message, party).status == 200
    record = next(
        lifecare_format.parse(body)
        for body in _mapped(installation)
        if EHR.encode() in body and KOMMUN.encode() in body
    )
    reply = answer(installation, lifecare_format.read_receipt(record, str(uuid4()), now(installation)))
    assert reply.status == 200, reply.body
    message = tables.message.c
    with installation.adapter.database.read() as connection:
        answered = connection.execute(select(message.answers_id).where(message.event == "read-receipt")).scalar_one()
        assert connection.execute(select(message.sender_party).where(message.id == answered)).scalar_one() == "region"


def _mapped(installation):
    content = tables.content.c
    query = select(content.bytes).where(content.stage == "mapped", content.media_type == "application/xml")
    with installation.adapter.database.read() as connection:
        return connection.execute(query).scalars().all()


def test_the_alarm_of_a_notice_refused_from_a_shared_token_ends_when_it_is_accepted(installation, messages):
    good = replaced(messages("a")[0], (EHR, ANNAN))
    bad = copy.deepcopy(good)
    bad["entry"][0]["resource"]["focus"] = [{"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}]
    assert installation.send(bad, "drift").status == 422
    assert installation.send(good, "drift").status == 200
    with installation.adapter.database.read() as connection:
        assert standing(connection) == []


def test_a_bundle_id_that_two_carried_parties_used_is_read_as_the_newest(installation, messages):
    first = replaced(messages("a")[0], (EHR, ANNAN))
    second = replaced(messages("b")[0], (EHR, KOMMUN + "-"), (KOMMUN, ANNAN), (ANNAN + "-", KOMMUN))
    second["id"] = first["id"]
    for message in (first, second):
        reply = installation.send(message, "drift")
        assert reply.status == 200, reply.resource
    caller = replace(
        installation.principal("drift", Right.CONTENT), carries=installation.adapter.directory.carried_by("drift")
    )
    shown = installation.adapter.views.disclosed_bundle(caller, first["id"])
    assert shown["entry"][0]["resource"]["id"] == second["entry"][0]["resource"]["id"]
