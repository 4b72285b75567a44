"""A case: its duties, who pays, the planning, disagreements and escalations. Reached from a message, so that no case
stands in an address of this page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.support.errors import NotFoundError
from adapter.web.console import rendering, texts
from adapter.web.console.forms import read_form
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import ROOT, Visitor

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


def add(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/messages/{message_id}/case")
    def case(request: Request, message_id: Number, who: Visitor = Depends(shell.visitor)) -> Response:
        row = shell.adapter.views.message(who.principal, message_id).row
        if row.case_id is None:
            raise NotFoundError("the message belongs to no case")
        found = shell.adapter.cases.show(who.principal, row.case_id)
        return shell.page(request, who, "case.html", found=found, message_id=message_id)

    @routes.post("/messages/{message_id}/case/escalations/{number}/acknowledge")
    def acknowledge(
        message_id: Number,
        number: Number,
        who: Visitor = Depends(shell.visitor),
        form: dict[str, str] = Depends(read_form),
    ) -> Response:
        who.check(form)
        shell.adapter.escalations.acknowledge(who.principal, number, form.get("note", ""))
        who.session.notice = texts.text("done acknowledge", who.language)
        return RedirectResponse(f"{ROOT}/messages/{message_id}/case#escalations", 303, rendering.HEADERS)
