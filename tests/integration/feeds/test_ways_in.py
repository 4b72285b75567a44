"""The ways in: HTTP, MLLP over a real socket, and a folder."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import httpx
import pytest

from adapter.security.principals import Right
from adapter.store import tables
from adapter.support.clock import SystemClock
from adapter.web.feeding import Feeding
from adapter.web.server import Server

from .conftest import ADT, adt

MLLP = ADT.replace("protocol: http", "protocol: mllp\nmllp: {port: 0, message_within: 300ms, connections: 2}")
FOLDER = ADT.replace("protocol: http", "protocol: folder\nfolder: {path: in, every: 50ms}")


@contextmanager
def running(world) -> Iterator[Feeding]:
    feeding = Feeding(world.adapter)
    feeding.start()
    try:
        yield feeding
    finally:
        feeding.stop()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


class Sender:
    """An MLLP client."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def send(self, message: str | bytes, *, raw: bool = False) -> bytes:
        body = message.encode() if isinstance(message, str) else message
        with suppress(OSError):  # it may be closed before all of it is sent
            self.socket.sendall(body if raw else b"\x0b" + body + b"\x1c\r")
        return self.read()

    def read(self) -> bytes:
        """The next answer; what there is of it where the connection ends."""
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            try:
                more = self.socket.recv(65536)
            except OSError:  # the other side has closed, or did not let us in
                more = b""
            if not more:
                break
            answer += more
        return answer


@pytest.fixture
def connect() -> Iterator[Callable[[Feeding], Sender]]:
    """Opens connections to the feed over MLLP."""
    opened: list[Sender] = []

    def connect(feeding: Feeding) -> Sender:
        opened.append(Sender(feeding.listeners["vas"].port))
        return opened[-1]

    yield connect
    for each in opened:
        each.socket.close()


def test_over_http_a_message_is_taken_and_answered_in_its_own_format(world, flat):
    soon = SystemClock().now() + timedelta(days=1)
    token = world.adapter.tokens.issue("region", {Right.SEND}, soon, "EHR")
    other = world.adapter.tokens.issue("kommun", {Right.SEND}, soon, "other")
    server = Server(world.adapter)
    server.start()
    try:
        with httpx.Client(base_url=server.url, timeout=60) as client:

            def post(feed: str, body: str, media_type: str, by: str = token) -> httpx.Response:
                headers = {"Authorization": f"Bearer {by}", "Content-Type": media_type}
                return client.post(f"/partners/feeds/{feed}/messages", content=body.encode(), headers=headers)

            taken = post("vas", adt("A01", 1), "x-application/hl7-v2+er7; charset=utf-8")
            assert (taken.status_code, "MSA|AA|C1" in taken.text) == (200, True)
            assert taken.headers["content-type"] == "x-application/hl7-v2+er7; charset=utf-8"
            refused = post("vas", adt("A40", 2), "application/hl7-v2")
            assert (refused.status_code, "MSA|AR|C2" in refused.text) == (422, True)
            plan = post("plan", flat("utskrivning", 3), "application/xml")
            assert plan.status_code == 422
            assert "<status>avvisat</status>" in plan.text
            assert "<plats>utskriven</plats>" in plan.text
            wrong = post("plan", flat("andring", 4), "application/json")
            assert (wrong.status_code, "<status>avvisat</status>" in wrong.text) == (415, True)
            assert post("vas", adt("A01", 5), "application/hl7-v2", by=other).status_code == 403
            assert post("none", "", "application/xml").status_code == 404
    finally:
        server.stop()
    assert [event for event, _ in world.told()] == ["admission-notice"]


def test_over_mllp_each_message_is_answered_on_its_connection(world, connect):
    world.configure(vas=MLLP)
    with running(world) as feeding:
        sender = connect(feeding)
        assert b"MSA|AA|C1\r" in sender.send(adt("A01", 1))
        assert b"MSA|AA|C2\r" in sender.send(adt("A08", 2, estimate="20260318"))
        assert b"MSA|AR|C3\r" in sender.send(adt("A40", 3))
        latin = adt("A08", 4, estimate="20260319", msh="T|2.3||||||8859/1").encode("iso-8859-1")
        assert b"MSA|AA|C4\r" in sender.send(latin)
        assert b"ISO 8859-1, and the message is in UTF-8" in sender.send(adt("A08", 5, msh="T|2.5||||||8859/1"))
    assert [event for event, _ in world.told()] == ["admission-notice", *["admission-notice-update"] * 2]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"begins with the character VT"),
        (b"\x0bMSH|never ended", b"did not end within"),
        (b"\x0b" + b"x" * 3_000_000, b"more than 2097152 bytes"),
        (b"\x0bMSH|one\x0bMSH|two\x1c\r", b"begins within another"),
    ],
)
def test_what_is_no_block_ends_the_connection(world, connect, sent, words):
    world.configure(vas=MLLP)
    with running(world) as feeding:
        broken = connect(feeding)
        answer = broken.send(sent, raw=True)
        assert words in answer or (not answer and len(sent) > 1_000_000)
        assert not answer or answer.split(b"|")[10] == b"T"  # of a test installation, though nothing was read
        assert broken.read() == b""
        assert b"MSA|AA|C1\r" in connect(feeding).send(adt("A01", 1))
        until(lambda: any(row.source == "feed:vas" and row.status == "rejected" for row in world.rows(tables.message)))


def test_no_more_connections_are_held_than_configured(world, connect):
    world.configure(vas=MLLP.replace("message_within: 300ms", "message_within: 60s"))
    with running(world) as feeding:
        first, second = connect(feeding), connect(feeding)
        assert b"MSA|AA|C1\r" in first.send(adt("A01", 1))
        assert b"MSA|AA|C2\r" in second.send(adt("A08", 2))
        assert connect(feeding).read() == b""
        assert b"MSA|AA|C3\r" in first.send(adt("A08", 3))


def test_files_are_taken_in_order_and_removed_and_refused_ones_set_aside(world):
    world.configure(vas=FOLDER)
    inbox = world.folder / "feeds" / "in"
    inbox.mkdir()
    (inbox / "2.hl7").write_text(adt("A08", 2, estimate="20260318"), encoding="utf-8", newline="")
    (inbox / "1.hl7").write_text(adt("A01", 1), encoding="utf-8", newline="")
    (inbox / "3.hl7").write_text(adt("A40", 3), encoding="utf-8", newline="")
    (inbox / "4.hl7").symlink_to(world.folder / "pseudonym.key")
    (inbox / ".5.hl7").write_text("still being written")
    (inbox / "6.hl7").touch()
    os.truncate(inbox / "6.hl7", 1 << 40)  # a terabyte of nothing
    with running(world):
        until(lambda: sorted(each.name for each in inbox.iterdir()) == [".5.hl7", "refused"])
    assert [event for event, _ in world.told()] == ["admission-notice", "admission-notice-update"]
    aside = sorted(each.name.split("-", 1)[1] for each in (inbox / "refused").iterdir())
    assert aside == ["3.hl7", "3.hl7.answer", "4.hl7", "4.hl7.answer", "6.hl7", "6.hl7.answer"]
    assert any(b"MSA|AR|C3" in each.read_bytes() for each in (inbox / "refused").glob("*3.hl7.answer"))
    (told,) = (inbox / "refused").glob("*6.hl7.answer")
    assert told.read_text() == f"the file has {1 << 40} bytes: expected at most 2097152"


def test_over_tls_only_who_is_known_is_let_in(world, connect, tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: no certificates to test with")
    for name in ("server", "sender", "stranger"):
        subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.pem"]
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        subprocess.run([openssl, "req", "-x509", *curve, *subject, *files], check=True, capture_output=True)
    secured = "{port: 0, tls_certificate: ../server.pem, tls_key: ../server.key, tls_client_ca: ../sender.pem}"
    world.configure(vas=ADT.replace("protocol: http", f"protocol: mllp\nmllp: {secured}"))
    with running(world) as feeding:
        for name, taken in (("stranger", False), ("sender", True)):
            context = ssl.create_default_context(cafile=tmp_path / "server.pem")
            context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
            sender = connect(feeding)
            sender.socket = context.wrap_socket(sender.socket, server_hostname="127.0.0.1")
            assert (b"MSA|AA|C1" in sender.send(adt("A01", 1))) is taken
