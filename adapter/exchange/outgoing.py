"""What the adapter makes itself is checked before it is kept for delivery: narrowed messages, acknowledgements."""

from typing import Any

from adapter.exchange import rejections
from adapter.fhir import outcomes
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue
from adapter.support import plain_json
from adapter.validation.whole import MessageValidator

RULE = "outgoing-invalid"
"""Of the warning in an acknowledgement that one receiver does not get the message."""

_SHOWN = 100


class Outgoing:
    """Checks what leaves because of one message: each distinct content once."""

    def __init__(self, validator: MessageValidator) -> None:
        self._validator = validator
        self._known: list[tuple[MessageBundle, list[Issue]]] = []

    def faults(self, message: MessageBundle) -> list[Issue]:
        """The errors in a message."""
        for known, faults in self._known:
            if known.bundle == message.bundle:
                return faults
        faults = outcomes.errors(self._validator.issues(message))[:_SHOWN]
        self._known.append((message, faults))
        return faults


def problem(faults: list[Issue]) -> str:
    """What is wrong, in one sentence without personal data."""
    first = faults[0]
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    place = f" at {first.expression[0]}" if first.expression else ""
    return f"what this receiver would get is not valid: {first.rule}{place}: {first.message}{more}"


def report(faults: list[Issue], **more: Any) -> bytes:
    """The faults as they are kept beside the delivery."""
    rows = [rejections.as_row(issue) for issue in faults]
    return plain_json.dumps(more | {"validation": rows})
