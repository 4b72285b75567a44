"""Subscriptions and notifications as the Subscriptions R5 Backport for R4 writes them (1.1.0)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from adapter.fhir import instants
from adapter.fhir.canonical import CANONICAL
from adapter.fhir.shapes import obj, objects, text
from adapter.support.clock import from_micros
from adapter.support.errors import AdapterError

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport"
_DEFINED = f"{BACKPORT}/StructureDefinition/backport"
TOPICS = {
    f"{CANONICAL}/SubscriptionTopic/stay-changed": "Encounter",
    f"{CANONICAL}/SubscriptionTopic/plan-changed": "CarePlan",
    f"{CANONICAL}/SubscriptionTopic/task-changed": "Task",
}
"""What one may subscribe to, and the type of resource that it is about."""
_TOPIC_OF = {kind: topic for topic, kind in TOPICS.items()}

FORMATS = {"application/fhir+json": "json", "application/fhir+xml": "xml"}
_CALLS = ("event-notification", "heartbeat")
"""What reaches the receiver shows it that the subscription is active."""
MOST_AT_ONCE = 100
_AT_ONCE = 20
_LONGEST_REASON = 500
_HEARTBEATS = range(60, 86_401)
_FILTER = re.compile(r"(?P<kind>[A-Za-z]+)\?status=(?P<statuses>[a-z-]{1,32}(,[a-z-]{1,32}){0,19})")
_NOT_NAMED = UUID("6f9f21e6-6a5c-4d6b-9a25-6ad5d0a3ad5e")
"""The space of the ids of notifications: sent again, a notification has the same."""


@dataclass(frozen=True)
class Asked:
    """What a subscriber asks for. `topic` is a type of resource, `statuses` those that it is told of (None: all),
    `heartbeat` in seconds, `ends_at` aware UTC."""

    topic: str
    statuses: tuple[str, ...] | None
    address: str
    media_type: str
    payload: str
    heartbeat: int | None
    max_count: int
    reason: str
    ends_at: datetime | None


class Event(NamedTuple):
    """A numbered event. `at` is UTC microseconds; `focus` is None where the subscriber may not be told of it now."""

    number: int
    at: int
    focus: str | None


def read(given: dict[str, Any]) -> Asked:
    """What a Subscription asks for. Raises AdapterError, naming the element, for what is not done here: nothing that is
    asked for is left undone in silence."""
    if given.get("resourceType") != "Subscription":
        raise AdapterError("expected a Subscription")
    if given.get("status") != "requested":
        raise AdapterError("Subscription.status: expected requested; the adapter sets it to active once it has called")
    topic = TOPICS.get(text(given.get("criteria")) or "")
    if topic is None:
        raise AdapterError(f"Subscription.criteria: expected one of {', '.join(TOPICS)}")
    reason = text(given.get("reason"))
    if reason is None or not reason.strip() or len(reason) > _LONGEST_REASON:
        raise AdapterError(f"Subscription.reason: expected why it is made, in at most {_LONGEST_REASON} characters")
    channel = obj(given.get("channel"))
    if channel.get("type") != "rest-hook":
        raise AdapterError("Subscription.channel.type: expected rest-hook")
    if "header" in channel or "_header" in channel:
        words = "left out: a secret is configured beside the endpoint in the directory"
        raise AdapterError(f"Subscription.channel.header: expected it to be {words}")
    media_type = text(channel.get("payload")) or "application/fhir+json"
    if media_type not in FORMATS:
        raise AdapterError(f"Subscription.channel.payload: expected {' or '.join(FORMATS)}")
    known = _extensions(channel, "heartbeat-period", "max-count")
    return Asked(
        topic=topic,
        statuses=_statuses(obj(given.get("_criteria")), topic),
        address=text(channel.get("endpoint")) or "",
        media_type=media_type,
        payload=_payload(obj(channel.get("_payload"))),
        heartbeat=_whole(known.get("heartbeat-period"), _HEARTBEATS, "heartbeat-period"),
        max_count=_whole(known.get("max-count"), range(1, MOST_AT_ONCE + 1), "max-count") or _AT_ONCE,
        reason=reason,
        ends_at=_end(given),
    )


def _end(given: dict[str, Any]) -> datetime | None:
    if "end" not in given:
        return None
    at = instants.parse(given["end"])
    if at is None:
        raise AdapterError("Subscription.end: expected an instant with offset")
    return at


def _statuses(criteria: dict[str, Any], topic: str) -> tuple[str, ...] | None:
    written = _extensions(criteria, "filter-criteria").get("filter-criteria")
    if written is None:
        return None
    match = _FILTER.fullmatch(text(written.get("valueString")) or "")
    if match is None or match["kind"] != topic:
        raise AdapterError(f"Subscription.criteria: expected no filter but {topic}?status=… (comma between several)")
    return tuple(sorted(set(match["statuses"].split(","))))


def _payload(payload: dict[str, Any]) -> str:
    written = _extensions(payload, "payload-content").get("payload-content")
    content = "id-only" if written is None else text(written.get("valueCode"))
    if content not in ("id-only", "empty"):
        words = "expected id-only or empty: what has changed is read here, where each view is in the audit"
        raise AdapterError(f"Subscription.channel.payload: {words}")
    return content


def _extensions(element: dict[str, Any], *names: str) -> dict[str, dict[str, Any]]:
    """The extensions of the backport by name. Raises AdapterError for one that is not known here, or stands twice."""
    found: dict[str, dict[str, Any]] = {}
    for extension in objects(element.get("extension")):
        name = (text(extension.get("url")) or "").removeprefix(f"{_DEFINED}-")
        if name not in names or name in found:
            raise AdapterError(f"Subscription: expected no extension there but, once, {', '.join(names)}")
        found[name] = extension
    return found


def _whole(extension: dict[str, Any] | None, bounds: range, name: str) -> int | None:
    if extension is None:
        return None
    numbers = [
        extension[each] for each in ("valueUnsignedInt", "valuePositiveInt", "valueInteger") if each in extension
    ]
    if len(numbers) != 1 or type(numbers[0]) is not int or numbers[0] not in bounds:
        raise AdapterError(f"Subscription.channel: expected {name} from {bounds.start} to {bounds.stop - 1}")
    return int(numbers[0])


def write(row: Any, address: str) -> dict[str, Any]:
    """A subscription (a row of its table) as a resource; `address` is where its notifications go."""
    channel: dict[str, Any] = {"type": "rest-hook", "endpoint": address, "payload": row.media_type}
    told = [("max-count", "valuePositiveInt", row.max_count)]
    told += [("heartbeat-period", "valueUnsignedInt", row.heartbeat)] if row.heartbeat else []
    channel["extension"] = [{"url": f"{_DEFINED}-{name}", kind: value} for name, kind, value in told]
    channel["_payload"] = {"extension": [{"url": f"{_DEFINED}-payload-content", "valueCode": row.payload}]}
    criteria: dict[str, Any] = {"criteria": _TOPIC_OF[row.topic]}
    if row.statuses is not None:
        wanted = f"{row.topic}?status={','.join(row.statuses)}"
        criteria["_criteria"] = {"extension": [{"url": f"{_DEFINED}-filter-criteria", "valueString": wanted}]}
    return {
        "resourceType": "Subscription",
        "id": str(row.id),
        "meta": {"profile": [f"{_DEFINED}-subscription"]},
        "status": row.status,
        **({"end": _written(row.ends_at)} if row.ends_at is not None else {}),
        "reason": row.reason,
        **criteria,
        **({"error": row.error} if row.error else {}),
        "channel": channel,
    }


def status(row: Any, base: str, kind: str, events: Sequence[Event] = ()) -> dict[str, Any]:
    """The status of a subscription as Parameters. `kind` is handshake, heartbeat, event-notification, query-status or
    query-event; `base` is our FHIR address."""
    parameters: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": f"{base}/Subscription/{row.id}"}},
        {"name": "topic", "valueCanonical": _TOPIC_OF[row.topic]},
        {"name": "status", "valueCode": "active" if kind in _CALLS else row.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(row.last_event)},
    ]
    for event in events:
        parts: list[dict[str, Any]] = [
            {"name": "event-number", "valueString": str(event.number)},
            {"name": "timestamp", "valueInstant": _written(event.at)},
        ]
        if event.focus is not None and row.payload == "id-only":
            parts.append({"name": "focus", "valueReference": {"reference": f"{base}/{event.focus}"}})
        parameters.append({"name": "notification-event", "part": parts})
    if row.error and kind not in _CALLS:
        parameters.append({"name": "error", "valueCodeableConcept": {"text": row.error}})
    return {
        "resourceType": "Parameters",
        "id": str(uuid5(_NOT_NAMED, f"{row.id} {kind} {[event.number for event in events]}")),
        "meta": {"profile": [f"{_DEFINED}-subscription-status-r4"]},
        "parameter": parameters,
    }


def notification(row: Any, base: str, kind: str, events: Sequence[Event], at: datetime) -> dict[str, Any]:
    """A notification: its status, and the address of each resource that it is about, once."""
    told = status(row, base, kind, events)
    first = {
        "fullUrl": f"urn:uuid:{told['id']}",
        "resource": told,
        "request": {"method": "GET", "url": f"{base}/Subscription/{row.id}/$status"},
        "response": {"status": "200"},
    }
    focuses = dict.fromkeys(event.focus for event in events if event.focus is not None)
    entries = [
        {
            "fullUrl": f"{base}/{focus}",
            "request": {"method": "PUT", "url": focus},
            "response": {"status": "200"},
        }
        for focus in (focuses if row.payload == "id-only" else ())
    ]
    return {
        "resourceType": "Bundle",
        "id": str(uuid5(_NOT_NAMED, f"bundle {told['id']}")),
        "meta": {"profile": [f"{_DEFINED}-subscription-notification-r4"]},
        "type": "history",
        "timestamp": at.isoformat(timespec="milliseconds"),
        "entry": [first, *entries],
    }


def _written(at: int) -> str:
    return from_micros(at).isoformat(timespec="milliseconds")
