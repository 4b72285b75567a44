"""GET /fhir/metadata: what this server does, and nothing that it does not. Open to all: it tells nothing of anyone."""

import json
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter import __version__
from adapter.discharge.events import EVENTS
from adapter.exchange.resource_ledger import TYPES as RESOURCES
from adapter.exchange.subscriptions.forms import BACKPORT, TOPICS
from adapter.fhir.canonical import CANONICAL, DELIVERY_REPORT, MESSAGE_DEFINITION
from adapter.web import negotiation
from adapter.web.errors import resource_response
from adapter.web.fhir.base import base_url
from adapter.web.fhir.definitions import SEARCHED, TYPES
from adapter.web.fhir.resources import SEARCHED as RESOURCE_SEARCHED
from adapter.web.fhir.tasks import SEARCHED as TASK_SEARCHED
from adapter.web.negotiation import OFFERS

if TYPE_CHECKING:
    from adapter.wiring import Adapter

_PROCESS_MESSAGE = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
_VALIDATE = "http://hl7.org/fhir/OperationDefinition/Resource-validate"
_PERSON = "with the modifier :identifier only, and by POST only: it names a person"
_HTTP = {"system": "http://terminology.hl7.org/CodeSystem/message-transport", "code": "http"}


def router(adapter: "Adapter") -> APIRouter:
    routes = APIRouter(prefix="/fhir")
    started = adapter.clock.now().isoformat(timespec="seconds")

    @routes.get("/metadata", summary="What this server does")
    def metadata(request: Request) -> Response:
        """The CapabilityStatement. Open: needs no token."""
        statement = capability_statement(base_url(request, adapter), started)
        return resource_response(statement, negotiation.answer_format(request))

    return routes


def capability_statement(base: str, date: str) -> dict[str, Any]:
    """The statement of a server whose base URL is `base`, running since `date` (an instant with offset)."""
    from fhir.resources.R4B.capabilitystatement import (
        CapabilityStatement,
    )  # only here: it takes long, and no start needs it

    statement = CapabilityStatement.model_validate(
        {
            "url": f"{base}/fhir/metadata",
            "version": __version__,
            "name": "DischargeAdapter",
            "title": "Discharge adapter",
            "status": "active",
            "date": date,
            "kind": "instance",
            "instantiates": [f"{CANONICAL}/CapabilityStatement/adapter"],
            "software": {"name": "discharge-adapter", "version": __version__},
            "implementation": {"description": "Discharge planning messages", "url": f"{base}/fhir"},
            "fhirVersion": "4.0.1",
            "format": [offer.media_type for offer in OFFERS],
            "rest": [_rest()],
            "messaging": [
                {
                    "endpoint": [{"protocol": _HTTP, "address": f"{base}/fhir/$process-message"}],
                    "documentation": "The acknowledgement is synchronous; a message sent again unchanged gets the "
                    "acknowledgement of the first time.",
                    "supportedMessage": _messages(),
                }
            ],
        }
    )
    written: dict[str, Any] = json.loads(statement.model_dump_json())
    return written


def _messages() -> list[dict[str, Any]]:
    """What is taken in, and what is sent on."""
    return [
        {"mode": mode, "definition": f"{MESSAGE_DEFINITION}{event}"}
        for event in sorted(EVENTS)
        for mode in ("receiver", "sender")
        if (event, mode) != (DELIVERY_REPORT, "receiver")
    ]


def _rest() -> dict[str, Any]:
    return {
        "mode": "server",
        "security": {
            "cors": False,
            "description": "TLS and a bearer token for each party; metadata and definitions need none.",
        },
        "resource": [
            {
                "type": "Bundle",
                "documentation": "Messages that the caller's party sent or that were delivered to it.",
                "interaction": [{"code": "read"}],
                "versioning": "no-version",
            },
            _tasks(),
            *map(_stays_and_plans, RESOURCES),
            _subscriptions(),
            *map(_definitions, TYPES),
        ],
        "operation": [
            {"name": "process-message", "definition": _PROCESS_MESSAGE},
            {"name": "validate", "definition": _VALIDATE},
        ],
    }


def _tasks() -> dict[str, Any]:
    interactions = ("read", "vread", "update", "history-instance", "search-type")
    return {
        "type": "Task",
        "profile": f"{CANONICAL}/StructureDefinition/participation-task",
        "documentation": "Requests in which the caller's party is owner or requester, as far as they were disclosed "
        "to it. Search by POST only. An update needs If-Match, changes what became of the request and nothing else, "
        "and is sent to the other side as an acceptance-answer.",
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": False,
        "conditionalRead": "not-match",
        "searchParam": [{"name": name, "type": kind} for name, kind in TASK_SEARCHED.items()]
        + [{"name": "patient", "type": "reference", "documentation": _PERSON}],
    }


def _stays_and_plans(resource_type: str) -> dict[str, Any]:
    return {
        "type": resource_type,
        "documentation": "What the caller's party sent, or what was delivered to it, as messages tell of it. It is "
        "changed by messages only. Pages follow the link next; a page may hold fewer than asked for.",
        "interaction": [{"code": code} for code in ("read", "vread", "history-instance", "search-type")],
        "versioning": "versioned",
        "readHistory": True,
        "conditionalRead": "not-match",
        "searchParam": [{"name": name, "type": kind} for name, kind in RESOURCE_SEARCHED.items()]
        + [{"name": "patient", "type": "reference", "documentation": _PERSON}],
    }


def _subscriptions() -> dict[str, Any]:
    defined = f"{BACKPORT}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical"
    operations = {name: f"{BACKPORT}/OperationDefinition/backport-subscription-{name}" for name in ("status", "events")}
    return {
        "extension": [{"url": defined, "valueCanonical": topic} for topic in TOPICS],
        "type": "Subscription",
        "supportedProfile": [f"{BACKPORT}/StructureDefinition/backport-subscription"],
        "documentation": "Of the caller's party. Channel rest-hook to an endpoint that is configured for it; payload "
        "id-only or empty. An update changes the status alone: off, or requested to begin again.",
        "interaction": [{"code": code} for code in ("read", "create", "update", "delete", "search-type")],
        "versioning": "no-version",
        "updateCreate": False,
        "operation": [{"name": name, "definition": definition} for name, definition in operations.items()],
    }


def _definitions(resource_type: str) -> dict[str, Any]:
    return {
        "type": resource_type,
        "documentation": "The definitions of this project. Open.",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [{"name": name, "type": kind} for name, kind in SEARCHED.items()],
    }
