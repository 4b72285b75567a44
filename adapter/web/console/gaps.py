"""Gaps: what could not be told of journal systems without FHIR messages, and that a person has seen to it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.exchange.feeds.views import FeedViews
from adapter.web.console import rendering, texts
from adapter.web.console.forms import read_form
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import ROOT, Visitor

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
_SHOWN = 200
_PLACE = f"{ROOT}/gaps"


def add(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/gaps")
    def gaps(
        request: Request, who: Visitor = Depends(shell.visitor), feed: Annotated[str, Query(max_length=64)] = ""
    ) -> Response:
        found = _views(shell).gaps(who.principal, feed or None, _SHOWN)
        feeds = sorted(shell.adapter.feeds or ())
        return shell.page(request, who, "gaps.html", found=found, chosen=feed, feeds=feeds, opened=None)

    @routes.post("/gaps/{gap_id}/open")
    def open_gap(
        request: Request,
        gap_id: Number,
        who: Visitor = Depends(shell.visitor),
        form: dict[str, str] = Depends(read_form),
    ) -> Response:
        who.check(form)
        found = _views(shell).open_gap(who.principal, gap_id, form.get("reason", ""))
        return shell.page(request, who, "gaps.html", found=[found], chosen="", feeds=[], opened=form["reason"])

    @routes.post("/gaps/{gap_id}/settle")
    def settle(
        gap_id: Number, who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(read_form)
    ) -> Response:
        who.check(form)
        _views(shell).settle(who.principal, gap_id, form.get("reason", ""))
        who.session.notice = texts.text("done settle", who.language)
        return RedirectResponse(_PLACE, 303, rendering.HEADERS)


def _views(shell: Shell) -> FeedViews:
    adapter = shell.adapter
    return FeedViews(adapter.database, adapter.contents.cipher, adapter.clock)
