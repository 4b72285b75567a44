"""Replays: what went wrong by kind, count, start what was counted, follow, pause, resume, cancel."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.discharge.events import EVENTS
from adapter.exchange.replays import PER_MINUTE, STORED
from adapter.exchange.selection import STATES, Filter
from adapter.support.clock import STOCKHOLM
from adapter.support.errors import AdapterError
from adapter.web.console import rendering, texts
from adapter.web.console.forms import read_form
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import ROOT, Visitor

LARGEST_ID = 2**63 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Cursor = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
_CODES = ("endpoint", "party", "event", "signature")
_FIELDS = ("status", *_CODES, "since", "until", "content")


def add(routes: APIRouter, shell: Shell) -> None:
    _starting(routes, shell)
    _following(routes, shell)


def _starting(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/replays")
    def replays(request: Request, who: Visitor = Depends(shell.visitor), before: Cursor = None) -> Response:
        asked = shell.adapter.replays
        values: dict[str, Any] = {"groups": asked.groups(who.principal), "before": before, "counted": None}
        return _page(shell, request, who, found=asked.list(who.principal, before=before), chosen={}, **values)

    @routes.post("/replays/count")
    def count(
        request: Request, who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(read_form)
    ) -> Response:
        who.check(form)
        asked = shell.adapter.replays
        chosen = {name: form[name] for name in _FIELDS if form.get(name)}
        counted = asked.count(who.principal, _filter(form), form.get("content") or STORED)
        return _page(shell, request, who, counted=counted, chosen=chosen, groups=[], found=None, before=None)

    @routes.post("/replays")
    def start(who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(read_form)) -> Response:
        who.check(form)
        pace = form.get("per_minute", "")
        number = shell.adapter.replays.start(
            who.principal,
            _filter(form),
            form.get("digest", ""),
            form.get("reason", ""),
            content=form.get("content") or STORED,
            per_minute=int(pace) if pace.isascii() and pace.isdigit() and len(pace) < 6 else PER_MINUTE,
        )
        return _done(who, "start", number)


def _following(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/replays/{number}")
    def one(
        request: Request,
        number: Number,
        who: Visitor = Depends(shell.visitor),
        after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
        refused: bool = False,
    ) -> Response:
        asked = shell.adapter.replays
        row = asked.one(who.principal, number)
        items, following = asked.items(who.principal, number, after=after, refused=refused)
        return shell.page(
            request, who, "replay.html", row=row, items=items, following=following, refused=refused, after=after
        )

    @routes.post("/replays/{number}/{act}")
    def steer(
        number: Number,
        act: Literal["pause", "resume", "cancel"],
        who: Visitor = Depends(shell.visitor),
        form: dict[str, str] = Depends(read_form),
    ) -> Response:
        who.check(form)
        asked = shell.adapter.replays
        {"pause": asked.pause, "resume": asked.resume, "cancel": asked.cancel}[act](
            who.principal, number, form.get("reason", "")
        )
        return _done(who, act, number)


def _page(shell: Shell, request: Request, who: Visitor, **values: Any) -> Response:
    return shell.page(request, who, "replays.html", events=list(EVENTS), states=STATES, pace=PER_MINUTE, **values)


def _done(who: Visitor, act: str, number: int) -> Response:
    who.session.notice = texts.text(f"done replay {act}", who.language)
    return RedirectResponse(f"{ROOT}/replays/{number}", 303, rendering.HEADERS)


def _filter(form: dict[str, str]) -> Filter:
    """Raises AdapterError for a day that is none."""
    endpoint, party, event, signature = (form.get(name, "").strip()[:255] or None for name in _CODES)
    since, until = (_day(form[name]) if form.get(name) else None for name in ("since", "until"))
    return Filter(form.get("status") or "dead", endpoint, party, event, since, until, signature)


def _day(written: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(written), time(), STOCKHOLM)
    except ValueError as error:
        raise AdapterError("that is no day: expected such as 2026-03-02") from error
