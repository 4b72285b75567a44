"""GetCarePlans over what came in by the one door and was delivered: a SIP of open care, and the municipality's part."""

from uuid import uuid4

from sqlalchemy import select

from adapter.exchange.care_plans import CarePlans, Options
from adapter.exchange.submission import Submission
from adapter.fhir import canonical, identifiers
from adapter.plans.riv.contract import PERSONNUMMER, PersonId, Request
from adapter.sandbox import lifecare_format
from adapter.security.principals import Right
from adapter.store import tables


def service(installation):
    adapter = installation.adapter
    parts = (adapter.database, adapter.contents, adapter.directory, adapter.pseudonyms, adapter.clock)
    return CarePlans(*parts, Options("SE2321000222-ADAPTER", "text"))


def patient(message):
    (found,) = [entry["resource"] for entry in message["entry"] if entry["resource"]["resourceType"] == "Patient"]
    return Request(PersonId(identifiers.of(found, canonical.PERSONNUMMER), PERSONNUMMER))


def test_a_sip_and_the_municipalitys_part_are_shown_to_both_once_they_have_arrived(installation, messages):
    sent = messages("plans")
    for message in sent[:5]:
        reply = installation.send(message)
        assert reply.status == 200, reply.resource
    request, answers = patient(sent[0]), service(installation)
    municipality = installation.principal("kommun", Right.CONTENT)
    region = installation.principal("region", Right.CONTENT)
    assert answers.answer(request, municipality, "log").plans == ()
    assert [plan.title for plan in answers.answer(request, region, "log").plans] == ["SIP inför hemgång"]

    installation.adapter.worker.run_until_idle()
    (plan,) = answers.answer(request, municipality, "log").plans
    assert "styrke- och balansträning" in plan.attachments[0].value.decode()

    with installation.adapter.database.read() as connection:
        ids = select(tables.delivery.c.id).where(
            tables.delivery.c.event == "sip", tables.delivery.c.mapping.is_not(None)
        )
        kept = installation.adapter.contents.of_delivery(connection, connection.execute(ids).scalar_one(), "mapped")
    received = lifecare_format.parse(kept.body)
    now = installation.adapter.clock.now().isoformat(timespec="seconds")
    record = lifecare_format.contribution(received, str(uuid4()), now)
    submission = Submission(record, "application/xml", request_id="test", source="lifecare")
    reply = installation.adapter.exchange.receive_record("lifecare", submission, installation.principal("drift"))
    assert reply.status == 200, reply.body
    installation.adapter.worker.run_until_idle()

    for principal in (region, municipality):
        shown = answers.answer(request, principal, "log").plans
        assert [plan.title for plan in shown] == ["Kommunens del av den samordnade planen", "SIP inför hemgång"]
    own = shown[0].attachments[0].value.decode()
    assert "Hemtjänst morgon och kväll, från hemgången" in own
    assert "kommun SoL" in own
