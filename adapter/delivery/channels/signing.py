"""Signatures by which a receiver knows that a delivery is ours and whole (Standard Webhooks 1.0, symmetric)."""

import binascii
from datetime import datetime
from pathlib import Path

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from adapter.support import secrets

_LEAST = 32
"""Characters of a secret: 24 bytes in base64, the least that Standard Webhooks allows."""
_MEND = 'make one: echo "whsec_$(openssl rand -base64 32)"'


def headers(secret_file: Path | None, webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed delivery, none where there is no secret. `webhook_id` is the same at each try of a
    delivery, `at` is the try's own. The secret is read anew each time. Raises SecretError."""
    if secret_file is None:
        return {}
    secret = secrets.read(secret_file, None, _LEAST, _MEND)
    try:
        signature = Webhook(secret).sign(webhook_id, at, body.decode())
    except (binascii.Error, EmptyWebhookSecretError) as error:
        raise secrets.SecretError(f"the file {secret_file} holds no secret in base64; {_MEND}") from error
    except UnicodeDecodeError as error:
        raise secrets.SecretError("a delivery that is not UTF-8 text cannot be signed") from error
    return {"webhook-id": webhook_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
