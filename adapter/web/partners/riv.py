"""POST /partners/riv/GetCarePlans: plans for the national service platform, over SOAP 1.1 (RIV TA Basic Profile 2.1).

A call that cannot be answered gets a SOAP Fault; a request that breaks a rule of the contract gets an answer that says
ERROR. The WSDL is Inera's and is not served here: who calls has it from there.
"""

from typing import TYPE_CHECKING
from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.plans.riv import contract, soap, wire
from adapter.plans.riv.soap import Fault
from adapter.security.principals import Principal, Right
from adapter.web import auth, intake
from adapter.web.errors import Refused
from adapter.web.intake import Intake
from adapter.web.limits import TooLarge
from adapter.web.negotiation import Format, UnsupportedMediaType, content_format

if TYPE_CHECKING:
    from adapter.exchange.care_plans import CarePlans
    from adapter.wiring import Adapter

PATH = "/partners/riv/"
_READABLE = {soap.MEDIA_TYPE: Format.XML}
_BODY = {"content": {soap.MEDIA_TYPE: {"schema": {"type": "string"}}}}


def router(adapter: "Adapter", intake_: Intake, service: "CarePlans") -> APIRouter:
    routes = APIRouter(prefix=PATH.rstrip("/"))
    riv, most_bytes = adapter.settings.riv, adapter.settings.server.max_message_bytes
    addresses = {riv.source_system, *riv.logical_addresses}

    def answer(content: bytes, action: str, caller: Principal) -> bytes:
        envelope = soap.read(content)
        if action not in ("", contract.ACTION):
            raise Fault("Client", f"the SOAPAction is another operation's: expected {contract.ACTION}")
        if envelope.logical_address not in addresses:
            raise Fault("Client", "the LogicalAddress is not one of this system's")
        try:
            request = wire.read_request(envelope.body)
        except contract.ContractError as error:
            raise Fault("Client", str(error)) from None
        return soap.write(wire.write_answer(service.answer(request, caller, str(uuid4()))))

    @routes.post(
        "/GetCarePlans", summary="Plans of a person (RIV-TA GetCarePlans 2.0)", openapi_extra={"requestBody": _BODY}
    )
    async def get_care_plans(request: Request) -> Response:
        """A SOAP 1.1 envelope with GetCarePlans in, GetCarePlansResponse out. Needs a token with `content`; every
        answer is in the audit."""
        caller = await intake_.call(auth.principal, request, adapter, Right.CONTENT)
        try:
            headers = request.headers
            content_format(headers.get("content-type"), headers.get("content-encoding"), _READABLE)
            async with intake_.place(request):
                with intake_.reading(caller, request):
                    content = await intake_.body(request)
                action = headers.get("soapaction", "").strip().strip('"')
                return _xml(await intake_.work(answer, content, action, caller, size=len(content)), 200)
        except (TooLarge, UnsupportedMediaType) as error:
            raise intake.answer(error, most_bytes) from error
        except Fault as fault:
            return _xml(soap.write_fault(fault), 500)

    return routes


def as_fault(answer: Refused) -> Response:
    """A SOAP Fault that says why a call was refused at the door, under the status that says the same to HTTP."""
    later = answer.status in (408, 425, 429) or answer.status >= 500
    fault = Fault("Server" if later else "Client", answer.text)
    return _xml(soap.write_fault(fault), answer.status, dict(answer.headers))


def _xml(content: bytes, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers, media_type=f"{soap.MEDIA_TYPE}; charset=utf-8")
