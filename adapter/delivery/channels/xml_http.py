"""A partner's XML record over HTTP, answered by that partner's technical acknowledgement."""

from dataclasses import replace

from adapter.delivery.channels.base import Answer, Check, Outgoing, ReadAcknowledgement
from adapter.delivery.channels.http import HttpSender
from adapter.support.errors import AdapterError


class XmlHttpChannel:
    """Posts the record to the endpoint's address; `read` knows the partner's acknowledgement."""

    def __init__(self, sender: HttpSender, url: str, read: ReadAcknowledgement) -> None:
        self._sender = sender
        self._url = url
        self._read = read

    def send(self, outgoing: Outgoing) -> Answer:
        answer = self._sender.post(self._url, outgoing, accept="application/xml")
        if not answer.body:
            return answer
        try:
            said = self._read(answer.body)
        except AdapterError:  # not in the partner's format
            said = None
        return replace(answer, acknowledgement=said)

    def check(self) -> Check:
        return self._sender.check(self._url)

    def close(self) -> None:
        self._sender.close()
