"""GET: what is there, without content and without persons."""

from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import Response

from adapter.exchange.records import (
    Attention,
    AuditRow,
    DeliveryDetail,
    DeliveryRow,
    EndpointRow,
    MessageDetail,
    MessageRow,
)
from adapter.exchange.selection import ErrorGroup
from adapter.exchange.undelivered import Listing
from adapter.security.principals import Principal
from adapter.web.operations.calls import Calls, Cursor, Limit, Number, Word, answers, json


@dataclass(frozen=True)
class Status:
    needs_person: bool
    attention: list[Attention]
    endpoints: list[EndpointRow]


@dataclass(frozen=True)
class Messages:
    messages: tuple[MessageRow, ...]
    next_before: int | None


@dataclass(frozen=True)
class Deliveries:
    deliveries: tuple[DeliveryRow, ...]
    next_before: int | None


@dataclass(frozen=True)
class Endpoints:
    endpoints: list[EndpointRow]


@dataclass(frozen=True)
class Errors:
    errors: list[ErrorGroup]


@dataclass(frozen=True)
class Entries:
    entries: tuple[AuditRow, ...]
    next_before: int | None


def add(routes: APIRouter, calls: Calls) -> None:
    _now(routes, calls)
    _lists(routes, calls)
    _single(routes, calls)


def _now(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter

    @routes.get("/status", summary="What needs a person", responses=answers(Status))
    def status(caller: Principal = Depends(calls.caller)) -> Response:
        """What needs a person now, the urgent first, with the next command; and the health of the endpoints. Needs the
        right `list`."""
        needed = adapter.views.status(caller)
        return json(Status(bool(needed), needed, adapter.views.overview(caller, _names(calls, caller))))

    @routes.get("/endpoints", summary="The health of the endpoints", responses=answers(Endpoints))
    def endpoints(caller: Principal = Depends(calls.caller)) -> Response:
        """Every endpoint with its state and what waits. Needs the right `list`."""
        return json(Endpoints(adapter.views.overview(caller, _names(calls, caller))))

    @routes.get("/errors", summary="Dead letters by what went wrong", responses=answers(Errors))
    def errors(caller: Principal = Depends(calls.caller)) -> Response:
        """The dead letters by endpoint, event and error signature, the largest group first; those of protected persons
        in none. Needs the right `list`."""
        return json(Errors(adapter.replays.groups(caller)))

    @routes.get("/undelivered", summary="What has not arrived, and whom to call", responses=answers(Listing))
    def undelivered(caller: Principal = Depends(calls.caller)) -> Response:
        """At most 2 000 deliveries that have not arrived, first those whose time ends first, with the receiver's
        contact from the directory. Needs the right `list`."""
        return json(adapter.reserve.list(caller))


def _lists(routes: APIRouter, calls: Calls) -> None:
    views = calls.adapter

    @routes.get("/messages", summary="Messages, newest first", responses=answers(Messages))
    def messages(
        caller: Principal = Depends(calls.caller),
        status: Word = None,
        event: Word = None,
        case: Word = None,
        before: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        """Needs the right `list`."""
        page = views.views.messages(caller, status=status, event=event, case=case, before=before, limit=limit)
        return json(Messages(page.rows, page.next_before))

    @routes.get("/deliveries", summary="Deliveries, newest first", responses=answers(Deliveries))
    def deliveries(
        caller: Principal = Depends(calls.caller),
        status: Word = None,
        endpoint: Word = None,
        event: Word = None,
        before: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        """Asked by endpoint, those of protected persons are left out. Needs the right `list`."""
        page = views.views.deliveries(caller, status=status, endpoint=endpoint, event=event, before=before, limit=limit)
        return json(Deliveries(page.rows, page.next_before))

    @routes.get("/audit", summary="Who saw or did what, and why", responses=answers(Entries))
    def audit(
        caller: Principal = Depends(calls.caller), action: Word = None, before: Cursor = None, limit: Limit = 50
    ) -> Response:
        """A party's own entries; all for operations. Needs the right `list`."""
        page = views.views.audit(caller, action=action, before=before, limit=limit)
        return json(Entries(page.rows, page.next_before))


def _single(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter

    @routes.get("/messages/{message_id}", summary="One message", responses=answers(MessageDetail))
    def message(message_id: Number, caller: Principal = Depends(calls.caller)) -> Response:
        """With its deliveries, timeline, and which content there is. Needs the right `list`; the receiver's words need
        `content` as well."""
        return json(adapter.views.message(caller, message_id))

    @routes.get("/deliveries/{delivery_id}", summary="One delivery", responses=answers(DeliveryDetail))
    def delivery(delivery_id: Number, caller: Principal = Depends(calls.caller)) -> Response:
        """With its attempts. Needs the right `list`; the receiver's words need `content` as well."""
        return json(adapter.views.delivery(caller, delivery_id))


def _names(calls: Calls, caller: Principal) -> list[str]:
    return list(calls.adapter.directory.endpoints) if caller.sees_all else []
