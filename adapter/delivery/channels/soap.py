"""A partner's record in a SOAP 1.1 call, document/literal: one element in the body, one answer at once.

Every fault comes as HTTP 500, so that its code decides and not the status: what the client did wrong is refused for
good, what the server could not do is tried again. WS-Addressing and WS-Security are not spoken: the connection is what
is secured.
"""

from dataclasses import replace
from typing import Any

from adapter.delivery.channels.base import DUPLICATE, Acknowledgement, Answer, Check, Code, Outgoing
from adapter.delivery.channels.http import HttpSender
from adapter.delivery.channels.options import ResultSettings, SoapSettings
from adapter.fhir import markup
from adapter.plans.riv import soap
from adapter.support.errors import ParseError


class SoapChannel:
    """Calls the operation at the endpoint's address."""

    def __init__(self, sender: HttpSender, url: str, settings: SoapSettings) -> None:
        self._sender = sender
        self._url = url
        self._soap = settings

    def send(self, outgoing: Outgoing) -> Answer:
        try:
            markup.decode(outgoing.body)
            record = markup.root(outgoing.body)
        except ParseError as error:
            words = f"the record cannot be put into an envelope: {error}"
            return Answer(final=True, acknowledgement=Acknowledgement(Code.FATAL, words))
        headers = {
            "Accept": soap.MEDIA_TYPE,
            "Content-Type": f"{soap.MEDIA_TYPE}; charset=utf-8",
            "SOAPAction": f'"{self._soap.action}"',
        }
        envelope = soap.write(record, self._soap.logical_address or None)
        answer = self._sender.deliver("POST", self._url, outgoing, headers, envelope)
        said = _read(answer.body, self._soap.result) if answer.body else None
        # at the door (401, 403, 410) and when busy (429, 503) HTTP has the word
        speaks = answer.status is not None and (200 <= answer.status < 300 or answer.status in (400, 500))
        return replace(answer, acknowledgement=said, final=said is not None and speaks)

    def check(self) -> Check:
        return self._sender.check(self._url)

    def close(self) -> None:
        self._sender.close()


def _read(content: bytes, result: ResultSettings | None) -> Acknowledgement | None:
    """What the answer says of the message; None where it is no SOAP 1.1 envelope, or lacks the result asked for."""
    try:
        body = soap.opened(content)
    except soap.Fault:
        return None
    fault = soap.fault_of(body)
    if fault is not None:
        # Client.Authentication and the like are the client's too
        code = Code.TRANSIENT if fault.code.partition(".")[0] == "Server" else Code.FATAL
        return Acknowledgement(code, f"SOAP fault {fault.code}: {fault.text}")
    return Acknowledgement(Code.OK) if result is None else _result(body, result)


def _result(body: Any, result: ResultSettings) -> Acknowledgement | None:
    code = _at(body, result.code)
    if not code:
        return None
    words = " ".join(filter(None, [code, _at(body, result.text) if result.text else ""]))
    if code in result.duplicate:
        return Acknowledgement(Code.OK, words, frozenset({DUPLICATE}))
    kind = Code.OK if code in result.ok else Code.TRANSIENT if code in result.transient else Code.FATAL
    return Acknowledgement(kind, words)


def _at(body: Any, path: str) -> str:
    """The text at a path of local names below the element; empty where there is none."""
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    found = body.xpath(f"./{steps}")
    return (found[0].text or "").strip() if found else ""
