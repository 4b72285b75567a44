"""A dead letter edited in the browser: read it, change it, see the change beside the original, send it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.exchange.editing import Proposal
from adapter.web.console import reading, rendering, texts
from adapter.web.console.forms import read_form, read_long_form
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import ROOT, Visitor

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
_FEW_LINES = 5


def add(routes: APIRouter, shell: Shell) -> None:
    adapter = shell.adapter
    long_form = read_long_form(adapter.settings.server.max_message_bytes)

    @routes.post("/deliveries/{delivery_id}/repair")
    def read(
        request: Request,
        delivery_id: Number,
        who: Visitor = Depends(shell.visitor),
        form: dict[str, str] = Depends(read_form),
    ) -> Response:
        who.check(form)
        reason = form.get("reason", "")
        found = adapter.repairs.original(who.principal, delivery_id, reason)
        text = _editable(found.body.decode("utf-8", "replace"), found.media_type)
        return shell.page(request, who, "repair.html", delivery_id=delivery_id, reason=reason, text=text, proposal=None)

    @routes.post("/deliveries/{delivery_id}/repair/review")
    def review(
        request: Request,
        delivery_id: Number,
        who: Visitor = Depends(shell.visitor),
        form: dict[str, str] = Depends(long_form),
    ) -> Response:
        who.check(form)
        reason, text = form.get("reason", ""), form.get("text", "")
        proposal = adapter.repairs.check(who.principal, delivery_id, _as_sent(text), reason)
        lines = reading.compared(proposal.before.body, _as_sent(text), proposal.before.media_type)
        values = {"text": text, "proposal": proposal, "lines": lines, "same": _same(proposal)}
        return shell.page(request, who, "repair.html", delivery_id=delivery_id, reason=reason, **values)

    @routes.post("/deliveries/{delivery_id}/repair/send")
    def send(
        delivery_id: Number, who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(long_form)
    ) -> Response:
        who.check(form)
        message_id = adapter.views.delivery(who.principal, delivery_id).row.message_id
        edited = _as_sent(form.get("text", ""))
        adapter.repairs.repair(who.principal, delivery_id, edited, form.get("reason", ""))
        who.session.notice = texts.text("done repair", who.language)
        return RedirectResponse(f"{ROOT}/messages/{message_id}#delivery-{delivery_id}", 303, rendering.HEADERS)


def _editable(text: str, media_type: str) -> str:
    """Laid out where it stands in few lines, as programs write; white space between tokens is not content."""
    return reading.layout(text, media_type) if text.count("\n") < _FEW_LINES else text


def _as_sent(text: str) -> bytes:
    """A browser sends the ends of lines as CR LF, whatever they were."""
    return text.replace("\r\n", "\n").encode()


def _same(proposal: Proposal) -> bool:
    kind = proposal.before.media_type
    was, now = (
        reading.layout(body.decode("utf-8", "replace"), kind) for body in (proposal.before.body, proposal.after)
    )
    return was.split() == now.split()
