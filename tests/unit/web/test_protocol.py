"""A head that is too long or too slow ends its connection before anyone has said who he is."""

import socket
import time
from urllib.parse import urlsplit

import pytest

from adapter.web import protocol

LIVE = b'{"status":"ok"}'


@pytest.fixture
def connect(site):
    opened = []

    def connect():
        host, port = urlsplit(site.server.url).netloc.split(":")
        opened.append(socket.create_connection((host, int(port)), timeout=60))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def ended(connection):
    """Whether the other side ends the connection without an answer, and after how many seconds."""
    started = time.monotonic()
    try:
        return connection.recv(1) == b"", time.monotonic() - started
    except ConnectionError:
        return True, time.monotonic() - started


CHUNKED = b"POST /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "start",
    [b"GET /", b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: ", CHUNKED + b"1;long=", CHUNKED + b"0\r\nX-Long: "],
    ids=["target", "header", "chunk extension", "trailer"],
)
def test_what_is_no_body_and_has_no_end_is_cut_off(connect, start):
    connection = connect()
    connection.sendall(start)
    with pytest.raises(ConnectionError):
        connection.sendall(b"a" * 50_000_000)


@pytest.mark.parametrize("begun", [b"", b"GET /health/live HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_come_is_not_waited_for(connect, monkeypatch, begun):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    connection = connect()
    connection.sendall(begun)
    closed, seconds = ended(connection)
    assert closed
    assert seconds < 5


def test_a_second_request_on_a_connection_has_a_head_of_its_own(connect):
    connection = connect()
    head = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 40_000 + b"\r\n\r\n"
    with connection.makefile("rb") as lines:
        for _ in range(3):
            connection.sendall(head)
            assert lines.readline().startswith(b"HTTP/1.1 200")
            while lines.readline() != b"\r\n":
                pass
            assert lines.read(len(LIVE)) == LIVE


def test_a_long_body_is_no_head(connect, site):
    connection = connect()
    body = b" " * 500_000
    connection.sendall(
        b"POST /fhir/$process-message HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    assert connection.recv(65_536).startswith(b"HTTP/1.1 401")
