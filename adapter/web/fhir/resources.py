"""/fhir/Encounter and /fhir/CarePlan: read, versions and search of what was already disclosed to the caller's party."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.exchange.resource_ledger import TYPES
from adapter.exchange.resources import Found, Shown, Wanted
from adapter.exchange.submission import Refusal
from adapter.fhir import outcomes
from adapter.security.principals import Right
from adapter.support.errors import NotFoundError
from adapter.web import auth, negotiation
from adapter.web.errors import resource_response
from adapter.web.fhir import searching
from adapter.web.fhir.base import base_url
from adapter.web.fhir.forms import FORM, form
from adapter.web.intake import Intake
from adapter.web.negotiation import Offer

if TYPE_CHECKING:
    from adapter.wiring import Adapter

SEARCHED = {"_id": "token", "_lastUpdated": "date", "identifier": "token", "status": "token"}
"""The search parameters, with their types, beside `patient:identifier`, `_count` and `_cursor`."""

_ID = re.compile(r"[0-9]{1,18}")


def router(adapter: "Adapter", intake: Intake) -> APIRouter:
    routes = APIRouter(prefix="/fhir")
    for kind in TYPES:
        _add(routes, adapter, intake, kind)
    return routes


def _add(routes: APIRouter, adapter: "Adapter", intake: Intake, kind: str) -> None:
    def shown(request: Request, resource_id: str, version: str | None = None) -> Response:
        caller, offer = auth.principal(request, adapter, Right.CONTENT), negotiation.answer_format(request)
        number = None if version is None else _number(kind, version)
        return _one(lambda: adapter.resources.read(caller, kind, _number(kind, resource_id), number), request, offer)

    @routes.get(f"/{kind}/{{resource_id}}", summary=f"Read one {kind}", name=f"read-{kind}")
    def read(resource_id: str, request: Request) -> Response:
        """As it stands for the caller's party: what it sent, or what was delivered to it; 404 for all else. Audited.
        Needs the right `content`."""
        return shown(request, resource_id)

    @routes.get(f"/{kind}/{{resource_id}}/_history/{{version}}", summary=f"Read a version of one {kind}")
    def vread(resource_id: str, version: str, request: Request) -> Response:
        """One version, where it came to the caller's party and is still kept. Needs the right `content`."""
        return shown(request, resource_id, version)

    @routes.get(f"/{kind}/{{resource_id}}/_history", summary=f"The versions of one {kind}")
    def history(resource_id: str, request: Request) -> Response:
        """A Bundle of type history: the versions that came to the caller's party, the one in force first. Needs the
        right `content`."""
        caller, offer = auth.principal(request, adapter, Right.CONTENT), negotiation.answer_format(request)
        versions = adapter.resources.history(caller, kind, _number(kind, resource_id))
        return resource_response(_history(versions, f"{base_url(request, adapter)}/fhir/{kind}", kind), offer)

    @routes.get(f"/{kind}", summary=f"Search {kind}s")
    def search(request: Request) -> Response:
        """By `_id`, `identifier`, `status` and `_lastUpdated`; in pages of `_count`, the next by `_cursor`. By a person
        only by POST. Needs the right `content`."""
        caller, offer = auth.principal(request, adapter, Right.CONTENT), negotiation.answer_format(request)
        given = request.query_params.multi_items()
        searching.refuse_persons(given, kind)
        found = adapter.resources.search(caller, kind, _wanted(given))
        return resource_response(_searchset(found, given, f"{base_url(request, adapter)}/fhir/{kind}"), offer)

    @routes.post(f"/{kind}/_search", summary=f"Search {kind}s", openapi_extra={"requestBody": {"content": {FORM: {}}}})
    async def search_by_form(request: Request) -> Response:
        """The same, and by `patient:identifier`, in a form. The next page is fetched by GET. Needs the right
        `content`."""
        caller = await intake.call(auth.principal, request, adapter, Right.CONTENT)
        offer = negotiation.answer_format(request)
        in_url = request.query_params.multi_items()
        searching.refuse_persons(in_url, kind)
        given = [*in_url, *await form(intake, request, adapter, caller)]
        found = await intake.work(adapter.resources.search, caller, kind, _wanted(given))
        return resource_response(_searchset(found, given, f"{base_url(request, adapter)}/fhir/{kind}"), offer)


def _one(read: Callable[[], Shown], request: Request, offer: Offer) -> Response:
    """A resource with its ETag, 304 where the caller has it, 410 where it is no longer kept."""
    try:
        found = read()
    except Refusal as refused:
        return resource_response(outcomes.to_fhir(list(refused.issues)), offer, refused.status)
    headers = {"ETag": _etag(found), "Last-Modified": f"{found.at:%a, %d %b %Y %H:%M:%S} GMT"}
    if request.headers.get("if-none-match") == _etag(found):
        return Response(status_code=304, headers=headers)
    return resource_response(_resource(found), offer, 200, headers)


def _resource(found: Shown) -> dict[str, Any]:
    resource = dict(found.resource)
    kind, told = resource.pop("resourceType"), resource.pop("meta", {})
    version = {"versionId": str(found.version), "lastUpdated": found.at.isoformat(timespec="milliseconds")}
    return {"resourceType": kind, "id": str(found.id), "meta": version | told, **resource}


def _etag(found: Shown) -> str:
    return f'W/"{found.version}"'


def _number(kind: str, written: str) -> int:
    if not _ID.fullmatch(written):
        raise NotFoundError(f"there is no such {kind}, or none that you may see")
    return int(written)


def _wanted(given: list[tuple[str, str]]) -> Wanted:
    found = searching.read(given, SEARCHED)
    ids = found.values.get("_id")
    return Wanted(
        ids=None if ids is None else tuple(int(each) for each in ids if _ID.fullmatch(each)),
        identifiers=found.values.get("identifier"),
        statuses=found.values.get("status"),
        patient=found.patient,
        since=found.since,
        until=found.until,
        count=found.count,
        place=found.place,
    )


def _searchset(found: Found, given: list[tuple[str, str]], address: str) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"{address}/{each.id}", "resource": _resource(each), "search": {"mode": "match"}}
        for each in found.resources
    ]
    return searching.searchset(entries, found.next, given, address)


def _history(versions: list[Shown], address: str, kind: str) -> dict[str, Any]:
    entries = [
        {
            "fullUrl": f"{address}/{each.id}",
            "resource": _resource(each),
            "request": {"method": "PUT", "url": f"{kind}/{each.id}"},
            "response": {
                "status": "200",
                "etag": _etag(each),
                "lastModified": each.at.isoformat(timespec="milliseconds"),
            },
        }
        for each in versions
    ]
    found: dict[str, Any] = {"resourceType": "Bundle", "type": "history", "total": len(versions)}
    return found | ({"entry": entries} if entries else {})
