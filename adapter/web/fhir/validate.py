"""POST /fhir/$validate and /fhir/{type}/$validate: the verdict on a resource, which is neither kept nor carried."""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.web import auth, limits, negotiation
from adapter.web.errors import PARAMETER, Refused, resource_response
from adapter.web.fhir.process_message import BODY
from adapter.web.intake import Intake, answer
from adapter.web.negotiation import Format, UnsupportedMediaType

if TYPE_CHECKING:
    from adapter.wiring import Adapter


def router(adapter: "Adapter", intake: Intake) -> APIRouter:
    routes = APIRouter(prefix="/fhir")

    async def verdict(request: Request, of_type: str | None) -> Response:
        await intake.call(auth.principal, request, adapter)
        offer = negotiation.answer_format(request)
        try:
            headers = request.headers
            written = negotiation.content_format(headers.get("content-type"), headers.get("content-encoding"))
            async with intake.place():
                body = await intake.body(request)
                outcome = await intake.work(
                    _validate, adapter, body, written, of_type, request.query_params.get("profile")
                )
        except (UnsupportedMediaType, limits.TooLarge) as error:
            raise answer(error, adapter.settings.server.max_message_bytes) from error
        return resource_response(outcome, offer)

    @routes.post("/$validate", summary="Validate a resource", openapi_extra={"requestBody": BODY})
    async def validate_any(request: Request) -> Response:
        """Takes a resource, or Parameters with `resource` and `profile`. 200 with an OperationOutcome whatever the
        verdict: errors in it mean that the resource is invalid."""
        return await verdict(request, None)

    @routes.post("/{of_type}/$validate", summary="Validate a resource of a type", openapi_extra={"requestBody": BODY})
    async def validate_type(of_type: str, request: Request) -> Response:
        """The same, for a resource that must be of the type in the path."""
        return await verdict(request, of_type)

    return routes


def _validate(
    adapter: "Adapter", body: bytes, written: Format, of_type: str | None, profile: str | None
) -> dict[str, Any]:
    sent = (fhir_xml if written is Format.XML else fhir_json).parse(body)
    if sent.get("resourceType") != "Parameters" or of_type == "Parameters":
        resource = sent
    else:
        resource, named = _unpacked(sent)
        profile = named or profile
    if of_type is not None and resource.get("resourceType") != of_type:
        raise Refused(400, PARAMETER, "the resource is not of the type that the path names")
    outcome: dict[str, Any] = adapter.validator.validate(resource, profile=profile).to_fhir()
    return outcome


def _unpacked(parameters: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """(resource, profile) of the operation's Parameters. `mode` other than the plain one is refused: we keep nothing
    that could be created, updated or deleted."""
    resource: dict[str, Any] | None = None
    profile: str | None = None
    given = parameters.get("parameter")
    for parameter in given if isinstance(given, list) else []:
        match parameter:
            case {"name": "resource", "resource": dict(found)}:
                resource = found
            case {"name": "profile", "valueUri": str(found)} | {"name": "profile", "valueCanonical": str(found)}:
                profile = found
            case {"name": "mode"}:
                raise Refused(400, PARAMETER, "the parameter mode is not supported: leave it out")
            case _:
                raise Refused(400, PARAMETER, "expected the parameters resource and profile (valueUri), no other")
    if resource is None:
        raise Refused(400, PARAMETER, "Parameters without the parameter resource: there is nothing to validate")
    return resource, profile
