"""What every call to /operations stands on: who calls, a body of known fields, an answer in JSON."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Path, Query
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapter.security.principals import Principal
from adapter.support.plain import plain
from adapter.web import auth, limits
from adapter.web.errors import MEDIA_TYPE, PARAMETER, SIZE, SLOW, Refused

if TYPE_CHECKING:
    from adapter.wiring import Adapter

LARGEST_ID = 2**63 - 1
MOST_BODY = 64 * 1024
_JSON = "application/json"
_NO_STORE = {"Cache-Control": "no-store"}

Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Cursor = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="the next page: as the last answer gave it")]
Limit = Annotated[int, Query(ge=1, le=200)]
Word = Annotated[str | None, Query(max_length=255)]

Model = TypeVar("Model", bound=BaseModel)


class Fields(BaseModel):
    """A body of JSON: fields that are not known are refused, not passed over."""

    model_config = ConfigDict(extra="forbid", str_max_length=4 * MOST_BODY)

    @field_validator("*")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("holds a character that no database can keep")
        return value


class Calls:
    """The callers of one adapter."""

    def __init__(self, adapter: "Adapter") -> None:
        self.adapter = adapter
        self.reason = self.body(Reason)
        self.optional = self.body(OptionalReason)

    def caller(self, request: Request) -> Principal:
        """The dependency of every call: who shows the token. A parameter that the call does not know is refused."""
        found = auth.principal(request, self.adapter)
        known = {each.alias for each in request.scope["route"].dependant.query_params}
        if unknown := sorted(set(request.query_params) - known):
            raise Refused(400, PARAMETER, f"{len(unknown)} parameters are not known here: expected {sorted(known)}")
        return found

    def body(self, model: type[Model], most: int = MOST_BODY) -> Callable[..., Coroutine[Any, Any, Model]]:
        """A dependency: the body as a model, read after the caller is known. Raises Refused."""

        async def read(request: Request, _: Principal = Depends(self.caller)) -> Model:
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
                raise Refused(415, MEDIA_TYPE, f"expected {_JSON}")
            try:
                return model.model_validate_json(await limits.read(request, most))
            except limits.TooLarge as error:
                raise Refused(413, SIZE, f"the body has more than the {most} bytes that are allowed") from error
            except limits.TooSlow as error:
                raise Refused(408, SLOW, "the body did not arrive in time") from error
            except ValidationError as error:
                raise Refused(400, PARAMETER, _words(error, model)) from None

        return read


def described(model: type[BaseModel]) -> dict[str, Any]:
    """The body in the OpenAPI description."""
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": schema}}}}


def takes(body: type[BaseModel], gives: Any) -> dict[str, Any]:
    """Body and answer in the OpenAPI description."""
    return {"openapi_extra": described(body), "responses": answers(gives)}


def answers(shape: Any, words: str = "As asked for") -> dict[int | str, dict[str, Any]]:
    """The answer in the OpenAPI description."""
    return {200: {"model": shape, "description": words}}


def json(data: object, status: int = 200) -> Response:
    return JSONResponse(plain(data), status, _NO_STORE)


def content(body: bytes, media_type: str) -> Response:
    """Bytes of a message, exactly as they are kept; no browser is to show them as a page."""
    headers = _NO_STORE | {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(body, 200, headers, media_type=media_type)


class Reason(Fields):
    """Why; it goes into the audit."""

    reason: str


class OptionalReason(Fields):
    """Why, where one is welcome but not asked for."""

    reason: str = ""


def _words(error: ValidationError, model: type[BaseModel]) -> str:
    """Which fields are wrong, without what was in them."""
    fields = sorted({str(part) for each in error.errors() for part in each["loc"][:1] if part in model.model_fields})
    known = ", ".join(model.model_fields)
    wrong = ", ".join(fields) or "the body"
    return f"{wrong}: missing, unknown or of the wrong kind: expected JSON with {known}"
