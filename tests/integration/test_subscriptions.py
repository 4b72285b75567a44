"""Subscriptions over REST, and the notifications that a real receiver gets."""

from datetime import timedelta
from threading import Event

import httpx
import pytest
from sqlalchemy import select, update

from adapter.exchange.rounds import running
from adapter.exchange.subscriptions.forms import TOPICS
from adapter.fhir import json as fhir_json
from adapter.sandbox.server import LoopbackServer, Response
from adapter.store import tables
from adapter.web.server import Server

STAYS, PLANS, TASKS = TOPICS
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport"


class Receiver:
    """Takes notifications; answers with `status`."""

    def __init__(self):
        self.status, self.got, self.called = 200, [], Event()
        self.server = LoopbackServer(self._take)

    def _take(self, request):
        self.got.append((self.status, request))
        self.called.set()
        return Response(self.status)

    @property
    def bundles(self):
        """Those that it took."""
        return [fhir_json.parse(request.body) for status, request in self.got if status == 200]


@pytest.fixture
def receiver():
    made = Receiver()
    with made.server:
        yield made


@pytest.fixture
def hooked(installation, receiver):
    """The installation with an endpoint for notifications of the system that the municipalities share."""
    (installation.folder / "directory" / "hooks.yaml").write_text(
        "endpoints:\n"
        f"  - {{id: hook, system: lifecare, channel: rest-hook, address: '{receiver.server.address}/told', "
        "token_file: receiver.token}\n"
        f"  - {{id: theirs, system: ehr, channel: rest-hook, address: '{receiver.server.address}/theirs'}}\n"
    )
    return installation


@pytest.fixture
def caller(hooked):
    server, callers = Server(hooked.adapter), []
    server.start()

    def made(party, right="content"):
        token = hooked.adapter.tokens.issue(party, (right,), hooked.adapter.clock.now() + timedelta(days=1), party)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
        callers.append(httpx.Client(base_url=f"{server.url}/fhir", headers=headers, timeout=60))
        return callers[-1]

    yield made
    for each in callers:
        each.close()
    server.stop()


@pytest.fixture
def drift(caller):
    return caller("drift")


def asked(receiver, topic=STAYS, **changes):
    channel = {
        "type": "rest-hook", "endpoint": f"{receiver.server.address}/told", "payload": "application/fhir+json",
    } | changes.pop("channel", {})  # fmt: skip
    given = {"resourceType": "Subscription", "status": "requested", "reason": "test", "criteria": topic}
    return given | {"channel": channel} | changes


def made(client, given):
    response = client.post("/Subscription", json=given)
    assert response.status_code == 201, response.text
    assert response.headers["location"].endswith(f"/Subscription/{response.json()['id']}")
    return response.json()


def notify(installation):
    while installation.adapter.notifier.step():
        pass


def due(installation):
    """Whatever waits for its next try is due."""
    with installation.adapter.database.write() as connection:
        waits = tables.subscription.c.next_at.is_not(None)
        connection.execute(update(tables.subscription).where(waits).values(next_at=0))


def told(bundle):
    """(type, status, [(number, focus)]) of a notification."""
    [parameters] = [each["resource"] for each in bundle["entry"] if "resource" in each]
    values = {each["name"]: each.get("valueCode") for each in parameters["parameter"]}
    numbered = []
    for event in parameters["parameter"]:
        if event["name"] == "notification-event":
            parts = {part["name"]: part for part in event["part"]}
            focus = parts.get("focus", {}).get("valueReference", {}).get("reference")
            numbered.append((int(parts["event-number"]["valueString"]), focus))
    return values["type"], values["status"], numbered


def test_a_subscriber_is_told_in_order_and_reads_what_has_changed(hooked, messages, receiver, drift, caller):
    subscription = made(drift, asked(receiver))
    assert subscription["status"] == "requested"
    notify(hooked)
    assert told(receiver.bundles[-1]) == ("handshake", "requested", [])
    assert receiver.got[-1][1].headers["authorization"].startswith("Bearer ")
    assert drift.get(f"/Subscription/{subscription['id']}").json()["status"] == "active"
    notify(hooked)
    assert len(receiver.got) == 1  # no heartbeat is asked for

    sent = messages("told")
    for message in (sent[0], sent[1], sent[5]):
        assert hooked.send(message).status == 200
    notify(hooked)
    assert len(receiver.got) == 1  # nothing has arrived at the municipality
    hooked.adapter.worker.run_until_idle()
    notify(hooked)
    [bundle] = receiver.bundles[1:]
    kind, status, events = told(bundle)
    assert (kind, status, [number for number, _ in events]) == ("event-notification", "active", [1, 2, 3])
    assert hooked.adapter.validator.validate(bundle).valid
    body = receiver.got[-1][1].body.decode()
    [patient] = [each["resource"] for each in sent[0]["entry"] if each["resource"]["resourceType"] == "Patient"]
    assert patient["identifier"][0]["value"] not in body
    assert "Skellefte" not in body
    [focus] = {focus for _, focus in events}
    assert [each["fullUrl"] for each in bundle["entry"][1:]] == [focus]
    assert drift.get(f"/Encounter/{focus.rpartition('/')[2]}").json()["status"] == "finished"

    place = f"/Subscription/{subscription['id']}"
    [status] = [each["resource"] for each in drift.get(f"{place}/$status").json()["entry"]]
    assert {"name": "events-since-subscription-start", "valueString": "3"} in status["parameter"]
    again = drift.get(f"{place}/$events", params={"eventsSinceNumber": "2", "eventsUntilNumber": "9"}).json()
    assert told(again) == ("query-event", "active", events[1:])
    empty = drift.get(f"{place}/$events", params={"content": "empty"}).json()
    assert told(empty)[2] == [(1, None), (2, None), (3, None)]
    for path in ("", "/$status", "/$events"):
        assert caller("region").get(place + path).status_code == 404
    assert drift.get(f"{place}/$events?content=full-resource").status_code == 400
    assert drift.get(f"{place}/$events?eventsSinceNumber=x").status_code == 400
    assert drift.get("/Subscription?status=active").status_code == 400
    assert [each["resource"]["id"] for each in drift.get("/Subscription").json()["entry"]] == [subscription["id"]]
    assert caller("region").get("/Subscription").json()["total"] == 0
    assert caller("region").delete(place).status_code == 204
    assert drift.get(place).status_code == 200
    assert drift.delete(place).status_code == drift.delete(place).status_code == 204
    assert drift.get(place).status_code == 404
    assert hooked.send(sent[2]).status == 200
    notify(hooked)
    assert len(receiver.got) == 2


def test_a_receiver_that_fails_loses_nothing(hooked, messages, receiver, drift):
    place = f"/Subscription/{made(drift, asked(receiver, TASKS))['id']}"
    notify(hooked)
    receiver.status = 503
    assert hooked.send(messages("fails")[0]).status == 200
    hooked.adapter.worker.run_until_idle()
    for _ in range(3):
        due(hooked)
        hooked.adapter.notifier.step()
    stands = drift.get(place).json()
    assert (stands["status"], stands["error"]) == ("error", "HTTP 503")
    receiver.status = 401
    due(hooked)
    hooked.adapter.notifier.step()
    with hooked.adapter.database.read() as connection:
        alarms = connection.execute(select(tables.alarm.c.kind, tables.alarm.c.subject)).all()
    assert ("endpoint-tripped", "endpoint/hook") in [tuple(each) for each in alarms]
    receiver.status = 200
    due(hooked)
    notify(hooked)
    assert told(receiver.bundles[-1])[2][0][0] == 1
    stands = drift.get(place).json()
    assert (stands["status"], "error" in stands) == ("active", False)
    with hooked.adapter.database.read() as connection:
        assert connection.execute(select(tables.alarm).where(tables.alarm.c.cleared_at.is_(None))).all() == []


@pytest.mark.slow
def test_what_is_stopped_counts_nothing_and_begins_again_with_a_handshake(hooked, messages, receiver, drift):
    subscription = made(drift, asked(receiver))
    place = f"/Subscription/{subscription['id']}"
    notify(hooked)
    off = drift.put(place, json=drift.get(place).json() | {"status": "off"})
    assert (off.status_code, off.json()["status"]) == (200, "off")
    first, second = messages("off")[:2]
    assert hooked.send(first).status == 200
    hooked.adapter.worker.run_until_idle()
    notify(hooked)
    assert len(receiver.got) == 1
    assert drift.put(place, json=off.json() | {"status": "requested"}).json()["status"] == "requested"
    assert hooked.send(second).status == 200
    hooked.adapter.worker.run_until_idle()
    notify(hooked)
    kinds = [told(bundle)[0] for bundle in receiver.bundles]
    assert kinds == ["handshake", "handshake", "event-notification"]
    assert [number for number, _ in told(receiver.bundles[-1])[2]] == [1]
    assert drift.put(place, json=off.json() | {"reason": "another"}).status_code == 422
    assert drift.put(place, json=off.json() | {"status": "active"}).status_code == 422


def test_what_may_not_be_seen_keeps_its_number_and_says_nothing(hooked, messages, receiver, drift):
    made(drift, asked(receiver))
    notify(hooked)
    assert hooked.send(messages("seen")[0]).status == 200
    hooked.adapter.worker.run_until_idle()
    with hooked.adapter.database.write() as connection:
        connection.execute(update(tables.patient).values(protected=True))
    notify(hooked)
    bundle = receiver.bundles[-1]
    assert told(bundle)[2] == [(1, None)]
    assert len(bundle["entry"]) == 1


@pytest.mark.slow
def test_only_some_statuses_an_empty_payload_a_heartbeat_and_an_end(hooked, messages, receiver, drift):
    wanted = {"extension": [{"url": f"{BACKPORT}-filter-criteria", "valueString": "Encounter?status=finished"}]}
    beats = {
        "extension": [{"url": f"{BACKPORT}-heartbeat-period", "valueUnsignedInt": 60}],
        "_payload": {"extension": [{"url": f"{BACKPORT}-payload-content", "valueCode": "empty"}]},
        "payload": "application/fhir+xml",
    }
    end = (hooked.adapter.clock.now() + timedelta(hours=1)).isoformat(timespec="milliseconds")
    subscription = made(drift, asked(receiver, _criteria=wanted, channel=beats, end=end))
    assert subscription["_criteria"] == wanted
    notify(hooked)
    sent = messages("some")
    for message in (sent[0], sent[5]):
        assert hooked.send(message).status == 200
    hooked.adapter.worker.run_until_idle()
    notify(hooked)
    [_, request] = [request for _, request in receiver.got]
    assert request.body.count(b'<name value="event-number"/>') == 1
    assert b'<name value="focus"/>' not in request.body
    table = tables.subscription.c
    with hooked.adapter.database.write() as connection:
        connection.execute(update(tables.subscription).values(sent_at=table.sent_at - 61_000_000, next_at=0))
    notify(hooked)
    assert b'<valueCode value="heartbeat"/>' in receiver.got[-1][1].body
    with hooked.adapter.database.write() as connection:
        connection.execute(update(tables.subscription).values(ends_at=1, next_at=0))
    notify(hooked)
    assert len(receiver.got) == 3
    assert drift.get(f"/Subscription/{subscription['id']}").json()["status"] == "off"


@pytest.mark.slow
def test_what_is_not_done_here_is_refused(receiver, drift, caller):
    payload = {"extension": [{"url": f"{BACKPORT}-payload-content", "valueCode": "full-resource"}]}
    beats = [{"url": f"{BACKPORT}-heartbeat-period", "valueUnsignedInt": 5}]
    other = {"extension": [{"url": f"{BACKPORT}-filter-criteria", "valueString": "Encounter?patient=x"}]}
    for given in (
        asked(receiver, "http://example.org/topic"), asked(receiver, resourceType="Patient"),
        asked(receiver, status="active"), asked(receiver, reason=""), asked(receiver, _criteria=other),
        asked(receiver, end="2026"), asked(receiver, end="2020-01-01T00:00:00Z"),
        asked(receiver, channel={"type": "email"}), asked(receiver, channel={"header": ["Authorization: x"]}),
        asked(receiver, channel={"endpoint": "https://elsewhere.example/"}),
        asked(receiver, channel={"_payload": payload}),
        asked(receiver, channel={"endpoint": f"{receiver.server.address}/theirs"}),
        asked(receiver, channel={"extension": beats}), asked(receiver, channel={"extension": [{"url": "x"}]}),
        asked(receiver, channel={"payload": "text/plain"}),
    ):  # fmt: skip
        refused = drift.post("/Subscription", json=given)
        assert refused.status_code == 422, given
        assert "Subscription" in refused.json()["issue"][0]["details"]["text"]
    assert caller("drift", "send").post("/Subscription", json=asked(receiver)).status_code == 403
    for _ in range(20):
        made(drift, asked(receiver))
    assert drift.post("/Subscription", json=asked(receiver)).status_code == 422
    statement = drift.get("/metadata").json()
    [known] = [each for each in statement["rest"][0]["resource"] if each["type"] == "Subscription"]
    assert {each["valueCanonical"] for each in known["extension"]} == set(TOPICS)


@pytest.mark.slow
def test_a_process_calls_its_subscribers_by_itself(hooked, receiver, drift):
    with running(hooked.adapter.rounds(delivers=False)):
        made(drift, asked(receiver))
        assert receiver.called.wait(60)
