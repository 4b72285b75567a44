"""POST /fhir/$validate and /fhir/{type}/$validate: the verdict on a resource, which is neither kept nor carried.

R4's operation Resource-validate, at the level of types; without a type in the path it takes a resource of any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue
from adapter.web import auth, limits, negotiation
from adapter.web.errors import MODE, PARAMETER, Refused, resource_response
from adapter.web.fhir.process_message import BODY
from adapter.web.intake import Intake, answer
from adapter.web.negotiation import Format, UnsupportedMediaType

if TYPE_CHECKING:
    from adapter.wiring import Adapter

_GENERAL = ("_format", "_pretty", "_summary", "_elements")
"""Parameters that any call may have; of these only _format has an effect."""
_MOST_PROFILES = 10
_MODES = frozenset({"create", "update", "delete", "profile"})
_NOT_CREATED = Issue(
    "information",
    "not-supported",
    "mode create: only the content was checked; the adapter keeps no resources, so that none is created here",
    rule="validation-settings",
)


def router(adapter: "Adapter", intake: Intake) -> APIRouter:
    routes = APIRouter(prefix="/fhir")

    async def verdict(request: Request, of_type: str | None) -> Response:
        caller = await intake.call(auth.principal, request, adapter)
        offer = negotiation.answer_format(request)
        try:
            asked = _named(request.query_params.multi_items())
            headers = request.headers
            written = negotiation.content_format(headers.get("content-type"), headers.get("content-encoding"))
            async with intake.place(request):
                with intake.reading(caller, request):
                    body = await intake.body(request)
                outcome = await intake.work(_validate, adapter, body, written, of_type, asked, size=len(body))
        except (UnsupportedMediaType, limits.TooLarge) as error:
            raise answer(error, adapter.settings.server.max_message_bytes) from error
        return resource_response(outcome, offer)

    @routes.post("/$validate", summary="Validate a resource", openapi_extra={"requestBody": BODY})
    async def validate_any(request: Request) -> Response:
        """Takes a resource, or Parameters with `resource`, `profile` and `mode`; `profile` and `mode` may stand in the
        query. 200 with an OperationOutcome whatever the verdict: errors in it mean that the resource is invalid."""
        return await verdict(request, None)

    @routes.post("/{of_type}/$validate", summary="Validate a resource of a type", openapi_extra={"requestBody": BODY})
    async def validate_type(of_type: str, request: Request) -> Response:
        """The same, for a resource that must be of the type in the path."""
        return await verdict(request, of_type)

    return routes


@dataclass(frozen=True)
class _Asked:
    """What a call asks for beside the resource."""

    profiles: tuple[str, ...] = ()
    mode: str | None = None


def _named(parameters: Sequence[tuple[str, str]]) -> _Asked:
    """What the query asks for. A name that is not known is refused: it could be a profile, misspelt."""
    for name, _ in parameters:
        if name not in ("profile", "mode", *_GENERAL):
            raise Refused(400, PARAMETER, "expected the parameters profile and mode, no other")
    modes = [value for name, value in parameters if name == "mode"]
    return _Asked(tuple(value for name, value in parameters if name == "profile"), _mode(modes))


def _mode(given: Sequence[str]) -> str | None:
    """The mode, which is none or create: R4 has the others for resources that a server keeps, and we keep none."""
    if not given:
        return None
    if list(given) != ["create"]:
        text = (
            "expected no mode, or create: the other modes are about a resource that the server keeps, and none is kept"
        )
        raise Refused(400, MODE if set(given) <= _MODES else PARAMETER, text)
    return "create"


def _validate(adapter: "Adapter", body: bytes, written: Format, of_type: str | None, asked: _Asked) -> dict[str, Any]:
    sent = (fhir_xml if written is Format.XML else fhir_json).parse(body)
    if sent.get("resourceType") != "Parameters" or of_type == "Parameters":
        resource = sent
    else:
        resource, more = _unpacked(sent)
        if more.mode and asked.mode:
            raise Refused(400, PARAMETER, "the parameter mode stands in the query and in Parameters: expected it once")
        asked = _Asked((*asked.profiles, *more.profiles), asked.mode or more.mode)
    if of_type is not None and resource.get("resourceType") != of_type:
        raise Refused(400, PARAMETER, "the resource is not of the type that the path names")
    if len(asked.profiles) > _MOST_PROFILES:
        raise Refused(400, PARAMETER, f"{len(asked.profiles)} profiles: expected at most {_MOST_PROFILES}")
    if resource.get("resourceType") == "Bundle" and resource.get("type") == "message":
        found = adapter.message_validator.issues(MessageBundle(resource), asked.profiles)
    else:
        found = adapter.validator.validate(resource, profile=asked.profiles).issues
    return outcomes.to_fhir([*found, *([_NOT_CREATED] if asked.mode else ())])


def _unpacked(parameters: dict[str, Any]) -> tuple[dict[str, Any], _Asked]:
    """The resource of the operation's Parameters, and what they ask for."""
    resources: list[dict[str, Any]] = []
    profiles: list[str] = []
    modes: list[str] = []
    given = parameters.get("parameter")
    for parameter in given if isinstance(given, list) else []:
        match parameter:
            case {"name": "resource", "resource": dict(found)}:
                resources.append(found)
            case {"name": "profile", "valueUri": str(found)} | {"name": "profile", "valueCanonical": str(found)}:
                profiles.append(found)
            case {"name": "mode", "valueCode": str(found)}:
                modes.append(found)
            case _:
                text = "expected the parameters resource, profile (valueUri) and mode (valueCode), no other"
                raise Refused(400, PARAMETER, text)
    if not resources:
        raise Refused(400, PARAMETER, "Parameters without the parameter resource: there is nothing to validate")
    if len(resources) > 1:
        raise Refused(400, PARAMETER, "the parameter resource stands more than once: expected one resource")
    return resources[0], _Asked(tuple(profiles), _mode(modes))
