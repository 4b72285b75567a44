"""Listening, TLS, and stopping without dropping what was begun."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest

from adapter.exchange.submission import Reply
from adapter.support.errors import AdapterError
from adapter.web.server import Server

OPENSSL = shutil.which("openssl")


def certificate(folder, name, *more):
    """A certificate for loopback with its key, signed by itself unless `more` says otherwise."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert, *more],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    if OPENSSL is None:
        pytest.skip("openssl is not installed: no certificates to test with")
    folder = tmp_path_factory.mktemp("certificates")
    return {name: certificate(folder, name) for name in ("server", "caller", "stranger")}


@pytest.fixture
def make(make_site, database):
    made = []

    def make(**server):
        made.append(make_site(database, **server))
        return made[-1]

    yield make
    for site in made:
        site.close()


def trusting(cert, pair=None):
    context = ssl.create_default_context(cafile=cert)
    if pair is not None:
        context.load_cert_chain(*pair)
    return context


def test_port_0_is_a_free_port_that_the_url_names(make):
    site = make()
    assert urlsplit(site.server.url).port not in (0, None)
    assert site.client.get("/health/live").status_code == 200


def test_the_url_for_others_is_not_where_it_listens(make):
    server = make(public_url="https://adapter.example").server
    assert server.url == "https://adapter.example"
    assert urlsplit(server.address).hostname == "127.0.0.1"
    assert httpx.get(f"{server.address}/health/live", timeout=60).status_code == 200


def test_an_address_in_use_is_said(make, database, make_site):
    taken = urlsplit(make().server.url).port
    with pytest.raises(AdapterError, match=f"cannot listen on 127.0.0.1 port {taken}: Address already in use"):
        make_site(database, port=taken)


def test_tls_answers_over_tls_alone(make, certificates):
    cert, key = certificates["server"]
    site = make(tls_certificate=cert, tls_key=key)
    assert site.server.url.startswith("https://")
    with httpx.Client(verify=trusting(cert), timeout=60) as client:
        response = client.get(f"{site.server.url}/health/live")
    assert response.status_code == 200
    assert response.headers["strict-transport-security"].startswith("max-age=")
    with pytest.raises(httpx.TransportError):
        httpx.get(site.server.url.replace("https", "http") + "/health/live", timeout=60)


def test_with_a_client_authority_only_its_callers_come_in(make, certificates):
    cert, key = certificates["server"]
    site = make(tls_certificate=cert, tls_key=key, tls_client_ca=certificates["caller"][0])
    url = f"{site.server.url}/health/live"
    with httpx.Client(verify=trusting(cert, certificates["caller"]), timeout=60) as client:
        assert client.get(url).status_code == 200
    for pair in (None, certificates["stranger"]):
        with httpx.Client(verify=trusting(cert, pair), timeout=60) as client, pytest.raises(httpx.TransportError):
            client.get(url)


def shown(site, *trusted):
    """The name on the certificate that a new connection is shown."""
    context = ssl.create_default_context()
    for cert in trusted:
        context.load_verify_locations(cert)
    url = httpx.URL(site.server.url)
    with (
        socket.create_connection((url.host, url.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=url.host) as connection,
    ):
        return dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]


def test_a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not(make, certificates, tmp_path):
    old, new = certificates["server"], certificates["stranger"]
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(old[0].read_bytes())
    key.write_bytes(old[1].read_bytes())
    site = make(tls_certificate=cert, tls_key=key)
    trusted = old[0], new[0]
    assert shown(site, *trusted) == "server"
    with httpx.Client(verify=trusting(old[0]), timeout=60) as client:
        assert client.get(f"{site.server.url}/health/live").status_code == 200
        cert.write_bytes(new[0].read_bytes())
        assert shown(site, *trusted) == "server"  # its key is not there yet
        key.write_bytes(new[1].read_bytes())
        assert shown(site, *trusted) == "stranger"
        assert client.get(f"{site.server.url}/health/live").status_code == 200  # a connection that was open goes on


def test_a_certificate_that_is_none_is_said(tmp_path, database, make_site):
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("not a certificate")
    with pytest.raises(AdapterError, match=r"server\.tls_certificate, tls_key or tls_client_ca cannot be used"):
        make_site(database, tls_certificate=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")


def test_stopping_finishes_what_was_begun_and_takes_nothing_more(make):
    site = make()
    begun, release = threading.Event(), threading.Event()

    def slow(_submission):
        begun.set()
        release.wait(60)
        return Reply(200, {"resourceType": "Bundle", "id": "late", "type": "message"}, None, "sip", "accepted")

    site.exchange.reply = slow
    answers = []
    caller = threading.Thread(target=lambda: answers.append(site.post()))
    caller.start()
    assert begun.wait(60)
    stopping = threading.Thread(target=site.server.stop)
    stopping.start()
    host, port = urlsplit(site.server.url).netloc.split(":")
    _until_refused(host, int(port))
    assert answers == []
    release.set()
    caller.join(60)
    stopping.join(60)
    assert not stopping.is_alive()
    assert answers[0].json()["id"] == "late"


def _until_refused(host, port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.02)
    raise AssertionError("it still takes connections")


def test_a_server_that_is_made_and_never_started_can_be_stopped(make):
    site = make()
    other = Server(site.adapter)
    other.stop()
