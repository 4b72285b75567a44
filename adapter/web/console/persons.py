"""Where a person's messages are, another way for a delivery, and the list for when everything is down."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.fhir import canonical, identifiers
from adapter.support.errors import AdapterError
from adapter.web.console import rendering, texts
from adapter.web.console.forms import read_form
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import ROOT, Visitor

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
SYSTEMS = {"personnummer": canonical.PERSONNUMMER, "samordningsnummer": canonical.SAMORDNINGSNUMMER}
_LONGEST = 255


def add(routes: APIRouter, shell: Shell) -> None:
    _where(routes, shell)
    _undelivered(routes, shell)
    _acts(routes, shell)


def _where(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/where")
    def ask(request: Request, who: Visitor = Depends(shell.visitor)) -> Response:
        return shell.page(request, who, "where.html", found=None, systems=list(SYSTEMS), reason="")

    @routes.post("/where")
    def where(
        request: Request, who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(read_form)
    ) -> Response:
        who.check(form)
        number = form.get("number", "").strip()
        if not 0 < len(number) <= _LONGEST:
            raise AdapterError("there is no number to look for")
        person = identifiers.normalised(SYSTEMS.get(form.get("system", ""), canonical.PERSONNUMMER), number)
        found = shell.adapter.where.find(who.principal, person, form.get("reason", ""), limit=200)
        return shell.page(request, who, "where.html", found=found, systems=list(SYSTEMS), reason=form["reason"])


def _undelivered(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/undelivered")
    def undelivered(request: Request, who: Visitor = Depends(shell.visitor)) -> Response:
        return shell.page(request, who, "undelivered.html", found=shell.adapter.reserve.list(who.principal))

    @routes.post("/undelivered")
    def with_persons(
        request: Request, who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(read_form)
    ) -> Response:
        who.check(form)
        found = shell.adapter.reserve.list_with_persons(who.principal, form.get("reason", ""))
        return shell.page(request, who, "undelivered.html", found=found)


def _acts(routes: APIRouter, shell: Shell) -> None:
    @routes.post("/deliveries/{delivery_id}/redirect")
    def redirect(
        delivery_id: Number, who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(read_form)
    ) -> Response:
        who.check(form)
        endpoint, reason = form.get("endpoint", "").strip(), form.get("reason", "")
        new = shell.adapter.redirects.redirect(who.principal, delivery_id, endpoint, reason)
        who.session.notice = texts.text("done redirect", who.language)
        return RedirectResponse(f"{ROOT}/deliveries/{new}", 303, rendering.HEADERS)

    @routes.post("/endpoints/{endpoint}/test")
    def test(
        endpoint: str, who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(read_form)
    ) -> Response:
        who.check(form)
        found = shell.adapter.test_endpoint(who.principal, endpoint)
        words = texts.text("done test" if found.ok else "failed test", who.language)
        who.session.notice = f"{endpoint}: {words}. {found.reason}".strip()
        return RedirectResponse(ROOT, 303, rendering.HEADERS)
