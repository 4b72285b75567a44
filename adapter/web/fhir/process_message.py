"""POST /fhir/$process-message: a message Bundle in, its acknowledgement out once it is committed."""

from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.web import negotiation
from adapter.web.errors import PARAMETER, RESPONSE_URL, Refused, resource_response
from adapter.web.intake import Intake
from adapter.web.metrics import Metrics

if TYPE_CHECKING:
    from adapter.wiring import Adapter

BODY = {"content": {media_type: {"schema": {"type": "object"}} for media_type in negotiation.READABLE}}
"""The request body of an operation, for OpenAPI: what a resource may look like is said by FHIR, not here."""


def router(adapter: "Adapter", intake: Intake, metrics: Metrics) -> APIRouter:
    routes = APIRouter(prefix="/fhir")
    exchange = adapter.exchange  # made now: what it cannot be made of is to be known at start

    @routes.post("/$process-message", summary="Submit a message", openapi_extra={"requestBody": BODY})
    async def process_message(request: Request) -> Response:
        """Takes a Bundle of type message. 200 with the acknowledgement means that the message is committed here and
        will be delivered; with `async=true` it is an empty 202, and the acknowledgement is posted to the address that
        is configured for the sender. Any other status carries an OperationOutcome. Needs the right `send`."""
        with metrics.accepting() as accepting:
            async with intake.place(request):
                submission, caller = await intake.take(request, "fhir", negotiation.READABLE, _check)
                submission = replace(submission, asynchronous=request.query_params.get("async") == "true")
                reply = await intake.work(exchange.receive, submission, caller, size=len(submission.body))
            accepting.done(reply.event, reply.result, test_person=reply.test_person)
        offer = negotiation.answer_format(request)
        if reply.status == 202:
            return Response(status_code=202)
        headers = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
        return resource_response(reply.resource, offer, reply.status, headers)

    return routes


def _check(request: Request) -> None:
    negotiation.answer_format(request)
    parameters = request.query_params
    if parameters.get("async", "false") not in ("true", "false"):
        raise Refused(400, PARAMETER, "the parameter async is neither true nor false")
    if "response-url" in parameters:
        raise Refused(
            400,
            RESPONSE_URL,
            "response-url is not supported: with async=true the acknowledgement goes to the address that is configured "
            "for the sender",
        )
