"""/fhir/Task: read, search, history, and the one write over REST, which becomes an answer at the one door."""

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.exchange.submission import Refusal, Submission
from adapter.exchange.tasks import Answered, Found, Shown, Wanted
from adapter.fhir import outcomes, wire
from adapter.fhir.canonical import CASE, TASK
from adapter.fhir.outcomes import Rule
from adapter.security.principals import Right
from adapter.support.errors import NotFoundError
from adapter.web import auth, limits, negotiation
from adapter.web.errors import PARAMETER, Refused, resource_response
from adapter.web.fhir import searching
from adapter.web.fhir.base import base_url
from adapter.web.fhir.forms import FORM, form
from adapter.web.fhir.process_message import BODY
from adapter.web.intake import Intake, answer
from adapter.web.negotiation import Offer, UnsupportedMediaType

if TYPE_CHECKING:
    from adapter.wiring import Adapter

CONDITION = Rule("http-428", "required", "If-Match is missing", "send If-Match with the ETag that was read last")
SEARCHED = {
    "_id": "token",
    "_lastUpdated": "date",
    "identifier": "token",
    "group-identifier": "token",
    "case": "token",
    "status": "token",
}
"""The search parameters, with their types, beside `patient:identifier`, `_count` and `_cursor`."""
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')
_ID = re.compile(r"[0-9]{1,18}")


def router(adapter: "Adapter", intake: Intake) -> APIRouter:
    routes = APIRouter(prefix="/fhir")
    _add_reading(routes, adapter)
    _add_searching(routes, adapter, intake)
    _add_moving(routes, adapter, intake)
    return routes


def _add_reading(routes: APIRouter, adapter: "Adapter") -> None:
    @routes.get("/Task/{task_id}", summary="Read a Task")
    def read(task_id: str, request: Request) -> Response:
        """The Task as it was last disclosed to the caller's party, which is its owner or requester; 404 for all else.
        Audited. Needs the right `content`."""
        caller, offer = auth.principal(request, adapter, Right.CONTENT), negotiation.answer_format(request)
        return _one(lambda: adapter.tasks.read(caller, _number(task_id)), request, offer)

    @routes.get("/Task/{task_id}/_history/{version}", summary="Read a version of a Task")
    def vread(task_id: str, version: str, request: Request) -> Response:
        """One version, where it was disclosed to the caller's party and is still kept. Needs the right `content`."""
        caller, offer = auth.principal(request, adapter, Right.CONTENT), negotiation.answer_format(request)
        return _one(lambda: adapter.tasks.read(caller, _number(task_id), _number(version)), request, offer)

    @routes.get("/Task/{task_id}/_history", summary="The versions of a Task")
    def history(task_id: str, request: Request) -> Response:
        """A Bundle of type history: the versions disclosed to the caller's party, newest first. Needs the right
        `content`."""
        caller, offer = auth.principal(request, adapter, Right.CONTENT), negotiation.answer_format(request)
        place = f"{base_url(request, adapter)}/fhir/Task"
        return resource_response(_history(adapter.tasks.history(caller, _number(task_id)), place), offer)


def _add_searching(routes: APIRouter, adapter: "Adapter", intake: Intake) -> None:
    @routes.get("/Task", summary="Search Tasks")
    def search(request: Request) -> Response:
        """By `_id`, `_lastUpdated`, `identifier`, `group-identifier`, `case` and `status`; in pages of `_count`, the
        next by `_cursor`. By a person only by POST. Needs the right `content`."""
        caller, offer = auth.principal(request, adapter, Right.CONTENT), negotiation.answer_format(request)
        given = request.query_params.multi_items()
        searching.refuse_persons(given, "Task")
        found = adapter.tasks.search(caller, _wanted(given))
        return resource_response(_searchset(found, given, f"{base_url(request, adapter)}/fhir/Task"), offer)

    @routes.post("/Task/_search", summary="Search Tasks", openapi_extra={"requestBody": {"content": {FORM: {}}}})
    async def search_by_form(request: Request) -> Response:
        """The same, and by `patient:identifier`, in a form. The next page is fetched by GET. Needs the right
        `content`."""
        caller = await intake.call(auth.principal, request, adapter, Right.CONTENT)
        offer = negotiation.answer_format(request)
        in_url = request.query_params.multi_items()
        searching.refuse_persons(in_url, "Task")
        given = [*in_url, *await form(intake, request, adapter, caller)]
        found = await intake.work(adapter.tasks.search, caller, _wanted(given))
        return resource_response(_searchset(found, given, f"{base_url(request, adapter)}/fhir/Task"), offer)


def _add_moving(routes: APIRouter, adapter: "Adapter", intake: Intake) -> None:
    @routes.put("/Task/{task_id}", summary="Move a Task", openapi_extra={"requestBody": BODY})
    async def update(task_id: str, request: Request) -> Response:
        """Takes the Task with its new status. If-Match is required: 428 without it, 412 where the Task has changed.
        The change is sent to the other side as an `acceptance-answer`. Needs the right `send`."""
        caller = await intake.call(auth.principal, request, adapter, Right.SEND)
        offer = negotiation.answer_format(request)
        version = _condition(request)
        try:
            headers = request.headers
            negotiation.content_format(headers.get("content-type"), headers.get("content-encoding"))
            async with intake.place(request):
                with intake.reading(caller, request):
                    body = await intake.body(request)
                submission = Submission(
                    body, headers["content-type"], request.state.request_id, request.state.correlation_id
                )
                given = await intake.work(wire.parse, body, headers["content-type"], size=len(body))
                task = partial(adapter.tasks.update, caller, _number(task_id), given, version, submission)
                return await intake.work(_one, task, request, offer, size=len(body))
        except (UnsupportedMediaType, limits.TooLarge) as error:
            raise answer(error, adapter.settings.server.max_message_bytes) from error


def _one(task: Any, request: Request, offer: Offer) -> Response:
    """A Task with its ETag, 304 where the caller has it, or what was said instead of it."""
    try:
        shown: Shown = task()
    except Refusal as refused:
        return resource_response(outcomes.to_fhir(list(refused.issues)), offer, refused.status)
    except Answered as answered:
        return resource_response(answered.reply.resource, offer, answered.reply.status)
    headers = {"ETag": _etag(shown), "Last-Modified": f"{shown.at:%a, %d %b %Y %H:%M:%S} GMT"}
    if request.method == "GET" and request.headers.get("if-none-match") == _etag(shown):
        return Response(status_code=304, headers=headers)
    return resource_response(_resource(shown), offer, 200, headers)


def _resource(shown: Shown) -> dict[str, Any]:
    task = dict(shown.task)
    kind, told = task.pop("resourceType"), task.pop("meta", {})
    version = {"versionId": str(shown.version), "lastUpdated": shown.at.isoformat(timespec="milliseconds")}
    return {"resourceType": kind, "id": str(shown.id), "meta": version | told, **task}


def _etag(shown: Shown) -> str:
    return f'W/"{shown.version}"'


def _condition(request: Request) -> int:
    written = request.headers.get("if-match")
    if written is None:
        raise Refused(428, CONDITION, 'a Task is changed only with the version that was read: send If-Match: W/"…"')
    match = _ETAG.fullmatch(written.strip())
    if match is None:
        raise Refused(400, PARAMETER, 'If-Match is no ETag of a Task: expected one such as W/"2"')
    return int(match[1])


def _number(written: str) -> int:
    if not _ID.fullmatch(written):
        raise NotFoundError("there is no such Task, or none that you may see")
    return int(written)


def _wanted(given: list[tuple[str, str]]) -> Wanted:
    found = searching.read(given, SEARCHED)
    values = found.values
    return Wanted(
        ids=tuple(int(each) for each in values["_id"] if _ID.fullmatch(each)) if "_id" in values else None,
        identifiers=_tokens(values.get("identifier"), TASK),
        groups=_cases(values.get("group-identifier"), values.get("case")),
        statuses=values.get("status"),
        patient=found.patient,
        since=found.since,
        until=found.until,
        count=found.count,
        place=found.place,
    )


def _tokens(values: tuple[str, ...] | None, system: str) -> tuple[str, ...] | None:
    """The values of tokens in a system, or without one."""
    if values is None:
        return None
    pairs = (each.rpartition("|") for each in values)
    return tuple(value for named, _, value in pairs if named in ("", system))


def _cases(*given: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The cases that every parameter names; a value alone is of our own system."""
    named = [{each if "|" in each else f"{CASE}|{each}" for each in values} for values in given if values is not None]
    return tuple(sorted(set.intersection(*named))) if named else None


def _searchset(found: Found, given: list[tuple[str, str]], place: str) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"{place}/{each.id}", "resource": _resource(each), "search": {"mode": "match"}}
        for each in found.tasks
    ]
    return searching.searchset(entries, found.next, given, place)


def _history(versions: list[Shown], place: str) -> dict[str, Any]:
    entries = [
        {
            "fullUrl": f"{place}/{each.id}",
            "resource": _resource(each),
            "request": {"method": "POST" if each.version == 1 else "PUT", "url": f"Task/{each.id}"},
            "response": {
                "status": "201" if each.version == 1 else "200",
                "etag": _etag(each),
                "lastModified": each.at.isoformat(timespec="milliseconds"),
            },
        }
        for each in versions
    ]
    found: dict[str, Any] = {"resourceType": "Bundle", "type": "history", "total": len(versions)}
    return found | ({"entry": entries} if entries else {})
