"""How HTTP channels get there and show who they are: proxies, signatures, and a test that sends no message."""

import select
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from adapter.delivery.channels import build, sender
from adapter.delivery.channels.base import ChannelSettings, Fault, Outgoing
from adapter.delivery.policy import Kind, classify
from adapter.support.errors import AdapterError

OUTGOING = Outgoing(7, "<m>åäö</m>".encode(), "application/xml", "id-1", "corr-1")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


def settings(url: str, **values) -> ChannelSettings:
    return ChannelSettings(**({"id": "a", "channel": "xml-http", "address": url, "timeout": 60.0} | values))


def post(named: ChannelSettings):
    speaks = sender(named)
    try:
        return speaks.post(named.address, OUTGOING, "*/*")
    finally:
        speaks.close()


class Proxy:
    """An HTTP proxy on loopback: it notes what it is asked for, and connects to it or refuses."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refusal: bytes | None = None
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                caller, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(caller,), daemon=True).start()

    def serve(self, caller: socket.socket) -> None:
        with caller:
            head = b""
            while b"\r\n\r\n" not in head:
                head += caller.recv(65536)
            self.asked.append(head.decode("latin-1"))
            if self.refusal is not None:
                caller.sendall(self.refusal)
                return
            method, target, _ = head.split(b" ", 2)
            if method != b"CONNECT":
                host = target.split(b"/")[2].decode()
                with socket.create_connection(tuple(host.split(":"))) as there:  # type: ignore[arg-type]
                    there.sendall(head)
                    self.pipe(caller, there)
                return
            host, port = target.decode().split(":")
            with socket.create_connection((host, int(port))) as there:
                caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                self.pipe(caller, there)

    def pipe(self, one: socket.socket, other: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([one, other], [], [], 60)
            for each in ready:
                data = each.recv(65536)
                if not data:
                    return
                (other if each is one else one).sendall(data)


@pytest.fixture
def proxy():
    made = Proxy()
    yield made
    made.server.close()


def test_the_proxy_that_is_named_is_used_with_its_password(receiver, proxy, tmp_path):
    password = tmp_path / "proxy-password"
    password.write_text("adapter:s3cret-word\n")
    answer = post(settings(receiver.url, proxy=proxy.url, proxy_password_file=password))
    assert answer.status == 200
    assert f"POST {receiver.url}" in proxy.asked[0]
    assert "Proxy-Authorization: Basic YWRhcHRlcjpzM2NyZXQtd29yZA==" in proxy.asked[0]


def test_a_proxy_that_does_not_let_us_through_is_not_taken_for_the_receiver(receiver, proxy):
    proxy.refusal = b"HTTP/1.1 407 Go away\r\nContent-Length: 0\r\n\r\n"
    answer = post(settings(receiver.url, proxy=proxy.url))
    verdict = classify(answer)
    assert (answer.fault, verdict.kind) == (Fault.PROXY, Kind.TRIP)
    assert verdict.signature == "our proxy does not let us through: 407 Proxy Authentication Required"


@pytest.mark.parametrize(
    ("words", "fault", "kind"),
    [
        ("407 Proxy Authentication Required", Fault.PROXY, Kind.TRIP),
        ("403 Forbidden", Fault.PROXY, Kind.TRIP),
        ("502 Bad Gateway", Fault.CONNECT, Kind.RETRY),
        ("429 Too Many", Fault.CONNECT, Kind.RETRY),
    ],
)
def test_a_proxy_that_does_not_connect(proxy, words, fault, kind):
    proxy.refusal = f"HTTP/1.1 {words}\r\nContent-Length: 0\r\n\r\n".encode()
    answer = post(settings("https://receiver.example/in", proxy=proxy.url))
    assert (answer.fault, classify(answer).kind) == (fault, kind)
    assert words in answer.reason
    assert proxy.asked[0].startswith("CONNECT receiver.example:443")


def test_the_environments_proxy_is_used_only_where_that_is_asked_for(proxy, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "inside.example")
    proxy.refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    assert post(settings("https://receiver.example/in", proxy="environment")).fault is Fault.PROXY
    assert len(proxy.asked) == 1
    assert post(settings("https://inside.example/in", proxy="environment")).fault is Fault.CONNECT
    assert post(settings("https://receiver.invalid/in")).fault is Fault.CONNECT
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("proxy", "password", "words"),
    [
        ("proxy.example:8080", None, "its proxy"),
        ("socks9://proxy.example", None, "its proxy"),
        ("http://proxy.example", "no colon here", "not of the form user:password"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_said_when_made(proxy, password, words, tmp_path):
    file = tmp_path / "password"
    file.write_text(password or "")
    with pytest.raises(AdapterError, match=words) as refused:
        sender(settings("https://x.example", proxy=proxy, proxy_password_file=file if password else None))
    assert "no colon here" not in str(refused.value)


def test_one_connection_serves_many_messages(receiver):
    ports, answer = [], receiver.answer
    receiver.answer = lambda handler: [ports.append(handler.client_address[1]), answer(handler)]
    speaks = sender(settings(receiver.url))
    for _ in range(3):
        assert speaks.post(receiver.url, OUTGOING, "*/*").status == 200
    speaks.close()
    assert len(set(ports)) == 1


class TestSignature:
    @pytest.fixture
    def secret(self, tmp_path) -> Path:
        file = tmp_path / "signing"
        file.write_text(f"{SECRET}\n")
        return file

    def test_a_receiver_can_verify_it(self, receiver, secret):
        named = settings(receiver.url, signing_secret_file=secret)
        for _ in range(2):
            assert post(named).status == 200
        (_, first, body), (_, second, _) = receiver.requests
        for headers in (first, second):
            Webhook(SECRET).verify(body, headers, json_parse=False)
            assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
        assert first["webhook-id"] == second["webhook-id"] == "id-1-7", "the same at each try"
        for changed in ({"webhook-id": "other"}, {"webhook-timestamp": str(int(first["webhook-timestamp"]) - 1)}):
            with pytest.raises(WebhookVerificationError):
                Webhook(SECRET).verify(body, first | changed, json_parse=False)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body + b" ", first, json_parse=False)

    def test_a_new_secret_counts_at_once(self, receiver, secret):
        speaks = sender(settings(receiver.url, signing_secret_file=secret))
        speaks.post(receiver.url, OUTGOING, "*/*")
        secret.write_text("whsec_" + "QWxsIGdvb2QgdGhpbmdzIGFyZSB3aWxkIGFuZCBmcmVl")
        speaks.post(receiver.url, OUTGOING, "*/*")
        speaks.close()
        signatures = {headers["webhook-signature"] for _, headers, _ in receiver.requests}
        assert len(signatures) == 2

    @pytest.mark.parametrize(
        "content", ["", "short", "whsec_not base64 but long enough to be a secret!", "whsec_" + "a" * 35]
    )
    def test_a_secret_that_is_none_trips_before_anything_is_sent(self, receiver, secret, content):
        secret.write_text(content)
        answer = post(settings(receiver.url, signing_secret_file=secret))
        assert answer.fault is Fault.CREDENTIALS
        assert receiver.requests == []
        assert not content or content not in answer.reason

    def test_nothing_is_signed_unasked(self, receiver):
        post(settings(receiver.url))
        assert not [name for name in receiver.requests[0][1] if name.startswith("webhook")]


class TestCheck:
    """What the test of an endpoint proves."""

    @pytest.mark.parametrize(
        ("status", "ok"),
        [(200, True), (405, True), (400, True), (404, False), (401, False), (403, False), (302, False), (503, False)],
    )
    def test_of_a_partner_over_http(self, receiver, replies, status, ok):
        receiver.answer = replies(status, b"")
        channel = build(settings(receiver.url), lambda _body: None)
        found = channel.check()
        channel.close()
        assert (found.ok, found.reason) == (ok, "" if ok else f"HTTP {status}")
        assert found.proves == (f"the address answers (HTTP {status})",)
        assert receiver.requests[0][2] == b"", "no message is sent"

    @pytest.mark.parametrize("channel", ["fhir", "fhir-task"])
    @pytest.mark.parametrize(("body", "ok"), [(b'{"resourceType":"CapabilityStatement"}', True), (b"<html/>", False)])
    def test_of_a_fhir_server(self, receiver, replies, channel, body, ok):
        receiver.answer = replies(200, body, Content_Type="application/fhir+json")
        rules = SimpleNamespace()
        made = build(settings(f"{receiver.url}/fhir/", channel=channel, task=rules))  # type: ignore[arg-type]
        found = made.check()
        made.close()
        assert found.ok is ok
        assert {path for path, _, _ in receiver.requests} == {"/fhir/metadata"}
        assert "that our token opens more than the metadata" in found.leaves_open

    def test_of_nobody(self):
        channel = build(settings("http://127.0.0.1:1"), lambda _body: None)
        found = channel.check()
        channel.close()
        assert (found.ok, found.proves) == (False, ())
        assert found.reason.startswith("connect: ")


def test_a_try_has_the_time_of_its_own(monkeypatch, tmp_path):
    from adapter.delivery.channels import signing

    file = tmp_path / "s"
    file.write_text(SECRET)
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    first, second = (signing.headers(file, "id", at + timedelta(seconds=each), b"x") for each in (0, 1))
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 1
    assert first["webhook-signature"] != second["webhook-signature"]
