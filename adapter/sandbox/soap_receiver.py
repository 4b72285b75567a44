"""A simulated SOAP service: takes records in calls of SOAP 1.1, stores each once, and says so by a result code."""

from http import HTTPStatus
from typing import Any, Literal

from lxml import etree

from adapter.plans.riv import soap
from adapter.sandbox.ledger import Effect, Ledger
from adapter.sandbox.server import LoopbackServer, Request, Response, words

Says = Literal["taken", "busy", "refused"]
CODES: dict[Says, str] = {"taken": "OK", "busy": "BUSY", "refused": "NOT_FOR_US"}
AGAIN = "ALREADY_RECEIVED"
"""The result code of what it has already."""
_NAMESPACE = "urn:discharge-adapter:sandbox:1"
_MESSAGE_ID = "meddelandeId"


class SoapReceiver:
    """POST any path. A record is known by its `meddelandeId`, else by the Idempotency-Key of the call. `says` is what
    it answers to what it does not have yet; with `busy` and `refused` nothing is stored."""

    def __init__(self, ledger: Ledger, says: Says = "taken", port: int = 0) -> None:
        self.ledger = ledger
        self.says = says
        self.server = LoopbackServer(self._handle, port)

    @property
    def address(self) -> str:
        return f"{self.server.address}/soap"

    def _handle(self, request: Request) -> Response:
        if request.method != "POST":
            return words(HTTPStatus.METHOD_NOT_ALLOWED, "expected a POST", Allow="POST")
        try:
            return self._taken(request, soap.opened(request.body))
        except soap.Fault as fault:
            self.ledger.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, soap.write_fault(fault), soap.MEDIA_TYPE)

    def _taken(self, request: Request, record: Any) -> Response:
        found = record.xpath(f"string(.//*[local-name()='{_MESSAGE_ID}'])").strip()
        message_id = found or request.headers.get("idempotency-key", "")
        if not message_id:
            raise soap.Fault("Client", f"the record has no {_MESSAGE_ID}, and the call no Idempotency-Key")
        if self.says != "taken":
            self.ledger.refuse(HTTPStatus.OK)
            return _result(CODES[self.says])
        body = etree.tostring(record, method="c14n")
        effect = self.ledger.take(message_id, "soap", body, event=etree.QName(record).localname)
        if effect is Effect.CONFLICT:
            raise soap.Fault("Client", "this message id was seen with other content")
        return _result(AGAIN if effect is Effect.REPEATED else CODES["taken"])


def _result(code: str) -> Response:
    answer = etree.Element(f"{{{_NAMESPACE}}}answer", nsmap={"a": _NAMESPACE})
    result = etree.SubElement(answer, f"{{{_NAMESPACE}}}result")
    etree.SubElement(result, f"{{{_NAMESPACE}}}resultCode").text = code
    return Response(HTTPStatus.OK, soap.write(answer), soap.MEDIA_TYPE)
