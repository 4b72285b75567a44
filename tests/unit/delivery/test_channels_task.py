"""A Task on the receiver's FHIR server: real HTTP, a small server that keeps versions as FHIR R4 asks."""

import copy
import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from adapter.delivery.channels import build
from adapter.delivery.channels.base import ChannelSettings, Outgoing
from adapter.delivery.channels.options import TaskSettings
from adapter.delivery.policy import Kind, classify
from adapter.support.errors import MappingError

SYSTEM = "urn:x:task"
OUTGOING = Outgoing(7, b"the message", "application/fhir+json", "id-1", "corr-1")
MOVED = frozenset({"status", "statusReason", "businessStatus", "output", "note", "executionPeriod"})
ORDER = ("requested", "received", "accepted", "completed")
"""rejected and cancelled lie beside it"""


def follows(before: str, after: str) -> bool:
    if after in ("rejected", "cancelled"):
        return before in ("requested", "received")
    return before in ORDER and ORDER.index(before) < ORDER.index(after)


class TaskServer:
    """The receiver: Task/_search, read, If-Match, If-None-Exist."""

    def __init__(self, receiver: Any, replies: Any) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.before: dict[str, Any] = {}
        """what to do before a call of a method, once"""
        self.written: list[tuple[str, dict[str, str]]] = []
        self.searched = True
        self.etags = True
        self.replies = replies
        self.url = receiver.url
        receiver.answer = self.serve

    def keep(self, task_id: str, **task: Any) -> None:
        version = int(self.tasks.get(task_id, {"meta": {"versionId": "0"}})["meta"]["versionId"]) + 1
        self.tasks[task_id] = task | {"resourceType": "Task", "id": task_id, "meta": {"versionId": str(version)}}

    def serve(self, handler: Any) -> None:
        if (act := self.before.pop(handler.command, None)) is not None:
            status = act(handler)
            if status is not None:
                return self.answer(handler, status, None)
        if handler.path == "/Task/_search":
            (asked,) = parse_qs(handler.body.decode())["identifier"]
            return self.answer(handler, 200, self.search(asked))
        return {"GET": self.read, "PUT": self.update, "POST": self.create}[handler.command](handler)

    def search(self, asked: str) -> dict[str, Any]:
        found = [each for each in self.tasks.values() if not self.searched or asked in keys(each)]
        entries = [{"resource": each, "search": {"mode": "match"}} for each in found]
        return {"resourceType": "Bundle", "type": "searchset", "entry": entries}

    def read(self, handler: Any) -> None:
        task = self.tasks.get(handler.path.rpartition("/")[2])
        self.answer(handler, 200 if task else 404, task)

    def update(self, handler: Any) -> None:
        task_id = handler.path.rpartition("/")[2]
        known = self.tasks[task_id]["meta"]["versionId"]
        if handler.headers["If-Match"] != f'W/"{known}"':
            return self.answer(handler, 412, None)
        self.keep(task_id, **json.loads(handler.body))
        self.written.append(("PUT", dict(handler.headers)))
        return self.answer(handler, 200, self.tasks[task_id])

    def create(self, handler: Any) -> None:
        (asked,) = parse_qs(handler.headers["If-None-Exist"])["identifier"]
        if any(asked in keys(each) for each in self.tasks.values()):
            return self.answer(handler, 200, None)
        self.keep("new", **json.loads(handler.body))
        self.written.append(("POST", dict(handler.headers)))
        return self.answer(handler, 201, self.tasks["new"])

    def answer(self, handler: Any, status: int, resource: Any) -> None:
        body = b"" if resource is None else json.dumps(resource).encode()
        headers = {"Content_Type": "application/fhir+json"}
        if self.etags and resource is not None and "versionId" in resource.get("meta", {}):
            headers["ETag"] = f'W/"{resource["meta"]["versionId"]}"'
        self.replies(status, body, **headers)(handler)


def keys(task: dict[str, Any]) -> list[str]:
    return [f"{each['system']}|{each['value']}" for each in task.get("identifier", [])]


def task(status: str, value: str = "1", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Task", "identifier": [{"system": SYSTEM, "value": value}], "status": status, **more}


@pytest.fixture
def server(receiver, replies):
    return TaskServer(receiver, replies)


@pytest.fixture
def send(server):
    """Deliver a message that says this of the Task; the verdict."""

    def send(*said: dict[str, Any], missing: str = "refuse"):
        rules = TaskSettings(missing, lambda _body, _type: copy.deepcopy(list(said)), follows, MOVED)
        channel = build(ChannelSettings("a", "fhir-task", f"{server.url}/", timeout=60.0, task=rules))
        try:
            return classify(channel.send(OUTGOING))
        finally:
            channel.close()

    return send


def test_the_answer_is_put_on_the_version_that_was_read(server, send):
    theirs = {"note": [{"text": "ours stays"}], "for": {"reference": "Patient/9"}, "businessStatus": {"text": "old"}}
    server.keep("t1", **task("requested", **theirs))
    said = task("accepted", note=[{"text": "gladly"}], lastModified="2026-03-02T10:00:00+01:00", owner={"display": "x"})
    verdict = send(said)
    assert (verdict.kind, verdict.acknowledgement) == (Kind.DONE, "ok")
    assert 'version W/"2"' in verdict.reason
    assert server.tasks["t1"] == task(
        "accepted",
        note=[{"text": "ours stays"}, {"text": "gladly"}],
        **{"for": {"reference": "Patient/9"}},  # not its patient, and not what only the message names
        lastModified="2026-03-02T10:00:00+01:00",
        id="t1",
        meta={"versionId": "2"},
    )
    ((method, headers),) = server.written
    assert (method, headers["If-Match"], headers["Content-Type"]) == ("PUT", 'W/"1"', "application/fhir+json")
    assert headers["Idempotency-Key"] == "id-1-7-W1"


def test_a_repeat_does_no_harm(server, send):
    server.keep("t1", **task("requested"))
    said = task("accepted", note=[{"text": "gladly"}], lastModified="2026-03-02T10:00:00Z")
    assert [send(said).acknowledgement for _ in range(3)] == ["ok", "duplicate", "duplicate"]
    assert len(server.written) == 1
    server.keep("t1", **(server.tasks["t1"] | {"lastModified": "2026-03-02T11:00:00Z", "priority": "urgent"}))
    assert send(said).acknowledgement == "duplicate"


def test_no_identifier_stands_in_a_url(server, send, receiver):
    server.keep("t1", **task("requested"))
    send(task("accepted"))
    assert [path for path, _, _ in receiver.requests] == ["/Task/_search", "/Task/t1", "/Task/t1"]


@pytest.mark.parametrize("status", [412, 409])
def test_what_changed_meanwhile_is_read_and_decided_anew(server, send, status):
    server.keep("t1", **task("requested"))

    def nurse(_handler):
        server.keep("t1", **(server.tasks["t1"] | {"status": "received", "note": [{"text": "seen"}]}))
        return status if status == 409 else None

    server.before["PUT"] = nurse
    assert send(task("accepted")).kind is Kind.DONE
    assert server.tasks["t1"]["note"] == [{"text": "seen"}]
    assert server.tasks["t1"]["meta"]["versionId"] == "3"


def test_what_changes_for_ever_is_tried_later(server, send):
    server.keep("t1", **task("requested"))

    def again(_handler):
        server.before["PUT"] = again
        return 412

    server.before["PUT"] = again
    verdict = send(task("accepted"))
    assert verdict.kind is Kind.RETRY
    assert "changed under us 5 times" in verdict.reason


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        (task("cancelled"), task("accepted"), "is cancelled, from where it does not come to be accepted"),
        (task("completed"), task("accepted"), "is completed, from where it does not come to be accepted"),
        (
            task("accepted", businessStatus={"text": "b"}, lastModified="2026-03-02T11:00:00Z"),
            task("accepted", businessStatus={"text": "a"}, lastModified="2026-03-02T11:00:00+01:00"),
            "was changed after our answer",
        ),
    ],
)
def test_a_stale_answer_is_not_written_and_told(server, send, theirs, ours, words):
    server.keep("t1", **theirs)
    verdict = send(ours)
    assert verdict.kind is Kind.DEAD
    assert "stale" in verdict.reason
    assert words in verdict.reason
    assert server.written == []


def test_the_same_status_may_say_more(server, send):
    server.keep("t1", **task("accepted", lastModified="2026-03-02T10:00:00Z"))
    assert send(task("accepted", businessStatus={"text": "a"}, lastModified="2026-03-02T11:00:00Z")).kind is Kind.DONE
    assert server.tasks["t1"]["businessStatus"] == {"text": "a"}


def test_a_task_that_is_not_there(server, send):
    verdict = send(task("accepted"))
    assert verdict.kind is Kind.DEAD
    assert "has no Task of this identifier" in verdict.reason
    assert send(task("accepted"), missing="create").kind is Kind.DONE
    assert server.tasks["new"]["status"] == "accepted"
    assert [method for method, _ in server.written] == ["POST"]
    assert send(task("accepted"), missing="create").acknowledgement == "duplicate"


def test_one_that_somebody_else_creates_meanwhile_is_updated(server, send):
    def other(handler):
        if handler.path == "/Task":
            server.keep("t2", **task("requested"))
        else:  # the search comes first
            server.before["POST"] = other

    server.before["POST"] = other
    assert send(task("accepted"), missing="create").kind is Kind.DONE
    assert server.tasks.keys() == {"t2"}
    assert server.tasks["t2"]["status"] == "accepted"


def test_one_that_goes_away_between_search_and_reading(server, send):
    server.keep("t1", **task("requested"))
    server.before["GET"] = lambda _handler: server.tasks.clear()
    assert send(task("accepted")).kind is Kind.DEAD


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda server: server.keep("t2", **task("requested")), "has 2 Tasks of this identifier"),
        (lambda server: [setattr(server, "searched", False), server.keep("t2", **task("x", "9"))], "does not search"),
        (lambda server: [setattr(server, "etags", False), server.tasks["t1"].pop("meta")], "gives no version"),
    ],
)
def test_a_server_that_cannot_be_written_to_safely(server, send, spoil, words):
    server.keep("t1", **task("requested"))
    spoil(server)
    verdict = send(task("accepted"))
    assert verdict.kind is Kind.DEAD
    assert words in verdict.reason
    assert server.written == []


@pytest.mark.parametrize(("said", "words"), [((), "holds 0 Tasks"), ((task("a"), task("b")), "holds 2 Tasks")])
def test_a_message_that_is_no_answer_of_one_task(send, said, words):
    verdict = send(*said)
    assert verdict.kind is Kind.DEAD
    assert words in verdict.reason


def test_content_that_a_task_cannot_carry_is_refused_not_dropped(server):
    def tasks(_body, _type):
        raise MappingError("the message holds Communication, which a Task alone cannot carry")

    rules = TaskSettings("create", tasks, follows, MOVED)
    channel = build(ChannelSettings("a", "fhir-task", server.url, task=rules))
    verdict = classify(channel.send(OUTGOING))
    channel.close()
    assert (verdict.kind, server.written) == (Kind.DEAD, [])
    assert "Communication" in verdict.reason


def test_what_would_be_read_as_syntax_of_a_search_is_escaped(send, receiver):
    send(task("accepted", "a|b,c$d\\e"))
    (asked,) = parse_qs(receiver.requests[0][2].decode())["identifier"]
    assert asked == "urn:x:task|a\\|b\\,c\\$d\\\\e"


@pytest.mark.parametrize(("status", "kind"), [(403, Kind.TRIP), (503, Kind.RETRY), (202, Kind.RETRY), (301, Kind.TRIP)])
def test_the_write_itself_fails(server, send, status, kind):
    server.keep("t1", **task("requested"))
    server.before["PUT"] = lambda _handler: status
    assert send(task("accepted")).kind is kind
