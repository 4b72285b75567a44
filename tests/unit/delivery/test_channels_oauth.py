"""OAuth 2 client credentials against a real token endpoint on loopback."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapter.delivery import channels
from adapter.delivery.channels.base import ChannelSettings, Fault, Outgoing
from adapter.delivery.channels.oauth import ClientCredentials, TokenRefusedError
from adapter.delivery.channels.options import OAuthSettings
from adapter.delivery.policy import Kind, classify
from adapter.support.clock import ManualClock
from adapter.support.errors import UnavailableError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OUTGOING = Outgoing(7, b"<m/>", "application/xml", "id-1", "corr-1")


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, tuple[Path, object]]:
    """For each kind, the private key's file and the public key."""
    folder, made = tmp_path_factory.mktemp("keys"), {}
    for kind, key in (("rsa", rsa.generate_private_key(65537, 2048)), ("ec", ec.generate_private_key(ec.SECP384R1()))):
        file = folder / f"{kind}.pem"
        private = serialization.PrivateFormat.PKCS8
        file.write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
        made[kind] = (file, key.public_key())
    return made


@pytest.fixture
def secret(tmp_path) -> Path:
    file = tmp_path / "client-secret"
    file.write_text("s e/cret\n")
    return file


class Ticking:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def issuer(receiver, replies):
    """The token endpoint: it numbers its tokens, of 300 seconds."""
    receiver.life = 300

    def give(handler) -> None:
        said = {"access_token": f"t{len(receiver.requests)}", "token_type": "bearer", "expires_in": receiver.life}
        replies(200, json.dumps(said).encode())(handler)

    receiver.answer = give
    return receiver


@pytest.fixture
def client(issuer):
    made = []

    def make(monotonic=None, **oauth):
        named = OAuthSettings(token_url=f"{issuer.url}/token", client_id="adapter", **oauth)
        settings = ChannelSettings(id="ehr", channel="fhir", address="https://ehr.example/fhir", oauth=named)
        made.append(ClientCredentials(settings, named, ManualClock(NOW), monotonic or Ticking()))
        return made[-1]

    yield make
    for each in made:
        each.close()


def form(request) -> dict[str, str]:
    _, headers, body = request
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    return {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}


@pytest.mark.parametrize(("algorithm", "kind"), [("RS384", "rsa"), ("ES384", "ec")])
def test_the_assertion_is_what_rfc_7523_and_smart_ask_for(client, issuer, keys, algorithm, kind):
    file, public = keys[kind]
    named = client(key_file=file, key_id="key-1", algorithm=algorithm, scope="system/Task.rs system/Task.u")
    assert named.bearer() == "t1"
    sent = form(issuer.requests[0])
    assert sent["grant_type"] == "client_credentials"
    assert sent["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert sent["scope"] == "system/Task.rs system/Task.u"
    assert "authorization" not in issuer.requests[0][1]
    header = jwt.get_unverified_header(sent["client_assertion"])
    assert (header["alg"], header["kid"], header["typ"]) == (algorithm, "key-1", "JWT")
    asked = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        sent["client_assertion"], public, algorithms=[algorithm], audience=f"{issuer.url}/token", options=asked
    )
    assert claims["iss"] == claims["sub"] == "adapter"
    assert 0 < claims["exp"] - NOW.timestamp() <= 300
    assert len(claims["jti"]) == 36


def test_each_assertion_has_an_id_of_its_own_and_the_audience_asked_for(client, issuer, keys):
    named = client(key_file=keys["ec"][0], algorithm="ES384", audience="https://issuer.example")
    named.rejected(named.bearer())
    named.bearer()
    read = [jwt.decode(form(each)["client_assertion"], options={"verify_signature": False}) for each in issuer.requests]
    assert [claims["aud"] for claims in read] == ["https://issuer.example"] * 2
    assert read[0]["jti"] != read[1]["jti"]


def test_the_secret_goes_in_the_header_or_in_the_form(client, issuer, secret, monkeypatch):
    client(method="client_secret_basic", secret_file=secret).bearer()
    assert issuer.requests[0][1]["authorization"] == "Basic YWRhcHRlcjpzK2UlMkZjcmV0"  # adapter:s+e%2Fcret
    monkeypatch.setenv("EHR_SECRET", "another")
    client(method="client_secret_post", secret_env="EHR_SECRET").bearer()
    sent = form(issuer.requests[1])
    assert (sent["client_id"], sent["client_secret"]) == ("adapter", "another")
    assert "authorization" not in issuer.requests[1][1]


@pytest.mark.parametrize(("life", "used"), [(300, 240), (20, 10), ("300", 240), (None, 240), ("soon", 240), (-1, 240)])
def test_a_token_is_used_until_shortly_before_it_expires(client, issuer, secret, life, used):
    ticking = Ticking()
    issuer.life = life
    named = client(ticking, method="client_secret_post", secret_file=secret)
    assert named.bearer() == "t1"
    ticking.at += used - 1
    assert named.bearer() == "t1"
    ticking.at += 1
    assert named.bearer() == "t2"


def test_many_threads_share_one_call(client, issuer, secret):
    give, asked, answer = issuer.answer, threading.Event(), threading.Event()

    def slow(handler) -> None:
        asked.set()
        answer.wait(60)
        give(handler)

    issuer.answer = slow
    named = client(method="client_secret_post", secret_file=secret)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(named.bearer())) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert asked.wait(60)
    answer.set()
    for thread in threads:
        thread.join()
    assert (got, len(issuer.requests)) == (["t1"] * 8, 1)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (
            400,
            b'{"error":"invalid_client","error_description":"no such key"}',
            TokenRefusedError,
            "invalid_client, no such",
        ),
        (401, b"", TokenRefusedError, "HTTP 401"),
        (302, b"", TokenRefusedError, "HTTP 302"),
        (404, b"<html/>", TokenRefusedError, "HTTP 404"),
        (400, b'{"error":"temporarily_unavailable"}', UnavailableError, "temporarily_unavailable"),
        (429, b"", UnavailableError, "HTTP 429"),
        (503, b"", UnavailableError, "HTTP 503"),
        (200, b"", TokenRefusedError, "no access_token"),
        (200, b"[1]", TokenRefusedError, "no access_token"),
        (200, b'{"access_token":"a b","token_type":"bearer"}', TokenRefusedError, "no access_token"),
        (200, b'{"access_token":"a","token_type":"mac"}', TokenRefusedError, "token_type"),
        (200, b"{" + b" " * 70_000 + b"}", UnavailableError, "too-large"),
    ],
)
def test_what_the_token_endpoint_may_say(client, issuer, replies, secret, status, body, error, words):
    issuer.answer = replies(status, body)
    with pytest.raises(error, match=words):
        client(method="client_secret_post", secret_file=secret).bearer()


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic", "private_key_jwt"])
def test_what_the_token_endpoint_says_is_not_told_where_it_repeats_our_secret(client, issuer, keys, secret, method):
    def echo(handler) -> None:
        _, headers, body = issuer.requests[-1]
        told = json.dumps({"error": "invalid_client", "error_description": f"bad: {headers} {body.decode()}"}).encode()
        handler.send_response(400)
        handler.send_header("Content-Length", str(len(told)))
        handler.end_headers()
        handler.wfile.write(told)

    issuer.answer = echo
    named = {"key_file": keys["rsa"][0]} if method == "private_key_jwt" else {"secret_file": secret}
    with pytest.raises(TokenRefusedError) as refused:
        client(method=method, **named).bearer()
    assert str(refused.value) == "the token endpoint gives no token: HTTP 400"


def test_a_key_that_cannot_sign_is_told_by_its_place(client, keys, tmp_path):
    absent, broken = tmp_path / "absent.pem", tmp_path / "broken.pem"
    broken.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for file, algorithm in ((absent, "RS384"), (broken, "RS384"), (keys["ec"][0], "RS384"), (keys["rsa"][0], "ES384")):
        with pytest.raises(TokenRefusedError, match=file.name) as refused:
            client(key_file=file, algorithm=algorithm).bearer()
        assert "AAAA" not in str(refused.value)


class TestDelivery:
    """How a channel uses the token."""

    @pytest.fixture
    def send(self, issuer, secret):
        made = []

        def send():
            if not made:
                named = OAuthSettings(f"{issuer.url}/token", "adapter", method="client_secret_post", secret_file=secret)
                settings = ChannelSettings("ehr", "xml-http", f"{issuer.url}/in", timeout=60.0, oauth=named)
                made.append(channels.sender(settings))
            return made[0].post(f"{issuer.url}/in", OUTGOING, "application/xml")

        yield send
        made[0].close()

    @staticmethod
    def shown(issuer) -> list[str]:
        return [headers["authorization"] for path, headers, _ in issuer.requests if path == "/in"]

    def test_a_token_that_is_not_taken_is_renewed_once(self, issuer, replies, send):
        give = issuer.answer
        refused = {"Bearer t1"}

        def guarded(handler) -> None:
            if handler.path == "/token":
                return give(handler)
            return replies(401 if handler.headers["Authorization"] in refused else 200)(handler)

        issuer.answer = guarded
        assert send().status == 200
        assert self.shown(issuer) == ["Bearer t1", "Bearer t3"]
        refused |= {"Bearer t3", "Bearer t6"}
        answer = send()
        assert (answer.status, classify(answer).kind) == (401, Kind.TRIP)
        assert self.shown(issuer)[2:] == ["Bearer t3", "Bearer t6"]

    @pytest.mark.parametrize(("status", "fault", "kind"), [(400, "CREDENTIALS", "trip"), (503, "ISSUER", "retry")])
    def test_without_a_token_nothing_is_sent(self, issuer, replies, send, status, fault, kind):
        issuer.answer = replies(status, b'{"error":"x"}')
        answer = send()
        verdict = classify(answer)
        assert (answer.fault, verdict.kind) == (Fault[fault], Kind(kind))
        assert f"HTTP {status}" in verdict.reason
        assert verdict.signature == verdict.reason, "what is wrong on our side is told where operations look"
        assert self.shown(issuer) == []
