import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from adapter.delivery.outbox import DeliveryStateError
from adapter.exchange.acts import ConflictError
from adapter.support.errors import (
    AdapterError,
    ConfigurationError,
    DefinitionsError,
    ForbiddenError,
    MappingError,
    NotFoundError,
    ParseError,
    UnavailableError,
)
from adapter.web.errors import BUSY, Refused, refused
from adapter.web.negotiation import NotAcceptable


@pytest.mark.parametrize(
    ("error", "status", "code", "words"),
    [
        (Refused(503, BUSY, "later"), 503, "throttled", "later"),
        (HTTPException(404), 404, "not-found", "nothing at this path"),
        (HTTPException(405, headers={"Allow": "GET"}), 405, "not-supported", "this method"),
        (HTTPException(400, "secret"), 400, "processing", "cannot be read"),
        (HTTPException(502, "secret"), 500, "exception", "the adapter failed"),
        (NotAcceptable(), 406, "not-supported", "expected FHIR JSON or XML"),
        (ForbiddenError("not you"), 403, "forbidden", "not you"),
        (NotFoundError("not here"), 404, "not-found", "not here"),
        (ParseError("odd", 3, 4), 400, "structure", "odd (line 3, column 4)"),
        (UnavailableError("away", 9), 503, "transient", "away"),
        (MappingError("gap"), 422, "processing", "gap"),
        (ConflictError("sent already"), 409, "conflict", "sent already"),
        (DeliveryStateError("it is dead"), 409, "conflict", "it is dead"),
        (AdapterError("it is done already"), 422, "processing", "it is done already"),
        (RequestValidationError(["secret"]), 400, "invalid", "a parameter of the request"),
        (ConfigurationError([]), 500, "exception", "the adapter failed"),
        (DefinitionsError("/secret"), 500, "exception", "the adapter failed"),
        (ValueError("secret"), 500, "exception", "the adapter failed"),
    ],
)
def test_every_exception_is_one_answer_in_words_of_ours(error, status, code, words):
    answer = refused(error)
    assert (answer.status, answer.rule.code) == (status, code)
    assert answer.rule.id in (f"http-{status}", "not-readable")
    assert words in answer.text
    assert "secret" not in answer.text


def test_what_helps_the_caller_goes_along():
    assert refused(UnavailableError("away", 9)).headers == {"Retry-After": "9"}
    assert refused(HTTPException(405, headers={"Allow": "GET"})).headers == {"Allow": "GET"}
    assert refused(HTTPException(405)).headers == {}
