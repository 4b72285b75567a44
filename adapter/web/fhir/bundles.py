"""GET /fhir/Bundle/{id}: a message again, for the party that sent it or to which it was delivered."""

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.support.errors import NotFoundError
from adapter.web import auth, negotiation
from adapter.web.errors import resource_response

if TYPE_CHECKING:
    from adapter.wiring import Adapter


def router(adapter: "Adapter") -> APIRouter:
    routes = APIRouter(prefix="/fhir")
    views = adapter.views

    @routes.get("/Bundle/{bundle_id}", summary="Read a message")
    def read_bundle(bundle_id: str, request: Request) -> Response:
        """The message Bundle as the caller's party sent it, or as it was delivered to it; 404 for all else. Audited.
        Needs the right `content`."""
        caller = auth.principal(request, adapter)
        offer = negotiation.answer_format(request)
        bundle = views.disclosed_bundle(caller, bundle_id)
        if bundle is None:
            raise NotFoundError("there is no such Bundle, or none that you may see")
        return resource_response(bundle, offer)

    return routes
