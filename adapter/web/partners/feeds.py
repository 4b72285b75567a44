"""POST /partners/feeds/{feed}/messages: what a journal system without FHIR messages sends, over HTTP.

HL7 v2 is answered by its acknowledgement, the flat format by a mottagningsbevis; refusals at the door too.
"""

import re
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.exchange.feeds.intake import FeedReply
from adapter.feeds import answers, flat
from adapter.feeds.events import RefusedEvent
from adapter.feeds.model import Feed
from adapter.web import errors
from adapter.web.errors import PATH, Refused
from adapter.web.intake import Intake
from adapter.web.metrics import Metrics
from adapter.web.negotiation import Format

if TYPE_CHECKING:
    from adapter.wiring import Adapter

PREFIX = "/partners/feeds/"
_READABLE = {
    "flat": {"application/xml": Format.XML, "text/xml": Format.XML},
    "hl7v2": dict.fromkeys((answers.MEDIA_TYPE, "application/hl7-v2", "application/hl7-v2+er7"), Format.XML),
}


def router(adapter: "Adapter", intake: Intake, metrics: Metrics) -> APIRouter:
    routes = APIRouter()
    feeds = adapter.feed_intake  # made now: what it cannot be made of is to be known at start
    media_types = [media_type for readable in _READABLE.values() for media_type in readable]
    body = {"content": {media_type: {"schema": {"type": "string"}} for media_type in media_types}}

    @routes.post(f"{PREFIX}{{feed_id}}/messages", summary="Submit a feed's event", openapi_extra={"requestBody": body})
    async def receive(request: Request, feed_id: str) -> Response:
        """Takes one ADT message, or one event of the flat format, of a feed over HTTP. 200 means that it is committed
        here. Needs the right `send` for the feed's party."""
        feed = feeds.feeds.get(feed_id)
        if feed is None or feed.protocol != "http":
            raise Refused(404, PATH, "there is no feed of that name over HTTP")
        with metrics.accepting() as accepting:
            async with intake.place(request):
                submission, caller = await intake.take(
                    request, f"feed:{feed.id}", _READABLE[feed.format], lambda _request: None
                )
                reply: FeedReply = await intake.work(
                    feeds.take, feed.id, submission.body, submission.request_id, caller, size=len(submission.body)
                )
            accepting.done(None, reply.result)
        return Response(reply.body, reply.status, media_type=_content_type(reply.media_type))

    return routes


def as_answer(adapter: "Adapter", request: Request, answer: Refused) -> Response:
    """The refusal of a call in the feed's own format; in words where there is no such feed."""
    found = re.match(rf"{PREFIX}([^/]+)/", request.url.path)
    feed: Feed | None = adapter.feeds.get(found[1]) if found else None
    if feed is None:
        return errors.as_text(request, answer)
    transient = answer.status in (408, 425, 429) or answer.status >= 500
    refused = RefusedEvent(answer.text, "207", reject=not transient)
    body = adapter.feed_intake.refusal(feed, refused, transient=transient)
    media_type = flat.MEDIA_TYPE if feed.format == "flat" else answers.MEDIA_TYPE
    return Response(body, answer.status, dict(answer.headers), media_type=_content_type(media_type))


def _content_type(media_type: str) -> str:
    return f"{media_type}; charset=utf-8"
