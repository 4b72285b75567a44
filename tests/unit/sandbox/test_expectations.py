"""The files in fixtures get what their expectations say, from a real adapter over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox.fhir_receiver import FHIR_JSON, FHIR_XML
from adapter.sandbox.installation import Counterpart, Installation
from adapter.sandbox.journey import shipped_journey
from adapter.security.principals import LOCAL_OPERATOR
from adapter.support.paths import shipped
from adapter.web.server import Server

FOLDER = shipped("fixtures") / "invalid"
EXPECTED: dict[str, dict[str, Any]] = {
    file.stem: YAML(typ="safe", pure=True).load(file) for file in FOLDER.glob("*.yaml")
}
CASES = sorted(EXPECTED)
Running = tuple[Installation, str]
MEDIA_TYPES = {".json": FHIR_JSON, ".xml": FHIR_XML}
NOWHERE = "http://127.0.0.1:9"


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """An adapter that takes messages and delivers none, and its URL."""
    counterparts = [
        Counterpart("ehr", NOWHERE, "hemligheten-1", "fhir", "json"),
        Counterpart("open-care", NOWHERE, "hemligheten-2", "fhir", "xml"),
        Counterpart("municipality", NOWHERE, "hemligheten-3", "xml-http", "xml"),
    ]
    made = Installation(folder / "installation", shipped_journey("home-with-sip"), counterparts)
    server = Server(made.adapter)
    server.start()
    yield made, server.url
    server.stop()
    made.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that all refused messages are sent to: it must stay empty."""
    with running(tmp_path_factory.mktemp("empty")) as found:
        yield found


def post(installation: Installation, url: str, file: Path, request: dict[str, str]) -> httpx.Response:
    tokens = {"none": None, "unknown": "da_" + "x" * 43}
    token = tokens.get(request.get("token", ""), installation.callers.ehr)
    media_type = MEDIA_TYPES[file.suffix]
    head = {"Content-Type": request.get("media_type", media_type), "Accept": request.get("accept", media_type)}
    if token is not None:
        head["Authorization"] = f"Bearer {token}"
    return httpx.post(f"{url}/fhir/$process-message", content=file.read_bytes(), headers=head, timeout=10)


@pytest.mark.parametrize("case", [case for case in CASES if "after" not in EXPECTED[case]])
def test_a_message_is_refused_as_expected(empty: Running, case: str) -> None:
    made, url = empty
    refused_as(EXPECTED[case], post(made, url, FOLDER / EXPECTED[case]["file"], EXPECTED[case].get("request", {})))
    assert made.adapter.views.messages(LOCAL_OPERATOR, status="accepted").rows == ()


@pytest.mark.parametrize("case", [case for case in CASES if "after" in EXPECTED[case]])
def test_a_message_is_refused_as_expected_after_another(fresh: Running, case: str) -> None:
    made, url = fresh
    assert post(made, url, FOLDER / EXPECTED[case]["after"], {}).status_code == 200
    refused_as(EXPECTED[case], post(made, url, FOLDER / EXPECTED[case]["file"], {}))
    assert len(made.adapter.views.messages(LOCAL_OPERATOR, status="accepted").rows) == 1


def refused_as(expected: dict[str, Any], answer: httpx.Response) -> None:
    assert answer.status_code == expected["http_status"], answer.text
    codes, rules, places = issues(answer)
    assert set(expected["issues"]) <= codes
    assert expected["rule"] in rules
    assert "location" not in expected or expected["location"] in places


@pytest.mark.parametrize("name", ["home-with-sip", "protected"])
def test_a_journey_is_accepted_as_its_plan_says_and_a_twin_is_the_same_message(fresh: Running, name: str) -> None:
    made, url = fresh
    journey = shipped_journey(name)
    for step in journey.steps:
        first = post(made, url, journey.folder / f"{step.file}.json", {})
        again = post(made, url, journey.folder / f"{step.file}.xml", {})
        assert (first.status_code, again.status_code) == (step.expect.http_status, step.expect.http_status), first.text
        assert MessageBundle(fhir_json.parse(first.content)).response["code"] == step.expect.acknowledgement
        assert fhir_xml.parse(again.content) == fhir_json.parse(first.content)
    messages = made.adapter.views.messages(LOCAL_OPERATOR).rows
    held = {delivery.status for delivery in made.adapter.views.deliveries(LOCAL_OPERATOR).rows}
    assert len(messages) == len(journey.steps)
    assert held == ({"held"} if journey.steps[0].held else {"waiting"})


def issues(answer: httpx.Response) -> tuple[set[str], set[str], set[str]]:
    """Codes, rule ids and locations of the errors in an OperationOutcome."""
    codec = fhir_xml if "xml" in answer.headers["Content-Type"] else fhir_json
    outcome = codec.parse(answer.content)
    assert outcome["resourceType"] == "OperationOutcome"
    errors = [issue for issue in outcome["issue"] if issue["severity"] in ("error", "fatal")]
    rules = {coding["code"] for issue in errors for coding in issue.get("details", {}).get("coding", ())}
    places = {place for issue in errors for place in issue.get("expression", ())}
    return {issue["code"] for issue in errors}, rules, places
