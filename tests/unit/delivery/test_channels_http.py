"""HTTP towards a real server on loopback that does what receivers, proxies and networks do."""

import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import respx

from adapter.delivery.channels.base import Acknowledgement, ChannelSettings, Code, Fault, Outgoing
from adapter.delivery.channels.http import HttpSender, retry_after
from adapter.delivery.channels.xml_http import XmlHttpChannel
from adapter.delivery.policy import Kind, classify
from adapter.support.errors import ParseError

OUTGOING = Outgoing(
    delivery_id=7, body=b"<m/>", media_type="application/xml", idempotency_id="id-1", correlation_id="corr-1"
)


def settings(url: str, **values) -> ChannelSettings:
    return ChannelSettings(id="lifecare", channel="xml-http", address=url, **({"timeout": 5.0} | values))


@pytest.fixture
def post():
    """Send OUTGOING to a URL and close again."""

    def send(url: str, outgoing: Outgoing = OUTGOING, **values):
        sender = HttpSender(settings(url, **values))
        try:
            return sender.post(url, outgoing, "application/xml")
        finally:
            sender.close()

    return send


def test_what_goes_on_the_wire(receiver, replies, post):
    receiver.answer = replies(200, b"fine", Content_Type="text/plain")
    answers = [post(f"{receiver.url}/in") for _ in range(2)]
    assert [(answer.status, answer.body, answer.media_type) for answer in answers] == [(200, b"fine", "text/plain")] * 2
    (path, first, body), (_, second, _) = receiver.requests
    assert (path, body) == ("/in", b"<m/>")
    assert first["content-type"] == first["accept"] == "application/xml"
    assert first["idempotency-key"] == second["idempotency-key"] == "id-1-7"
    assert first["x-correlation-id"] == second["x-correlation-id"] == "corr-1"
    assert first["x-request-id"] != second["x-request-id"]
    assert "authorization" not in first


def test_a_hostile_correlation_id_never_becomes_a_header(receiver, post):
    outgoing = replace(OUTGOING, correlation_id="a\r\nX-Evil: 1")
    assert post(receiver.url, outgoing).status == 200
    assert receiver.requests[0][1]["x-correlation-id"] == "id-1"
    assert "x-evil" not in receiver.requests[0][1]


def test_the_token_is_read_at_each_request(receiver, tmp_path: Path, monkeypatch, post):
    file = tmp_path / "token"
    file.write_text("first\n")
    sender = HttpSender(settings(receiver.url, token_file=file))
    sender.post(receiver.url, OUTGOING, "*/*")
    file.write_text("second")
    sender.post(receiver.url, OUTGOING, "*/*")
    file.unlink()
    assert sender.post(receiver.url, OUTGOING, "*/*").fault is Fault.CREDENTIALS
    sender.close()
    monkeypatch.setenv("LIFECARE_TOKEN", "third")
    post(receiver.url, token_env="LIFECARE_TOKEN")
    monkeypatch.setenv("LIFECARE_TOKEN", "")
    assert post(receiver.url, token_env="LIFECARE_TOKEN").fault is Fault.CREDENTIALS
    assert [headers["authorization"] for _, headers, _ in receiver.requests] == [
        "Bearer first",
        "Bearer second",
        "Bearer third",
    ]


def test_the_environments_proxy_is_not_used(receiver, monkeypatch, post):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(receiver.url).status == 200


def test_503_with_retry_after(receiver, replies, post):
    receiver.answer = replies(503, b"busy", Retry_After="17")
    answer = post(receiver.url)
    assert (answer.status, answer.retry_after, classify(answer).kind) == (503, 17.0, Kind.RETRY)


def test_a_redirect_is_not_followed(receiver, replies, post):
    receiver.answer = replies(307, b"", Location=f"{receiver.url}/elsewhere")
    assert classify(post(receiver.url)).kind is Kind.TRIP
    assert len(receiver.requests) == 1


def test_nobody_listens(post):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        answer = post(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert answer.fault is Fault.CONNECT


def test_no_answer_in_time(receiver, post):
    receiver.answer = lambda _handler: time.sleep(0.6)
    assert post(receiver.url, timeout=0.2).fault is Fault.TIMEOUT


def test_an_answer_that_drips_for_ever_ends_at_the_deadline(receiver, post):
    def drip(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        try:
            for _ in range(1200):
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    receiver.answer = drip
    begun = time.monotonic()
    assert post(receiver.url, timeout=0.3, connect_timeout=0.1).fault is Fault.TIMEOUT
    assert time.monotonic() - begun < 30


def test_headers_that_drip_for_ever_end_at_the_deadline(receiver, replies, post):
    def drip(handler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            for _ in range(400):
                handler.wfile.write(b"x")
                time.sleep(0.05)
            replies(200, b"at last")(handler)
        except OSError:
            pass

    receiver.answer = drip
    assert post(receiver.url, timeout=0.3, connect_timeout=0.1).fault is Fault.TIMEOUT


def test_a_body_that_is_taken_a_little_at_a_time_ends_at_the_deadline(post):
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def sip() -> None:
            taken, _ = server.accept()
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with taken:
                while not ended.wait(0.05) and taken.recv(4096):
                    pass

        thread = threading.Thread(target=sip)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        answer = post(url, replace(OUTGOING, body=b"x" * 20_000_000), timeout=0.5, connect_timeout=0.1)
        assert answer.fault is Fault.TIMEOUT
        ended.set()
        thread.join()


def test_half_an_answer(receiver, replies, post):
    def half(handler) -> None:
        replies(200, b"half", Connection="close")(handler)
        handler.wfile.flush()

    def broken(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True

    receiver.answer = half
    assert post(receiver.url).body == b"half"
    receiver.answer = broken
    assert post(receiver.url).fault is Fault.BROKEN


def test_not_http_at_all(post):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 smtp ready\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        answer = post(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert answer.fault is Fault.BROKEN


def test_an_oversized_answer_is_cut_off(receiver, replies, post):
    receiver.answer = replies(200, b"x" * 2_000_000)
    answer = post(receiver.url, max_answer_bytes=1_000)
    assert (answer.fault, answer.body) == (Fault.TOO_LARGE, b"")
    receiver.answer = replies(200, b"x" * 1_000)
    assert post(receiver.url, max_answer_bytes=1_000).status == 200


@pytest.mark.parametrize(
    ("raised", "fault"),
    [
        (httpx.ConnectTimeout("x"), Fault.CONNECT),
        (httpx.PoolTimeout("x"), Fault.CONNECT),
        (httpx.ReadTimeout("x"), Fault.TIMEOUT),
        (httpx.WriteTimeout("x"), Fault.TIMEOUT),
        (httpx.ReadError("x"), Fault.BROKEN),
        (httpx.WriteError("x"), Fault.BROKEN),
        (httpx.RemoteProtocolError("x"), Fault.BROKEN),
        (httpx.ProxyError("502 Bad Gateway"), Fault.CONNECT),
        (httpx.ProxyError("407 Proxy Authentication Required"), Fault.PROXY),
    ],
)
def test_every_class_of_transport_failure(raised, fault, post):
    with respx.mock:
        respx.post("https://lifecare.example/in").mock(side_effect=raised)
        assert post("https://lifecare.example/in").fault is fault


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Mon, 02 Mar 2026 09:01:00 GMT", 60.0),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0.0),
        ("Mon, 02 Mar 2026 09:01:00 -0000", 60.0),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("9" * 400, None),
        ("Mon, 99 Mar 99999 09:00:00 GMT", None),
    ],
)
def test_retry_after_in_both_forms(value, seconds):
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert retry_after({"retry-after": value}, now) == seconds
    assert retry_after({}, now) is None


def test_xml_over_http_reads_the_partners_acknowledgement(receiver, replies):
    def read(body: bytes) -> Acknowledgement | None:
        if body == b"broken":
            raise ParseError("not XML")
        return Acknowledgement(Code.OK) if body == b"<mottagningsbevis/>" else None

    channel = XmlHttpChannel(HttpSender(settings(receiver.url)), receiver.url, read)
    said = []
    for body in (b"<mottagningsbevis/>", b"<html/>", b"broken", b""):
        receiver.answer = replies(200, body)
        said.append(channel.send(OUTGOING).acknowledgement)
    channel.close()
    assert said == [Acknowledgement(Code.OK), None, None, None]
