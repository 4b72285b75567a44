"""A simulated FHIR server that keeps Tasks and their versions: search, read, create, update of a version."""

import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from adapter.fhir import json as fhir_json
from adapter.fhir import wire
from adapter.fhir import xml as fhir_xml
from adapter.fhir.shapes import objects, text
from adapter.sandbox.fhir_receiver import FHIR_JSON, FHIR_XML
from adapter.sandbox.ledger import Ledger
from adapter.sandbox.server import LoopbackServer, Request, Response
from adapter.support.errors import ParseError

Task = dict[str, Any]
Identifier = tuple[str, str]
"""System and value."""


class TaskServer:
    """The Tasks are in memory. `asked` are the identifiers of those that it has from its beginning, as requested."""

    def __init__(self, ledger: Ledger, asked: Iterable[Identifier] = (), port: int = 0) -> None:
        self.ledger = ledger
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}
        for system, value in asked:
            identifier = {"system": system, "value": value}
            self._keep(str(uuid4()), {"identifier": [identifier], "status": "requested", "intent": "order"})
        self.server = LoopbackServer(self._handle, port)

    @property
    def base(self) -> str:
        """The FHIR base URL."""
        return f"{self.server.address}/fhir"

    @property
    def tasks(self) -> list[Task]:
        """As they are now."""
        with self._lock:
            return list(self._tasks.values())

    def _handle(self, request: Request) -> Response:
        asked = request.headers.get("accept", "")
        codec = FHIR_XML if "xml" in asked else FHIR_JSON
        path = request.path.partition("?")[0].removeprefix("/fhir/")
        try:
            with self._lock:
                status, resource, headers = self._act(request, path)
        except _Refused as refused:
            self.ledger.refuse(refused.status)
            issue = {"severity": "error", "code": refused.code, "diagnostics": str(refused)}
            status, resource, headers = refused.status, {"resourceType": "OperationOutcome", "issue": [issue]}, {}
        content = fhir_xml.serialize(resource) if codec == FHIR_XML else fhir_json.serialize(resource)
        return Response(status, content, codec, headers)

    def _act(self, request: Request, path: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        kind, _, name = path.partition("/")
        if kind == "metadata" and request.method == "GET":
            return 200, _capability(), {}
        if kind != "Task":
            raise _Refused(HTTPStatus.NOT_FOUND, "not-found", "this server has Tasks alone")
        match request.method, name:
            case "POST", "_search":
                return 200, _page(self._search(parse_qs(request.body.decode("utf-8", "replace")))), {}
            case "POST", "":
                return self._create(request)
            case "GET", _ if name in self._tasks:
                return 200, self._tasks[name], _tag(self._tasks[name])
            case "PUT", _ if name in self._tasks:
                return self._update(request, name)
        raise _Refused(HTTPStatus.NOT_FOUND, "not-found", "expected POST Task/_search, GET, PUT or POST of a Task")

    def _search(self, query: dict[str, list[str]]) -> list[Task]:
        wanted = query.get("identifier", [""])[0]
        return [task for task in self._tasks.values() if wanted in _keys(task)]

    def _create(self, request: Request) -> tuple[int, dict[str, Any], dict[str, str]]:
        task = _task(request)
        condition = request.headers.get("if-none-exist")
        found = self._search(parse_qs(condition)) if condition else []
        if found:
            return 200, found[0], _tag(found[0])
        kept = self._keep(str(uuid4()), task)
        self._note(kept, request)
        return 201, kept, _tag(kept)

    def _update(self, request: Request, name: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        task, now = _task(request), self._tasks[name]
        expected = request.headers.get("if-match")
        if expected is None:
            raise _Refused(HTTPStatus.PRECONDITION_REQUIRED, "required", "expected If-Match with the version read")
        if expected != _tag(now)["ETag"]:
            words = f"the Task is at version {now['meta']['versionId']}: read it anew"
            raise _Refused(HTTPStatus.PRECONDITION_FAILED, "conflict", words)
        kept = self._keep(name, task)
        self._note(kept, request)
        return 200, kept, _tag(kept)

    def _keep(self, name: str, task: Task) -> Task:
        before = self._tasks.get(name)
        version = int(before["meta"]["versionId"]) + 1 if before else 1
        rest = {member: value for member, value in task.items() if member not in ("resourceType", "id", "meta")}
        self._tasks[name] = {"resourceType": "Task", "id": name, "meta": {"versionId": str(version)}} | rest
        return self._tasks[name]

    def _note(self, task: Task, request: Request) -> None:
        key = f"Task/{task['id']}/_history/{task['meta']['versionId']}"
        self.ledger.take(key, "task", request.body, event=f"Task {text(task.get('status'))}")


class _Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


def _task(request: Request) -> Task:
    try:
        task = wire.parse(request.body, request.media_type)
    except ParseError as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, "structure", str(error)) from error
    if task.get("resourceType") != "Task":
        raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "expected a Task")
    return task


def _keys(task: Task) -> set[str]:
    return {f"{each.get('system', '')}|{each.get('value', '')}" for each in objects(task.get("identifier"))}


def _tag(task: Task) -> dict[str, str]:
    return {"ETag": f'W/"{task["meta"]["versionId"]}"'}


def _page(found: list[Task]) -> dict[str, Any]:
    entries = [{"resource": each, "search": {"mode": "match"}} for each in found]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found)} | ({"entry": entries} if found else {})


def _capability() -> dict[str, Any]:
    interactions = [{"code": code} for code in ("read", "update", "create", "search-type")]
    resource = {"type": "Task", "interaction": interactions, "versioning": "versioned-update"}
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, FHIR_XML],
        "rest": [{"mode": "server", "resource": [resource]}],
    }
