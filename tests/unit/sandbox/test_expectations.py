"""The files in fixtures get what their expectations say from a real adapter: over HTTP what is faulty in the request or
cannot be read, and the journeys; in process all the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.exchange.submission import Reply, Submission
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox.authoring import invalid
from adapter.sandbox.authoring.faults import InvalidFixture, Request
from adapter.sandbox.fhir_receiver import FHIR_JSON, FHIR_XML
from adapter.sandbox.installation import Counterpart, Installation
from adapter.sandbox.journey import shipped_journey
from adapter.security.principals import LOCAL_OPERATOR, Principal, Right
from adapter.support.paths import shipped
from adapter.web.server import Server

FOLDER = shipped("fixtures") / "invalid"
FIXTURES = invalid.fixtures(FOLDER)
SENT = {name: each for name, each in FIXTURES.items() if each.file is not None}
MADE = {name: each for name, each in FIXTURES.items() if each.of is not None and each.http_status is not None}
REFUSED = {name: each for name, each in MADE.items() if each.after is None and each.http_status != 200}
Running = tuple[Installation, str]
MEDIA_TYPES = {".json": FHIR_JSON, ".xml": FHIR_XML}
NOWHERE = "http://127.0.0.1:9"
REGION = frozenset({"SE2321000222-E7A31", "SE2321000222-HC2074"})


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


def post(installation: Installation, url: str, file: Path, request: Request) -> httpx.Response:
    tokens = {"none": None, "unknown": "da_" + "x" * 43}
    token = tokens.get(request.token or "", installation.callers.ehr)
    media_type = MEDIA_TYPES[file.suffix]
    head = {"Content-Type": request.media_type or media_type, "Accept": request.accept or media_type}
    if token is not None:
        head["Authorization"] = f"Bearer {token}"
    return httpx.post(f"{url}/fhir/$process-message", content=file.read_bytes(), headers=head, timeout=60)


@pytest.mark.parametrize("name", SENT)
def test_a_body_is_refused_as_expected(empty: Running, name: str) -> None:
    made, url = empty
    expected = SENT[name]
    answer = post(made, url, FOLDER / str(expected.file), expected.request)
    codec = fhir_xml if "xml" in answer.headers["Content-Type"] else fhir_json
    assert answer.status_code == expected.http_status, answer.text
    assert told(codec.parse(answer.content)) == (expected.acknowledgement, expected.issues, findings(expected))
    assert accepted(made) == 0


def test_each_message_with_a_fault_is_refused_as_expected_in_both_formats(empty: Running) -> None:
    made, _ = empty
    wrong = {name: found for name in REFUSED if (found := differences(made, name))}
    assert len(REFUSED) > 100
    assert wrong == {}
    assert accepted(made) == 0


@pytest.mark.parametrize("name", [name for name in MADE if name not in REFUSED])
def test_what_depends_on_an_earlier_message_or_is_a_warning_is_as_expected(fresh: Running, name: str) -> None:
    made, _ = fresh
    before = MADE[name].after
    if before is not None:
        assert send(made, FOLDER / before).status == 200
    assert differences(made, name) == {}
    assert accepted(made) == (before is not None) + MADE[name].side_effects


def differences(installation: Installation, name: str) -> dict[str, object]:
    """What is not as expected of a fixture, by format."""
    expected = MADE[name]
    wanted = (expected.http_status, expected.acknowledgement, expected.issues, findings(expected))
    found: dict[str, object] = {}
    for suffix in (".json", ".xml"):
        reply = send(installation, FOLDER / f"{name}{suffix}", as_the_region=name == "sender-not-yours")
        answer = (reply.status, *told(reply.resource, warnings=reply.status == 200))
        if answer[:-1] != wanted[:-1] or not (
            wanted[-1] <= answer[-1] if reply.status == 200 else wanted[-1] == answer[-1]
        ):
            found[suffix] = answer
    return found


def send(installation: Installation, file: Path, *, as_the_region: bool = False) -> Reply:
    """The adapter's answer to one who may speak for the sender, unless for the region alone."""
    codec = fhir_json if file.suffix == ".json" else fhir_xml
    message = MessageBundle(codec.parse(file.read_bytes()))
    unit = message.hsa_of(message.header.get("sender"))
    units = REGION if as_the_region or unit is None else frozenset({unit})
    principal = Principal("a sender", "region", units, frozenset({Right.SEND}))
    return installation.adapter.exchange.receive(
        Submission(file.read_bytes(), MEDIA_TYPES[file.suffix], "a request"), principal
    )


def accepted(installation: Installation) -> int:
    return len(installation.adapter.views.messages(LOCAL_OPERATOR, status="accepted").rows)


def findings(fixture: InvalidFixture) -> set[tuple[str, str]]:
    """(rule, location) of what the answer must tell: the errors, or where there is none the warnings."""
    told = [each for each in fixture.findings if (each.severity == "error") is (fixture.http_status != 200)]
    return {(each.rule, each.location or "") for each in told}


def told(answer: dict[str, Any], *, warnings: bool = False) -> tuple[str | None, tuple[str, ...], set[tuple[str, str]]]:
    """Acknowledgement code, codes of issues, and (rule, location) of the errors, or of all, in an answer."""
    outcomes, acknowledgement = [answer], None
    if answer["resourceType"] == "Bundle":
        message = MessageBundle(answer)
        outcomes, acknowledgement = message.of_type("OperationOutcome"), str(message.response["code"])
    issues = [issue for outcome in outcomes for issue in outcome["issue"]]
    rules = {
        (issue["details"]["coding"][0]["code"], issue.get("expression", [""])[0])
        for issue in issues
        if warnings or issue["severity"] in ("error", "fatal")
    }
    return acknowledgement, tuple(sorted({issue["code"] for issue in issues})), rules


@pytest.mark.parametrize("name", ["home-with-sip", "protected"])
def test_a_journey_is_accepted_as_its_plan_says_and_a_twin_is_the_same_message(fresh: Running, name: str) -> None:
    made, url = fresh
    journey = shipped_journey(name)
    for step in journey.steps:
        first = post(made, url, journey.folder / f"{step.file}.json", Request())
        again = post(made, url, journey.folder / f"{step.file}.xml", Request())
        assert (first.status_code, again.status_code) == (step.expect.http_status, step.expect.http_status), first.text
        assert MessageBundle(fhir_json.parse(first.content)).response["code"] == step.expect.acknowledgement
        assert fhir_xml.parse(again.content) == fhir_json.parse(first.content)
    messages = made.adapter.views.messages(LOCAL_OPERATOR).rows
    held = {delivery.status for delivery in made.adapter.views.deliveries(LOCAL_OPERATOR).rows}
    assert len(messages) == len(journey.steps)
    assert held == ({"held"} if journey.steps[0].held else {"waiting"})
