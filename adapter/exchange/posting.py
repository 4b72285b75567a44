"""The acknowledgement of a message that was sent with `async=true`: a delivery of its own, to the sender's address.

It waits for nothing: it has a stream beside the patient's, and nothing in it tells of a person.
"""

from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from adapter.delivery import outbox
from adapter.delivery.outbox import NewDelivery
from adapter.directory import AmbiguousRecipientError, Directory, Receiver, Route, UnknownRecipientError
from adapter.exchange import dispatch
from adapter.exchange import outgoing as invalid
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.submission import refusal
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import ACKNOWLEDGEMENT
from adapter.store import tables
from adapter.store.content import ContentStore

_STREAM = "/acknowledgement"
"""No party has this name: the patient's own stream to the sender is another."""


def address(directory: Directory, unit: str, on: date) -> Route:
    """Where acknowledgements to a sending unit go. Raises Refusal 422 where no FHIR address is configured."""
    try:
        route = directory.route(Receiver(hsa=unit), ACKNOWLEDGEMENT, on)
    except (UnknownRecipientError, AmbiguousRecipientError) as error:
        raise _no_address() from error
    if route.endpoint.mapping is not None:
        raise _no_address()
    return route


def _no_address() -> Exception:
    text = (
        "async=true, but no single FHIR address is configured for acknowledgements to the sender: send without async, "
        "the answer to the call is the acknowledgement"
    )
    return refusal(422, "not-supported", "acknowledgement-address", text, "MessageHeader.sender")


def enqueue(
    connection: Connection,
    contents: ContentStore,
    route: Route,
    message_id: int,
    answer: dict[str, Any],
    config_version: str,
    at: int,
    outgoing: Outgoing,
) -> None:
    """Put the acknowledgement of an accepted message on its way; one that is not valid is a dead letter. `at` in UTC
    microseconds."""
    faults = outgoing.faults(MessageBundle(answer))
    patient_id = connection.execute(
        select(tables.message.c.patient_id).where(tables.message.c.id == message_id)
    ).scalar_one()
    form = route.endpoint.format
    media_type = dispatch.MEDIA_TYPES[form]
    delivery_id = outbox.enqueue(
        connection,
        NewDelivery(
            message_id=message_id,
            patient_id=patient_id,
            endpoint=route.endpoint.id,
            receiver_party=route.party.id,
            receiver_unit=route.unit,
            event=ACKNOWLEDGEMENT,
            holds_stream=False,
            media_type=media_type,
            config_version=config_version,
            at=at,
            released_at=at,
            stream=_STREAM,
            status="dead" if faults else "waiting",
            reason=invalid.problem(faults) if faults else None,
        ),
    )
    draft = dispatch.Draft(
        route=route,
        holds_stream=False,
        media_type=media_type,
        body=None if faults else written(answer, form),
        report=invalid.report(faults) if faults else None,
    )
    dispatch.store_content(connection, contents, draft, message_id, delivery_id, at)


def written(answer: dict[str, Any], form: str) -> bytes:
    """An acknowledgement as a receiver of `json` or `xml` gets it."""
    return fhir_xml.serialize(answer) if form == "xml" else fhir_json.serialize(answer)
