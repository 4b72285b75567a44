"""POST /partners/lifecare/messages: Lifecare's own messages (kvittens, svar, SIP) in our exchange format for it.

Every answer is a mottagningsbevis, refusals at the door too: a partner need not know FHIR to know what happened.
"""

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.web import negotiation
from adapter.web.errors import Refused
from adapter.web.intake import Intake
from adapter.web.metrics import Metrics
from adapter.web.negotiation import Format

if TYPE_CHECKING:
    from adapter.wiring import Adapter

SYSTEM = "lifecare"
_READABLE = {"application/xml": Format.XML, "text/xml": Format.XML}


def router(adapter: "Adapter", intake: Intake, metrics: Metrics) -> APIRouter:
    routes = APIRouter(prefix=f"/partners/{SYSTEM}")
    exchange = adapter.exchange  # made now: what it cannot be made of is to be known at start
    body = {"content": {media_type: {"schema": {"type": "string"}} for media_type in _READABLE}}

    @routes.post("/messages", summary="Submit a Lifecare message", openapi_extra={"requestBody": body})
    async def receive(request: Request) -> Response:
        """Takes one meddelande. 200 with a mottagningsbevis of status mottaget means that it is committed here.
        Needs the right `send`."""
        with metrics.accepting() as accepting:
            async with intake.place(request):
                submission, caller = await intake.take(request, SYSTEM, _READABLE, _check)
                reply = await intake.work(
                    exchange.receive_record, SYSTEM, submission, caller, size=len(submission.body)
                )
            accepting.done(reply.event, reply.result, test_person=reply.test_person)
        headers = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
        return _xml(reply.body, reply.status, headers, reply.media_type)

    return routes


def as_acknowledgement(adapter: "Adapter", answer: Refused) -> Response:
    """A mottagningsbevis that says why a call was refused; it names no message, for none was read."""
    code = "transient-error" if answer.status in (408, 425, 429) or answer.status >= 500 else "fatal-error"
    mapping = adapter.mappings[SYSTEM]
    body = mapping.acknowledge(None, code, answer.text, [answer.rule.code])
    return _xml(body, answer.status, dict(answer.headers), mapping.media_type)


def _check(request: Request) -> None:
    if not negotiation.accepts(request, *_READABLE):
        raise negotiation.NotAcceptable


def _xml(body: bytes, status: int, headers: dict[str, str], media_type: str) -> Response:
    return Response(body, status, headers, media_type=f"{media_type}; charset=utf-8")
