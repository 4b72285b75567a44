"""/operations: what operations see and do, as JSON for machines. The console is the same for people.

Each call shows a bearer token and is bounded: a page, a form of known fields. What is about a person is asked for by
POST, with a reason: neither stands in an address.
"""

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from adapter.web.errors import Refused
from adapter.web.operations import acting, cases, following, keeping, looking, persons, replaying
from adapter.web.operations.calls import Calls

if TYPE_CHECKING:
    from adapter.wiring import Adapter

PREFIX = "/operations"
PROBLEM = "application/problem+json"


def router(adapter: "Adapter") -> APIRouter:
    """Everything under /operations."""
    routes = APIRouter(prefix=PREFIX, tags=["operations"])
    calls = Calls(adapter)
    for module in (looking, acting, replaying, persons, cases, keeping, following):
        module.add(routes, calls)
    return routes


def as_problem(answer: Refused) -> Response:
    """An error as a problem (RFC 9457); `rule` is its lasting id."""
    told = {"title": answer.rule.id, "status": answer.status, "detail": answer.text, "rule": answer.rule.id}
    return JSONResponse(told, answer.status, dict(answer.headers), media_type=PROBLEM)
