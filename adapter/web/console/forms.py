"""Forms: small, from our own pages, and bound to the session that they were shown in."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from adapter.support.errors import ForbiddenError
from adapter.web.errors import MEDIA_TYPE, SIZE, SLOW, UNREADABLE, Refused
from adapter.web.limits import TooLarge, TooSlow, read

MAX_FORM = 16 * 1024
MAX_FIELDS = 20
_MEDIA_TYPE = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a small form; as `_read`."""
    return await _read(request, MAX_FORM)


def read_long_form(most: int) -> Callable[[Request], Coroutine[Any, Any, dict[str, str]]]:
    """The same for a form that carries a text of at most so many bytes, which may stand as three characters each."""

    async def read_long(request: Request) -> dict[str, str]:
        return await _read(request, 3 * most + MAX_FORM)

    return read_long


async def _read(request: Request, most: int) -> dict[str, str]:
    """The fields of a form that one of our own pages sent.

    Raises ForbiddenError where the browser says that another site sent it, Refused where it is no form, too large or
    too slow.
    """
    check_origin(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise Refused(415, MEDIA_TYPE, f"expected a form ({_MEDIA_TYPE})")
    try:
        body = await read(request, most)
        if b"%00" in body or b"\0" in body:
            raise Refused(400, UNREADABLE, "the form holds a character that is no text")
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"))
    except TooLarge as error:
        raise Refused(413, SIZE, f"the form is larger than {most} bytes") from error
    except TooSlow as error:
        raise Refused(408, SLOW, "the form did not arrive in time") from error
    except ValueError as error:
        raise Refused(400, UNREADABLE, "the form cannot be read") from error


def check_origin(request: Request) -> None:
    """Raise ForbiddenError where the browser names another origin than the one it calls."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForbiddenError("the form was not sent from this console")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenError("the form was not sent from this console")
