"""`adapter fixtures send` to a real adapter over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from adapter.sandbox.installation import Counterpart, Installation
from adapter.sandbox.journey import shipped_journey
from adapter.sandbox.server import LoopbackServer, Request, Response
from adapter.security.principals import LOCAL_OPERATOR
from adapter.web.server import Server

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, str]]:
    """An adapter that takes messages and delivers none, and its FHIR base."""
    counterparts = [
        Counterpart("ehr", NOWHERE, "hemligheten-1", "fhir", "json"),
        Counterpart("open-care", NOWHERE, "hemligheten-2", "fhir", "xml"),
        Counterpart("municipality", NOWHERE, "hemligheten-3", "xml-http", "xml"),
    ]
    folder = tmp_path_factory.mktemp("send") / "installation"
    made = Installation(folder, shipped_journey("home-with-sip"), counterparts)
    server = Server(made.adapter)
    server.start()
    (folder / "region.bearer").write_text(f"{made.callers.ehr}\n")
    (folder / "municipality.bearer").write_text(made.callers.municipality)
    yield made, f"{server.url}/fhir"
    server.stop()
    made.close()


def send(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["fixtures", "send", *map(str, arguments)])


def tokens(made: Installation) -> list[str]:
    folder = made.file.parent
    return ["--token-file", f"{folder}/region.bearer", "--token-file", f"municipality={folder}/municipality.bearer"]


def accepted(made: Installation) -> int:
    return len(made.adapter.views.messages(LOCAL_OPERATOR, status="accepted").rows)


@pytest.mark.parametrize("format_", ["json", "xml"])
def test_journeys_are_answered_as_expected_again_and_again(running: tuple[Installation, str], format_: str) -> None:
    made, url = running
    names = ("protected", "cannot-receive", "duplicate", "late-and-out-of-order")
    before = accepted(made)
    chosen = [word for name in names for word in ("--journey", name)]
    result = send("--to", url, *chosen, "--format", format_, "--json", *tokens(made))
    assert result.exit_code == 0, result.stdout
    told = json.loads(result.stdout)
    assert told["ok"]
    steps = [(each["fixture"], each["step"]) for each in told["results"]]
    assert len(steps) == sum(len(shipped_journey(name).steps) for name in names)
    assert steps[0] == ("protected", "01-admission-notice")
    assert steps[-4] == ("late-and-out-of-order", "04-discharge-notice")
    twice = 2
    assert accepted(made) - before == len(steps) - twice, "what is sent again is no new message"


def test_invalid_messages_are_refused_as_expected(running: tuple[Installation, str]) -> None:
    made, url = running
    names = (
        "base-format",
        "duplicate-key",
        "no-token",
        "unknown-token",
        "bundle-id-reused",
        "wrong-media-type",
        "org-hsa",
    )
    chosen = [word for name in names for word in ("--invalid", name)]
    result = send("--to", f"{url}/$process-message", *chosen, *tokens(made))
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["fixture", "step", "from", "expected", "got"]
    assert [line.split()[0] for line in lines[1:-1]] == list(names[:-1]), "org-hsa is for a validator alone"
    assert "409, bundle-id-reused" in result.stdout
    assert "6 sent, 0 answered otherwise than expected" in lines[-1]


def test_another_answer_than_expected_is_told_and_exits_with_1(running: tuple[Installation, str]) -> None:
    made, url = running
    result = send("--to", url, "--journey", "protected", "--token-file", f"{made.file.parent}/municipality.bearer")
    assert result.exit_code == 1
    assert "differs: " in result.stdout
    assert "403, " in result.stdout
    assert "1 sent, 1 answered otherwise than expected" in result.stdout


def test_one_role_sends_its_messages_alone(running: tuple[Installation, str]) -> None:
    made, url = running
    chosen = ["--to", url, "--journey", "cannot-receive", "--as", "ehr", "--json", *tokens(made)]
    told = json.loads(send(*chosen).stdout)
    assert {each["sender"] for each in told["results"]} == {"ehr"}
    assert "06-disagreement-settled" not in {each["step"] for each in told["results"]}, "it answers what was not sent"
    assert told["ok"], "what follows a message that was left out may be told as missing its predecessor"
    nobody = send("--to", url, "--journey", "protected", "--as", "nobody")
    assert nobody.exit_code != 0
    assert nobody.exception is not None
    assert "no message is of a role that --as names" in str(nobody.exception)


def test_nobody_there_and_no_fhir_answer() -> None:
    gone = send("--to", f"{NOWHERE}/fhir", "--journey", "protected")
    assert "cannot be reached" in str(gone.exception)
    assert gone.stdout == ""

    def answer(request: Request) -> Response:
        return Response(200, b"<html>Welcome</html>")

    server = LoopbackServer(answer)
    server.accept()
    try:
        result = send("--to", server.address, "--journey", "protected")
    finally:
        server.stop()
    assert result.exit_code == 1
    assert "no FHIR answer" in result.stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--to", "nowhere"], "is no URL"),
        (["--to", NOWHERE, "--journey", "none"], "there is no fixture 'none'"),
        (["--to", NOWHERE, "--invalid", "none"], "there is no fixture 'none'"),
        (["--to", NOWHERE, "--token-file", "ehr=/none"], "token file /none cannot be read"),
        (["--to", NOWHERE, "--ca-file", "/none"], "/none cannot be used"),
        (["--to", NOWHERE, "--at", "2026-03-09"], "no instant with offset"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(words: list[str], reason: str) -> None:
    result: Any = send(*words, "--journey", "protected") if "--journey" not in words else send(*words)
    assert result.exit_code != 0
    assert reason in str(result.exception)


def test_a_token_is_in_no_output(running: tuple[Installation, str], tmp_path: Path) -> None:
    _, url = running
    (tmp_path / "token").write_text("da_" + "hemlig" * 8)
    result = send("--to", url, "--journey", "protected", "--token-file", tmp_path / "token", "--json")
    assert result.exit_code == 1
    assert "hemlig" not in result.output
