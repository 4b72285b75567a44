"""The simulated receivers of SOAP calls, Tasks and files, each as the adapter's own channel meets it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from adapter.delivery.channels import build
from adapter.delivery.channels.base import ChannelSettings, Outgoing
from adapter.delivery.channels.options import FolderSettings, ResultSettings, SoapSettings, TaskSettings
from adapter.delivery.policy import Kind, classify
from adapter.directory import Endpoint
from adapter.sandbox.folder_receiver import TAKEN, FolderReceiver
from adapter.sandbox.ledger import Effect, Ledger
from adapter.sandbox.soap_receiver import SoapReceiver
from adapter.sandbox.task_server import TaskServer
from adapter.support.clock import SystemClock
from adapter.support.errors import AdapterError

RECORD = b"<m xmlns='urn:x'><kuvert><meddelandeId>m-1</meddelandeId></kuvert></m>"
RESULT = ResultSettings("result/resultCode", ("OK",), "", ("BUSY",), ("ALREADY_RECEIVED",))


@pytest.fixture
def ledger():
    return Ledger(SystemClock())


@pytest.fixture
def send():
    """Sends by a channel of its own; gives kind and reason."""

    def send(settings: ChannelSettings, body: bytes = RECORD, number: int = 7):
        channel = build(settings)
        try:
            verdict = classify(channel.send(Outgoing(number, body, "application/xml", "id-1", "corr-1")))
        finally:
            channel.close()
        return verdict.kind, verdict.reason or ""

    return send


def by_soap(receiver):
    return ChannelSettings("a", "soap", receiver.address, timeout=60.0, soap=SoapSettings("urn:x", "", RESULT))


def test_a_call_is_stored_once(ledger, send):
    receiver = SoapReceiver(ledger)
    with receiver.server:
        assert send(by_soap(receiver))[0] is Kind.DONE
        kind, reason = send(by_soap(receiver))
        assert (kind, "ALREADY_RECEIVED" in reason) == (Kind.DONE, True)
        assert send(by_soap(receiver), RECORD.replace(b"<kuvert>", b"<kuvert><x/>"))[0] is Kind.DEAD
        assert send(by_soap(receiver), b"<m/>")[0] is Kind.DONE  # known by the key of the call
    assert [entry.message_id for entry in ledger.stored] == ["m-1", "id-1-7"]


def test_a_service_that_is_busy_or_refuses_stores_nothing(ledger, send):
    for says, expected in (("busy", Kind.RETRY), ("refused", Kind.DEAD)):
        receiver = SoapReceiver(ledger, says)
        with receiver.server:
            assert send(by_soap(receiver))[0] is expected
    assert ledger.stored == ()


def task(status: str, **more):
    identifier = [{"system": "urn:t", "value": "1"}]
    return {"resourceType": "Task", "identifier": identifier, "status": status, "intent": "order"} | more


def by_task(server, said):
    rules = TaskSettings("create", lambda *_: [said], lambda _before, _after: True, frozenset({"status"}))
    return ChannelSettings("a", "fhir-task", server.base, timeout=60.0, task=rules)


@pytest.mark.parametrize("format_", ["json", "xml"])
def test_a_task_is_created_then_written_on_its_version(ledger, send, format_):
    server = TaskServer(ledger)
    with server.server:
        for status, version in (("received", "1"), ("accepted", "2"), ("accepted", "2")):
            settings = by_task(server, task(status))
            assert send(ChannelSettings(**(vars(settings) | {"format": format_})))[0] is Kind.DONE
            assert [(each["status"], each["meta"]["versionId"]) for each in server.tasks] == [(status, version)]
    assert [entry.event for entry in ledger.stored] == ["Task received", "Task accepted"]


def test_a_task_that_it_has_from_the_beginning_is_answered(ledger, send):
    server = TaskServer(ledger, [("urn:t", "1"), ("urn:t", "2")])
    with server.server:
        assert send(by_task(server, task("accepted")))[0] is Kind.DONE
    assert sorted(each["status"] for each in server.tasks) == ["accepted", "requested"]


def test_an_update_of_another_version_or_of_none_is_refused(ledger):
    import httpx

    server = TaskServer(ledger, [("urn:t", "1")])
    (known,) = server.tasks
    url = f"{server.base}/Task/{known['id']}"
    headers = {"Content-Type": "application/fhir+json"}
    with server.server:
        content = json.dumps(task("accepted"))
        assert httpx.put(url, content=content, headers=headers).status_code == 428
        assert httpx.put(url, content=content, headers=headers | {"If-Match": 'W/"7"'}).status_code == 412
        assert httpx.put(url, content="{", headers=headers | {"If-Match": 'W/"1"'}).status_code == 400
        assert (
            httpx.put(url, content='{"resourceType": "Patient"}', headers=headers | {"If-Match": 'W/"1"'}).status_code
            == 422
        )
        assert httpx.get(f"{server.base}/Patient/1").status_code == 404
        assert httpx.get(f"{server.base}/metadata").json()["fhirVersion"] == "4.0.1"
    assert server.tasks == [known]
    assert ledger.stored == ()


def by_folder(folder):
    return ChannelSettings("a", "folder", "", folder=FolderSettings(folder, 3600.0))


def test_a_file_is_taken_away_and_acknowledged(ledger, send, tmp_path):
    receiver = FolderReceiver(tmp_path / "box", ledger)
    box = receiver.folder
    assert send(by_folder(box))[0] is not Kind.DONE
    assert receiver.look() == 1
    assert [file.read_bytes() for file in (box / TAKEN).iterdir()] == [RECORD]
    assert send(by_folder(box))[0] is Kind.DONE
    assert receiver.look() == 0
    assert [entry.message_id for entry in ledger.stored] == ["id-1-7"]


def test_a_file_that_is_refused_is_a_dead_letter(ledger, send, tmp_path):
    receiver = FolderReceiver(tmp_path, ledger, "error")
    send(by_folder(tmp_path))
    (tmp_path / ".hidden.part").write_text("half")
    (tmp_path / "link.xml").symlink_to("/etc/hostname")
    assert receiver.look() == 1
    kind, reason = send(by_folder(tmp_path))
    assert (kind, "refused" in reason) == (Kind.DEAD, True)


def test_another_content_under_the_same_name_is_refused(ledger, tmp_path):
    receiver = FolderReceiver(tmp_path, ledger)
    for body in ("one", "two"):
        (tmp_path / "a.xml").write_text(body)
        receiver.look()
    assert [entry.effect for entry in ledger.entries] == [Effect.STORED, Effect.CONFLICT]
    assert (tmp_path / "a.xml.error").read_text() == "the same name with other content"


def test_a_folder_that_cannot_be_made_is_told(ledger, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AdapterError, match="cannot be used"):
        FolderReceiver(tmp_path / "file", ledger)


@pytest.mark.slow
@pytest.mark.parametrize("words", [["soap"], ["task", "--task", "urn:t|1"], ["folder", "box"]])
def test_the_command_prints_an_endpoint_that_the_directory_takes(words, tmp_path: Path):
    command = [sys.executable, "-c", "from adapter.cli.main import main; main()", "sandbox", *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    process.stdout.readline()
    (said,) = yaml.safe_load(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    process.stdout.close()
    made = Endpoint(**(said | {"system": "s"}))
    assert made.channel in ("soap", "fhir-task", "folder")
