"""POST with a reason: what is about a person."""

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from adapter.exchange.undelivered import Listing
from adapter.exchange.whereabouts import Whereabouts
from adapter.fhir import identifiers
from adapter.fhir.canonical import PERSONNUMMER
from adapter.security.principals import Principal
from adapter.web.operations.calls import LARGEST_ID, Calls, Fields, Number, Reason, content, described, json, takes


class Question(Fields):
    """The person's number and its system (personnummer unless told), and why it is asked."""

    value: str = Field(min_length=1, max_length=255)
    system: str = Field(PERSONNUMMER, min_length=1, max_length=255)
    reason: str
    before: int | None = Field(None, ge=1, le=LARGEST_ID)
    limit: int = Field(50, ge=1, le=200)


def add(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter
    asked = calls.body(Question)

    @routes.post("/where", summary="Did it reach them?", **takes(Question, gives=Whereabouts))
    def where(caller: Principal = Depends(calls.caller), given: Question = Depends(asked)) -> Response:
        """Every message about a person that the caller's party sent or got: when it arrived, who acknowledged it, what
        is next. Needs the right `content` and a reason; audited, found or not."""
        person = identifiers.normalised(given.system, given.value)
        return json(adapter.where.find(caller, person, given.reason, before=given.before, limit=given.limit))

    @routes.post("/contents/{content_id}", summary="The bytes of one content", openapi_extra=described(Reason))
    def one(
        content_id: Number, caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)
    ) -> Response:
        """Exactly as kept. Needs the right `content` and a reason; audited."""
        found = adapter.views.content(caller, content_id, given.reason)
        return content(found.body, found.media_type)

    @routes.post("/undelivered", summary="What has not arrived, with persons", **takes(Reason, gives=Listing))
    def undelivered(caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)) -> Response:
        """As GET, with who each delivery is about, but for protected persons. Needs the rights `list` and `content` and
        a reason; audited for each."""
        return json(adapter.reserve.list_with_persons(caller, given.reason))
