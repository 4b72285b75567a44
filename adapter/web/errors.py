"""What a caller is told when a call fails: one place decides status, rule and words; each area only writes them down.

No text here comes from an exception that we did not raise ourselves: those may quote content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from adapter.delivery.outbox import DeliveryStateError
from adapter.exchange.acts import ConflictError
from adapter.fhir import outcomes
from adapter.fhir.outcomes import Rule
from adapter.support.errors import (
    AdapterError,
    ConfigurationError,
    DefinitionsError,
    ForbiddenError,
    NotFoundError,
    ParseError,
    UnavailableError,
)
from adapter.web.negotiation import FHIR_JSON, NotAcceptable, Offer, answer_format

# one lasting id for each status, as the exchange keeps it with a rejected message
TOKEN = Rule("http-401", "login", "no token, or one that is unknown, expired or revoked", "send a valid token")
RIGHT = Rule("http-403", "forbidden", "the token lacks a right", "use a token with the right that is named")
PATH = Rule("http-404", "not-found", "nothing is there, or nothing the caller may see", "check path and id")
METHOD = Rule("http-405", "not-supported", "the path does not take this method", "use one that Allow names")
ACCEPT = Rule("http-406", "not-supported", "we cannot write the format asked for", "ask for FHIR JSON or XML")
MEDIA_TYPE = Rule("http-415", "not-supported", "we do not read this media type", "send one that is named")
SIZE = Rule("http-413", "too-long", "the body is larger than allowed", "send a smaller message")
SLOW = Rule("http-408", "timeout", "the body did not arrive in time", "send it again, unchanged")
RESPONSE_URL = Rule("http-400", "not-supported", "an address to answer to is configured, not sent", "send async alone")
PARAMETER = Rule("http-400", "invalid", "a parameter has a value that we do not know", "see the text")
MODE = Rule("http-400", "not-supported", "the operation is not done in this mode", "see the text")
UNREADABLE = Rule("not-readable", "structure", "the body is not in the format it claims", "see the text")
CONFLICT = Rule("http-409", "conflict", "what is there does not allow it", "see the text; look at it as it is now")
REFUSED = Rule("http-422", "processing", "the call cannot be carried out", "see the text")
BUSY = Rule("http-503", "throttled", "too many messages are being processed", "send it again, unchanged, later")
UNAVAILABLE = Rule("http-503", "transient", "a part we stand on is away", "send it again, unchanged, later")
INTERNAL = Rule("http-500", "exception", "a fault of ours", "send it again later; tell operations the request id")


@dataclass
class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """A call that is answered with an error. `text` is for the caller, without personal data."""

    status: int
    rule: Rule
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(error: Exception) -> Refused:
    """The answer to any exception; what we did not raise ourselves is a 500 without details."""
    match error:
        case Refused():
            return error
        case HTTPException(status_code=404):
            return Refused(404, PATH, "there is nothing at this path")
        case HTTPException(status_code=405, headers=headers):
            return Refused(405, METHOD, "the path does not take this method", headers or {})
        case HTTPException(status_code=status) if status < 500:
            return Refused(status, replace(REFUSED, id=f"http-{status}"), "the request cannot be read")
        case NotAcceptable():
            return Refused(406, ACCEPT, "none of the formats asked for can be written: expected FHIR JSON or XML")
        case ForbiddenError():
            return Refused(403, RIGHT, str(error))
        case NotFoundError():
            return Refused(404, PATH, str(error))
        case ParseError():
            return Refused(400, UNREADABLE, str(error))
        case UnavailableError():
            return Refused(503, UNAVAILABLE, str(error), {"Retry-After": str(error.retry_after)})
        case RequestValidationError():
            return Refused(400, PARAMETER, "a parameter of the request is missing or of the wrong kind")
        case ConflictError() | DeliveryStateError():
            return Refused(409, CONFLICT, str(error))
        case AdapterError() if not isinstance(error, ConfigurationError | DefinitionsError):
            return Refused(422, REFUSED, str(error))
        case _:
            return Refused(
                500, INTERNAL, "the adapter failed: send it again, unchanged, and tell operations the request id"
            )


def as_outcome(request: Request, answer: Refused) -> Response:
    """An OperationOutcome in the format asked for; in JSON where that one cannot be written."""
    try:
        offer = answer_format(request)
    except NotAcceptable:
        offer = FHIR_JSON
    resource = outcomes.to_fhir([answer.rule.issue(answer.text)])
    return resource_response(resource, offer, answer.status, answer.headers)


def as_text(_request: Request, answer: Refused) -> Response:
    """One line for a person: outside the areas that have a format of their own."""
    return PlainTextResponse(answer.text + "\n", answer.status, dict(answer.headers))


def resource_response(
    resource: Mapping[str, object], offer: Offer, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A FHIR resource in one of our formats."""
    content_type = f"{offer.media_type}; charset=utf-8"
    return Response(offer.write(dict(resource)), status, dict(headers or {}), media_type=content_type)
