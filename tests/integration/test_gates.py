"""What a message may not say because of what its case has said: consent to the plan, consent to sharing, who calls."""

import copy
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from adapter import wiring
from adapter.delivery import streams
from adapter.delivery.leases import Terms, claim
from adapter.delivery.outbox import DeliveryStateError
from adapter.discharge.agreement import Agreement
from adapter.exchange import resources, tasks
from adapter.exchange.again import Again
from adapter.exchange.agreements import Agreements
from adapter.exchange.consents import stopped
from adapter.exchange.submission import Reply
from adapter.fhir.canonical import CANONICAL
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support import settings
from adapter.support.clock import STOCKHOLM, to_micros
from adapter.support.errors import AdapterError, NotFoundError
from tests.integration.conftest import Installation

Message = dict[str, Any]
SYSTEM = f"{CANONICAL}/CodeSystem"
AGREED = Agreement(
    id="x",
    version="1",
    name="x",
    valid_from="2018-01-01",
    consent_first=True,
    citations={"consent_first": "§ 3"},
)


@pytest.fixture
def sent(installation: Installation, messages: Callable[[str], list[Message]]) -> dict[str, Message]:
    """The messages of a case by event; those before the kallelse have been sent."""
    made = {event_of(message): message for message in messages("gates")}
    for event in ("admission-notice", "planning-information", "ready-for-discharge"):
        assert installation.send(made[event]).status == 200
    return made


def event_of(message: Message) -> str:
    return str(message["entry"][0]["resource"]["eventCoding"]["code"])


def of_type(message: Message, name: str) -> list[dict[str, Any]]:
    return [each["resource"] for each in message["entry"] if each["resource"]["resourceType"] == name]


def without(message: Message, *types: str) -> Message:
    made = copy.deepcopy(message)
    made["entry"] = [each for each in made["entry"] if each["resource"]["resourceType"] not in types]
    return made


def anew(message: Message, installation: Installation) -> Message:
    """The same as another message, sent now."""
    made = copy.deepcopy(message)
    made["id"], old, new = str(uuid.uuid4()), made["entry"][0]["resource"]["id"], str(uuid.uuid4())
    made["timestamp"] = installation.adapter.clock.now().astimezone(STOCKHOLM).isoformat(timespec="seconds")
    made["entry"][0] = {
        "fullUrl": f"urn:uuid:{new}",
        "resource": made["entry"][0]["resource"] | {"id": new},
    }
    for provenance in of_type(made, "Provenance"):
        for target in provenance["target"]:
            if target.get("reference") == f"urn:uuid:{old}":
                target["reference"] = f"urn:uuid:{new}"
    return made


def withdrawal(plan: Message, installation: Installation) -> Message:
    """A general message that says that the person no longer consents."""
    made = anew(without(plan, "Goal", "Task", "Appointment", "CareTeam"), installation)
    header, [careplan] = made["entry"][0]["resource"], of_type(made, "CarePlan")
    header["eventCoding"]["code"] = "general-message"
    case = of_type(plan, "Task")[0]["groupIdentifier"]
    header["extension"] = [{"url": f"{CANONICAL}/StructureDefinition/case", "valueIdentifier": case}]
    for provenance in of_type(made, "Provenance"):
        if provenance["target"][0].get("reference") == made["entry"][0]["fullUrl"]:
            provenance["activity"]["coding"][0]["code"] = "general-message"
    for each in made["entry"]:
        if each["resource"] is careplan:
            each["resource"] = {
                "resourceType": "Communication",
                "id": careplan["id"],
                "status": "completed",
                "category": [{"coding": [{"system": f"{SYSTEM}/communication-kind", "code": "general-message"}]}],
                "subject": careplan["subject"],
                "sent": made["timestamp"],
                "payload": [{"contentString": "Samtycket är återkallat."}],
                "topic": {"text": "Samordnad individuell plan"},
            }
    of_type(made, "Consent")[0]["status"] = "inactive"
    return made


def rules(reply: Reply) -> list[tuple[str, str]]:
    """Severity and rule of each issue of an answer, be it a refusal or an acknowledgement."""
    outcomes = [reply.resource] if reply.status != 200 else of_type(reply.resource, "OperationOutcome")
    return [
        (issue["severity"], coding["code"])
        for outcome in outcomes
        for issue in outcome["issue"]
        for coding in issue["details"].get("coding", [])
        if coding["system"].endswith("/rule")
    ]


def plans(installation: Installation, event: str = "sip") -> dict[str, str | None]:
    """Status → why it is held of the deliveries of plans."""
    columns = tables.delivery.c
    query = select(columns.status, columns.held_reason).where(columns.event == event)
    with installation.adapter.database.read() as connection:
        return {row.status: row.held_reason for row in connection.execute(query)}


def test_a_plan_goes_with_consent_and_is_warned_of_without(
    installation: Installation, sent: dict[str, Message]
) -> None:
    bare = without(sent["sip"], "Consent")
    assert ("warning", "discharge-plan-consent-unsaid") in rules(installation.send(bare))
    assert set(plans(installation)) == {"waiting"}
    consented = installation.send(anew(sent["sip"], installation))
    assert "discharge-plan-consent-unsaid" not in {rule for _, rule in rules(consented)}


def deliveries(installation: Installation, event: str) -> list[Any]:
    query = select(tables.delivery).where(tables.delivery.c.event == event).order_by(tables.delivery.c.id)
    with installation.adapter.database.read() as connection:
        return list(connection.execute(query).all())


def alarms_of(installation: Installation) -> list[str]:
    with installation.adapter.database.read() as connection:
        return [each.subject for each in standing(connection, {"consent-held"})]


def test_a_withdrawal_holds_what_waits_and_stops_what_comes(
    installation: Installation, sent: dict[str, Message]
) -> None:
    assert installation.send(sent["sip"]).status == 200
    told = installation.send(withdrawal(sent["sip"], installation))
    assert told.status == 200, told.resource
    held = deliveries(installation, "sip")
    assert held
    assert {(each.status, each.held_reason, each.blocking) for each in held} == {("held", "consent", False)}
    assert alarms_of(installation) == [f"delivery/{each.id}" for each in held]
    assert ("warning", "discharge-consent-held") in rules(told)
    assert f"{len(held)} of the case" in str(told.resource)
    assert all(each.tell_at is not None for each in held)  # its sender is told by a delivery report
    # The notices, and what rests on the other consent, wait for nothing.
    assert set(plans(installation, "admission-notice")) == {"waiting"}
    assert set(plans(installation, "planning-information")) == {"waiting"}
    again = installation.send(anew(without(sent["sip"], "Consent"), installation))
    assert (again.status, rules(again)) == (422, [("error", "discharge-plan-consent")])
    consented = anew(sent["sip"], installation)
    later = installation.adapter.clock.now() + timedelta(seconds=2)  # of words of one second the one against it holds
    consented["timestamp"] = later.astimezone(STOCKHOLM).isoformat(timespec="seconds")
    renewed = installation.send(consented)
    assert renewed.status == 200, renewed.resource
    assert ("warning", "discharge-consent-held") not in rules(renewed)
    assert set(plans(installation)) == {"held", "waiting"}


def test_what_is_held_for_want_of_consent_is_released_or_cancelled_by_a_person(
    installation: Installation, sent: dict[str, Message]
) -> None:
    adapter = installation.adapter
    assert installation.send(sent["sip"]).status == 200
    assert installation.send(withdrawal(sent["sip"], installation)).status == 200
    first, *others = deliveries(installation, "sip")
    operator = Principal("drift", "operations", frozenset(), frozenset(Right))
    lines = [each for each in adapter.views.status(operator) if each.kind == "held-consent"]
    assert sum(each.count for each in lines) == 1 + len(others)
    receiver = Principal("mottagare", first.receiver_party, frozenset({first.receiver_unit}), frozenset({Right.LIST}))
    with pytest.raises(NotFoundError):
        adapter.views.delivery(receiver, first.id)
    with pytest.raises(AdapterError):
        adapter.operations.release(operator, first.id, " ")
    adapter.operations.release(operator, first.id, "samtycket är lämnat på nytt, muntligt")
    for each in others:
        adapter.operations.cancel(operator, each.id, "personen har sagt nej")
    assert alarms_of(installation) == []
    assert adapter.views.delivery(receiver, first.id).row.id == first.id
    # Another word against it does not take back what somebody has decided.
    assert installation.send(withdrawal(anew(sent["sip"], installation), installation)).status == 200
    row = deliveries(installation, "sip")[0]
    assert (row.status, row.blocking, row.released_at is not None) == ("waiting", True, True)


def test_a_plan_under_way_at_a_withdrawal_is_not_tried_again(
    installation: Installation, sent: dict[str, Message]
) -> None:
    assert installation.send(sent["sip"]).status == 200
    database, at = installation.adapter.database, to_micros(installation.adapter.clock.now())
    plan = tables.delivery.c.event == "sip"
    with database.write() as connection:
        others = update(tables.delivery).where(~plan)
        connection.execute(others.values(status="done", blocking=False, next_attempt_at=None))
        for stream in connection.execute(select(tables.delivery.c.stream_id).where(plan)).scalars().all():
            streams.advance(connection, stream, at)
        terms = Terms("w", at, 60, lambda _: 9, 1)
        assert claim(connection, terms, 9)
        running = select(tables.delivery.c.id).where(tables.delivery.c.status == "running")
        numbers = set(connection.execute(running).scalars())
    told = installation.send(withdrawal(sent["sip"], installation))
    assert ("warning", "discharge-consent-held") not in rules(told)
    assert {each.status for each in deliveries(installation, "sip")} == {"running"}
    with database.write() as connection:
        later = replace(terms, at=at + 3600 * 1_000_000)
        assert not {each.delivery_id for each in claim(connection, later, 9)} & numbers
    assert {(each.status, each.held_reason, each.blocking) for each in deliveries(installation, "sip")} == {
        ("held", "consent", False)
    }
    assert set(alarms_of(installation)) == {f"delivery/{each}" for each in numbers}


def test_planning_information_rests_on_the_consent_to_sharing(
    installation: Installation, sent: dict[str, Message]
) -> None:
    refusal = withdrawal(sent["sip"], installation)
    of_type(refusal, "Consent")[0]["category"][0]["coding"][0]["code"] = "sharing"
    of_type(refusal, "Consent")[0].pop("organization", None)
    told = installation.send(refusal)
    assert ("warning", "discharge-consent-held") in rules(told), told.resource
    assert plans(installation, "planning-information") == {"held": "consent"}
    assert set(plans(installation, "admission-notice")) == {"waiting"}
    before = len(deliveries(installation, "planning-information"))
    more = installation.send(anew(sent["planning-information"], installation))
    assert ("warning", "discharge-consent-held") in rules(more), more.resource
    assert plans(installation, "planning-information") == {"held": "consent"}
    assert len(deliveries(installation, "planning-information")) == 2 * before


def test_a_plan_that_was_delivered_is_not_sent_again_after_a_withdrawal(
    installation: Installation, sent: dict[str, Message]
) -> None:
    assert installation.send(sent["sip"]).status == 200
    database, of_plan = installation.adapter.database, tables.delivery.c.event == "sip"
    with database.write() as connection:
        arrived = update(tables.delivery).where(of_plan).values(status="done", blocking=False, next_attempt_at=None)
        connection.execute(arrived)
        number = connection.execute(select(tables.delivery.c.id).where(of_plan).limit(1)).scalar_one()
        message = connection.execute(select(tables.delivery.c.message_id).where(of_plan).limit(1)).scalar_one()
        assert stopped(connection, [message]) == frozenset()
    assert installation.send(withdrawal(sent["sip"], installation)).status == 200
    assert set(plans(installation)) == {"done"}
    with database.read() as connection:
        assert stopped(connection, [message, message + 1]) == {message}
        assert stopped(connection, []) == frozenset()
    with database.write() as connection, pytest.raises(DeliveryStateError, match="no longer"):
        Again(installation.adapter._means).send(connection, number, 1, anew=False)


def shown(installation: Installation, party: str, unit: str) -> dict[str, set[int]]:
    """The messages whose word on a stay, a plan or a Task the party is shown, by type."""
    adapter = installation.adapter
    of = Principal(party, party, frozenset({unit}), frozenset({Right.CONTENT}))
    found = {
        kind: {
            (each.id, version.version)
            for each in everything
            for version in adapter.resources.history(of, kind, each.id)
        }
        for kind in ("Encounter", "CarePlan")
        for everything in [adapter.resources.search(of, kind, resources.Wanted()).resources]
    }
    seen = adapter.tasks.search(of, tasks.Wanted()).tasks
    found["Task"] = {(each.id, version.version) for each in seen for version in adapter.tasks.history(of, each.id)}
    messages = {}
    with adapter.database.read() as connection:
        for kind, versions in found.items():
            table, name = (tables.resource_version, "resource_id")
            if kind == "Task":
                table, name = tables.task_version, "task_id"
            rows = connection.execute(select(table)).all()
            messages[kind] = {row.message_id for row in rows if (getattr(row, name), row.version) in versions}
    return messages


@pytest.mark.parametrize(("consent", "event"), [("sip", "sip"), ("sharing", "planning-information")])
def test_what_rests_on_a_withdrawn_consent_is_shown_to_its_sender_alone(
    installation: Installation, sent: dict[str, Message], consent: str, event: str
) -> None:
    assert installation.send(sent["sip"]).status == 200
    installation.adapter.worker.run_until_idle()
    gone = deliveries(installation, event)
    [message] = {each.message_id for each in gone}
    [party] = {each.receiver_party for each in gone if each.receiver_party == "kommun"}
    unit = next(each.receiver_unit for each in gone if each.receiver_party == party)
    before = shown(installation, party, unit)
    assert {kind for kind, messages in before.items() if message in messages} >= TOLD[event]
    refusal = withdrawal(sent["sip"], installation)
    if consent == "sharing":
        of_type(refusal, "Consent")[0]["category"][0]["coding"][0]["code"] = consent
        of_type(refusal, "Consent")[0].pop("organization", None)
    later = installation.adapter.clock.now() + timedelta(seconds=2)
    refusal["timestamp"] = later.astimezone(STOCKHOLM).isoformat(timespec="seconds")
    assert installation.send(refusal).status == 200
    after = shown(installation, party, unit)
    assert not any(message in after[kind] for kind in TOLD[event])
    plan = {each.message_id for each in deliveries(installation, "sip")}
    covered = {"Encounter": {message}, "CarePlan": plan, "Task": plan}
    assert {kind: messages - covered[kind] for kind, messages in before.items()} == after
    sender = shown(installation, "region", gone[0].receiver_unit)
    assert any(message in messages for messages in sender.values())


TOLD = {"sip": {"CarePlan", "Task"}, "planning-information": {"Encounter"}}


def test_a_plan_that_carries_a_refusal_is_refused(installation: Installation, sent: dict[str, Message]) -> None:
    refused = anew(sent["sip"], installation)
    [consent] = of_type(refused, "Consent")
    consent["status"], consent["provision"]["type"] = "rejected", "deny"
    reply = installation.send(refused)
    assert (reply.status, rules(reply)) == (422, [("error", "discharge-plan-consent")])
    for category in of_type(refused, "CarePlan")[0]["category"]:
        category["coding"][0]["code"] = "SPLPTLRV"
    assert installation.send(anew(refused, installation)).status == 200


def test_the_wards_kallelse_is_warned_of(installation: Installation, sent: dict[str, Message]) -> None:
    assert rules(installation.send(sent["sip-invitation"])) == []
    ward = of_type(sent["admission-notice"], "MessageHeader")[0]["sender"]
    called = anew(sent["sip-invitation"], installation)
    hsa = next(
        each["identifier"][0]["value"]
        for each in of_type(sent["admission-notice"], "Organization")
        if ward["reference"].endswith(each["id"])
    )
    care = called["entry"][0]["resource"]["sender"]["reference"]
    for unit in of_type(called, "Organization"):
        if care.endswith(unit["id"]):
            called["entry"][0]["resource"]["destination"] = [
                each
                for each in called["entry"][0]["resource"]["destination"]
                if not _names(called, each["receiver"]["reference"], hsa)
            ]
            unit["identifier"][0]["value"] = hsa
    assert ("warning", "discharge-invitation-sender") in rules(installation.send(called))


def _names(message: Message, reference: str, hsa: str) -> bool:
    return any(
        reference.endswith(unit["id"]) and unit["identifier"][0]["value"] == hsa
        for unit in of_type(message, "Organization")
    )


@pytest.fixture
def asking(installation: Installation, parts: wiring.Adapter) -> Installation:
    """The installation, with a legal basis for extended notices and an agreement that asks for consent first."""
    file = Path(installation.folder / "adapter.toml")
    file.write_text(file.read_text() + '[notices]\nextended_basis = "beslut"\n')
    made = wiring.build(settings.load(file), installation.adapter.clock)
    made.message_validator, made.mappings = parts.message_validator, parts.mappings
    made.agreements = Agreements([AGREED])
    installation.adapter.close()
    installation.adapter = made
    return installation


def extended(message: Message, installation: Installation) -> Message:
    made = anew(message, installation)
    made["meta"] = {"profile": [f"{CANONICAL}/StructureDefinition/message-admission-notice-extended"]}
    return made


def test_more_than_the_minimum_waits_for_consent_where_that_is_agreed(
    asking: Installation, messages: Callable[[str], list[Message]]
) -> None:
    made = {event_of(message): message for message in messages("gates")}
    refused = asking.send(extended(made["admission-notice"], asking))
    assert (refused.status, rules(refused)) == (422, [("error", "discharge-extended-consent")])
    assert "§ 3" in str(refused.resource)
    consented = extended(made["admission-notice"], asking)
    [consent] = copy.deepcopy(of_type(made["sip"], "Consent"))
    consent["category"][0]["coding"][0]["code"] = "sharing"
    consent["patient"] = {"reference": f"urn:uuid:{of_type(consented, 'Patient')[0]['id']}"}
    consent["dateTime"] = (asking.adapter.clock.now() - timedelta(hours=1)).astimezone(STOCKHOLM).isoformat()
    consent.pop("organization", None)
    consented["entry"].append({"fullUrl": f"urn:uuid:{consent['id']}", "resource": consent})
    taken = asking.send(consented)
    assert taken.status == 200, taken.resource
    # Stated once in the case, it holds for the next; and the minimum never needed it.
    assert asking.send(extended(made["admission-notice"], asking)).status == 200
    consent["status"] = "inactive"
    consented = anew(consented, asking)
    assert asking.send(consented).status == 422
    assert asking.send(anew(made["admission-notice"], asking)).status == 200
