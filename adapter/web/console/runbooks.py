"""What to do about an alarm, for whoever is told of it at night: the page of each kind, as it is written."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from adapter.support import paths
from adapter.support.alarm_kinds import KINDS
from adapter.support.errors import NotFoundError
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import Visitor


def add(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/runbooks/{kind}")
    def runbook(request: Request, kind: str, who: Visitor = Depends(shell.visitor)) -> Response:
        title, _, text = _page(kind).partition("\n")
        return shell.page(request, who, "runbook.html", title=title.lstrip("# "), text=text.strip())


def _page(kind: str) -> str:
    if kind not in KINDS:
        raise NotFoundError("no such runbook")
    return (paths.shipped("docs/runbooks") / f"{kind}.md").read_text(encoding="utf-8")
