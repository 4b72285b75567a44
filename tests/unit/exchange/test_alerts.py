"""Alarms are told of: by a real mail server and a real HTTP receiver, once, in office hours where they do not wake."""

import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from adapter.exchange.alerts.sending import Alerting
from adapter.exchange.alerts.wording import House
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm, standing
from adapter.support.alerting import Alerts

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
HOUSE = House("test", "https://adapter.example")
NIGHT = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)


class Inbox:
    """A mail server that keeps what it takes; `refuse` answers before the next mails."""

    def __init__(self):
        self.mails = []
        self.refuse: list[str] = []

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class Hook:
    """An HTTP receiver that keeps what is posted to it; `answers` come before 204."""

    def __init__(self):
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(hook.answers.pop(0) if hook.answers else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def inbox():
    handler = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port, ready_timeout=60)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def hook():
    opened = Hook()
    yield opened
    opened.close()


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "hook.secret").write_text(SECRET)
    return str(tmp_path / "hook.secret")


@pytest.fixture
def alerting(database, clock, inbox, hook, secret):
    settings = Alerts(
        smtp={"host": "127.0.0.1", "port": inbox.port, "security": "none", "sender": "adapter@region.example"},
        recipients=[
            {"id": "office", "email": "office@region.example"},
            {"id": "night", "webhook": hook.url, "secret_file": secret, "classes": ["wake"]},
        ],
    )
    return Alerting(database, settings, HOUSE, clock)


@pytest.fixture
def act(database, clock):
    """Raises or clears an alarm."""

    def doing(kind, subject="endpoint/a", *, cleared=False, statutory=False):
        at = round(clock.now().timestamp() * 1_000_000)
        with database.write() as connection:
            if cleared:
                assert clear_alarm(connection, kind=kind, subject=subject, at=at)
            else:
                named = {"kind": kind, "subject": subject, "reason": "it does not answer", "command": "adapter status"}
                assert raise_alarm(connection, **named, at=at, statutory=statutory)

    return doing


def run(alerting) -> int:
    tries = 0
    while alerting.step():
        tries += 1
    return tries


def posted(hook):
    return [json.loads(body)["data"]["alerts"] for _, body in hook.posts]


def test_a_transition_is_told_once_by_mail_and_by_a_signed_call(alerting, act, inbox, hook):
    act("endpoint-tripped", "delivery/12")
    assert run(alerting) == 2
    assert run(alerting) == 0
    (mail,), ((headers, body),) = inbox.mails, hook.posts
    assert mail["subject"] == "[adapter test] an endpoint does not let us in"
    assert mail["to"] == "office@region.example"
    assert mail["message-id"].endswith("@region.example>")
    text = mail.get_content()
    for told in (
        "what: it does not answer",
        "since: 2026-03-02T10:00:00+01:00",
        "next: adapter status",
        "look: https://adapter.example/console/deliveries/12",
        "runbook: https://adapter.example/console/runbooks/endpoint-tripped",
    ):
        assert told in text
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert headers["webhook-signature"] == Webhook(SECRET).sign(headers["webhook-id"], at, body.decode())
    assert json.loads(body)["data"]["alerts"][0]["kind"] == "endpoint-tripped"


def test_that_it_is_over_is_told_to_those_who_heard(alerting, act, inbox, hook, clock):
    act("endpoint-open")
    run(alerting)
    clock.advance(timedelta(minutes=5))
    act("endpoint-open", cleared=True)
    run(alerting)
    assert [mail["subject"] for mail in inbox.mails] == [
        "[adapter test] an endpoint does not answer",
        "[adapter test] over: an endpoint does not answer",
    ]
    assert hook.posts == []  # it does not wake


def test_a_storm_becomes_one_digest(alerting, act, inbox, hook, clock):
    act("endpoint-tripped", "endpoint/first")
    run(alerting)
    for number in range(50):
        act("dead-letter", f"delivery/{number}")
    act("dead-letter", "delivery/99", statutory=True)
    run(alerting)
    assert len(inbox.mails) == 1
    clock.advance(timedelta(minutes=1))
    run(alerting)
    assert len(inbox.mails) == 2
    assert inbox.mails[1]["subject"] == ("[adapter test] a message could not be delivered, and 50 more")
    text = inbox.mails[1].get_content()
    assert "And more: 31 of dead-letter." in text
    assert "delivery/99" in text
    assert [[each["subject"] for each in alerts] for alerts in posted(hook)] == [["endpoint/first"], ["delivery/99"]]


def test_quiet_hours_hold_what_does_not_wake_and_never_a_statutory_deadline(alerting, act, inbox, hook, clock):
    clock.advance(NIGHT - clock.now())
    act("endpoint-open")
    act("dead-letter", "delivery/1")
    run(alerting)
    assert (inbox.mails, hook.posts) == ([], [])
    act("dead-letter", "delivery/2", statutory=True)
    act("endpoint-tripped")
    run(alerting)
    assert [alert["subject"] for alert in posted(hook)[0]] == ["delivery/2", "endpoint/a"]
    assert "a statutory deadline" in inbox.mails[0]["subject"]
    act("endpoint-open", cleared=True)  # over before anybody was told
    clock.advance(timedelta(hours=5, minutes=30))
    run(alerting)
    assert len(inbox.mails) == 2
    assert "delivery/1" in inbox.mails[1].get_content()
    assert "endpoint/a" not in inbox.mails[1].get_content()


def test_a_server_that_does_not_take_it_is_tried_again_with_the_same_id_and_bytes(alerting, act, hook, clock, database):
    hook.answers = [503, 503, 503]
    act("endpoint-tripped")
    run(alerting)
    for seconds in (10, 60, 300):
        clock.advance(timedelta(seconds=seconds))
        run(alerting)
    assert len(hook.posts) == 4
    assert len({headers["webhook-id"] for headers, _ in hook.posts}) == 1
    assert len({body for _, body in hook.posts}) == 1
    assert run(alerting) == 0
    with database.read() as connection:
        assert [alarm.kind for alarm in standing(connection)] == ["endpoint-tripped"]


def test_that_nobody_can_be_told_is_itself_an_alarm_told_to_the_others(alerting, act, inbox, hook, clock, database):
    hook.answers = [503] * 3
    act("endpoint-tripped")
    run(alerting)
    for seconds in (10, 60):
        clock.advance(timedelta(seconds=seconds))
        run(alerting)
    with database.read() as connection:
        alarm = standing(connection, ["alert-unsent"])[0]
    assert alarm.subject == "recipient/night"
    assert alarm.reason == "alerts do not reach night: the webhook answered 503"
    run(alerting)
    assert "recipient/night" in inbox.mails[-1].get_content()
    clock.advance(timedelta(seconds=300))
    run(alerting)
    with database.read() as connection:
        assert standing(connection, ["alert-unsent"]) == []
    assert all("recipient/night" not in body.decode() for _, body in hook.posts)


def test_one_who_dies_while_sending_leaves_it_to_another(alerting, act, hook, clock, database, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    act("endpoint-tripped")
    monkeypatch.setattr(alerting, "_record", die)
    for _ in range(2):  # one message each
        with pytest.raises(Killed):
            run(alerting)
    monkeypatch.undo()
    assert run(alerting) == 0  # somebody may still be sending them
    clock.advance(timedelta(minutes=10))
    assert run(alerting) == 2
    assert run(alerting) == 0
    assert len(hook.posts) == 2
    assert len({headers["webhook-id"] for headers, _ in hook.posts}) == 1
    with database.read() as connection:
        assert set(connection.execute(select(tables.alert_message.c.status)).scalars()) == {"sent"}


def test_a_mail_that_is_refused_is_tried_again(alerting, act, inbox, clock, database):
    inbox.refuse = ["451 try again later"]
    act("endpoint-open")
    run(alerting)
    with database.read() as connection:
        error = connection.execute(select(tables.alert_message.c.error)).scalar_one()
    assert error == "the mail server answered 451 (SMTPDataError)"
    clock.advance(timedelta(seconds=10))
    run(alerting)
    assert len(inbox.mails) == 1


def test_who_is_not_configured_any_more_is_told_nothing(database, alerting, act, hook, clock):
    hook.answers = [503]
    act("endpoint-tripped")
    run(alerting)
    act("worker-silent", "worker")
    run(alerting)
    fewer = Alerting(database, Alerts(), HOUSE, clock)
    clock.advance(timedelta(minutes=10))
    run(fewer)
    assert len(hook.posts) == 1
    with database.read() as connection:
        assert set(connection.execute(select(tables.alert_message.c.status)).scalars()) == {"abandoned", "sent"}
        assert None not in connection.execute(select(tables.alert.c.planned_at)).scalars().all()


def test_what_becomes_a_matter_of_law_is_told_again_at_once(alerting, act, inbox, hook, clock, database):
    clock.advance(NIGHT - clock.now())
    act("stream-blocked", "delivery/1")
    run(alerting)
    assert inbox.mails == []
    act("stream-blocked", "delivery/1", statutory=True)
    run(alerting)
    assert len(inbox.mails) == len(hook.posts) == 1
    assert "a statutory deadline" in inbox.mails[0]["subject"]
    with database.write() as connection:  # once
        named = {"kind": "stream-blocked", "subject": "delivery/1", "reason": "r", "command": "c"}
        assert not raise_alarm(connection, **named, at=1, statutory=True)
    clock.advance(timedelta(hours=8))
    run(alerting)
    assert len(inbox.mails) == 1
    act("stream-blocked", "delivery/1", cleared=True)
    run(alerting)
    assert len(inbox.mails) == len(hook.posts) == 2


def test_several_processes_tell_once(database, clock, hook, act):
    settings = Alerts(recipients=[{"id": "r", "webhook": hook.url}])
    for number in range(5):
        act("endpoint-tripped", f"endpoint/{number}")
    processes = [Alerting(database, settings, HOUSE, clock) for _ in range(4)]
    threads = [threading.Thread(target=run, args=[each]) for each in processes]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert [len(alerts) for alerts in posted(hook)] == [5]
