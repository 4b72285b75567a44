"""Search parameters in a form: what names a person belongs in no URL."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import Request

from adapter.security.principals import Principal
from adapter.web import limits
from adapter.web.errors import MEDIA_TYPE, PARAMETER, Refused
from adapter.web.intake import Intake, answer

if TYPE_CHECKING:
    from adapter.wiring import Adapter

FORM = "application/x-www-form-urlencoded"


async def form(intake: Intake, request: Request, adapter: "Adapter", caller: Principal) -> list[tuple[str, str]]:
    """The parameters of a search that is posted. Raises Refused where they cannot be read."""
    if request.headers.get("content-type", FORM).partition(";")[0].strip().lower() != FORM:
        raise Refused(415, MEDIA_TYPE, f"this Content-Type is not supported: expected {FORM}")
    try:
        with intake.reading(caller, request):
            body = await intake.body(request)
    except limits.TooLarge as error:
        raise answer(error, adapter.settings.server.max_message_bytes) from error
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=50)
    except ValueError as error:
        raise Refused(400, PARAMETER, "the form cannot be read") from error
