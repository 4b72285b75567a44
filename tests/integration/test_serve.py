"""`adapter serve` and `adapter worker` as processes: they start, say where, work, and end when told."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from adapter.fhir import json as fhir_json
from adapter.sandbox.ledger import Effect
from adapter.store import tables
from adapter.support import settings

ADAPTER = [sys.executable, "-c", "from adapter.cli.main import main; main()"]


@pytest.fixture
def start(installation):
    """Starts a process of the installation; returns it and what its first line of output says."""
    started = []

    def start(*words):
        process = subprocess.Popen(
            [*ADAPTER, *words, "--config", str(installation.folder / "adapter.toml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ADAPTER_SERVER__PORT": "0"},
        )
        started.append(process)
        line = process.stdout.readline()
        assert line, process.stderr.read()
        return process, line

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def token(installation, *rights):
    expires_at = installation.adapter.clock.now() + timedelta(days=1)
    return installation.adapter.tokens.issue("region", rights, expires_at, "test")


def statuses(installation, endpoint):
    query = select(tables.delivery.c.status).where(tables.delivery.c.endpoint == endpoint)
    with installation.adapter.database.read() as connection:
        return connection.execute(query).scalars().all()


def stored(receiver):
    """How many side effects the receiver had."""
    return sum(entry.effect is Effect.STORED for entry in receiver.ledger.entries)


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_serve_says_where_takes_a_message_delivers_it_and_ends_on_sigterm(installation, messages, start):
    bearer = {"Authorization": f"Bearer {token(installation, 'send', 'metrics')}"}
    process, line = start("serve")
    url = re.fullmatch(r"adapter listens on (http://127\.0\.0\.1:\d+)\n", line)[1]
    with httpx.Client(base_url=url, headers=bearer, timeout=60) as client:
        body = fhir_json.serialize(messages("served")[0])
        response = client.post(
            "/fhir/$process-message", content=body, headers={"Content-Type": "application/fhir+json"}
        )
        assert response.status_code == 200, response.text
        _until(lambda: client.get("/health/ready").status_code == 200)
        _until(lambda: "done" in statuses(installation, "lifecare"))
        assert 'adapter_attempts_total{endpoint="lifecare",outcome="done"} 1.0' in client.get("/metrics").text
    assert stored(installation.lifecare) == 1
    process.send_signal(signal.SIGTERM)
    status, out, err = ended(process)
    assert (status, out) == (0, "")
    lines = [json.loads(line) for line in err.splitlines()]
    assert any(line["message"] == "request" and line["place"] == "/fhir/$process-message" for line in lines)
    assert not any(line["level"] == "error" for line in lines)
    assert "receiver.token" in next(line["message"] for line in lines if line["level"] == "warning")
    with installation.adapter.database.read() as connection:
        assert connection.execute(tables.worker_heartbeat.select()).all() == []


def test_serve_without_worker_takes_and_a_worker_elsewhere_delivers(installation, messages, start):
    bearer = {"Authorization": f"Bearer {token(installation, 'send')}", "Content-Type": "application/fhir+json"}
    server, line = start("serve", "--no-worker")
    body = fhir_json.serialize(messages("split")[0])
    assert (
        httpx.post(f"{line.split()[-1]}/fhir/$process-message", content=body, headers=bearer, timeout=60).status_code
        == 200
    )
    assert httpx.get(f"{line.split()[-1]}/health/ready", timeout=60).status_code == 200
    server.send_signal(signal.SIGINT)
    assert ended(server)[0] == 0
    assert stored(installation.lifecare) == 0
    worker, line = start("worker")
    assert line == "adapter worker is at work\n"
    _until(lambda: stored(installation.lifecare) == 1)
    worker.send_signal(signal.SIGTERM)
    assert ended(worker)[0] == 0


def test_what_cannot_be_served_is_said_in_words_with_status_2(installation):
    (installation.folder / "pseudonym.key").write_text("short")
    file = installation.folder / "adapter.toml"
    run = subprocess.run([*ADAPTER, "serve", "--config", file], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith(f"adapter: {settings.load(file).file}:")
    assert "Traceback" not in run.stderr


def _until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
