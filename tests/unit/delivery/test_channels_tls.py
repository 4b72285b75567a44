"""TLS against a real server, with certificates made for the occasion."""

import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from adapter.delivery.channels import build
from adapter.delivery.channels.base import Acknowledgement, ChannelSettings, Code, Fault, Outgoing
from adapter.delivery.channels.options import OAuthSettings
from adapter.delivery.policy import classify
from adapter.support.errors import AdapterError

OUTGOING = Outgoing(
    delivery_id=7, body=b"<m/>", media_type="application/xml", idempotency_id="id-1", correlation_id="corr-1"
)


def read(_body: bytes) -> Acknowledgement:
    return Acknowledgement(Code.OK)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Path:
    """A folder with self-signed certificates `server`, `other` and `client`, each .pem with its .key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("server", "other", "client"):
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")),
            ],
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture
def secure(receiver, certificates: Path):
    """The receiver, behind TLS; with `demand` it asks for the client's certificate."""

    def wrap(*, demand: bool = False) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        if demand:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(certificates / "client.pem")
        receiver.server.handle_error = lambda *_: None  # a refused handshake is what is tested
        receiver.server.socket = context.wrap_socket(
            receiver.server.socket, server_side=True, do_handshake_on_connect=False
        )
        return receiver.url.replace("http:", "https:")

    return wrap


def send(url: str, **values):
    channel = build(ChannelSettings(id="lifecare", channel="xml-http", address=url, timeout=60.0, **values), read)
    try:
        return channel.send(OUTGOING)
    finally:
        channel.close()


def test_the_receivers_certificate_must_be_trusted(secure, certificates):
    url = secure()
    assert send(url).fault is Fault.TLS
    assert send(url, ca_file=certificates / "other.pem").fault is Fault.TLS
    assert "not accepted: its certificate: self-signed certificate" in classify(send(url)).signature
    assert send(url, ca_file=certificates / "server.pem").status == 200


def test_our_certificate_where_the_receiver_demands_one(secure, certificates):
    url = secure(demand=True)
    trust = {"ca_file": certificates / "server.pem"}
    assert send(url, **trust).fault is Fault.TLS
    ours = {"client_certificate": certificates / "client.pem", "client_key": certificates / "client.key"}
    assert send(url, **trust, **ours).status == 200


def test_the_token_endpoint_is_trusted_as_the_receiver_is(secure, receiver, replies, certificates, tmp_path):
    url = secure(demand=True)
    (tmp_path / "secret").write_text("a client's secret")
    token = b'{"access_token":"t","token_type":"bearer","expires_in":300}'
    receiver.answer = lambda handler: replies(200, token if handler.path == "/token" else b"")(handler)
    named = OAuthSettings(f"{url}/token", "adapter", "client_secret_post", secret_file=tmp_path / "secret")
    ours = {"client_certificate": certificates / "client.pem", "client_key": certificates / "client.key"}
    assert send(url, oauth=named, ca_file=certificates / "other.pem", **ours).fault is Fault.CREDENTIALS
    assert receiver.requests == []
    assert send(url, oauth=named, ca_file=certificates / "server.pem", **ours).status == 200
    assert receiver.requests[-1][1]["authorization"] == "Bearer t"


def test_a_server_that_speaks_no_tls_is_the_wrong_door(receiver):
    assert send(receiver.url.replace("http:", "https:")).fault is Fault.TLS


def test_a_handshake_that_breaks_off_is_no_connection():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)

        thread = threading.Thread(target=hang_up)
        thread.start()
        answer = send(f"https://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert answer.fault is Fault.CONNECT


def test_a_renewed_certificate_is_seen_without_a_restart(secure, certificates, tmp_path):
    url = secure()
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes((certificates / "other.pem").read_bytes())
    settings = ChannelSettings(id="lifecare", channel="xml-http", address=url, timeout=60.0, ca_file=trusted)
    channel = build(settings, read)
    assert channel.send(OUTGOING).fault is Fault.TLS
    trusted.write_bytes((certificates / "server.pem").read_bytes())
    assert channel.send(OUTGOING).status == 200
    trusted.write_bytes(b"half a certi")  # being written: the one before stays in use
    assert channel.send(OUTGOING).status == 200
    channel.close()


def test_a_certificate_that_cannot_be_used_is_said_when_built(certificates, tmp_path):
    base = {"id": "lifecare", "channel": "xml-http", "address": "https://lifecare.example/in"}
    with pytest.raises(AdapterError, match=r"endpoint 'lifecare': its CA file, certificate or key cannot be used"):
        build(ChannelSettings(**base, ca_file=tmp_path / "absent.pem"), read)
    mismatch = {"client_certificate": certificates / "client.pem", "client_key": certificates / "other.key"}
    with pytest.raises(AdapterError, match="cannot be used"):
        build(ChannelSettings(**base, **mismatch), read)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://lifecare.example/in", "would send in the clear"),
        ("http://192.0.2.1/in", "would send in the clear"),
        ("http://127.0.0.1.example.com/in", "would send in the clear"),
        ("https://user:secret@lifecare.example/in", "user or password"),
        ("ftp://lifecare.example/in", "must be an https URL"),
        ("lifecare.example/in", "must be an https URL"),
        ("https://", "must be an https URL"),
        ("http://[::1/in", "no URL"),
    ],
)
def test_an_address_that_would_not_be_safe_is_refused(address, words):
    with pytest.raises(AdapterError, match=words) as refused:
        build(ChannelSettings(id="lifecare", channel="xml-http", address=address), read)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/in", "http://localhost/in", "http://[::1]/in", "https://x.se"])
def test_loopback_may_be_plain(address):
    build(ChannelSettings(id="lifecare", channel="xml-http", address=address), read).close()


def test_unknown_channel_and_missing_reader_are_refused():
    with pytest.raises(AdapterError, match="channel 'fax' is unknown"):
        build(ChannelSettings(id="a", channel="fax", address="https://x.se"))
    with pytest.raises(AdapterError, match="reads acknowledgements"):
        build(ChannelSettings(id="a", channel="xml-http", address="https://x.se"))
