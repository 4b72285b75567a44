"""A notice that leaves as a file and is acknowledged by one, an answer that comes in as a file, and ends as a Task on
the receiver's FHIR server: every step through the whole adapter."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from adapter.sandbox import lifecare_format
from adapter.store import tables
from adapter.web.folders import PartnerFolder

DIRECTORY = """
endpoints:
  - {id: lifecare, system: lifecare, channel: folder, mapping: lifecare, folder: {path: out, acknowledge_within: 1h}}
  - {id: open-care, system: open-care, channel: folder, format: xml, folder: {path: open-care}}
  - {id: ehr, system: ehr, channel: fhir-task, address: "TASKS", missing_task: create}
inboxes:
  - {id: from-lifecare, system: lifecare, path: in, mapping: lifecare, settled: 0s}
routes:
  - {to: {hsa: SE2321000222-E7A31}, events: [acceptance-answer], endpoint: ehr}
"""


class TaskServer:
    """A FHIR server without a Task yet: it takes what is put on it."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/fhir/Task/_search":
                    return self.answer(200, {"resourceType": "Bundle", "type": "searchset"})
                server.made.append(json.loads(body))
                return self.answer(201, server.made[-1])

            def answer(self, status: int, resource: dict[str, Any]) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/fhir+json")
                self.end_headers()
                self.wfile.write(json.dumps(resource).encode())

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def task_server() -> Iterator[TaskServer]:
    made = TaskServer()
    yield made
    made.close()


@pytest.fixture
def folder(installation, task_server) -> Path:
    """The installation's directory with other ways to the same receivers."""
    directory = installation.folder / "directory"
    file = directory / "directory.yaml"
    kept = file.read_text().partition("endpoints:")[0]
    towards = [line for line in file.read_text().splitlines() if "to: {" in line and "E7A31" not in line]
    address = f"http://127.0.0.1:{task_server.server.server_port}/fhir"
    file.write_text(kept + DIRECTORY.replace("TASKS", address).lstrip() + "\n".join(towards) + "\n")
    for name in ("out", "open-care", "in"):
        (directory / name).mkdir()
    return directory


def states(installation) -> dict[str, str]:
    with installation.adapter.database.read() as connection:
        return {row.endpoint: row.status for row in connection.execute(select(tables.delivery))}


def test_files_out_and_in_and_a_task_at_the_end(installation, messages, folder, task_server):
    adapter = installation.adapter
    assert installation.send(messages("ways")[0]).status == 200
    adapter.worker.run_until_idle()
    (whole,) = (folder / "open-care").glob("*.xml")
    assert whole.read_bytes().startswith((b"<?xml", b"<Bundle"))
    assert states(installation) == {"lifecare": "waiting", "open-care": "done"}

    (record,) = (folder / "out").glob("*.xml")
    notice = lifecare_format.parse(record.read_bytes())
    record.with_name(f"{record.name}.ok").touch()
    with adapter.database.write() as connection:  # rather than wait for the next look
        connection.execute(
            update(tables.delivery).where(tables.delivery.c.status == "waiting").values(next_attempt_at=0)
        )
    adapter.worker.run_until_idle()
    assert states(installation) == {"lifecare": "done", "open-care": "done"}

    at = adapter.clock.now().isoformat(timespec="seconds")
    (folder / "in" / "svar.xml").write_bytes(lifecare_format.acceptance(notice, str(uuid4()), at))
    inbox = PartnerFolder(adapter.directory.inboxes["from-lifecare"], adapter, 1 << 20)
    assert inbox.look() == 1
    answer = (folder / "in" / "done" / "svar.xml.answer").read_bytes()
    assert lifecare_format.acknowledgement_status(answer) == "mottaget"

    adapter.worker.run_until_idle()
    (task,) = task_server.made
    assert task["status"] == "accepted"
    assert task["for"]["identifier"]["value"]
    assert "reference" not in task["for"]
    assert states(installation)["ehr"] == "done"
