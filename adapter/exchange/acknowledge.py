"""Authors the technical acknowledgement: what the adapter answers to the one who sent a message.

FHIR R4 messaging: `MessageHeader.response` with ok, transient-error or fatal-error, and an OperationOutcome
unless all is well.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from adapter.fhir import outcomes
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import EVENT
from adapter.fhir.outcomes import Issue


def accepted(message: MessageBundle, endpoint: str, at: datetime, warnings: Sequence[Issue] = ()) -> dict[str, Any]:
    """The `ok` acknowledgement of a committed message, as a message Bundle.

    `endpoint` is the adapter's own address, `at` an aware datetime. Its ids follow from the message's, so that
    authoring it twice gives the same bytes.
    """
    # A plain dict, for every message waits for it: typed models take twenty times as long. Tests hold it against them.
    header_id = message.header_id
    response: dict[str, Any] = {"identifier": header_id, "code": "ok"}
    header: dict[str, Any] = {
        "resourceType": "MessageHeader",
        "id": _id("acknowledgement", header_id),
        "eventCoding": {"system": EVENT, "code": "acknowledgement"},
    }
    if destinations := [{"endpoint": each} for each in _endpoints(message)]:
        header["destination"] = destinations
    header |= {"source": {"name": "discharge-adapter", "endpoint": endpoint}, "response": response}
    entries = [_entry(header)]
    if warnings:
        outcome = outcomes.to_fhir(warnings)
        outcome_id = _id("outcome", header_id)
        response["details"] = {"reference": f"urn:uuid:{outcome_id}"}
        entries.append(_entry({"resourceType": outcome["resourceType"], "id": outcome_id, "issue": outcome["issue"]}))
    return {
        "resourceType": "Bundle",
        "id": _id("acknowledgement-bundle", header_id),
        "type": "message",
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "entry": entries,
    }


def _id(kind: str, header_id: str | None) -> str:
    return str(uuid5(NAMESPACE_URL, f"{kind}:{header_id}"))


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def _endpoints(message: MessageBundle) -> list[str]:
    """Where the message came from, where it says so."""
    source = message.header.get("source")
    endpoint = source.get("endpoint") if isinstance(source, dict) else None
    return [endpoint] if isinstance(endpoint, str) else []
