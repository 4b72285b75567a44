"""The error contract for every kind of channel: what a receiver, a proxy, a network or a disk does, and what becomes of
the delivery. One table; real servers and folders."""

import errno
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapter.delivery.channels import build
from adapter.delivery.channels.base import Acknowledgement, ChannelSettings, Code, Outgoing
from adapter.delivery.channels.options import FolderSettings, ResultSettings, SoapSettings, TaskSettings
from adapter.delivery.policy import Kind, classify

ID = "0b2f2c1a-6f0f-4f0c-9d1e-1f2a3b4c5d6e"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OUTGOING = Outgoing(7, b"<m/>", "application/xml", ID, "corr-1")
TASK = {"resourceType": "Task", "identifier": [{"system": "s", "value": "1"}], "status": "accepted"}


def outcome(code: str) -> bytes:
    return f'{{"resourceType":"OperationOutcome","issue":[{{"severity":"error","code":"{code}"}}]}}'.encode()


def response(code: str) -> bytes:
    header = f'{{"resourceType":"MessageHeader","response":{{"identifier":"{ID}","code":"{code}"}}}}'
    return f'{{"resourceType":"Bundle","type":"message","entry":[{{"resource":{header}}}]}}'.encode()


def envelope(inner: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def fault(code: str) -> bytes:
    return envelope(f"<s:Fault><faultcode>s:{code}</faultcode><faultstring>why</faultstring></s:Fault>")


def result(code: str) -> bytes:
    return envelope(f'<r xmlns="urn:x"><result><code>{code}</code><text>so</text></result></r>')


def read(body: bytes) -> Acknowledgement | None:
    """The partner's format of xml-http: one word."""
    words = {b"<ok/>": Code.OK, b"<later/>": Code.TRANSIENT, b"<no/>": Code.FATAL}
    return Acknowledgement(words[body]) if body in words else None


@dataclass(frozen=True)
class Partner:
    """How a kind of receiver says things: (status, body)."""

    channel: str
    ok: tuple[int, bytes] | None
    fatal: tuple[tuple[int, bytes], ...]
    transient: tuple[tuple[int, bytes], ...]
    duplicate: tuple[tuple[int, bytes], ...] = ()

    def settings(self, url: str, **values: Any) -> ChannelSettings:
        own = ResultSettings("result/code", ("OK",), "result/text", ("WAIT",), ("KNOWN",))
        return ChannelSettings(
            **{"id": "a", "channel": self.channel, "address": url, "timeout": 60.0, "max_answer_bytes": 4096}
            | {"soap": SoapSettings("urn:x:Send", "SE1", own)}
            | {"task": TaskSettings("refuse", lambda _body, _type: [TASK], lambda _b, _a: True, frozenset({"status"}))}
            | values
        )


PARTNERS = [
    Partner(
        "fhir",
        (200, response("ok")),
        (
            (200, response("fatal-error")),
            (400, outcome("structure")),
            (422, outcome("business-rule")),
            (404, outcome("not-found")),
        ),
        ((200, response("transient-error")), (200, outcome("throttled")), (503, outcome("structure"))),
        ((409, outcome("duplicate")),),
    ),
    Partner(
        "fhir-task",
        None,
        (
            (200, b'{"resourceType":"Bundle","type":"searchset"}'),
            (400, outcome("structure")),
            (404, outcome("not-supported")),
        ),
        ((200, outcome("throttled")), (503, outcome("transient"))),
    ),
    Partner("xml-http", (200, b"<ok/>"), ((200, b"<no/>"), (422, b"<no/>")), ((200, b"<later/>"), (503, b"<no/>"))),
    Partner(
        "soap",
        (200, result("OK")),
        ((500, fault("Client")), (500, fault("Client.Auth")), (400, fault("MustUnderstand")), (200, result("BAD"))),
        ((500, fault("Server")), (400, fault("Server.Busy")), (200, result("WAIT")), (200, envelope("<r/>"))),
        ((200, result("KNOWN")),),
    ),
]
CALLED = pytest.mark.parametrize("partner", PARTNERS, ids=lambda partner: partner.channel)


def kind(settings: ChannelSettings) -> Kind:
    channel = build(settings, read)
    try:
        answer = channel.send(OUTGOING)
    finally:
        channel.close()
    verdict = classify(answer)
    assert verdict.signature
    return verdict.kind


@CALLED
def test_what_the_receiver_says_in_its_own_words(partner, receiver, replies):
    said = [(Kind.DEAD, each) for each in partner.fatal] + [(Kind.RETRY, each) for each in partner.transient]
    said += [(Kind.DONE, each) for each in partner.duplicate] + ([(Kind.DONE, partner.ok)] if partner.ok else [])
    found = []
    channel = build(partner.settings(receiver.url), read)
    for _, (status, body) in said:
        media_type = "application/fhir+json" if partner.channel.startswith("fhir") else "text/xml"
        receiver.answer = replies(status, body, Content_Type=media_type)
        found.append(classify(channel.send(OUTGOING)).kind)
    channel.close()
    assert found == [expected for expected, _ in said]


OTHERS = [
    *((status, b"", Kind.TRIP) for status in (301, 302, 307, 308, 400, 401, 403, 404, 405, 407, 410, 413, 422)),
    *((status, b"<html>proxy</html>", Kind.TRIP) for status in (401, 404, 409, 412)),
    *((status, b"", Kind.RETRY) for status in (200, 204, 408, 425, 429, 500, 502, 503, 504)),
    (200, b"<html>login</html>", Kind.RETRY),
    (500, b"<html>oops</html>", Kind.RETRY),
]


@CALLED
def test_what_comes_from_somebody_else(partner, receiver, replies):
    channel = build(partner.settings(receiver.url), read)
    found = []
    for status, body, _ in OTHERS:
        receiver.answer = replies(status, body, Content_Type="text/html", Location="/elsewhere")
        found.append((status, body, classify(channel.send(OUTGOING)).kind))
    channel.close()
    assert found == OTHERS


@CALLED
def test_retry_after_is_handed_on(partner, receiver, replies):
    receiver.answer = replies(503, b"", Retry_After="17")
    channel = build(partner.settings(receiver.url), read)
    assert classify(channel.send(OUTGOING)).retry_after == 17.0
    channel.close()


def hung_up(handler: Any) -> None:
    handler.close_connection = True


def half(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def garbage(handler: Any) -> None:
    handler.wfile.write(b"220 smtp ready\r\n")
    handler.close_connection = True


def huge(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    handler.wfile.write(b"x" * 10000)


@CALLED
def test_an_outcome_that_is_not_known_is_tried_again(partner, receiver):
    receiver.server.handle_error = lambda *_: None
    channel = build(partner.settings(receiver.url), read)
    for answer in (hung_up, half, garbage, huge):
        receiver.answer = answer
        assert classify(channel.send(OUTGOING)).kind is Kind.RETRY, answer.__name__
    channel.close()


@CALLED
def test_no_answer_in_time(partner, receiver):
    ended = threading.Event()
    receiver.answer = lambda _handler: ended.wait(60)
    assert kind(partner.settings(receiver.url, timeout=0.1)) is Kind.RETRY
    ended.set()


@CALLED
def test_nobody_listens(partner):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert kind(partner.settings(f"http://127.0.0.1:{taken.getsockname()[1]}")) is Kind.RETRY


@CALLED
def test_the_wrong_door_and_our_own_secrets_trip(partner, receiver, tmp_path):
    assert kind(partner.settings(receiver.url.replace("http:", "https:"))) is Kind.TRIP
    absent = tmp_path / "absent"
    for named in ({"token_file": absent}, {"signing_secret_file": absent}):
        before = len(receiver.requests)
        if partner.channel == "fhir-task" and "signing_secret_file" in named:
            continue  # what is read is not signed
        assert kind(partner.settings(receiver.url, **named)) is Kind.TRIP
        assert len(receiver.requests) == before, "nothing is sent"


def missing(folder: Path) -> None:
    folder.rmdir()


def a_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_bytes(b"")


def failing(name: str, code: int) -> Callable[[Path, pytest.MonkeyPatch], None]:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    return lambda _folder, patch: patch.setattr(f"adapter.delivery.channels.folder.os.{name}", fail)


@pytest.mark.parametrize("within", [None, 60.0], ids=["plain", "acknowledged"])
@pytest.mark.parametrize("trouble", [missing, a_file])
def test_a_folder_that_is_not_there_trips(trouble, within, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    trouble(folder)
    assert kind(ChannelSettings("a", "folder", "", folder=FolderSettings(folder, within))) is Kind.TRIP


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_disk_that_does_not_take_it_trips_and_leaves_no_half_file(code, tmp_path, monkeypatch):
    failing("fsync", code)(tmp_path, monkeypatch)
    assert kind(ChannelSettings("a", "folder", "", folder=FolderSettings(tmp_path))) is Kind.TRIP
    assert list(tmp_path.iterdir()) == []
