"""A dead letter that could not be mapped, or is to be mapped by another version, is mapped again from the bytes as
received before it is retried."""

from collections.abc import Mapping as Dictionary
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from adapter.directory import Directory, Route
from adapter.exchange import dispatch, posting
from adapter.exchange import outgoing as invalid
from adapter.exchange.outgoing import Outgoing
from adapter.fhir import wire
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import ACKNOWLEDGEMENT, BY_ADAPTER
from adapter.mapping import Mapping
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.support.errors import MappingError


def map_again(
    connection: Connection,
    contents: ContentStore,
    directory: Directory,
    mappings: Dictionary[str, Mapping],
    delivery_id: int,
    at: int,
    outgoing: Outgoing,
    edited: MessageBundle | None = None,
) -> None:
    """Give a delivery its mapped bytes, by one of the mappings, from the message as received, or as it was `edited`.
    `at` in UTC microseconds.

    Raises MappingError where it still cannot be mapped, or the result is not valid; NotFoundError where its endpoint
    has left the directory.
    """
    delivery = connection.execute(select(tables.delivery).where(tables.delivery.c.id == delivery_id)).one()
    if delivery.event == ACKNOWLEDGEMENT:
        return _acknowledge_again(connection, contents, directory, delivery, at, outgoing)
    found = edited or message(connection, contents, delivery.message_id)
    index = destination(found, delivery.receiver_unit)
    together = {destination(found, unit) for unit in _units_at(connection, delivery.message_id, delivery.endpoint)}
    route = Route(
        endpoint=directory.endpoint(delivery.endpoint),
        party=directory.party(delivery.receiver_party),
        unit=delivery.receiver_unit,
    )
    draft = dispatch.draft(found, index, route, mappings, together, outgoing)
    if draft.body is None:
        raise MappingError(f"delivery {delivery_id} still cannot be mapped: {draft.problem}")
    dispatch.store_content(connection, contents, draft, delivery.message_id, delivery_id, at)
    connection.execute(
        update(tables.delivery)
        .where(tables.delivery.c.id == delivery_id)
        .values(mapping=draft.mapping, mapping_version=draft.mapping_version, media_type=draft.media_type)
    )
    return None


def _acknowledge_again(
    connection: Connection, contents: ContentStore, directory: Directory, delivery: Any, at: int, outgoing: Outgoing
) -> None:
    kept = next(iter(contents.of_message(connection, delivery.message_id, "answer")), None)
    if kept is None:
        raise MappingError(f"the answer to message {delivery.message_id} is no longer kept")
    answer = wire.parse(kept.body, kept.media_type)
    if faults := outgoing.faults(MessageBundle(answer)):
        raise MappingError(f"delivery {delivery.id} still cannot be sent: {invalid.problem(faults)}")
    contents.add(
        connection,
        message_id=delivery.message_id,
        delivery_id=delivery.id,
        stage="mapped",
        media_type=delivery.media_type,
        body=posting.written(answer, directory.endpoint(delivery.endpoint).format),
        at=at,
    )


def chosen(folder: Path, connection: Connection, directory: Directory, delivery_id: int) -> dict[str, Mapping]:
    """The mapping of a folder, for one delivery. Raises MappingError where it is not for that delivery's system, and
    ConfigurationError where it cannot be loaded."""
    column = tables.delivery.c
    delivery = connection.execute(select(column.event, column.endpoint).where(column.id == delivery_id)).one()
    named = None if delivery.event in BY_ADAPTER else directory.endpoint(delivery.endpoint).mapping
    if named is None:
        raise MappingError(f"delivery {delivery_id} is sent without a mapping")
    mapping = Mapping.load(folder)
    if mapping.name != named:
        raise MappingError(f"{folder} maps to {mapping.name}: expected a mapping to {named}")
    return {named: mapping}


def needs_mapping(connection: Connection, contents: ContentStore, delivery_id: int) -> bool:
    """Whether the delivery has no bytes to send."""
    return contents.of_delivery(connection, delivery_id, "mapped") is None


def message(connection: Connection, contents: ContentStore, message_id: int) -> MessageBundle:
    """The message in FHIR: a partner's record as it was translated, else the bytes as received. Raises
    MappingError where they are no longer kept."""
    kept = contents.of_message(connection, message_id, "translated") or contents.of_message(
        connection, message_id, "received"
    )
    if not kept:
        raise MappingError(f"the content of message {message_id} is no longer kept")
    return MessageBundle(wire.parse(kept[0].body, kept[0].media_type))


def _units_at(connection: Connection, message_id: int, endpoint: str) -> list[str]:
    """The units that the message goes to at an endpoint."""
    column = tables.delivery.c
    query = select(column.receiver_unit).where(
        column.message_id == message_id, column.endpoint == endpoint, column.event.not_in(BY_ADAPTER)
    )
    return list(connection.execute(query).scalars())


def destination(found: MessageBundle, unit: str) -> int:
    """The index of the destination that names the unit. Raises MappingError where none does."""
    for index, *units in found.destination_receivers():
        if unit in units:
            return index
    raise MappingError("the message does not name this receiver")
