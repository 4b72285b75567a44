"""Alerts as JSON to an address of the recipient's, signed by Standard Webhooks."""

import json
from datetime import datetime
from typing import Any

from adapter.delivery import channels
from adapter.delivery.channels import signing
from adapter.delivery.channels.base import ChannelSettings
from adapter.exchange.alerts.mail import AlertError
from adapter.support.alerting import Recipient
from adapter.support.clock import Clock
from adapter.support.errors import AdapterError

_OK = range(200, 300)


def send(recipient: Recipient, uid: str, content: dict[str, Any], at: datetime, clock: Clock) -> str:
    """Post one message; returns what its being taken proves. The body is the same at each try, `webhook-id` is the
    uid. Raises AlertError."""
    body = json.dumps({"type": "alert", "timestamp": at.isoformat(), "data": content}, ensure_ascii=False).encode()
    url = recipient.webhook or ""
    try:
        headers = signing.headers(recipient.secret_file, uid, clock.now(), body) or {"webhook-id": uid}
        sender = channels.sender(_settings(recipient, url))
    except AdapterError as error:
        raise AlertError(str(error)) from error
    try:
        answer = sender.request("POST", url, {"Content-Type": "application/json"} | headers, body)
    finally:
        sender.close()
    if answer.fault is not None:
        raise AlertError(f"the webhook does not answer ({answer.fault}: {answer.reason})")
    if answer.status not in _OK:
        raise AlertError(f"the webhook answered {answer.status}")
    trusted = "its certificate is trusted, " if url.lower().startswith("https:") else ""
    signed = "" if recipient.secret_file is None else "signed "
    return f"the address answers, {trusted}and took the {signed}message (HTTP {answer.status})"


def _settings(recipient: Recipient, url: str) -> ChannelSettings:
    return ChannelSettings(
        id=f"alerts to {recipient.id}",
        channel="webhook",
        address=url,
        ca_file=recipient.ca_file,
        proxy=recipient.proxy,
        max_answer_bytes=64 * 1024,
    )
