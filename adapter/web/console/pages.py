"""The console's pages. Each asks the views as its visitor; it decides nothing about rights itself."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.discharge.events import EVENTS
from adapter.exchange.records import DELIVERY_STATES
from adapter.security.audit import ACTIONS
from adapter.support.errors import NotFoundError
from adapter.web.console import (
    actions,
    case,
    follow_up,
    gaps,
    login,
    persons,
    rendering,
    repairing,
    replaying,
    runbooks,
)
from adapter.web.console.sessions import Sessions
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import ROOT, Visitor

if TYPE_CHECKING:
    from adapter.wiring import Adapter

LARGEST_ID = 2**63 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Cursor = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
Word = Annotated[str, Query(max_length=255)]

_KEEP = "public, max-age=31536000, immutable"


def router(adapter: "Adapter", sessions: Sessions) -> APIRouter:
    """Everything under /console. `sessions` are those who are logged in."""
    shell = Shell(adapter, sessions)
    routes = APIRouter(prefix=ROOT, route_class=shell.route_class(), include_in_schema=False)
    _static(routes)
    login.add(routes, shell)
    for module in (repairing, replaying, persons, case, runbooks):
        module.add(routes, shell)
    actions.add(routes, shell)
    gaps.add(routes, shell)
    follow_up.add(routes, shell)
    _status(routes, shell)
    _messages(routes, shell)
    _deliveries(routes, shell)
    _audit(routes, shell)
    _others(routes, shell)
    return routes


def _static(routes: APIRouter) -> None:
    @routes.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in rendering.STATIC:
            raise NotFoundError("no such file")
        return Response(rendering.static(name), media_type=rendering.STATIC[name], headers={"Cache-Control": _KEEP})


def _status(routes: APIRouter, shell: Shell) -> None:
    @routes.get("")
    def status(request: Request, who: Visitor = Depends(shell.visitor)) -> Response:
        views = shell.adapter.views
        names = shell.adapter.directory.endpoints if who.principal.sees_all else ()
        return shell.page(
            request,
            who,
            "status.html",
            attention=views.status(who.principal),
            endpoints=views.overview(who.principal, names),
            runbook=runbooks.place_of,
        )


def _messages(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/messages")
    def messages(
        request: Request,
        who: Visitor = Depends(shell.visitor),
        status: Word = "",
        event: Word = "",
        case: Word = "",
        before: Cursor = None,
    ) -> Response:
        found = shell.adapter.views.messages(
            who.principal, status=status or None, event=event or None, case=case or None, before=before
        )
        chosen = {"status": status, "event": event, "case": case}
        return shell.page(request, who, "messages.html", found=found, chosen=chosen, before=before, events=list(EVENTS))

    @routes.get("/messages/{message_id}")
    def message(request: Request, message_id: Number, who: Visitor = Depends(shell.visitor)) -> Response:
        found = shell.adapter.views.message(who.principal, message_id)
        return shell.page(request, who, "message.html", found=found, row=found.row)


def _deliveries(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/deliveries")
    def deliveries(
        request: Request,
        who: Visitor = Depends(shell.visitor),
        status: Word = "",
        event: Word = "",
        endpoint: Word = "",
        before: Cursor = None,
    ) -> Response:
        found = shell.adapter.views.deliveries(
            who.principal, status=status or None, event=event or None, endpoint=endpoint or None, before=before
        )
        chosen = {"status": status, "event": event, "endpoint": endpoint}
        return shell.page(
            request,
            who,
            "deliveries.html",
            found=found,
            chosen=chosen,
            before=before,
            events=list(EVENTS),
            statuses=DELIVERY_STATES,
        )

    @routes.get("/deliveries/{delivery_id}")
    def delivery(delivery_id: Number, who: Visitor = Depends(shell.visitor)) -> Response:
        found = shell.adapter.views.delivery(who.principal, delivery_id).row
        place = f"{ROOT}/messages/{found.message_id}#delivery-{found.id}"
        return RedirectResponse(place, 303, rendering.HEADERS)


def _audit(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/audit")
    def audit(
        request: Request, who: Visitor = Depends(shell.visitor), action: Word = "", before: Cursor = None
    ) -> Response:
        found = shell.adapter.views.audit(who.principal, action=action or None, before=before)
        return shell.page(
            request, who, "audit.html", found=found, chosen={"action": action}, before=before, actions=ACTIONS
        )


def _others(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/{_rest:path}", dependencies=[Depends(shell.visitor)])
    def nothing() -> Response:
        raise NotFoundError("no such page")
