"""/operations over the real services on a real store: every call, its right, its line in the audit, what it refuses."""

from datetime import timedelta
from functools import cache
from types import SimpleNamespace

import httpx
import pytest

from adapter.delivery.channels.base import Check
from adapter.exchange.acts import Means
from adapter.exchange.agreements import Agreements
from adapter.exchange.cases import Cases
from adapter.exchange.editing import Repairs
from adapter.exchange.expunge import Expunging
from adapter.exchange.ladder import Escalations
from adapter.exchange.operations import Operations
from adapter.exchange.reckonings import Reckonings
from adapter.exchange.recovery import Recoveries
from adapter.exchange.redirect import Redirects
from adapter.exchange.replays import Replays
from adapter.exchange.undelivered import Reserve
from adapter.exchange.views import Views
from adapter.exchange.whereabouts import Where
from adapter.security.principals import Right
from adapter.security.pseudonyms import Pseudonyms
from adapter.security.tokens import Tokens
from adapter.store import tables

PERSON = "199010042386"
PERSONNUMMER = "http://electronichealth.se/identifier/personnummer"


@pytest.fixture
def adapter(bare, database, clock, stored):
    made = bare.adapter
    means = Means(stored.contents, lambda: made.directory, dict, lambda: None, lambda: "c1")
    acting = (database, clock, lambda: None, means)
    made.clock, made.database = clock, database
    made.tokens = Tokens(database, clock)
    made.views = Views(database, stored.contents, clock)
    made.operations = Operations(database, clock, lambda: None, lambda *_: None)
    made.repairs, made.redirects, made.replays = Repairs(*acting), Redirects(*acting), Replays(*acting)
    made.reserve = Reserve(database, stored.contents, clock, None)
    made.expunging, made.recoveries = Expunging(database, clock), Recoveries(database, clock, None)
    made.escalations = Escalations(database, made.directory, clock)
    made.cases = Cases(database, made.directory, Agreements(), clock, made.escalations)
    made.reckonings = Reckonings(database, made.directory, Agreements(), clock)
    made.where = Where(database, Pseudonyms([("k1", b"a key for tests")]), clock)
    channel = SimpleNamespace(check=lambda: Check(True, ("it answers",), ()))
    made.test_endpoint = lambda by, name: made.operations.test(by, name, channel if name == "lifecare" else None)
    return made


@pytest.fixture
def client(bare, adapter):
    with httpx.Client(base_url=bare.url, timeout=60) as client:
        yield client


@pytest.fixture
def call(adapter, client, clock):
    issue = cache(lambda rights: adapter.tokens.issue("operations", rights, clock.now() + timedelta(days=1), "t"))

    def call(method, path, body=None, rights=tuple(Right), **more):
        headers = {"Authorization": f"Bearer {issue(frozenset(rights) or frozenset({Right.SEND}))}"}
        return client.request(method, f"/operations{path}", json=body, headers=headers, **more)

    return call


@pytest.fixture
def dead(stored):
    message = stored.message(patient_id=stored.patient())
    number = stored.delivery(message, status="dead", attempts=1)
    stored.content(message, "mapped", b"<a/>", "application/xml", delivery_id=number)
    return number


def audited(stored):
    return [row["action"] for row in stored.rows(tables.audit) if "token" not in row["action"]]


WHY = {"reason": "why"}
LIST, CONTENT, RESEND = {Right.LIST}, {Right.CONTENT}, {Right.RESEND}
SHARED = {Right.RESEND, Right.ALL_PARTIES}
CALLS = [
    ("GET", "/status", None, LIST),
    ("GET", "/endpoints", None, LIST),
    ("GET", "/errors", None, LIST),
    ("GET", "/undelivered", None, LIST),
    ("GET", "/messages", None, LIST),
    ("GET", "/messages/1", None, LIST),
    ("GET", "/deliveries", None, LIST),
    ("GET", "/deliveries/1", None, LIST),
    ("GET", "/audit", None, LIST),
    ("GET", "/replays", None, LIST),
    ("POST", "/undelivered", WHY, {Right.LIST, Right.CONTENT}),
    ("POST", "/contents/1", WHY, CONTENT),
    ("POST", "/where", WHY | {"value": PERSON}, CONTENT),
    ("POST", "/deliveries/1/retry", {}, RESEND),
    ("POST", "/deliveries/1/cancel", WHY, RESEND),
    ("POST", "/deliveries/1/hold", WHY, RESEND),
    ("POST", "/deliveries/1/release", WHY, {Right.RELEASE}),
    ("POST", "/deliveries/1/original", WHY, {Right.EDIT, Right.CONTENT}),
    ("POST", "/deliveries/1/repair", WHY | {"content": "<b/>"}, {Right.EDIT, Right.CONTENT}),
    ("POST", "/deliveries/1/redirect", WHY | {"endpoint": "x"}, {Right.EDIT}),
    ("POST", "/replays/count", {}, RESEND),
    ("POST", "/replays", WHY | {"digest": "x"}, RESEND),
    ("POST", "/replays/1/pause", {}, RESEND),
    ("POST", "/replays/1/resume", {}, RESEND),
    ("POST", "/replays/1/cancel", WHY, RESEND),
    ("POST", "/endpoints/lifecare/pause", WHY, SHARED),
    ("POST", "/endpoints/lifecare/resume", {}, SHARED),
    ("POST", "/endpoints/lifecare/test", None, SHARED),
    ("POST", "/messages/1/expunge", WHY, {Right.EXPUNGE}),
    ("POST", "/case", {"case": "case-1"}, LIST),
    ("GET", "/payment/2482/2026-03", None, LIST),
    ("POST", "/payment/2482/2026-03/freeze", WHY, {Right.ALL_PARTIES}),
    ("GET", "/escalations", None, LIST),
    ("POST", "/escalations/1/acknowledge", {}, RESEND),
    ("GET", "/ledger", None, {Right.LIST, Right.ALL_PARTIES}),
    ("GET", "/recovery", None, {Right.LIST, Right.ALL_PARTIES}),
    ("POST", "/recovery/resume", WHY, SHARED),
]


def test_rights_apart(call, client, dead):
    for method, path, body, needs in CALLS:
        for missing in needs:
            answer = call(method, path, body, rights=set(Right) - {missing})
            assert (answer.status_code, answer.json()["rule"]) == (403, "http-403"), (path, missing)
            assert answer.headers["content-type"] == "application/problem+json"
        assert client.request(method, f"/operations{path}", json=body).status_code == 401
    for method, path, body, needs in CALLS:
        assert call(method, path, body, rights=needs).status_code != 403, path


STATES = ("waiting", "running", "held", "done", "dead", "cancelled")
ALLOWED = {
    "retry": ("waiting", "dead"),
    "hold": ("waiting",),
    "release": ("held",),
    "cancel": ("waiting", "held", "dead"),
    "original": ("dead",),
}


@pytest.mark.parametrize("act", ALLOWED)
def test_each_act_in_each_state(call, stored, act):
    for status in STATES:
        message = stored.message(patient_id=stored.patient())
        number = stored.delivery(message, status=status)
        stored.content(message, "mapped", b"<a/>", "application/xml", delivery_id=number)
        answer = call("POST", f"/deliveries/{number}/{act}", WHY)
        entries = [row for row in stored.rows(tables.audit) if row["object"] == f"delivery/{number}"]
        if status in ALLOWED[act]:
            assert answer.status_code == 200, answer.text
            [entry] = entries
            expected = "content-view" if act == "original" else f"delivery-{act}"
            assert (entry["action"], entry["reason"]) == (expected, "why")
            assert entry["patient_id"] is not None
        else:
            assert (answer.status_code, entries) == (409, [])
            problem = answer.json()
            assert f"delivery {number} is {status}" in problem["detail"]
            assert (problem["status"], problem["rule"], problem["title"]) == (409, "http-409", "http-409")


def test_what_has_arrived_or_is_held_goes_no_other_way(call, stored):
    for status in STATES:
        if status not in ("dead", "waiting"):
            number = stored.delivery(stored.message(patient_id=stored.patient()), status=status)
            answer = call("POST", f"/deliveries/{number}/redirect", WHY | {"endpoint": "lifecare"})
            assert (answer.status_code, audited(stored)) == (409, [])


def test_a_replay_from_count_to_end(call, adapter, stored, clock, dead):
    counted = call("POST", "/replays/count", {"signature": "none"}).json()
    assert counted["count"] == 1
    start = WHY | {"signature": "none", "digest": counted["digest"]}
    assert call("POST", "/replays", start | {"digest": "other"}).status_code == 409
    number = call("POST", "/replays", start).json()["replay"]
    assert call("POST", f"/replays/{number}/pause", {}).json()["status"] == "paused"
    assert call("POST", f"/replays/{number}/pause", {}).status_code == 409
    assert call("POST", f"/replays/{number}/resume", {}).json()["status"] == "running"
    while adapter.replays.step():
        clock.advance(timedelta(minutes=1))
    row = call("GET", f"/replays/{number}").json()
    assert (row["status"], row["done"], row["filter"]["signature"]) == ("done", 1, "none")
    items = call("GET", f"/replays/{number}/items").json()
    assert [item["outcome"] for item in items["items"]] == ["retried"]
    assert call("GET", "/replays").json()["replays"][0]["id"] == number
    assert call("GET", f"/replays/{number + 1}").status_code == 404


def test_where_answers_without_the_number_in_an_address(call, adapter, stored):
    with stored.database.write() as connection:
        patient = Pseudonyms([("k1", b"a key for tests")]).surrogate(connection, [(PERSONNUMMER, PERSON)], stored.now)
    number = stored.delivery(stored.message(patient_id=patient), status="done", delivered_at=stored.now)
    found = call("POST", "/where", WHY | {"value": "19901004-2386"}).json()
    assert [row["delivery_id"] for row in found["rows"]] == [number]
    assert audited(stored) == ["where"]
    assert call("GET", "/where").status_code == 405


def test_what_is_refused_in_words(call, stored, dead):
    for path, body, status in [
        ("/deliveries/1/cancel", {}, 400),
        ("/deliveries/1/cancel", {"reason": " "}, 403),
        ("/deliveries/1/cancel", {"reason": "x" * 501}, 403),
        ("/deliveries/1/cancel", {"reason": "why", "force": True}, 400),
        ("/deliveries/1/cancel", ["why"], 400),
        ("/deliveries/0/cancel", WHY, 400),
        ("/deliveries/2/cancel", WHY, 404),
        ("/replays/count", {"status": "held"}, 400),
        ("/replays/count", {"since": "2026-03-02T09:00:00"}, 400),
        ("/where", {"value": "", "reason": "why"}, 400),
        ("/where", {"value": "1", "reason": "why\0"}, 400),
        ("/replays/count", {"event": "\0"}, 400),
        ("/endpoints/a%00b/pause", WHY, 400),
        ("/endpoints/nowhere/test", None, 404),
        ("/case", {"case": "case-9"}, 404),
        ("/case", {}, 400),
        ("/payment/2482/2026-03/freeze", WHY, 422),
        ("/payment/2482/2026-13/freeze", WHY, 400),
        ("/payment/x/2026-03/freeze", WHY, 400),
        ("/escalations/9/acknowledge", {}, 404),
    ]:
        answer = call("POST", path, body)
        assert (answer.status_code, audited(stored)) == (status, []), (path, body)
        assert answer.json()["detail"]


def test_bodies_are_json_of_bounded_size(client, call, adapter, clock):
    token = adapter.tokens.issue("operations", list(Right), clock.now() + timedelta(days=1), "t")
    headers = {"Authorization": f"Bearer {token}"}
    path = "/operations/deliveries/1/cancel"
    assert client.post(path, content=b"reason=x", headers=headers).status_code == 415
    headers["Content-Type"] = "application/json"
    assert client.post(path, content=b"{" + b" " * 70_000, headers=headers).status_code == 413
    assert client.post(path, content=b"{", headers=headers).status_code == 400


def test_a_parameter_that_is_not_known_is_not_passed_over(call):
    answer = call("GET", "/deliveries?endpont=x")
    assert answer.status_code == 400
    assert "endpoint" in answer.json()["detail"]
    assert call("GET", "/deliveries?limit=201").status_code == 400


def test_pages_of_a_huge_and_of_an_empty_store(call, stored):
    assert call("GET", "/deliveries").json() == {"deliveries": [], "next_before": None}
    assert call("GET", "/status").json()["needs_person"] is False
    numbers = [stored.delivery(stored.message()) for _ in range(3)]
    page = call("GET", "/deliveries?limit=2").json()
    assert [row["id"] for row in page["deliveries"]] == numbers[:0:-1]
    rest = call("GET", f"/deliveries?limit=2&before={page['next_before']}").json()
    assert ([row["id"] for row in rest["deliveries"]], rest["next_before"]) == (numbers[:1], None)


def test_content_leaves_exactly_as_kept_and_is_not_stored_by_others(call, stored, dead):
    answer = call("POST", "/contents/1", WHY)
    assert (answer.content, answer.headers["content-type"]) == (b"<a/>", "application/xml")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == "attachment"


def test_everything_is_in_the_description(client):
    described = client.get("/openapi.json").json()["paths"]
    for method, path, body, _ in CALLS:
        numbered = "replays" in path or "escalations" in path
        template = path.replace("/1", "/{number}" if numbered else "/{id}").replace("lifecare", "{endpoint}")
        template = template.replace("2482/2026-03", "{kommunkod}/{month}")
        for name in ("message_id", "delivery_id", "content_id"):
            if path.startswith(f"/{name.partition('_')[0]}") or (name == "delivery_id" and "deliveries" in path):
                template = template.replace("{id}", f"{{{name}}}")
        operation = described[f"/operations{template}"][method.lower()]
        assert operation["summary"]
        assert (body is None) == ("requestBody" not in operation), path


@pytest.mark.parametrize("query", ["/messages?status=%00", "/audit?action=a%00b"])
def test_no_database_is_asked_for_a_character_that_it_cannot_keep(call, query):
    assert call("GET", query).status_code == 400
