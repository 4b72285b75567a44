"""Every message in fixtures/invalid is refused as the expectation beside it says, by a real adapter over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.sandbox.fhir_receiver import FHIR_JSON, FHIR_XML
from adapter.sandbox.installation import Counterpart, Installation
from adapter.sandbox.journey import shipped_journey
from adapter.security.principals import LOCAL_OPERATOR
from adapter.support.paths import shipped
from adapter.web.server import Server

FOLDER = shipped("fixtures") / "invalid"
CASES = sorted(file.stem for file in FOLDER.glob("*.yaml"))
MEDIA_TYPES = {".json": FHIR_JSON, ".xml": FHIR_XML}
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[tuple[Installation, str]]:
    """An adapter that takes messages and delivers none, and its URL."""
    counterparts = [
        Counterpart("ehr", NOWHERE, "hemligheten-1", "fhir", "json"),
        Counterpart("open-care", NOWHERE, "hemligheten-2", "fhir", "xml"),
        Counterpart("municipality", NOWHERE, "hemligheten-3", "xml-http", "xml"),
    ]
    made = Installation(tmp_path / "installation", shipped_journey("home-with-sip"), counterparts)
    server = Server(made.adapter)
    server.start()
    yield made, server.url
    server.stop()
    made.adapter.close()


def post(installation: Installation, url: str, file: Path, request: dict[str, str]) -> httpx.Response:
    tokens = {"none": None, "unknown": "da_" + "x" * 43}
    token = tokens.get(request.get("token", ""), installation.callers.ehr)
    media_type = MEDIA_TYPES[file.suffix]
    head = {"Content-Type": request.get("media_type", media_type), "Accept": request.get("accept", media_type)}
    if token is not None:
        head["Authorization"] = f"Bearer {token}"
    return httpx.post(f"{url}/fhir/$process-message", content=file.read_bytes(), headers=head, timeout=10)


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_as_expected(installation: tuple[Installation, str], case: str) -> None:
    made, url = installation
    expected: dict[str, Any] = YAML(typ="safe", pure=True).load(FOLDER / f"{case}.yaml")
    if "after" in expected:
        assert post(made, url, FOLDER / expected["after"], {}).status_code == 200
    request = expected.get("request", {})
    answer = post(made, url, FOLDER / expected["file"], request)
    assert answer.status_code == expected["http_status"], answer.text
    codes, rules, places = issues(answer)
    assert set(expected["issues"]) <= codes
    assert expected["rule"] in rules
    assert "location" not in expected or expected["location"] in places
    stored = made.adapter.views.messages(LOCAL_OPERATOR, status="accepted").rows
    assert len(stored) == (1 if "after" in expected else 0)


def issues(answer: httpx.Response) -> tuple[set[str], set[str], set[str]]:
    """Codes, rule ids and locations of the errors in an OperationOutcome."""
    codec = fhir_xml if "xml" in answer.headers["Content-Type"] else fhir_json
    outcome = codec.parse(answer.content)
    assert outcome["resourceType"] == "OperationOutcome"
    errors = [issue for issue in outcome["issue"] if issue["severity"] in ("error", "fatal")]
    rules = {coding["code"] for issue in errors for coding in issue.get("details", {}).get("coding", ())}
    places = {place for issue in errors for place in issue.get("expression", ())}
    return {issue["code"] for issue in errors}, rules, places
