"""Bytes made to cost or to confuse, over HTTP: refused with an OperationOutcome, and the server goes on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapter.web.server import Server

JSON, XML = "application/fhir+json", "application/fhir+xml"
BAD = {
    "arrays": (JSON, b"[" * 100_000),
    "elements": (XML, b"<a>" * 50_000),
    "objects": (JSON, b'{"resourceType":"Patient","name":[' + b"{}," * 60_000 + b"{}]}"),
    "bytes": (JSON, b'{"resourceType":"Patient","id":"\xff"}'),
    "surrogate": (JSON, b'{"resourceType":"Patient","id":"\\ud800"}'),
    "mark": (JSON, b"\xef\xbb\xbf{}"),
    "number": (JSON, b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 100_000 + b"}"),
    "NULs": (JSON, b"\0" * 1000),
    "members": (JSON, b"{" + b",".join([b'"a":1'] * 20_000) + b"}"),
    "bomb": (XML, b'<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Patient xmlns="http://hl7.org/fhir"/>'),
    "nothing": (XML, b""),
}


@pytest.fixture
def client(installation: Any) -> Iterator[httpx.Client]:
    adapter = installation.adapter
    settings = adapter.settings.server.model_copy(update={"port": 0, "max_message_bytes": 400_000})
    adapter.settings = adapter.settings.model_copy(update={"server": settings})
    token = adapter.tokens.issue("region", ("send", "content"), adapter.clock.now() + timedelta(days=1), "test")
    server = Server(adapter)
    server.start()
    with httpx.Client(base_url=server.url, timeout=60, headers={"Authorization": f"Bearer {token}"}) as found:
        yield found
    server.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_gets_an_answer_in_words_and_the_server_goes_on(client: httpx.Client) -> None:
    for name, (media_type, body) in BAD.items():
        for path in ("/fhir/$validate", "/fhir/Patient/$validate", "/fhir/$process-message"):
            headers = {"Content-Type": media_type, "Accept": JSON}
            answer = client.post(path, content=body, headers=headers)
            assert 200 <= answer.status_code < 500, (name, path)
            assert "Traceback" not in answer.text
            told = str(answer.json())
            assert "error" in told or "fatal" in told, (name, path)
            assert len(told) < 5000
    large = client.post("/fhir/$validate", content=b" " * 500_000, headers={"Content-Type": JSON, "Accept": JSON})
    assert large.status_code == 413
    assert client.get("/health/live").status_code == 200


def test_the_answer_does_not_grow_with_what_is_wrong(client: httpx.Client) -> None:
    body = b'{"resourceType":"Bundle","type":"message","entry":[' + b"{}," * 5000 + b"{}]}"
    for path, most in (("/fhir/$validate", 2100), ("/fhir/$process-message", 100)):
        answer = client.post(path, content=body, headers={"Content-Type": JSON, "Accept": JSON})
        assert 100 <= len(answer.json()["issue"]) <= most
