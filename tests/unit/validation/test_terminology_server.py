"""A validator that asks a terminology server, over real HTTP: what is sent, what is said, and what when it is away."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from adapter.definitions.remote import RemoteTerminology
from adapter.validation import Outcome, Validator

PROFILE = {
    "resourceType": "StructureDefinition",
    "url": "http://ours.example/p",
    "name": "P",
    "status": "draft",
    "kind": "resource",
    "abstract": False,
    "type": "Condition",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Condition",
    "derivation": "constraint",
    "differential": {
        "element": [
            {"path": "Condition"},
            {"path": "Condition.code", "binding": {"strength": "required", "valueSet": "http://ours.example/vs|3"}},
        ]
    },
}
KNOWN = "271737000"


class Server:
    """Knows one code."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.delay = 0.0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.bodies.append(body)
                time.sleep(server.delay)
                given = {each["name"]: each for each in json.loads(body)["parameter"]}
                result = {"name": "result", "valueBoolean": given["code"]["valueCode"] == KNOWN}
                content = json.dumps({"resourceType": "Parameters", "parameter": [result]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_port}/fhir"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=lambda: made.http.serve_forever(0.01))
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


def condition(*codes: str) -> dict[str, Any]:
    coding = [{"system": "http://snomed.info/sct", "code": code, "display": "Märta Åkerström"} for code in codes]
    return {
        "resourceType": "Condition",
        "code": {"coding": coding, "text": "Märta Åkerström"},
        "subject": {"identifier": {"value": "189001019802"}},
    }


def validator(server: RemoteTerminology | None) -> Validator:
    return Validator.load(definitions=[PROFILE], terminology=server)


def codes(outcome: Outcome) -> list[tuple[str, str]]:
    return [(issue.severity, issue.rule) for issue in outcome.issues if issue.rule.startswith("code-")]


def test_it_decides_what_the_packages_cannot_and_is_named(server: Server) -> None:
    asked = validator(RemoteTerminology(server.address))
    right, wrong = (asked.validate(condition(code), PROFILE["url"]) for code in (KNOWN, "404684003"))
    assert codes(right) == []
    assert codes(wrong) == [("error", "code-required")]
    assert f"Terminology server: 127.0.0.1:{server.http.server_port}" in right.issues[0].message
    assert "Terminology server" not in validator(None).validate(condition(KNOWN)).issues[0].message
    assert asked.validate(condition(KNOWN), PROFILE["url"]).valid
    assert len(server.bodies) == 2, "an answer is remembered"


def test_nothing_of_a_person_is_sent(server: Server) -> None:
    asked = validator(RemoteTerminology(server.address))
    asked.validate(condition(KNOWN, "189001019802", "1890-01-01 9802", "Märta"), PROFILE["url"])
    asked.validate(condition("189001019802"), PROFILE["url"])
    (body,) = server.bodies
    assert {each["name"] for each in json.loads(body)["parameter"]} == {"url", "valueSetVersion", "system", "code"}


def test_a_server_that_is_away_is_a_warning_and_costs_one_timeout(server: Server) -> None:
    server.delay = 2.0
    asked = validator(RemoteTerminology(server.address, timeout=0.2))
    asked.validate({"resourceType": "Condition", "subject": {"display": "x"}}, PROFILE["url"])
    outcomes = [asked.validate(condition(f"{number}"), PROFILE["url"]) for number in range(20, 40)]
    assert all(outcome.valid and codes(outcome) == [("warning", "code-undecided")] for outcome in outcomes)
    told = next(issue.message for issue in outcomes[-1].issues if issue.rule == "code-undecided")
    assert f"the terminology server 127.0.0.1:{server.http.server_port} does not answer" in told
    assert len(server.bodies) <= 1
