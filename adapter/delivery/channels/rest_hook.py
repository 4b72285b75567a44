"""Notifications, posted to the address that a subscriber has given: any 2xx takes one, whatever its body says."""

from dataclasses import replace

from adapter.delivery.channels.base import Acknowledgement, Answer, ChannelSettings, Check, Code, Outgoing
from adapter.delivery.channels.http import HttpSender


class RestHookChannel:
    """Posts each notification to the endpoint's address."""

    def __init__(self, sender: HttpSender, settings: ChannelSettings) -> None:
        self._sender = sender
        self._url = settings.address

    def send(self, outgoing: Outgoing) -> Answer:
        answer = self._sender.post(self._url, outgoing, "*/*")
        if answer.status is not None and 200 <= answer.status < 300:
            return replace(answer, acknowledgement=Acknowledgement(Code.OK))
        return answer

    def check(self) -> Check:
        return self._sender.check(self._url)

    def close(self) -> None:
        self._sender.close()
