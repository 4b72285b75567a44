"""The optional terminology server, over real HTTP."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from adapter.definitions import remote
from adapter.definitions.remote import RemoteTerminology
from adapter.fhir import canonical
from adapter.support.errors import DefinitionsError
from adapter.support.secrets import SecretError

VS, CS = "http://x/vs|2", "http://x/cs"
Answer = Callable[[], tuple[int, bytes]]


def parameters(**values: Any) -> bytes:
    kinds = {"result": "valueBoolean"}
    given = [{"name": name, kinds.get(name, "valueString"): value} for name, value in values.items()]
    return json.dumps({"resourceType": "Parameters", "parameter": given}).encode()


class Fake:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.tokens: list[str] = []
        self.answer: Answer = lambda: (200, parameters(result=True))
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.paths.append(self.path)
                if "Authorization" in self.headers:
                    fake.tokens.append(self.headers["Authorization"])
                fake.asked.append({each.pop("name"): next(iter(each.values())) for each in body["parameter"]})
                status, content = fake.answer()
                with suppress(OSError):  # a client that has left
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/fhir"


@pytest.fixture
def fake() -> Iterator[Fake]:
    made = Fake()
    thread = threading.Thread(target=lambda: made.server.serve_forever(0.01))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_what_is_asked_and_remembered(fake: Fake) -> None:
    server = RemoteTerminology(fake.address + "/")
    for _ in range(3):
        assert server.member(VS, CS, "a").result is True
    assert server.member("http://x/vs", CS, "a").result is True
    assert fake.paths == ["/fhir/ValueSet/$validate-code"] * 2
    assert fake.asked == [
        {"url": "http://x/vs", "valueSetVersion": "2", "code": "a", "system": CS},
        {"url": "http://x/vs", "code": "a", "system": CS},
    ]


def test_a_no_says_why(fake: Fake) -> None:
    fake.answer = lambda: (200, parameters(result=False, message="not so", display="Right"))
    verdict = RemoteTerminology(fake.address).member(VS, CS, "a")
    assert verdict == (False, "not so", "Right")


@pytest.mark.parametrize("status", [302, 400, 404, 422])
def test_a_refusal_leaves_it_undecided(fake: Fake, status: int) -> None:
    fake.answer = lambda: (status, b"{}")
    server = RemoteTerminology(fake.address)
    for _ in range(2):
        assert str(status) in server.member(VS, CS, "a").reason
    assert server.member(VS, CS, "b").result is None
    assert [each["code"] for each in fake.asked] == ["a", "b"]


WRONG: dict[str, Answer] = {
    "fault": lambda: (503, b""),
    "no JSON": lambda: (200, b"<html>"),
    "no result": lambda: (200, b'{"parameter": [{"name": "result", "valueBoolean": "true"}]}'),
    "deep": lambda: (200, b"[" * 100_000),
    "large": lambda: (200, b" " * 2_000_000),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_server_that_does_not_answer_is_left_alone_for_a_while(
    fake: Fake, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.answer = WRONG[name]
    server = RemoteTerminology(fake.address)
    for code in "abc":
        verdict = server.member(VS, CS, code)
        assert verdict.result is None
        assert "does not answer" in verdict.reason
    assert len(fake.asked) == 1
    fake.answer = lambda: (200, parameters(result=True))
    monkeypatch.setattr(remote, "_PAUSE_SECONDS", 0.0)
    later = RemoteTerminology(fake.address)
    assert later.member(VS, CS, "a").result is True


def test_a_slow_server_costs_its_timeout_once(fake: Fake) -> None:
    release = threading.Event()

    def slow() -> tuple[int, bytes]:
        release.wait(60)
        return 200, parameters(result=True)

    fake.answer = slow
    server = RemoteTerminology(fake.address, timeout=0.1)
    answers = [server.member(VS, CS, code).result for code in "abcdefgh"]
    release.set()
    assert answers == [None] * 8
    assert len(fake.asked) <= 1


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\n\r\n", b""])
def test_a_server_that_drips_costs_its_timeout_too(said: bytes) -> None:
    ended = threading.Event()

    def drip(server: socket.socket) -> None:
        taken, _ = server.accept()
        with taken, suppress(OSError):
            taken.sendall(said)
            while not ended.wait(0.02):
                taken.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        begun = time.monotonic()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/fhir"
        verdict = RemoteTerminology(address, timeout=0.3).member(VS, CS, "a")
        took = time.monotonic() - begun
        ended.set()
        thread.join()
    assert (verdict.result, "does not answer" in verdict.reason) == (None, True)
    assert took < 20


def test_nobody_there() -> None:
    assert RemoteTerminology("http://127.0.0.1:1").member(VS, CS, "a").result is None


def test_memory_is_bounded(fake: Fake) -> None:
    server = RemoteTerminology(fake.address, cache_size=2)
    for code in "abca":
        server.member(VS, CS, code)
    assert [each["code"] for each in fake.asked] == ["a", "b", "c", "a"]


def test_an_answer_is_forgotten_in_time(fake: Fake) -> None:
    server = RemoteTerminology(fake.address, cache_seconds=0.0)
    for _ in range(2):
        server.member(VS, CS, "a")
    assert len(fake.asked) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_costs_one_question(fake: Fake, status: int) -> None:
    fake.answer = lambda: (status, b"{}")
    server = RemoteTerminology(fake.address, token=lambda: "secret")
    assert {server.member(VS, CS, code).reason for code in "abc"} == {
        f"the terminology server {server.host} does not answer: {status}"
    }
    assert (len(fake.asked), fake.tokens) == (1, ["Bearer secret"])


def test_a_token_that_cannot_be_read_leaves_it_undecided(fake: Fake) -> None:
    def gone() -> str:
        raise SecretError("there is none")

    assert RemoteTerminology(fake.address, token=gone).member(VS, CS, "a").result is None
    assert fake.asked == []


NUMBER = "189001019802"  # a test number


@pytest.mark.parametrize("code", ["a person", "x" * 65, "å", NUMBER, NUMBER[2:], f"{NUMBER[:8]}-{NUMBER[8:]}"])
def test_what_could_be_a_person_is_not_asked(fake: Fake, code: str) -> None:
    assert "person" in RemoteTerminology(fake.address).member(VS, CS, code).reason
    assert fake.asked == []


@pytest.mark.parametrize("system", [canonical.PERSONNUMMER, "urn:oid:1.2.752.129.2.1.3.1", canonical.RESERVNUMMER])
def test_no_system_of_persons_is_asked_about(fake: Fake, system: str) -> None:
    assert RemoteTerminology(fake.address).member(VS, system, "1").result is None
    assert fake.asked == []


def test_codes_of_ten_digits_and_more_are_asked(fake: Fake) -> None:
    server = RemoteTerminology(fake.address)
    for code in ("1144749009", "45111000052101", "444971000124105"):
        assert server.member(VS, "http://snomed.info/sct", code).result is True


def test_a_dead_server_costs_many_threads_one_timeout(fake: Fake) -> None:
    release = threading.Event()

    def slow() -> tuple[int, bytes]:
        release.wait(60)
        return 503, b""

    fake.answer = slow
    server = RemoteTerminology(fake.address, timeout=0.2)
    server.member(VS, CS, "first")
    server._silent_until = 0.0  # the pause is over
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda code: server.member(VS, CS, f"c{code}").result, range(40)))
    release.set()
    assert answers == [None] * 40
    assert len(fake.asked) <= 2


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x", "http://", "http://u:p@x/fhir"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(DefinitionsError, match="http or https"):
        RemoteTerminology(address)
