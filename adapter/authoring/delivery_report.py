"""Writes the delivery report: what became of a message, one entry for each destination. It names no person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapter.authoring.chain import Link
from adapter.authoring.message import Identifiers
from adapter.authoring.parties import Unit
from adapter.fhir.canonical import DELIVERY_REPORT, EVENT, URI

Resource = dict[str, Any]

_STATUS = {"delivered": "completed", "failed": "not-done", "held": "on-hold"}


@dataclass(frozen=True)
class Destination:
    """One destination of the message. `state` is delivered, failed or held; `reason` says why, where it is not
    delivered, and what became of earlier sendings to it; `recipient` is a Reference to it. `since` is when this became
    so, `received` when the receiver's system had acknowledged it: instants with offset."""

    state: str
    recipient: Resource
    since: str
    reason: str = ""
    received: str | None = None


def write(
    identifiers: Identifiers, about: str, at: str, adapter: Unit, receiver: Unit, destinations: Sequence[Destination]
) -> Resource:
    """The Bundle of a report on the message with the MessageHeader.id `about`, to its sender.

    `adapter` says by its endpoint and software who writes, `receiver` is the unit that sent the message. In the
    header it is the sender as well: the report is its own message's, and the adapter has no HSA-id.
    """
    new = identifiers.new
    header_id, unit_id = new("report"), new("unit")
    unit = {"reference": f"urn:uuid:{unit_id}", "display": receiver.name}
    statuses = [_status(new(f"destination {index}"), about, each) for index, each in enumerate(destinations)]
    header = {
        "resourceType": "MessageHeader",
        "id": header_id,
        "eventCoding": {"system": EVENT, "code": DELIVERY_REPORT},
        "destination": [{"name": receiver.name, "endpoint": receiver.endpoint, "receiver": unit}],
        "sender": unit,
        "source": {"name": adapter.name, "software": adapter.software, "endpoint": adapter.endpoint},
        "focus": [{"reference": f"urn:uuid:{each['id']}"} for each in statuses],
    }
    link = Link(header_id, DELIVERY_REPORT, at, receiver, frozenset(), answers=about)
    provenance = link.provenance(new("provenance"), {"reference": f"urn:uuid:{header_id}"}, unit)
    resources = [header, *statuses, receiver.resource(unit_id), provenance]
    return {
        "resourceType": "Bundle",
        "id": new("bundle"),
        "type": "message",
        "timestamp": at,
        "entry": [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources],
    }


def _status(resource_id: str, about: str, destination: Destination) -> Resource:
    return {
        "resourceType": "Communication",
        "id": resource_id,
        "status": _STATUS[destination.state],
        **({"statusReason": {"text": destination.reason}} if destination.reason else {}),
        "about": [{"identifier": {"system": URI, "value": f"urn:uuid:{about}"}}],
        "sent": destination.since,
        **({"received": destination.received} if destination.received else {}),
        "recipient": [destination.recipient],
    }
