"""The console's pages for acting, over the real services on a real store."""

import re
from datetime import timedelta

import httpx
import pytest

from adapter.exchange.acts import Means
from adapter.exchange.editing import Repairs
from adapter.exchange.operations import Operations
from adapter.exchange.replays import Replays
from adapter.exchange.undelivered import Reserve
from adapter.exchange.views import Views
from adapter.exchange.whereabouts import NEXT, Where
from adapter.security.principals import Right
from adapter.security.pseudonyms import Pseudonyms
from adapter.security.tokens import Tokens
from adapter.store import tables
from adapter.web.console import acting_texts, reading, texts

PERSON = ("http://electronichealth.se/identifier/personnummer", "199010042386")
MESSAGE = (
    b'{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"Patient","name":'
    b'[{"family":"<Ek>"}],"identifier":[{"system":"urn:x","value":"1"}]}}]}'
)


class Valid:
    def issues(self, message, profiles=()):
        return []


@pytest.fixture
def browser(bare, database, clock, stored):
    made = bare.adapter
    acting = (database, clock, lambda: None, Means(stored.contents, lambda: made.directory, dict, Valid, lambda: "c1"))
    made.clock, made.database, made.tokens = clock, database, Tokens(database, clock)
    made.views = Views(database, stored.contents, clock)
    made.operations = Operations(database, clock, lambda: None, lambda *_: None)
    made.repairs, made.replays = Repairs(*acting), Replays(*acting)
    made.where = Where(database, Pseudonyms([("k1", b"a key for tests")]), clock)
    made.reserve = Reserve(database, stored.contents, clock, None)
    token = made.tokens.issue("operations", list(Right), clock.now() + timedelta(days=1), "tester")
    with httpx.Client(base_url=bare.url, timeout=60) as client:
        assert client.post("/console/login", data={"token": token}).status_code == 303
        yield client


@pytest.fixture
def send(browser):
    def send(path, **fields):
        csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/console").text).group(1)
        return browser.post(path, data={"csrf": csrf, **fields})

    return send


@pytest.fixture
def dead(stored):
    message = stored.message(patient_id=stored.patient())
    number = stored.delivery(message, status="dead", attempts=1, media_type="application/fhir+json", mapping=None)
    stored.content(message, "mapped", MESSAGE, "application/fhir+json", delivery_id=number)
    return number


def audited(stored):
    return [row["action"] for row in stored.rows(tables.audit) if "token" not in row["action"]]


def test_pages_of_an_empty_store(browser):
    for path, words in (
        ("/console/replays", "Nothing has been replayed."),
        ("/console/where", "The number is never in an address."),
        ("/console/undelivered", "Everything has arrived."),
    ):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert words in answer.text


def test_each_form_is_bound_to_its_session(browser, stored, dead):
    for path in (
        "/console/deliveries/1/repair",
        "/console/deliveries/1/repair/review",
        "/console/deliveries/1/repair/send",
        "/console/deliveries/1/redirect",
        "/console/deliveries/1/hold",
        "/console/replays/count",
        "/console/replays",
        "/console/replays/1/pause",
        "/console/where",
        "/console/undelivered",
        "/console/endpoints/lifecare/test",
    ):
        assert browser.post(path, data={"csrf": "other", "reason": "why"}).status_code == 403, path
    assert audited(stored) == []


def test_a_dead_letter_is_read_changed_reviewed_and_sent(browser, send, stored, dead):
    page = send(f"/console/deliveries/{dead}/repair", reason="wrong name").text
    assert "&lt;Ek&gt;" in page  # laid out for the eye, and escaped
    edited = MESSAGE.replace(b"<Ek>", b"Berg").decode()
    review = send(f"/console/deliveries/{dead}/repair/review", reason="wrong name", text=edited).text
    assert "Checked: it can be sent." in review
    assert re.search(r"<del>.*&lt;Ek&gt;.*</del>", review)
    assert re.search(r"<ins>.*Berg.*</ins>", review)
    unchanged = send(
        f"/console/deliveries/{dead}/repair/review", reason="x", text=reading.layout(MESSAGE.decode(), "json")
    )
    assert "Nothing is changed." in unchanged.text
    another = send(f"/console/deliveries/{dead}/repair/review", reason="x", text=edited.replace('"1"', '"2"')).text
    assert "It cannot be sent like this" in another
    assert "Send as edited" not in another
    answer = send(f"/console/deliveries/{dead}/repair/send", reason="wrong name", text=edited.replace("\n", "\r\n"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/messages/1#delivery-{dead}")
    assert audited(stored)[-1] == "delivery-repair"
    assert "edited by a person" in browser.get("/console/messages/1").text


def test_replay_is_counted_started_and_steered(browser, send, stored, dead):
    assert "<code>none</code>" in browser.get("/console/replays").text
    page = send("/console/replays/count", status="dead", signature="none", since="2026-03-01").text
    assert "deliveries will be sent again." in page
    assert "expunged" not in page
    stored.delivery(stored.message(expunged_at=stored.now), status="done")
    assert "1 more were expunged and cannot be sent again." in send("/console/replays/count", status="done").text
    fields = dict(re.findall(r'type="hidden" name="(digest|status|signature|since)" value="([^"]+)"', page))
    answer = send("/console/replays", reason="mended", per_minute="60", **fields)
    assert answer.headers["location"] == "/console/replays/1"
    assert "0 of 1" in browser.get("/console/replays/1").text
    for act, words in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert send(f"/console/replays/1/{act}", reason="why").status_code == 303
        assert words in browser.get("/console/replays/1").text
    assert send("/console/replays/1/pause").status_code == 409
    assert send("/console/replays", reason="x", **fields | {"digest": "other"}).status_code == 409
    assert send("/console/replays/count", since="soon").status_code == 422
    assert browser.get("/console/replays/2").status_code == 404


def test_where(browser, send, stored):
    with stored.database.write() as connection:
        patient = Pseudonyms([("k1", b"a key for tests")]).surrogate(connection, [PERSON], stored.now)
    for status in ("done", "held", "dead", "cancelled", "running", "waiting"):
        stored.delivery(stored.message(patient_id=patient), status=status)
    page = send("/console/where", number="19901004-2386", reason="the ward asks", system="personnummer").text
    assert page.count("What is next:") == 6
    assert PERSON[1] not in page
    assert audited(stored) == ["where"]
    asked = send("/console/where", number="189001019802", reason="the ward asks")
    assert "No message names this person." in asked.text
    mistyped = send("/console/where", number="2", reason="the ward asks")
    assert (mistyped.status_code, "expected 12 digits" in mistyped.text) == (422, True)


@pytest.mark.parametrize("state", ["open", "tripped", "paused"])
def test_where_says_that_it_waits_for_its_endpoint(browser, send, stored, state):
    with stored.database.write() as connection:
        patient = Pseudonyms([("k1", b"a key for tests")]).surrogate(connection, [PERSON], stored.now)
        values = {"endpoint": "lifecare", "state": state, "since": stored.now}
        connection.execute(tables.endpoint_state.insert().values(values))
    stored.delivery(stored.message(patient_id=patient), next_attempt_at=stored.now)
    page = send("/console/where", number=PERSON[1], reason="the ward asks", system="personnummer").text
    assert NEXT[state].replace("'", "&#39;") in page
    assert "<code>adapter endpoints show lifecare</code>" in page


def test_each_next_step_has_words_in_both_languages():
    for step, words in NEXT.items():
        swedish, english = acting_texts.TEXTS[f"next {step}"]
        assert words.startswith(english)
        assert swedish


def test_undelivered_with_persons(browser, send, stored, dead):
    message = 1
    stored.content(message, "received", MESSAGE, "application/fhir+json")
    assert "Ek" not in browser.get("/console/undelivered").text
    assert "&lt;Ek&gt; 1" in send("/console/undelivered", reason="power cut").text
    assert audited(stored) == ["undelivered-view"]


def test_words_have_both_languages():
    for key, words in acting_texts.TEXTS.items():
        assert all(words), key
        assert key not in texts.TEXTS, key


def test_of_a_text_for_programs_nothing_is_laid_side_by_side():
    huge = b"a\n" * 20_001
    assert [line.kind for line in reading.compared(huge, huge + b"b", "text/plain")] == ["gap"]
