"""A simulated FHIR system (regional EHR, open-care unit): takes messages, stores each once, acknowledges."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import EVENT
from adapter.sandbox.ledger import Effect, Ledger
from adapter.sandbox.server import LoopbackServer, Request, Response
from adapter.support.errors import ParseError

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
_CODECS = {FHIR_JSON: fhir_json, FHIR_XML: fhir_xml}
_OPERATION = "/$process-message"


class FhirReceiver:
    """POST …/$process-message in JSON or XML, with the bearer token given.

    A message seen again with the same bytes gets the same acknowledgement and has no second effect; with other bytes
    it is refused with 409, because every attempt at a delivery must repeat body and ids unchanged.
    """

    def __init__(self, unit: str, token: str, ledger: Ledger) -> None:
        self.unit = unit
        self.ledger = ledger
        self.token = token
        self.server = LoopbackServer(self._handle)

    @property
    def base(self) -> str:
        """The FHIR base URL that the adapter delivers to."""
        return f"{self.server.address}/fhir"

    def _handle(self, request: Request) -> Response:
        codec = request.media_type if request.media_type in _CODECS else FHIR_JSON
        try:
            resource = self._process(request)
        except _Refused as refused:
            self.ledger.refuse(refused.status)
            return Response(refused.status, _CODECS[codec].serialize(refused.outcome()), codec)
        status = HTTPStatus.CONFLICT if resource["resourceType"] == "OperationOutcome" else HTTPStatus.OK
        return Response(status, _CODECS[codec].serialize(resource), codec)

    def _process(self, request: Request) -> dict[str, Any]:
        if request.method != "POST" or not request.path.endswith(_OPERATION):
            raise _Refused(HTTPStatus.NOT_FOUND, "not-found", f"expected POST …{_OPERATION}")
        if request.bearer != self.token:
            raise _Refused(HTTPStatus.UNAUTHORIZED, "login", "the bearer token is missing or not the one agreed")
        if request.media_type not in _CODECS:
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-supported", f"expected {FHIR_JSON} or {FHIR_XML}")
        message = _message(request)
        header_id = str(message.header_id)
        effect = self.ledger.take(header_id, self.unit, request.body, event=message.event, answers=answered(message))
        if effect is Effect.CONFLICT:
            return _Refused(HTTPStatus.CONFLICT, "conflict", "this message id was seen with other content").outcome()
        return acknowledgement(header_id, self.base)


class _Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    def __init__(self, status: HTTPStatus, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self._issue = {"severity": "error", "code": code, "diagnostics": text}

    def outcome(self) -> dict[str, Any]:
        return {"resourceType": "OperationOutcome", "issue": [self._issue]}


def acknowledgement(header_id: str, source: str) -> dict[str, Any]:
    """The positive technical acknowledgement of a message; the same for the same message."""
    own_id = str(uuid5(NAMESPACE_URL, f"{source}#{header_id}"))
    header = {
        "resourceType": "MessageHeader",
        "id": own_id,
        "eventCoding": {"system": EVENT, "code": "acknowledgement"},
        "source": {"endpoint": source},
        "response": {"identifier": header_id, "code": "ok"},
    }
    return {
        "resourceType": "Bundle",
        "id": str(uuid5(NAMESPACE_URL, f"{source}#{header_id}#bundle")),
        "type": "message",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "entry": [{"fullUrl": f"urn:uuid:{own_id}", "resource": header}],
    }


def _message(request: Request) -> MessageBundle:
    try:
        message = MessageBundle(_CODECS[request.media_type].parse(request.body))
    except ParseError as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, "structure", str(error)) from error
    first = next(iter(message.resources), {})
    if message.bundle.get("type") != "message" or first.get("resourceType") != "MessageHeader" or not message.header_id:
        text = "expected a Bundle of type message with a MessageHeader as its first entry"
        raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", text)
    return message


def answered(message: MessageBundle) -> str | None:
    """The id of the message that this one answers: `source` of its own Provenance."""
    for provenance in message.of_type("Provenance"):
        if any(message.resolve(target) is message.header for target in provenance.get("target", [])):
            for entity in provenance.get("entity", []):
                if entity.get("role") == "source":
                    return str(entity["what"]["identifier"]["value"]).removeprefix("urn:uuid:")
    return None
