"""`adapter demo` as a person runs it: a process of its own, judged by its exit status and what it prints."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from adapter.sandbox.journey import shipped_journey

COMMAND = [sys.executable, "-c", "from adapter.cli.main import main; main()", "demo"]
NAMES = {"ehr": "EHR", "open-care": "Open care", "municipality": "Lifecare"}
SECONDS = 180


def demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)


def cells(output: str) -> list[list[str]]:
    """The rows of the closing table."""
    return [[cell.strip() for cell in re.split("[│┃]", line)[1:-1]] for line in output.splitlines() if line[:1] == "│"]


@pytest.fixture(scope="module")
def played() -> "subprocess.CompletedProcess[str]":
    return demo("--seed", "acceptance")


def test_it_ends_well_and_says_so(played: "subprocess.CompletedProcess[str]") -> None:
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stderr == ""
    assert "Everything arrived, in order, with one side effect each." in played.stdout
    assert "seed acceptance" in played.stdout


def test_the_table_has_every_message_and_answer_of_the_journey(played: "subprocess.CompletedProcess[str]") -> None:
    rows = [tuple(row[:3]) for row in cells(played.stdout)]
    for step in shipped_journey("home-with-sip").steps:
        expected = [(step.event, step.sender, receiver) for receiver in step.receivers]
        expected += [(answer.event, answer.sender, answer.receiver) for answer in step.answers]
        for event, sender, receiver in expected:
            rows.remove((event, NAMES[sender], NAMES[receiver]))
    assert rows == []


def test_every_row_is_acknowledged_and_every_message_read(played: "subprocess.CompletedProcess[str]") -> None:
    for event, sender, receiver, attempts, acknowledgement, business, taken in cells(played.stdout):
        assert acknowledgement == "ok"
        assert int(attempts) >= 1
        assert re.fullmatch(r"\d+\.\d\d s", taken)
        if receiver == "Lifecare":
            assert business.startswith("read")
        if event in ("admission-notice", "sip-invitation") and receiver == "Lifecare":
            assert business == "read, accepted"
        assert sender != receiver


def test_the_outage_is_in_the_timeline(played: "subprocess.CompletedProcess[str]") -> None:
    order = (
        "answers 503 from now on",
        "HTTP 503",
        "refuses connections from now on",
        "no connection",
        "Lifecare is back",
    )
    places = [played.stdout.index(words) for words in order]
    assert places == sorted(places)
    ready = next(row for row in cells(played.stdout) if row[0] == "ready-for-discharge" and row[2] == "Lifecare")
    assert int(ready[3]) >= 3


def test_it_leaves_nothing_behind(played: "subprocess.CompletedProcess[str]") -> None:
    (url,) = set(re.findall(r"adapter starts at (http://127\.0\.0\.1:\d+)", played.stdout))
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health/live", timeout=60)


def test_kept_it_shows_a_console_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [*COMMAND, "--keep"],
            stdout=stream,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job's is ignored
        )
    try:
        text = _wait_for(output, "Ctrl-C ends it.", process)
        console = _one(r"Console: (\S+)", text)
        token = _one(r"Token:\s+(\S+)", text)
        assert httpx.get(console, timeout=60, follow_redirects=True).status_code == 200
        base = console.removesuffix("/console")
        assert httpx.get(f"{base}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Traceback" not in output.read_text()
    with pytest.raises(httpx.ConnectError):
        httpx.get(base, timeout=60)


def test_what_cannot_be_run_is_said_in_words() -> None:
    refused = demo("--municipality", "kommunen")
    assert refused.returncode == 2
    assert "--municipality needs a URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def _wait_for(output: Path, words: str, process: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        text = output.read_text("utf-8")
        if words in text:
            return text
        time.sleep(0.1)
    raise AssertionError(f"{words!r} did not come: {output.read_text('utf-8')}")


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None
    return found[1]
