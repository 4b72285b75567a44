"""From a bearer token to the principal who answers for the call."""

from typing import TYPE_CHECKING

from starlette.requests import Request

from adapter.security.principals import Principal, Right
from adapter.support.clock import STOCKHOLM
from adapter.support.errors import NotFoundError
from adapter.web.errors import RIGHT, TOKEN, Refused

if TYPE_CHECKING:
    from adapter.wiring import Adapter

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="discharge-adapter"'}


def authenticate(adapter: "Adapter", bearer: str) -> Principal:
    """The principal of a token, with the units that its party has today (Europe/Stockholm).

    Raises Refused: 401 for a token that is malformed, unknown, expired or revoked (the four are not told apart), 403
    where the directory no longer has its party.
    """
    row = adapter.tokens.authenticate(bearer)
    if row is None:
        raise _unauthorized("the token is not valid: it is unknown, expired or revoked")
    today = adapter.clock.now().astimezone(STOCKHOLM).date()
    try:
        units = adapter.directory.units_of(row.party, today)
    except NotFoundError:
        raise Refused(403, RIGHT, "the token's party is no longer in the directory") from None
    return Principal(
        name=f"{row.label}#{row.id}",
        party=row.party,
        units=units,
        rights=row.rights,
        carries=adapter.directory.carried_by(row.party),
    )


def principal(request: Request, adapter: "Adapter", right: Right | None = None) -> Principal:
    """The principal of a request's Authorization header. Raises Refused (401), ForbiddenError without the right."""
    caller = authenticate(adapter, _bearer(request))
    if right is not None:
        caller.require(right)
    return caller


def _bearer(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    if len(headers) != 1:
        raise _unauthorized("this needs a token: send one header 'Authorization: Bearer <token>'")
    scheme, _, value = headers[0].partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise _unauthorized("the Authorization header is not of the form 'Bearer <token>'")
    return value.strip()


def _unauthorized(text: str) -> Refused:
    return Refused(401, TOKEN, text, _CHALLENGE)
