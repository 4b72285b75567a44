"""`adapter alerts`: a test alert reaches a mail server over TLS and a webhook, and says what that proves."""

import json
import shutil
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from typer.testing import CliRunner

from adapter.cli import check
from adapter.cli.main import app

TOML = """
environment = "test"
[security]
pseudonym_keys = [{{ id = "k1", file = "pseudonym.key" }}]
[alerts.smtp]
host = "localhost"
port = {port}
security = "{security}"
sender = "adapter@region.example"
user = "adapter"
password_file = "smtp.password"
ca_file = "ca.pem"
[[alerts.recipients]]
id = "office"
email = "office@region.example"
[[alerts.recipients]]
id = "night"
webhook = "{url}"
secret_file = "hook.secret"
classes = ["wake"]
"""


class Mail:
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        assert session.authenticated
        self.taken.append(envelope.content.decode())
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"adapter", b"a long password")
    return AuthResult(success=good, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost and its key, in PEM."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder


@pytest.fixture
def mail(request, certificate):
    handler, security = Mail(), getattr(request, "param", "starttls")
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    way = {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
    controller = Controller(
        handler,
        hostname="localhost",
        port=port,
        ready_timeout=60,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=security == "starttls",  # it does not see that TLS was there from the start
        **way,
    )
    controller.start()
    handler.port, handler.security = port, security
    yield handler
    controller.stop()


@pytest.fixture
def hook():
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.taken = taken
    server.url = f"http://127.0.0.1:{server.server_port}/alerts"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(tmp_path, sqlite_url, mail, hook, certificate):
    (tmp_path / "adapter.toml").write_text(TOML.format(port=mail.port, security=mail.security, url=hook.url))
    (tmp_path / "smtp.password").write_text("a long password")
    (tmp_path / "hook.secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")
    (tmp_path / "pseudonym.key").write_text("0123456789abcdef" * 4)
    shutil.copyfile(certificate / "cert.pem", tmp_path / "ca.pem")
    return tmp_path / "adapter.toml"


def run(*words):
    result = CliRunner().invoke(app, ["alerts", *map(str, words)])
    return result.exit_code, result.output


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("mail", ["starttls", "tls"], indirect=True)
def test_a_test_reaches_everybody_and_says_what_it_proves(config, mail, hook):
    code, said = run("test", "--config", config)
    assert code == 0
    said = " ".join(said.split())
    assert (
        "office (e-mail): ok this proves: the mail server answers, its certificate is trusted, it let us log in" in said
    )
    assert "night (webhook): ok this proves: the address answers, and took the signed message (HTTP 204)" in said
    assert "It does not prove whether anybody reads it" in said
    assert len(mail.taken) == len(hook.taken) == 1
    assert "a test: nothing is wrong" in mail.taken[0]
    assert run("list", "--config", config)[1].strip() == "Nobody was told of anything."


def test_what_fails_is_said_and_the_others_are_tried(config, mail, hook):
    (config.parent / "smtp.password").write_text("another password")
    code, said = run("test", "--config", config, "--json")
    found = json.loads(said)
    assert code == 1
    assert [(each["recipient"], each["ok"]) for each in found["recipients"]] == [("office", False), ("night", True)]
    assert found["recipients"][0]["words"] == "the mail server answered 535 (SMTPAuthenticationError)"
    assert mail.taken == []


def test_a_server_whose_certificate_is_not_trusted_gets_nothing(config, mail, tmp_path):
    config.write_text(config.read_text().replace('ca_file = "ca.pem"\n', ""))
    code, said = run("test", "--config", config, "--recipient", "office")
    assert code == 1
    assert "TLS to the mail server failed (CERTIFICATE_VERIFY_FAILED)" in said
    assert mail.taken == []


def test_check_tells_of_secrets_that_cannot_be_used(config):
    (config.parent / "smtp.password").unlink()
    (config.parent / "hook.secret").write_text("short")
    config.write_text(config.read_text().replace("[alerts.smtp]", '[alerts]\nclock_from = ["nowhere"]\n[alerts.smtp]'))
    (config.parent / "directory").mkdir()
    for name in ("parties", "units", "systems", "endpoints", "routes"):
        (config.parent / "directory" / f"{name}.yaml").write_text(f"{name}: []\n")
    reasons = [problem.reason for problem in check.examine(config)[0] if "alerts" in problem.reason]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "alerts.smtp.password_file",
        "alerts.recipients.1.secret_file",
        "alerts.clock_from",
    ]
