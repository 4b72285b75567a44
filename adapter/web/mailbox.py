"""/mailbox: for a receiver that cannot be called. It takes its messages here and confirms each.

POST, because to take is to be handed something: a cache, a prefetch or a repeated GET must not do that.
"""

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.exchange.mailbox import COUNT, HandedOutAgainError, HandOut
from adapter.fhir import outcomes, wire
from adapter.fhir.outcomes import Issue, Rule
from adapter.security.principals import Right
from adapter.web import auth, limits, negotiation
from adapter.web.errors import PARAMETER, Refused, resource_response
from adapter.web.fhir.base import base_url
from adapter.web.fhir.process_message import BODY
from adapter.web.intake import Intake, answer
from adapter.web.negotiation import UnsupportedMediaType

if TYPE_CHECKING:
    from adapter.wiring import Adapter

STALE = Rule("mailbox-receipt-stale", "conflict", "the message was handed out again", "confirm the later hand-out")
_WORDS = {
    "done": "confirmed: it is delivered",
    "waiting": "noted: it will be handed out again",
    "dead": "noted: it is a dead letter, a person looks at it",
    "cancelled": "noted: a person has cancelled it since",
    "held": "noted: it is held",
}
_LONGEST_NUMBER = 18


def router(adapter: "Adapter", intake: Intake) -> APIRouter:
    routes = APIRouter(prefix="/mailbox", tags=["mailbox"])

    @routes.post("/{endpoint}/take", summary="Take the messages that wait")
    def take(endpoint: str, request: Request) -> Response:
        """A Bundle of type collection with the messages that wait, as they are: the next one of each patient. Of each
        entry, the link `confirm` is where to post the acknowledgement; the Bundle's link `next` is where to take on.
        At most `_count` (20 unless told, 100 at most). `cursor`, as `next` has it, says which answer the caller got
        last: what was handed out after it is handed out again. Needs the right `mailbox`."""
        caller = auth.principal(request, adapter, Right.MAILBOX)
        offer = negotiation.answer_format(request)
        asked = _numbers(request)
        handed = adapter.mailboxes.take(caller, endpoint, asked.get("_count", COUNT), asked.get("cursor"))
        place = f"{base_url(request, adapter)}/mailbox/{endpoint}"
        return resource_response(_collection(handed, place), offer)

    @routes.post("/{endpoint}/confirm/{receipt}", summary="Confirm a message", openapi_extra={"requestBody": BODY})
    async def confirm(endpoint: str, receipt: str, request: Request) -> Response:
        """Takes the technical acknowledgement of a message that was taken: a message Bundle with
        MessageHeader.response, an OperationOutcome, or no body for plain `ok`. The answer is an OperationOutcome that
        says what became of it. To confirm twice does no harm. Needs the right `mailbox`."""
        caller = await intake.call(auth.principal, request, adapter, Right.MAILBOX)
        offer = negotiation.answer_format(request)
        try:
            with intake.reading(caller, request):
                body = await intake.body(request)
            media_type = request.headers.get("content-type", "")
            if body:
                negotiation.content_format(media_type, request.headers.get("content-encoding"))
            confirm = partial(adapter.mailboxes.confirm, caller, endpoint, receipt, body, media_type)
            state = await intake.work(confirm, size=len(body))
        except HandedOutAgainError as again:
            raise Refused(409, STALE, str(again)) from again
        except (UnsupportedMediaType, limits.TooLarge) as error:
            raise answer(error, adapter.settings.server.max_message_bytes) from error
        issue = Issue("information", "informational", _WORDS.get(state, "noted"))
        return resource_response(outcomes.to_fhir([issue]), offer)

    return routes


def _numbers(request: Request) -> dict[str, int]:
    """`_count` and `cursor`. Raises Refused for any other parameter: one that is misspelt would be passed over."""
    found: dict[str, int] = {}
    for name, value in request.query_params.multi_items():
        if name == "_format":
            continue
        if name not in ("_count", "cursor"):
            raise Refused(400, PARAMETER, "expected no parameters but _count, cursor and _format")
        least = 1 if name == "_count" else 0
        if not (value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER and int(value) >= least):
            raise Refused(400, PARAMETER, f"expected a whole number from {least} for {name}")
        found[name] = int(value)
    return found


def _collection(handed: HandOut, place: str) -> dict[str, Any]:
    entries = [
        {
            # of the delivery, not of the Bundle: one message may lie here for two receivers
            "fullUrl": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{place}/{each.delivery_id}')}",
            "link": [{"relation": "confirm", "url": f"{place}/confirm/{each.receipt}"}],
            "resource": wire.parse(each.body, each.media_type),
        }
        for each in handed.messages
    ]
    found: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "collection",
        "link": [{"relation": "next", "url": f"{place}/take?cursor={handed.cursor}"}],
    }
    return found | ({"entry": entries} if entries else {})
