"""Reload without restart: a new configuration is taken whole or not at all, and what has begun ends as it began."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from adapter.fhir import json as fhir_json
from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.ledger import Ledger
from adapter.sandbox.lifecare import Lifecare
from adapter.security.principals import Right
from adapter.store import alarms, tables
from adapter.web.reloading import REFUSED, Reloading
from adapter.web.server import Server

ADAPTER = [sys.executable, "-c", "from adapter.cli.main import main; main()"]
FHIR = {"Content-Type": "application/fhir+json"}


def directory(installation):
    return installation.folder / "directory" / "directory.yaml"


def change(installation, old, new):
    text = directory(installation).read_text(encoding="utf-8")
    assert old in text
    directory(installation).write_text(text.replace(old, new), encoding="utf-8")


def move_municipality(installation):
    """Its messages go by another endpoint of the same system."""
    change(installation, "{to: {party: kommun}, endpoint: lifecare}", "{to: {party: kommun}, endpoint: second}")
    second = "  - {id: second, system: lifecare, channel: xml-http, address: 'http://127.0.0.1:9/x', mapping: lifecare,"
    change(installation, "endpoints:\n", f"endpoints:\n{second} token_file: receiver.token}}\n")


def alarm(installation):
    with installation.adapter.database.read() as connection:
        return next((each for each in alarms.standing(connection) if each.kind == REFUSED), None)


def rows(installation, table):
    with installation.adapter.database.read() as connection:
        return connection.execute(select(table).order_by(table.c.id)).all()


def token(installation):
    soon = installation.adapter.clock.now() + timedelta(days=1)
    return installation.adapter.tokens.issue("region", {Right.SEND}, soon, "test")


def until(condition):
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


@pytest.fixture
def served(installation):
    """A server of the installation in this process, and what reloads it."""
    server = Server(installation.adapter)
    server.start()
    yield server, Reloading(installation.adapter, [server])
    server.stop()


def test_a_route_is_in_force_for_the_next_message_and_each_message_says_by_which_configuration(
    installation, messages, served
):
    server, reloading = served
    first, second = messages("before")[0], messages("after")[0]
    headers = {"Authorization": f"Bearer {token(installation)}", **FHIR}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        assert client.post("/fhir/$process-message", content=fhir_json.serialize(first)).status_code == 200
        move_municipality(installation)
        assert reloading.reload()
        assert client.post("/fhir/$process-message", content=fhir_json.serialize(second)).status_code == 200
    deliveries = rows(installation, tables.delivery)
    to_municipality = [row.endpoint for row in deliveries if row.receiver_party == "kommun"]
    assert to_municipality == ["lifecare", "second"]
    before, after = (row.config_version for row in rows(installation, tables.message))
    assert before != after
    assert f"configuration/{after}" in {row.object for row in rows(installation, tables.audit)}


def test_a_request_under_way_ends_under_the_configuration_with_which_it_began(installation, messages, served):
    server, reloading = served
    body = fhir_json.serialize(messages("slow")[0])
    host, port = re.fullmatch(r"http://([^:]+):(\d+)", server.url).groups()
    head = (
        f"POST /fhir/$process-message HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(installation)}\r\n"
        f"Content-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=60) as slow:
        slow.sendall(head.encode() + body[:100])
        with httpx.Client(base_url=server.url, timeout=60) as client:  # one that came later has been answered
            assert client.get("/health/live").status_code == 200
        move_municipality(installation)
        assert reloading.reload()
        slow.sendall(body[100:])
        answer = b""
        while more := slow.recv(65536):
            answer += more
    assert answer.startswith(b"HTTP/1.1 200")
    assert [row.config_version for row in rows(installation, tables.message)] == [installation.adapter.config_version]
    assert "lifecare" in {row.endpoint for row in rows(installation, tables.delivery)}


def test_an_endpoint_for_which_deliveries_wait_is_not_taken_away(installation, messages):
    installation.send(messages("waits")[0])
    reloading = Reloading(installation.adapter)
    change(installation, "  - {to: {party: kommun}, endpoint: lifecare}\n", "")
    change(installation, "  - {to: {party: annan}, endpoint: lifecare}\n", "")
    text = directory(installation).read_text(encoding="utf-8")
    begin = text.index("  - {id: lifecare, system: lifecare")
    directory(installation).write_text(text[:begin] + text[text.index("routes:") :], encoding="utf-8")
    assert not reloading.reload()
    assert (
        "the endpoint 'lifecare' is not here any more, and 1 deliveries to it are not done"
        in alarm(installation).reason
    )
    with installation.adapter.database.write() as connection:
        connection.execute(tables.delivery.update().values(status="cancelled"))
    assert reloading.reload()
    assert alarm(installation) is None


def test_what_is_faulty_is_refused_with_file_and_line_each_time_anew(installation):
    reloading = Reloading(installation.adapter)
    change(installation, "kind: region, name: Region Västerbotten", "kind: regoin, name: Region Västerbotten")
    assert not reloading.reload()
    assert re.search(r"directory\.yaml:3: .*kind", alarm(installation).reason)
    change(installation, "kind: regoin", "kind: region")
    (installation.folder / "adapter.toml").write_text("environment = 'tset'\n")
    assert not reloading.reload()
    assert re.search(r"adapter\.toml:1: environment", alarm(installation).reason)


def test_the_worker_sends_by_the_new_configuration(installation, messages):
    clock = installation.adapter.clock
    moved = Lifecare("receiver-token-for-tests-only", Ledger(clock), Identifiers("m"), clock)
    moved.server.accept()
    try:
        installation.send(messages("first")[0])
        installation.adapter.worker.run_until_idle()
        assert installation.lifecare.ledger.entries
        change(installation, installation.lifecare.address, moved.address)
        assert Reloading(installation.adapter).reload()
        installation.send(messages("second")[0])
        installation.adapter.worker.run_until_idle()
        assert moved.ledger.entries
    finally:
        moved.server.stop()


@pytest.mark.slow
def test_a_process_reloads_at_sighup_and_goes_on_after_a_faulty_one(installation):
    process = subprocess.Popen(
        [*ADAPTER, "serve", "--config", str(installation.folder / "adapter.toml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"ADAPTER_SERVER__PORT": "0"},
    )
    try:
        url = process.stdout.readline().split()[-1]
        change(installation, "endpoint: open-care}", "endpoint: nowhere}")
        process.send_signal(signal.SIGHUP)
        assert "directory.yaml:" in until(lambda: alarm(installation)).reason
        assert httpx.get(f"{url}/health/live", timeout=60).status_code == 200
        change(installation, "endpoint: nowhere}", "endpoint: open-care}")
        process.send_signal(signal.SIGHUP)
        until(lambda: alarm(installation) is None)
        until(lambda: any(row.action == "configuration-reload" for row in rows(installation, tables.audit)))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
