"""What to do about an alarm, for whoever is told of it at night, and about what the status alone shows: a page for each
kind, and the list of them."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from adapter.delivery import outbox
from adapter.exchange import sender_alarms
from adapter.support import paths
from adapter.support.alarm_kinds import KINDS, SHOWN
from adapter.support.errors import NotFoundError
from adapter.web.console import markdown
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import ROOT, Visitor

TITLES = {name: kind.title for name, kind in KINDS.items()} | SHOWN
"""Of each runbook, by its kind."""
_PLACES = {f"{kind}.md": f"{ROOT}/runbooks/{kind}" for kind in TITLES}
_SAME_CAUSE = {"late": sender_alarms.LATE, "held-consent": outbox.SET_ASIDE}
"""The alarm whose cause the status page tells of under a kind of its own."""


def add(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/runbooks")
    def runbooks(request: Request, who: Visitor = Depends(shell.visitor)) -> Response:
        return shell.page(request, who, "runbooks.html", titles=TITLES, place_of=place_of)

    @routes.get("/runbooks/{kind}")
    def runbook(request: Request, kind: str, who: Visitor = Depends(shell.visitor)) -> Response:
        title, _, text = _page(kind).partition("\n")
        html = markdown.html(text, _PLACES)
        return shell.page(request, who, "runbook.html", title=title.removeprefix("# "), html=html)


def place_of(kind: str) -> str | None:
    """The address of the runbook for what needs a person, by its kind; None where there is none."""
    return _PLACES.get(f"{_SAME_CAUSE.get(kind, kind)}.md")


def _page(kind: str) -> str:
    if kind not in TITLES:
        raise NotFoundError("no such runbook")
    return (paths.shipped("docs/runbooks") / f"{kind}.md").read_text(encoding="utf-8")
