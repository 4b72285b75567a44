"""The console over the real views and operations, through the whole application."""

import asyncio
import re
from datetime import timedelta

import httpx
import pytest

from adapter.exchange.feeds.views import TO_DO
from adapter.exchange.operations import Operations
from adapter.exchange.views import Views
from adapter.security.principals import Right
from adapter.security.tokens import Tokens
from adapter.store import alarms, tables
from adapter.web.app import create
from adapter.web.console import gap_texts, reading, runbooks, texts
from adapter.web.console.runbooks import TITLES
from adapter.web.console.sessions import Sessions
from adapter.web.console.texts import TEXTS
from adapter.web.console.visitor import safe_path


@pytest.fixture
def adapter(bare, database, clock, stored):
    adapter = bare.adapter
    adapter.clock, adapter.database = clock, database
    adapter.tokens = Tokens(database, clock)
    adapter.views = Views(database, stored.contents, clock)
    adapter.operations = Operations(database, clock, lambda: None, lambda *_: None)
    adapter.contents = stored.contents
    return adapter


@pytest.fixture
def browser(bare, adapter):
    with httpx.Client(base_url=bare.url, timeout=60) as client:
        yield client


@pytest.fixture
def log_in(adapter, browser, clock):
    def log_in(*rights, party="operations"):
        token = adapter.tokens.issue(party, rights or list(Right), clock.now() + timedelta(days=1), "tester")
        answer = browser.post("/console/login", data={"token": token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")
        return token

    return log_in


@pytest.fixture
def send(browser):
    """Sends a form with the session's csrf value, as a page of the console would."""

    def send(path, **fields):
        csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/console").text)
        return browser.post(path, data={"csrf": csrf.group(1), **fields})

    return send


def audited(stored):
    return [
        (row["action"], row["object"], row["reason"])
        for row in stored.rows(tables.audit)
        if "token" not in row["action"]
    ]


PAGES = [
    "/console",
    "/console/messages",
    "/console/messages/1",
    "/console/deliveries",
    "/console/deliveries/1",
    "/console/gaps",
    "/console/audit",
]


class TestLogin:
    @pytest.mark.parametrize("path", [*PAGES, "/console/anything/else"])
    def test_every_page_leads_to_it(self, browser, path):
        answer = browser.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/login?next=/console")

    def test_the_cookie_is_closed_and_holds_no_token(self, browser, log_in):
        token = log_in()
        cookie = browser.cookies.jar._cookies["127.0.0.1"]["/console"]["adapter_session"]
        assert token not in cookie.value
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "strict"

    def test_over_tls_the_cookie_is_secure(self, adapter, clock):
        token = adapter.tokens.issue("operations", ["list"], clock.now() + timedelta(days=1), "t")

        async def over_tls():
            transport = httpx.ASGITransport(create(adapter))
            async with httpx.AsyncClient(transport=transport, base_url="https://console.example", timeout=60) as client:
                return await client.post("/console/login", data={"token": token})

        answer = asyncio.run(over_tls())
        assert "; Secure" in answer.headers["set-cookie"]

    @pytest.mark.parametrize("token", ["", "da_wrong", "x" * 5000, "åäö"])
    def test_a_wrong_token_opens_nothing_and_is_not_repeated(self, browser, token):
        answer = browser.post("/console/login", data={"token": token})
        assert answer.status_code == 401
        assert "The token is not valid" in answer.text
        assert "set-cookie" not in answer.headers
        assert not token or token not in answer.text

    def test_a_token_without_the_right_to_list_is_told_so(self, adapter, browser, clock):
        token = adapter.tokens.issue("region", ["send"], clock.now() + timedelta(days=1), "EHR")
        assert "lacks the right" in browser.post("/console/login", data={"token": token}).text

    def test_a_revoked_token_ends_its_sessions_at_once(self, adapter, browser, log_in):
        log_in()
        assert browser.get("/console").status_code == 200
        adapter.tokens.revoke(1)
        assert browser.get("/console").status_code == 303

    def test_a_session_ends_by_itself(self, browser, log_in, clock):
        log_in()
        clock.advance(timedelta(hours=8))
        assert browser.get("/console").status_code == 303

    def test_log_out(self, browser, log_in, send):
        log_in()
        old = browser.cookies.get("adapter_session")
        assert send("/console/logout").headers["location"] == "/console/login"
        browser.cookies.set("adapter_session", old, path="/console")
        assert browser.get("/console").status_code == 303

    def test_it_leads_back_to_where_one_was_going(self, adapter, browser, clock):
        token = adapter.tokens.issue("operations", ["list"], clock.now() + timedelta(days=1), "t")
        answer = browser.post("/console/login", data={"token": token, "next": "/console/messages?status=rejected"})
        assert answer.headers["location"] == "/console/messages?status=rejected"
        assert browser.get("/console/login?next=/console/audit").headers["location"] == "/console/audit"

    @pytest.mark.parametrize(
        "path",
        [
            "https://evil.example",
            "//evil.example",
            "/consolex",
            "/console\r\nSet-Cookie: a=b",
            "/console/..\\x",
            "",
            "/fhir",
        ],
    )
    def test_it_leads_nowhere_else(self, path):
        assert safe_path(path) == "/console"

    def test_sessions_are_bounded(self, clock, monkeypatch):
        monkeypatch.setattr("adapter.web.console.sessions.MAX_SESSIONS", 2)
        sessions = Sessions(timedelta(hours=1))
        numbers = [sessions.open("t", clock.now()) for _ in range(3)]
        assert [sessions.find(number, clock.now()) is not None for number in numbers] == [False, True, True]

    def test_a_session_does_not_print_its_secrets(self, clock):
        sessions = Sessions(timedelta(hours=1))
        found = sessions.find(sessions.open("da_secret", clock.now()), clock.now())
        assert "da_secret" not in repr(found)
        assert found.csrf not in repr(found)


class TestSafety:
    def test_headers(self, browser, log_in):
        log_in()
        for path in ("/console", "/console/login", "/console/messages/99"):
            headers = browser.get(path).headers
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'")
            assert "unsafe" not in policy
            assert headers["cache-control"] == "no-store"

    def test_no_inline_script_or_style(self, browser, log_in, stored):
        stored.delivery(stored.message(), status="dead")
        log_in()
        for path in PAGES:
            text = browser.get(path).text
            assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=|https?://", text), path

    FORMS = (
        "/console/logout",
        "/console/messages/1/contents/1",
        "/console/deliveries/1/retry",
        "/console/endpoints/e/pause",
    )

    @pytest.mark.parametrize("path", FORMS)
    @pytest.mark.parametrize("csrf", [{}, {"csrf": "x"}, {"csrf": "å"}])
    def test_a_form_without_the_sessions_mark_is_refused(self, browser, log_in, stored, path, csrf):
        log_in()
        assert browser.post(path, data={"reason": "r", **csrf}).status_code == 403
        assert audited(stored) == []
        assert browser.get("/console").status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_a_form_of_another_site_is_refused_even_at_login(self, adapter, browser, clock, headers):
        token = adapter.tokens.issue("operations", ["list"], clock.now() + timedelta(days=1), "t")
        answer = browser.post("/console/login", data={"token": token}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers

    def test_a_form_of_this_site_is_taken(self, adapter, browser, clock):
        token = adapter.tokens.issue("operations", ["list"], clock.now() + timedelta(days=1), "t")
        headers = {"Origin": str(browser.base_url), "Sec-Fetch-Site": "same-origin"}
        assert browser.post("/console/login", data={"token": token}, headers=headers).status_code == 303

    def test_forms_are_bounded_and_of_their_kind(self, browser):
        assert browser.post("/console/login", data={"token": "x" * 20_000}).status_code == 413
        assert browser.post("/console/login", json={"token": "x"}).status_code == 415
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for body in (b"token=%ff%fe", b"\xff=1", b"&".join(b"a=1" for _ in range(50))):
            assert browser.post("/console/login", content=body, headers=form).status_code == 400

    def test_several_events_at_an_endpoint_are_one_line_by_law_marked(self, browser, log_in, stored):
        stored.delivery(stored.message(), status="dead", event="sip")
        stored.delivery(stored.message(), status="dead", statutory=True)
        log_in()
        text = browser.get("/console").text
        assert "Admission notice (1), SIP (1): not delivered to lifecare" in text
        assert '<span class="chip dead">by law</span>' in text
        assert "/console/deliveries?status=dead&amp;event=&amp;endpoint=lifecare" in text

    def test_what_others_wrote_is_escaped(self, browser, log_in, stored):
        evil = "<script>alert(1)</script>"
        message = stored.message(
            case_id=evil, issues=[{"severity": "error", "code": "x", "rule": "r", "message": evil}]
        )
        delivery = stored.delivery(message, status="dead", reason=evil, attempts=1)
        stored.attempt(delivery, outcome="dead", http_status=422, reason=evil)
        log_in()
        text = browser.get(f"/console/messages/{message}").text
        assert evil not in text
        assert text.count("&lt;script&gt;") >= 3

    @pytest.mark.parametrize(
        "path", ["/console/messages/0", "/console/messages/x", f"/console/messages/{2**63}", "/console/nowhere"]
    )
    def test_what_is_not_there_is_a_page_that_says_so(self, browser, log_in, path):
        log_in()
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "There is no such page, or none for you." in answer.text

    def test_each_kind_of_alarm_has_its_runbook(self, browser, log_in):
        assert browser.get("/console/runbooks/dead-letter").status_code == 303
        log_in()
        for kind in TITLES:
            answer = browser.get(f"/console/runbooks/{kind}")
            assert answer.status_code == 200
            assert f'<h1 id="runbook">{kind}: ' in answer.text
            assert "<strong>What it means.</strong>" in answer.text
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", answer.text)

    def test_every_link_of_a_runbook_leads_to_a_page(self, browser, log_in):
        log_in()
        led = set()
        for kind in TITLES:
            text = browser.get(f"/console/runbooks/{kind}").text
            article = re.search(r"<article.*</article>", text, re.DOTALL)
            led |= set(re.findall(r'href="(/[^"]*)"', article.group()))
        assert "/console/runbooks/stream-blocked" in led
        for place in led:
            assert browser.get(place).status_code == 200, place

    def test_the_runbooks_are_listed(self, browser, log_in):
        assert browser.get("/console/runbooks").status_code == 303
        log_in()
        assert 'href="/console/runbooks"' in browser.get("/console").text
        assert 'href="/console/runbooks"' in browser.get("/console/runbooks/dead-letter").text
        text = browser.get("/console/runbooks").text
        for name, title in TITLES.items():
            assert f'<a href="/console/runbooks/{name}">{name}</a></th><td>{title}</td>' in text

    @pytest.mark.parametrize("kind", ["nothing", "..%2f..%2fREADME", "dead-letter.md", "dead-letter/x"])
    def test_an_unknown_kind_has_no_runbook(self, browser, log_in, kind):
        log_in()
        assert browser.get(f"/console/runbooks/{kind}").status_code == 404

    def test_a_cursor_that_is_none_is_no_page(self, browser, log_in):
        log_in()
        for before in ("x", "0", str(2**63)):
            assert browser.get(f"/console/messages?before={before}").status_code == 404

    def test_static_files(self, browser):
        for name, kind in (
            ("console.css", "text/css"),
            ("console.js", "text/javascript"),
            ("icon.svg", "image/svg+xml"),
        ):
            answer = browser.get(f"/console/static/{name}")
            assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
        assert browser.get("/console/static/../pages.py").status_code in (303, 404)
        assert browser.get("/console/static/pages.py").status_code == 404

    def test_an_unavailable_database_is_a_page_too(self, adapter, browser, log_in):
        log_in()
        adapter.views.status = _unavailable
        answer = browser.get("/console")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]


def _unavailable(*_, **__):
    from adapter.support.errors import UnavailableError

    raise UnavailableError("the database does not answer")


class TestPages:
    def test_status_when_all_is_well(self, browser, log_in):
        log_in()
        assert "Nothing needs a person right now." in browser.get("/console").text

    def test_status_tells_what_needs_a_person_and_leads_there(self, browser, log_in, stored):
        delivery = stored.delivery(stored.message(), status="dead", statutory=True)
        with stored.database.write() as connection:
            alarms.raise_alarm(
                connection,
                kind="new-kind",
                subject="message 1",
                reason="something new",
                command="adapter x",
                at=stored.now,
            )
        log_in()
        text = browser.get("/console").text
        assert "Admission notice: not delivered to lifecare" in text
        assert f'href="/console/deliveries/{delivery}"' in text
        assert f"adapter deliveries show {delivery}" in text
        assert "Something new" in text
        assert 'href="/console/messages/1"' in text
        assert (
            browser.get(f"/console/deliveries/{delivery}").headers["location"]
            == f"/console/messages/1#delivery-{delivery}"
        )

    def test_what_needs_a_person_leads_to_its_runbook(self, browser, log_in, stored):
        stored.delivery(stored.message(), status="dead")
        stored.delivery(stored.message(), status="held", held_reason="consent")
        stored.delivery(stored.message(), created_at=stored.now - 30 * 86_400_000_000)
        with stored.database.write() as connection:
            for kind in ("silent-source", "new-kind"):
                alarms.raise_alarm(
                    connection, kind=kind, subject=kind, reason="why", command="adapter x", at=stored.now
                )
        log_in()
        led = re.findall(r'href="/console/runbooks/([^"]+)"', browser.get("/console").text)
        assert sorted(led) == ["consent-held", "dead-letter", "deliveries-late", "silent-source"]

    def test_what_the_status_alone_shows_leads_to_its_runbook(self, browser, log_in, stored):
        stored.delivery(stored.message(), status="held")
        protected = stored.message(patient_id=stored.patient(protected=True))
        stored.delivery(protected, status="held", held_reason="protected")
        replay = {"principal": "p", "party": "x", "reason": "r", "filter": {}, "digest": "d", "content": "stored"}
        counts = {"total": 2, "done": 1, "refused": 0, "per_minute": 1, "next_at": 1}
        stored.insert(tables.replay, created_at=1, status="paused", **replay, **counts)
        with stored.database.write() as connection:
            state = {"endpoint": "cosmic", "state": "paused", "since": stored.now}
            connection.execute(tables.endpoint_state.insert().values(state))
        log_in()
        led = set(re.findall(r'href="/console/runbooks/([^"]+)"', browser.get("/console").text))
        assert led == {"held", "held-protected", "replay-paused", "endpoint-paused"}

    def test_each_kind_that_has_words_on_the_status_has_a_runbook(self):
        assert [kind for kind in texts._ATTENTION if runbooks.place_of(kind) is None] == []

    def test_many_of_a_kind_lead_to_their_list(self, browser, log_in, stored):
        for _ in range(2):
            stored.delivery(stored.message(), status="dead")
        log_in()
        found = re.search(r'href="(/console/deliveries\?[^"]+)"', browser.get("/console").text)
        listed = browser.get(found.group(1).replace("&amp;", "&")).text
        assert listed.count("<tr>") == 3

    def test_messages_page_by_page(self, browser, log_in, stored):
        for _ in range(51):
            stored.message(event="sip")
        stored.message()
        log_in()
        first = browser.get("/console/messages?event=sip&status=accepted&case=").text
        older = re.search(r'href="(/console/messages\?[^"]*before=[^"]+)"', first).group(1).replace("&amp;", "&")
        second = browser.get(older).text
        assert (first.count('<th scope="row"'), second.count('<th scope="row"')) == (50, 1)
        assert "before=" not in second

    def test_a_message_tells_its_story(self, browser, log_in, stored):
        message = stored.message(sent_at=stored.now)
        delivery = stored.delivery(message, status="dead", attempts=1, reason="unit is closed")
        stored.attempt(delivery, outcome="dead", http_status=422, reason="unit is closed")
        answer = stored.message(event="acceptance-answer", answers_id=message, sender_party="kommun-a")
        stored.fact(answer, stored.patient(), detail={"tasks": [{"identifier": "t", "status": "rejected"}]})
        log_in()
        text = browser.get(f"/console/messages/{message}").text
        for words in ("Sent by the sender", "refused by the receiver", "Given up", "unit is closed", "declined", "422"):
            assert words in text

    def test_both_languages(self, browser, log_in, stored):
        stored.delivery(stored.message(), status="dead")
        log_in()
        assert '<html lang="en">' in browser.get("/console").text
        answer = browser.get("/console/language/sv?next=/console/messages")
        assert answer.headers["location"] == "/console/messages"
        text = browser.get("/console/messages").text
        assert '<html lang="sv">' in text
        assert "Inskrivningsmeddelande" in text
        assert "ej levererad" in text
        assert browser.get("/console/language/xx").status_code == 404

    def test_a_party_sees_its_own_alone(self, browser, log_in, stored):
        mine = stored.message(sender_party="region")
        other = stored.message(sender_party="region-b")
        log_in(Right.LIST, party="region")
        text = browser.get("/console/messages").text
        assert f'href="/console/messages/{mine}"' in text
        assert f'href="/console/messages/{other}"' not in text
        assert browser.get(f"/console/messages/{other}").status_code == 404

    def test_a_protected_person_is_nowhere_told_of(self, browser, log_in, stored):
        patient = stored.patient(protected=True)
        message = stored.message(patient_id=patient, principal="token of kommun-a")
        delivery = stored.delivery(message, status="held", held_reason="protected")
        stored.attempt(delivery, reason="lifecare does not answer")
        log_in()
        for path in PAGES:
            if path == "/console":
                continue  # names the endpoints of the directory, whatever they carry
            text = browser.get(path).text
            told = [word for word in ("SE2321000016", "SE2120000001", "lifecare", "kommun-a") if word in text]
            assert not told, (path, told)
        assert "protected" in browser.get("/console/messages").text
        [row] = re.findall(r'<th scope="row">lifecare</th>.*?</tr>', browser.get("/console").text, re.DOTALL)
        assert re.findall(r'class="number">(\d+)', row) == ["0", "0", "0"]

    def test_why_a_protected_persons_message_failed_is_to_be_found_in_its_content(self, browser, log_in, stored):
        message = stored.message(patient_id=stored.patient(protected=True))
        stored.delivery(message, status="dead", reason="lifecare: nej")
        log_in()
        text = browser.get(f"/console/messages/{message}").text
        assert "nej" not in text
        assert "Open the content, with a reason, to see more." in text

    @pytest.mark.parametrize("rights", [[Right.LIST, Right.ALL_PARTIES], list(Right)])
    def test_only_what_the_visitor_may_do_is_offered(self, browser, log_in, stored, rights):
        message = stored.message()
        stored.delivery(message, status="held", held_reason="protected")
        stored.content(message, "received", b"{}", "application/fhir+json")
        log_in(*rights)
        text = browser.get(f"/console/messages/{message}").text
        offered = [act for act in ("/release", "/cancel", "/contents/") if f"{act}" in text]
        assert offered == ([] if len(rights) == 2 else ["/release", "/cancel", "/contents/"])

    def test_every_code_of_the_store_has_words_in_both_languages(self):
        for key, words in TEXTS.items():
            assert len(words) == 2, key
            assert all(words), key
        for status in ("accepted", "rejected", "waiting", "running", "done", "dead", "cancelled"):
            assert texts.text(status, "sv") != status
        assert texts.text("task on-hold", "sv") == "on-hold"


class TestActions:
    def test_content_opens_with_a_reason_and_is_in_the_audit(self, browser, log_in, send, stored):
        message = stored.message()
        content = stored.content(message, "received", b'{"a":1.50e3}', "application/fhir+json")
        log_in()
        answer = send(f"/console/messages/{message}/contents/{content}", reason="complaint 12")
        assert answer.status_code == 200
        assert "&#34;a&#34;: 1.50e3" in answer.text
        assert audited(stored) == [("content-view", f"content/{content}", "complaint 12")]
        assert "complaint 12" in browser.get("/console/audit?action=content-view").text

    def test_content_needs_a_reason_and_a_right(self, browser, log_in, send, stored):
        message = stored.message()
        content = stored.content(message, "received", b"{}", "application/fhir+json")
        log_in(Right.LIST, Right.ALL_PARTIES)
        assert send(f"/console/messages/{message}/contents/{content}", reason="why").status_code == 403
        log_in()
        assert send(f"/console/messages/{message}/contents/{content}", reason=" ").status_code == 403
        assert audited(stored) == []

    def test_content_that_is_not_text(self, log_in, send, stored):
        message = stored.message()
        content = stored.content(message, "received", b"\xff\xfe", "application/octet-stream")
        log_in()
        assert "The content is not text." in send(f"/console/messages/{message}/contents/{content}", reason="r").text

    def test_retry_is_told_once(self, browser, log_in, send, stored):
        delivery = stored.delivery(stored.message(), status="dead")
        log_in()
        answer = send(f"/console/deliveries/{delivery}/retry")
        assert answer.headers["location"] == f"/console/messages/1#delivery-{delivery}"
        assert stored.rows(tables.delivery)[0]["status"] == "waiting"
        assert "The delivery is sent again." in browser.get("/console/messages/1").text
        assert "The delivery is sent again." not in browser.get("/console/messages/1").text

    def test_release_and_cancel(self, log_in, send, stored):
        held = stored.delivery(stored.message(), status="held", held_reason="protected")
        dead = stored.delivery(stored.message(), status="dead")
        log_in()
        assert send(f"/console/deliveries/{held}/release", reason="checked").status_code == 303
        assert send(f"/console/deliveries/{dead}/cancel", reason="by telephone").status_code == 303
        assert [row["status"] for row in stored.rows(tables.delivery)] == ["waiting", "cancelled"]

    def test_what_the_state_forbids_is_told_in_words(self, log_in, send, stored):
        done = stored.delivery(stored.message(), status="done")
        log_in()
        answer = send(f"/console/deliveries/{done}/retry")
        assert answer.status_code == 409
        assert f"delivery {done} is done" in answer.text

    def test_an_act_that_is_none(self, log_in, send, stored):
        stored.delivery(stored.message())
        log_in()
        assert send("/console/deliveries/1/destroy").status_code == 404

    def test_pause_and_resume(self, browser, log_in, send, stored):
        with stored.database.write() as connection:
            values = {"endpoint": "lifecare", "state": "closed", "since": stored.now}
            connection.execute(tables.endpoint_state.insert().values(values))
        log_in()
        assert send("/console/endpoints/lifecare/pause", reason="certificate").status_code == 303
        assert "lifecare is paused" in browser.get("/console").text
        assert send("/console/endpoints/lifecare/resume").status_code == 303
        assert "Nothing needs a person" in browser.get("/console").text


class TestReading:
    def test_json(self):
        assert reading.layout('{"a":[1.50e3,{"b":"x,{"},[]],"c":{}}', "application/fhir+json") == (
            '{\n  "a": [\n    1.50e3,\n    {\n      "b": "x,{"\n    },\n    []\n  ],\n  "c": {}\n}'
        )

    def test_xml(self):
        text = '<?xml version="1.0"?><a x="1"><b>t</b><c/><d></d><e><f>1</f></e></a>'
        assert reading.layout(text, "application/xml") == (
            '<?xml version="1.0"?>\n<a x="1">\n  <b>t</b>\n  <c/>\n  <d></d>\n  <e>\n    <f>1</f>\n  </e>\n</a>'
        )

    @pytest.mark.parametrize(
        "text", ['{"a": "open', "[" * 1_000_000, '"\\', "<a" * 100, "<a>" * 200_000, "</a>" * 9, "", "plain"]
    )
    @pytest.mark.parametrize("media_type", ["application/fhir+json", "application/xml", "text/plain"])
    def test_what_is_damaged_or_hostile_loses_nothing(self, text, media_type):
        assert re.sub(r"\s", "", reading.layout(text, media_type)) == text.replace(" ", "")


class TestGaps:
    @pytest.fixture
    def gap(self, stored):
        """Writes a gap of a stay."""

        def gap(kind="estimate", *, protected=False, feed="vas", **values):
            stay = stored.insert(
                tables.feed_stay,
                feed=feed,
                stay=f"V-{len(stored.rows(tables.feed_stay))}",
                protected=protected,
                config_version="c1",
                created_at=stored.now,
            )
            plain = {"reason": "no estimated discharge was said", "since": stored.now, "standing": True}
            return stored.insert(tables.feed_gap, **{"stay_id": stay, "kind": kind, **plain, **values})

        return gap

    def test_each_is_shown_with_what_to_do_and_the_overview_leads_to_it(self, browser, log_in, gap):
        gap(detail="unit <b>GERI</b>")
        log_in()
        assert 'href="/console/gaps?feed=vas"' in browser.get("/console").text
        page = browser.get("/console/gaps?feed=vas").text
        assert "No estimated discharge was said" in page
        assert "Enter the estimated discharge in the journal system" in page
        assert "unit &lt;b&gt;GERI&lt;/b&gt;" in page
        browser.cookies.set("adapter_language", "sv", path="/console")
        swedish = browser.get("/console/gaps").text
        assert "Beräknad utskrivning saknas" in swedish
        assert "No estimated discharge" not in swedish

    def test_of_a_protected_person_nothing_is_shown_until_it_is_opened_with_a_reason(
        self, browser, log_in, send, stored, gap
    ):
        number = gap(protected=True, detail="unit GERI")
        log_in()
        assert 'href="/console/gaps"' in browser.get("/console").text
        assert "vas" not in browser.get("/console").text
        page = browser.get("/console/gaps").text
        assert "protected" in page
        assert not any(word in page for word in ("V-0", "vas", "GERI"))
        assert "No estimated" not in browser.get("/console/gaps?feed=vas").text
        assert send(f"/console/gaps/{number}/open", reason=" ").status_code == 422
        opened = send(f"/console/gaps/{number}/open", reason="the ward asked")
        assert all(word in opened.text for word in ("V-0", "vas", "GERI"))
        assert audited(stored) == [("feed-gap-view", f"feed_gap/{number}", "the ward asked")]

    def test_one_is_settled_with_a_reason(self, browser, log_in, send, stored, gap):
        number = gap()
        log_in()
        assert send(f"/console/gaps/{number}/settle", reason="").status_code == 422
        assert send(f"/console/gaps/{number}/settle", reason="told by telephone").headers["location"] == "/console/gaps"
        page = browser.get("/console/gaps").text
        assert "The gap is settled" in page
        assert "Everything that came in could be told" in page
        assert audited(stored) == [("feed-gap-settle", f"feed_gap/{number}", "told by telephone")]
        assert send(f"/console/gaps/{number}/settle", reason="again").status_code == 404

    def test_who_may_not_does_not(self, browser, log_in, send, gap):
        number = gap()
        log_in(Right.LIST, Right.ALL_PARTIES)
        assert "Settle" not in browser.get("/console/gaps").text
        assert send(f"/console/gaps/{number}/settle", reason="x").status_code == 403
        assert send(f"/console/gaps/{number}/open", reason="x").status_code == 403
        assert browser.post(f"/console/gaps/{number}/settle", data={"csrf": "no", "reason": "x"}).status_code == 403

    def test_a_party_sees_none(self, browser, log_in, gap):
        gap()
        log_in(Right.LIST, Right.RESEND, party="region")
        assert browser.get("/console/gaps").status_code == 403
        assert "gaps" not in browser.get("/console").text

    def test_every_kind_has_swedish_words(self):
        assert gap_texts.SWEDISH.keys() == TO_DO.keys()
