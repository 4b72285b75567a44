"""Authors the technical acknowledgement: what the adapter answers to the one who sent a message.

FHIR R4 messaging: `MessageHeader.response` with ok, transient-error or fatal-error, and an OperationOutcome
unless all is well. Typed models are used here because here we write; what we carry stays as it came.
"""

import json
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
    # Only here: the models take a third of a second to make, which no start needs.
    from fhir.resources.R4B.bundle import Bundle, BundleEntry
    from fhir.resources.R4B.coding import Coding
    from fhir.resources.R4B.messageheader import (
        MessageHeader,
        MessageHeaderDestination,
        MessageHeaderResponse,
        MessageHeaderSource,
    )
    from fhir.resources.R4B.operationoutcome import OperationOutcome
    from fhir.resources.R4B.reference import Reference

    header_id = message.header_id
    acknowledgement_id = str(uuid5(NAMESPACE_URL, f"acknowledgement:{header_id}"))
    outcome_id = str(uuid5(NAMESPACE_URL, f"outcome:{header_id}"))
    response = MessageHeaderResponse(identifier=header_id, code="ok")
    entries: list[BundleEntry] = []
    if warnings:
        response.details = Reference(reference=f"urn:uuid:{outcome_id}")
        outcome = OperationOutcome.model_validate(outcomes.to_fhir(list(warnings)) | {"id": outcome_id})
        entries.append(BundleEntry(fullUrl=f"urn:uuid:{outcome_id}", resource=outcome))
    header = MessageHeader(
        id=acknowledgement_id,
        eventCoding=Coding(system=EVENT, code="acknowledgement"),
        destination=[MessageHeaderDestination(endpoint=endpoint) for endpoint in _endpoints(message)] or None,
        source=MessageHeaderSource(name="discharge-adapter", endpoint=endpoint),
        response=response,
    )
    entries.insert(0, BundleEntry(fullUrl=f"urn:uuid:{acknowledgement_id}", resource=header))
    bundle = Bundle(
        id=str(uuid5(NAMESPACE_URL, f"acknowledgement-bundle:{header_id}")),
        type="message",
        timestamp=at,
        entry=entries,
    )
    resource: dict[str, Any] = json.loads(bundle.model_dump_json())
    return resource


def _endpoints(message: MessageBundle) -> list[str]:
    """Where the message came from, where it says so."""
    source = message.header.get("source")
    endpoint = source.get("endpoint") if isinstance(source, dict) else None
    return [endpoint] if isinstance(endpoint, str) else []
