"""/fhir/Subscription: a party's own, by topic (Subscriptions R5 Backport for R4), with $status and $events."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.fhir import wire
from adapter.security.principals import Principal, Right
from adapter.support.errors import NotFoundError
from adapter.web import auth, limits, negotiation
from adapter.web.errors import PARAMETER, Refused, resource_response
from adapter.web.fhir.base import base_url
from adapter.web.fhir.process_message import BODY
from adapter.web.intake import Intake, answer
from adapter.web.negotiation import UnsupportedMediaType

if TYPE_CHECKING:
    from adapter.wiring import Adapter

_ID = re.compile(r"[0-9]{1,18}")
_GENERAL = ("_format", "_pretty")


def router(adapter: "Adapter", intake: Intake) -> APIRouter:
    routes = APIRouter(prefix="/fhir")
    _add_writing(routes, adapter, intake)
    _add_reading(routes, adapter)
    return routes


def _add_writing(routes: APIRouter, adapter: "Adapter", intake: Intake) -> None:
    async def given(request: Request, caller: Principal) -> dict[str, Any]:
        headers = request.headers
        try:
            negotiation.content_format(headers.get("content-type"), headers.get("content-encoding"))
            with intake.reading(caller, request):
                body = await intake.body(request)
        except (UnsupportedMediaType, limits.TooLarge) as error:
            raise answer(error, adapter.settings.server.max_message_bytes) from error
        return await intake.work(wire.parse, body, headers["content-type"], size=len(body))

    @routes.post("/Subscription", summary="Subscribe", openapi_extra={"requestBody": BODY})
    async def create(request: Request) -> Response:
        """Takes a Subscription by topic, with channel rest-hook. 201: a handshake follows, and then notifications that
        name what has changed and hold nothing of it. Needs the right `content`."""
        caller = await intake.call(auth.principal, request, adapter, Right.CONTENT)
        offer = negotiation.answer_format(request)
        made = await intake.work(adapter.subscriptions.create, caller, await given(request, caller))
        place = f"{base_url(request, adapter)}/fhir/Subscription/{made['id']}"
        return resource_response(made, offer, 201, {"Location": place})

    @routes.put("/Subscription/{subscription_id}", summary="Stop a Subscription, or begin it again",
                openapi_extra={"requestBody": BODY})  # fmt: skip
    async def change(subscription_id: str, request: Request) -> Response:
        """Takes the Subscription with status `off` or `requested`; nothing else of it changes. Needs the right
        `content`."""
        caller = await intake.call(auth.principal, request, adapter, Right.CONTENT)
        offer, number = negotiation.answer_format(request), _number(subscription_id)
        asked = await given(request, caller)
        return resource_response(await intake.work(adapter.subscriptions.change, caller, number, asked), offer)

    @routes.delete("/Subscription/{subscription_id}", summary="End a Subscription", status_code=204)
    def delete(subscription_id: str, request: Request) -> Response:
        """Nothing is sent any more, and its events are forgotten. Needs the right `content`."""
        caller = auth.principal(request, adapter, Right.CONTENT)
        adapter.subscriptions.delete(caller, _number(subscription_id))
        return Response(status_code=204)


def _add_reading(routes: APIRouter, adapter: "Adapter") -> None:
    def told(request: Request, write: Callable[[Principal], dict[str, Any]]) -> Response:
        caller, offer = auth.principal(request, adapter, Right.CONTENT), negotiation.answer_format(request)
        return resource_response(write(caller), offer)

    @routes.get("/Subscription", summary="List one's Subscriptions")
    def search(request: Request) -> Response:
        """All of the caller's party. Needs the right `content`."""
        _only(request)
        place = f"{base_url(request, adapter)}/fhir/Subscription"
        return told(request, lambda caller: _searchset(adapter.subscriptions.list(caller), place))

    @routes.get("/Subscription/{subscription_id}", summary="Read a Subscription")
    def read(subscription_id: str, request: Request) -> Response:
        """As it stands: its status, and why it is in error. Needs the right `content`."""
        return told(request, lambda caller: adapter.subscriptions.read(caller, _number(subscription_id)))

    @routes.get("/Subscription/{subscription_id}/$status", summary="The status of a Subscription")
    def status(subscription_id: str, request: Request) -> Response:
        """A Bundle with the status as Parameters, with the number of the last event. Needs the right `content`."""
        _only(request)
        place = f"{base_url(request, adapter)}/fhir/Parameters"
        return told(
            request,
            lambda caller: _searchset([adapter.subscriptions.status(caller, _number(subscription_id))], place),
        )

    @routes.get("/Subscription/{subscription_id}/$events", summary="The events of a Subscription")
    def events(subscription_id: str, request: Request) -> Response:
        """A notification of the events from `eventsSinceNumber` to `eventsUntilNumber`, both included, at most 100 in
        an answer; `content` is id-only or empty. Needs the right `content`."""
        _only(request, "eventsSinceNumber", "eventsUntilNumber", "content")
        since, until = _whole(request, "eventsSinceNumber"), _whole(request, "eventsUntilNumber")
        content = request.query_params.get("content")
        if content not in (None, "id-only", "empty"):
            raise Refused(400, PARAMETER, "expected content as id-only or empty")
        return told(
            request,
            lambda caller: adapter.subscriptions.events(caller, _number(subscription_id), since or 1, until, content),
        )


def _number(written: str) -> int:
    if not _ID.fullmatch(written):
        raise NotFoundError("there is no such Subscription, or none of your party")
    return int(written)


def _whole(request: Request, name: str) -> int | None:
    written = request.query_params.get(name)
    if written is not None and not _ID.fullmatch(written):
        raise Refused(400, PARAMETER, f"expected {name} as a whole number")
    return None if written is None else int(written)


def _only(request: Request, *known: str) -> None:
    names = [name for name, _ in request.query_params.multi_items() if name not in _GENERAL]
    if len(names) != len(set(names)) or not set(names) <= set(known):
        raise Refused(400, PARAMETER, f"expected no parameters but, once each, {', '.join(known) or 'none'}")


def _searchset(resources: list[dict[str, Any]], place: str) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"{place}/{each['id']}", "resource": each, "search": {"mode": "match"}} for each in resources
    ]
    found: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(resources)}
    return found | ({"entry": entries} if entries else {})
