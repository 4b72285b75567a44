"""kill -9 of a worker: nothing lost, nothing out of order, one side effect at a receiver that honours the id."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from adapter.delivery import outbox
from adapter.delivery.outbox import NewDelivery
from adapter.store import migrate, tables
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database
from adapter.support.clock import SystemClock, to_micros

WORKER = Path(__file__).with_name("worker_process.py")


class Receiver:
    """Keeps a log of its own and has one effect per idempotency key. `on_effect` runs after the effect, before the
    answer: the moment at which the outcome is known to the receiver alone."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.effects: list[str] = []
        self.on_effect: Any = lambda _body: None
        self.lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                key = self.headers["Idempotency-Key"]
                with receiver.lock:
                    if key not in [seen for seen, _ in receiver.requests]:
                        receiver.effects.append(body)
                    receiver.requests.append((key, body))
                    receiver.on_effect(body)
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")
                except OSError:  # the worker is dead
                    self.close_connection = True

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # connections of killed workers
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class Site:
    """A database file, a receiver and worker processes that come and go."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'adapter.db'}"
        self.database = Database(self.url)
        migrate.upgrade(self.database)
        self.receiver = Receiver()
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, str(WORKER), self.url, self.receiver.url])
        self.processes.append(process)
        return process

    def add(self, patient_id: int, body: str) -> int:
        at = to_micros(SystemClock().now())
        contents = ContentStore(Plain())
        with self.database.write() as connection:
            message_id = connection.execute(
                insert(tables.message)
                .values(status="accepted", source="fhir", header_id=body, content_hash="h", patient_id=patient_id)
                .values(received_at=at, http_status=200, size=1, config_version="c", issues=[])
                .returning(tables.message.c.id)
            ).scalar_one()
            new = NewDelivery(
                message_id=message_id,
                patient_id=patient_id,
                endpoint="a",
                receiver_party="kommun",
                receiver_unit="SE0-1",
                event="admission-notice",
                holds_stream=True,
                media_type="application/xml",
                config_version="c",
                at=at,
            )
            delivery_id = outbox.enqueue(connection, new)
            written: dict[str, Any] = {"message_id": message_id, "delivery_id": delivery_id, "at": at}
            contents.add(connection, stage="mapped", media_type="application/xml", body=body.encode(), **written)
        return delivery_id

    def patient(self) -> int:
        with self.database.write() as connection:
            return connection.execute(
                insert(tables.patient).values(created_at=0).returning(tables.patient.c.id)
            ).scalar_one()

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(table).order_by(table.c.id)).all())

    def wait_until_delivered(self, seconds: float = 120.0) -> None:
        until = time.monotonic() + seconds
        while any(row.status != "done" for row in self.rows(tables.delivery)):
            assert time.monotonic() < until, [row.status for row in self.rows(tables.delivery)]
            time.sleep(0.05)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.receiver.server.shutdown()
        self.receiver.server.server_close()
        self.database.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path)
    yield opened
    opened.close()


def test_killed_between_send_and_record(site: Site):
    person = site.patient()
    first, _second = site.add(person, "m1"), site.add(person, "m2")
    killed = threading.Event()

    def kill(_body: str) -> None:
        if not killed.is_set():
            os.kill(site.processes[0].pid, signal.SIGKILL)
            site.processes[0].wait()
            killed.set()

    site.receiver.on_effect = kill
    site.start()
    assert killed.wait(60)
    assert [row.status for row in site.rows(tables.delivery)] == ["running", "waiting"]
    site.start()
    site.wait_until_delivered()
    assert site.receiver.effects == ["m1", "m2"]
    assert site.receiver.requests == [(f"m1-{first}", "m1")] * 2 + [(f"m2-{first + 1}", "m2")]
    assert [attempt.outcome for attempt in site.rows(tables.attempt)] == ["unknown", "done", "done"]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_killed_again_and_again_while_messages_flow(site: Site, seed: int):
    chance = random.Random(seed)
    people = [site.patient() for _ in range(4)]
    expected = {person: [f"{person}/{number}" for number in range(10)] for person in people}
    for number in range(10):
        for person in people:
            site.add(person, expected[person][number])
    site.start()
    for _ in range(5):
        target = len(site.receiver.requests) + chance.randint(1, 4)
        until = time.monotonic() + 60
        while len(site.receiver.requests) < min(target, 30):
            assert time.monotonic() < until
            time.sleep(0.001)
        time.sleep(chance.random() * 0.02)
        site.processes[-1].kill()
        site.processes[-1].wait()
        site.start()
    site.wait_until_delivered()
    site.processes[-1].terminate()
    assert site.processes[-1].wait(60) == 0

    for person in people:
        mine = [body for body in site.receiver.effects if body.startswith(f"{person}/")]
        assert mine == expected[person]
    attempts = site.rows(tables.attempt)
    assert all(attempt.outcome in ("done", "unknown") for attempt in attempts)
    assert len([attempt for attempt in attempts if attempt.outcome == "done"]) == 40
    assert len(site.receiver.requests) <= len(attempts)
