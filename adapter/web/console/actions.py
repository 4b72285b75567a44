"""What a visitor does: opening content, acting on deliveries and endpoints. Forms only, each bound to its session."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.exchange.operations import Operations
from adapter.security.principals import Principal
from adapter.web.console import reading, rendering, texts
from adapter.web.console.forms import read_form
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import ROOT, Visitor

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
DeliveryAct = Literal["retry", "hold", "release", "cancel"]
EndpointAct = Literal["pause", "resume"]

_ON_DELIVERY: dict[DeliveryAct, Callable[[Operations, Principal, int, str], None]] = {
    "retry": Operations.retry,
    "hold": Operations.hold,
    "release": Operations.release,
    "cancel": Operations.cancel,
}
_ON_ENDPOINT: dict[EndpointAct, Callable[[Operations, Principal, str, str], None]] = {
    "pause": Operations.pause,
    "resume": Operations.resume,
}


def add(routes: APIRouter, shell: Shell) -> None:
    @routes.post("/messages/{message_id}/contents/{content_id}")
    def open_content(
        request: Request,
        message_id: Number,
        content_id: Number,
        who: Visitor = Depends(shell.visitor),
        form: dict[str, str] = Depends(read_form),
    ) -> Response:
        who.check(form)
        content = shell.adapter.views.content(who.principal, content_id, form.get("reason", ""))
        text = _as_text(content.body)
        laid_out = None if text is None else reading.layout(text, content.media_type)
        return shell.page(
            request,
            who,
            "content.html",
            message_id=message_id,
            content=content,
            text=text,
            laid_out=laid_out,
            reason=form["reason"],
        )

    @routes.post("/deliveries/{delivery_id}/{act}")
    def on_delivery(
        delivery_id: Number,
        act: DeliveryAct,
        who: Visitor = Depends(shell.visitor),
        form: dict[str, str] = Depends(read_form),
    ) -> Response:
        who.check(form)
        message_id = shell.adapter.views.delivery(who.principal, delivery_id).row.message_id
        _ON_DELIVERY[act](shell.adapter.operations, who.principal, delivery_id, form.get("reason", ""))
        return _done(who, act, f"{ROOT}/messages/{message_id}#delivery-{delivery_id}")

    @routes.post("/endpoints/{endpoint}/{act}")
    def on_endpoint(
        endpoint: str,
        act: EndpointAct,
        who: Visitor = Depends(shell.visitor),
        form: dict[str, str] = Depends(read_form),
    ) -> Response:
        who.check(form)
        _ON_ENDPOINT[act](shell.adapter.operations, who.principal, endpoint, form.get("reason", ""))
        return _done(who, act, ROOT)


def _done(who: Visitor, act: str, place: str) -> Response:
    who.session.notice = texts.text(f"done {act}", who.language)
    return RedirectResponse(place, 303, rendering.HEADERS)


def _as_text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
