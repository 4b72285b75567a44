"""/fhir/Encounter and /fhir/CarePlan: read, versions and search of what was already disclosed to the caller's party."""

import base64
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.exchange.resource_ledger import TYPES
from adapter.exchange.resources import MOST, PAGE, Found, Place, Shown, Wanted
from adapter.exchange.submission import Refusal
from adapter.fhir import identifiers, instants, outcomes
from adapter.security.principals import Right
from adapter.support.errors import NotFoundError
from adapter.web import auth, negotiation
from adapter.web.errors import PARAMETER, Refused, resource_response
from adapter.web.fhir.base import base_url
from adapter.web.fhir.forms import FORM, form
from adapter.web.intake import Intake
from adapter.web.negotiation import Offer

if TYPE_CHECKING:
    from adapter.wiring import Adapter

SEARCHED = {"_id": "token", "_lastUpdated": "date", "identifier": "token", "status": "token"}
"""The search parameters, with their types, beside `patient:identifier`, `_count` and `_cursor`."""

_PERSON = ("patient:identifier", "subject:identifier")
_PERSONS = frozenset({"patient", "subject", "patient.identifier", "subject.identifier", *_PERSON})
_GENERAL = ("_format", "_pretty")
_ID = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{1,6}")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,80}")
_MOST_VALUES = 100


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
        _refuse_persons(given, kind)
        found = adapter.resources.search(caller, kind, _wanted(given))
        return resource_response(_searchset(found, given, f"{base_url(request, adapter)}/fhir/{kind}"), offer)

    @routes.post(f"/{kind}/_search", summary=f"Search {kind}s", openapi_extra={"requestBody": {"content": {FORM: {}}}})
    async def search_by_form(request: Request) -> Response:
        """The same, and by `patient:identifier`, in a form. The next page is fetched by GET. Needs the right
        `content`."""
        caller = await intake.call(auth.principal, request, adapter, Right.CONTENT)
        offer = negotiation.answer_format(request)
        in_url = request.query_params.multi_items()
        _refuse_persons(in_url, kind)
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


def _refuse_persons(in_url: list[tuple[str, str]], kind: str) -> None:
    if any(name in _PERSONS for name, _ in in_url):
        text = f"what names a person belongs in no URL: send patient:identifier in the form of POST {kind}/_search"
        raise Refused(400, PARAMETER, text)


def _wanted(given: list[tuple[str, str]]) -> Wanted:
    """Raises Refused for a parameter that is not known: to leave it out would find too much."""
    values: dict[str, tuple[str, ...]] = {}
    bounds: dict[str, datetime] = {}
    for name, value in given:
        if name == "_lastUpdated":
            bound, at = _bound(value)
            if bound in bounds:
                raise Refused(400, PARAMETER, "expected at most one _lastUpdated with ge and one with le")
            bounds[bound] = at
        elif name in ("_id", "identifier", "status", "_count", "_cursor", *_PERSON) and name not in values:
            values[name] = tuple(value.split(",", _MOST_VALUES))
        elif name not in _GENERAL:
            known = ", ".join([*SEARCHED, _PERSON[0], "_count", "_cursor"])
            raise Refused(400, PARAMETER, f"expected each of {known} once at most (_lastUpdated twice), no other")
    if any(len(each) > _MOST_VALUES for each in values.values()):
        raise Refused(400, PARAMETER, f"expected at most {_MOST_VALUES} values of a parameter")
    return Wanted(
        ids=tuple(int(each) for each in values["_id"] if _ID.fullmatch(each)) if "_id" in values else None,
        identifiers=values.get("identifier"),
        statuses=values.get("status"),
        patient=_person([values[name] for name in _PERSON if name in values]),
        since=bounds.get("ge"),
        until=bounds.get("le"),
        count=_count(values.get("_count")),
        place=_place(values.get("_cursor")),
    )


def _bound(value: str) -> tuple[str, datetime]:
    """A `+` that was not encoded has come as a space."""
    at = instants.parse(value[2:].replace(" ", "+"))
    if value[:2] not in ("ge", "le") or at is None:
        raise Refused(400, PARAMETER, "expected _lastUpdated as ge or le and an instant with offset")
    return value[:2], at


def _count(values: tuple[str, ...] | None) -> int:
    if values is None:
        return PAGE
    if len(values) > 1 or not _NUMBER.fullmatch(values[0]):
        raise Refused(400, PARAMETER, "expected _count as a whole number")
    return min(int(values[0]), MOST)


def _person(given: list[tuple[str, ...]]) -> tuple[str, str] | None:
    if not given:
        return None
    system, bar, value = given[0][0].partition("|")
    if len(given) > 1 or len(given[0]) > 1 or not (system and bar and value):
        raise Refused(400, PARAMETER, "expected patient:identifier as system|value, once")
    return identifiers.normalised(system, value)


def _place(values: tuple[str, ...] | None) -> Place:
    if values is None:
        return Place()
    with suppress(ValueError):
        written = values[0] if len(values) == 1 and _CURSOR.fullmatch(values[0]) else ""
        match json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))):
            case [int(after), bool(same_person)] if 0 < after < 10**18:
                return Place(after, same_person)
    raise Refused(400, PARAMETER, "the _cursor is none of ours: take it from the link next of the page before")


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([place.after, place.same_person]).encode()).decode().rstrip("=")


def _searchset(found: Found, given: list[tuple[str, str]], address: str) -> dict[str, Any]:
    """The page as a Bundle; the links hold no parameter that names a person."""
    kept = [(name, value) for name, value in given if name not in (*_PERSONS, "_cursor", *_GENERAL)]
    links = [{"relation": "self", "url": _address(address, kept)}]
    if found.next is not None:
        links.append({"relation": "next", "url": _address(address, [*kept, ("_cursor", _cursor(found.next))])})
    entries = [
        {"fullUrl": f"{address}/{each.id}", "resource": _resource(each), "search": {"mode": "match"}}
        for each in found.resources
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return bundle | ({"entry": entries} if entries else {})


def _address(address: str, pairs: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(pairs)}" if pairs else address


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
