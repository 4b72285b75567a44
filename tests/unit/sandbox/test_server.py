import socket

import httpx
import pytest

from adapter.sandbox.server import LoopbackServer, Request, Response


def echo(request: Request) -> Response:
    return Response(
        200, f"{request.method} {request.path} {request.bearer} {request.media_type}".encode() + request.body
    )


def test_it_answers_on_loopback_with_what_came_in() -> None:
    with LoopbackServer(echo) as server:
        head = {"Authorization": "Bearer x", "Content-Type": "text/plain; charset=utf-8"}
        answer = httpx.post(f"{server.address}/a", content="å", headers=head, timeout=60)
    assert answer.text == "POST /a x text/plainå"


def test_it_refuses_connections_and_comes_back_on_the_same_port() -> None:
    with LoopbackServer(echo) as server, httpx.Client(timeout=60) as client:
        address = server.address
        assert client.get(address).status_code == 200
        for _ in range(2):
            server.refuse()
            server.refuse()
            with pytest.raises(httpx.ConnectError):
                client.get(address)
            server.accept()
            server.accept()
            assert client.get(address).status_code == 200
        assert server.address == address


def test_before_it_listens_connections_are_refused_and_after_it_stopped_too() -> None:
    server = LoopbackServer(echo)
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.address, timeout=60)
    server.accept()
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.address, timeout=60)


@pytest.mark.parametrize(("length", "status"), [("tio", b"411"), ("-1", b"411"), ("99999999999", b"413")])
def test_a_body_without_a_usable_length_is_refused_in_words(length: str, status: bytes) -> None:
    with LoopbackServer(echo) as server:
        host, port = server.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
            assert status in connection.recv(1000).splitlines()[0]
