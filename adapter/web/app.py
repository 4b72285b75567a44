"""The application: every entry point of one adapter behind one envelope."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from adapter import __version__
from adapter.support.errors import AdapterError
from adapter.web import console, docs, errors, fhir, health, mailbox, metrics, operations, partners
from adapter.web.console.sessions import Sessions
from adapter.web.envelope import Envelope
from adapter.web.errors import Refused
from adapter.web.intake import Intake
from adapter.web.metrics import Metrics
from adapter.web.negotiation import NotAcceptable
from adapter.web.partners import feeds, lifecare, riv

if TYPE_CHECKING:
    from adapter.wiring import Adapter

_ANSWERED: tuple[type[Exception], ...] = (AdapterError, HTTPException, NotAcceptable, Refused, RequestValidationError)


@dataclass(frozen=True)
class Kept:
    """What a process keeps when its application is made anew: what it has counted, and who is logged in."""

    numbers: Metrics
    sessions: Sessions

    @classmethod
    def of(cls, adapter: "Adapter") -> "Kept":
        return cls(Metrics(adapter), Sessions(adapter.settings.security.console_session))


def create(adapter: "Adapter", worker: str | None = None, kept: Kept | None = None) -> FastAPI:
    """The ASGI application of an adapter whose database is at the current schema; `worker` names the worker that runs
    in this process, if one does. It owns nothing: closing the adapter is the caller's."""
    kept = kept or Kept.of(adapter)

    async def handle(request: Request, error: Exception) -> Response:
        return render(request, error)

    def render(request: Request, error: Exception) -> Response:
        answer = errors.refused(error)
        if request.method == "OPTIONS" and answer.status == 405:
            return Response(status_code=204, headers={"Allow": f"{answer.headers.get('Allow', '')}, OPTIONS"})
        path = request.url.path
        if path == "/fhir" or path.startswith(("/fhir/", "/mailbox/")):
            return errors.as_outcome(request, answer)
        if path.startswith(f"/partners/{lifecare.SYSTEM}/"):
            return lifecare.as_acknowledgement(adapter, answer)
        if path.startswith(feeds.PREFIX):
            return feeds.as_answer(adapter, request, answer)
        if path.startswith(riv.PATH):
            return riv.as_fault(answer)
        if path.startswith(f"{operations.PREFIX}/"):
            return operations.as_problem(answer)
        return errors.as_text(request, answer)

    app = FastAPI(
        title="discharge-adapter",
        version=__version__,
        description="Discharge planning messages between Swedish regions and municipalities.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Envelope, render=render)],
        exception_handlers=dict.fromkeys(_ANSWERED, handle),
    )
    intake, numbers = Intake(adapter), kept.numbers
    app.include_router(fhir.router(adapter, intake, numbers))
    app.include_router(partners.router(adapter, intake, numbers))
    app.include_router(mailbox.router(adapter, intake))
    app.include_router(operations.router(adapter))
    app.include_router(health.router(adapter, worker))
    app.include_router(metrics.router(adapter, numbers))
    app.include_router(docs.router())
    app.include_router(console.router(adapter, kept.sessions))
    return app
