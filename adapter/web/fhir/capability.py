"""GET /fhir/metadata: what this server does, and nothing that it does not. Open to all: it tells nothing of anyone."""

import json
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from starlette.requests import Request
from starlette.responses import Response

from adapter import __version__
from adapter.discharge.events import EVENTS
from adapter.fhir.canonical import CANONICAL, EVENT
from adapter.web import negotiation
from adapter.web.errors import resource_response
from adapter.web.negotiation import OFFERS

if TYPE_CHECKING:
    from adapter.wiring import Adapter

_PROCESS_MESSAGE = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
_VALIDATE = "http://hl7.org/fhir/OperationDefinition/Resource-validate"
_HTTP = {"system": "http://terminology.hl7.org/CodeSystem/message-transport", "code": "http"}


def router(adapter: "Adapter") -> APIRouter:
    routes = APIRouter(prefix="/fhir")
    started = adapter.clock.now().isoformat(timespec="seconds")

    @routes.get("/metadata", summary="What this server does")
    def metadata(request: Request) -> Response:
        """The CapabilityStatement. Open: needs no token."""
        statement = capability_statement(_base(request, adapter), started)
        return resource_response(statement, negotiation.answer_format(request))

    return routes


def _base(request: Request, adapter: "Adapter") -> str:
    """Our base URL: the public one where it is set, else as the caller reached us."""
    settings = adapter.settings.server
    return settings.url if settings.public_url else f"{request.url.scheme}://{request.url.netloc}"


def capability_statement(base: str, date: str) -> dict[str, Any]:
    """The statement of a server whose base URL is `base`, running since `date` (an instant with offset)."""
    carried = ", ".join(sorted(code for code in EVENTS if code not in ("acknowledgement", "delivery-report")))
    statement = CapabilityStatement.model_validate(
        {
            "url": f"{CANONICAL}/CapabilityStatement/adapter",
            "version": __version__,
            "name": "DischargeAdapter",
            "title": "Discharge adapter",
            "status": "active",
            "date": date,
            "kind": "instance",
            "software": {"name": "discharge-adapter", "version": __version__},
            "implementation": {"description": "Discharge planning messages", "url": f"{base}/fhir"},
            "fhirVersion": "4.0.1",
            "format": [offer.media_type for offer in OFFERS],
            "rest": [_rest()],
            "messaging": [
                {
                    "endpoint": [{"protocol": _HTTP, "address": f"{base}/fhir/$process-message"}],
                    "documentation": f"Events of {EVENT}: {carried}. The acknowledgement is synchronous; a message "
                    "sent again unchanged gets the acknowledgement of the first time.",
                }
            ],
        }
    )
    written: dict[str, Any] = json.loads(statement.model_dump_json())
    return written


def _rest() -> dict[str, Any]:
    return {
        "mode": "server",
        "security": {"cors": False, "description": "TLS and a bearer token for each party; all but metadata needs it."},
        "resource": [
            {
                "type": "Bundle",
                "documentation": "Messages that the caller's party sent or that were delivered to it.",
                "interaction": [{"code": "read"}],
                "versioning": "no-version",
            }
        ],
        "operation": [
            {"name": "process-message", "definition": _PROCESS_MESSAGE},
            {"name": "validate", "definition": _VALIDATE},
        ],
    }
