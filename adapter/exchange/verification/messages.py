"""Every accepted message has what its acceptance promised; every stored byte is what it was."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, exists, select

from adapter.exchange.expunge import KEPT_STAGE
from adapter.exchange.verification.finding import RESTORE, Batches, Finding, Source
from adapter.fhir.canonical import BY_ADAPTER
from adapter.store import tables

_ROWS = 500
_BODIES = 20
_message, _delivery, _content, _fact = tables.message.c, tables.delivery.c, tables.content.c, tables.fact.c
_DELIVERIES, _CONTENT = "deliveries", "content"


def deliveries(source: Source) -> Batches:
    """A fact for each accepted message, a delivery for each of its destinations, bytes for what is to be sent, and
    those received until they are expunged."""
    last = 0
    while True:
        with source.database.read() as connection:
            query = select(_message.id, _message.expunged_at).where(_message.status == "accepted", _message.id > last)
            rows = connection.execute(query.order_by(_message.id).limit(_ROWS)).all()
            if not rows:
                return
            found = list(_promised(connection, rows))
        last = rows[-1].id
        yield len(rows), found


def content(source: Source) -> Batches:
    """The bytes of every content have the hash that was taken when they came, and can be opened."""
    last = 0
    while True:
        with source.database.read() as connection:
            query = select(_content.id, _content.message_id, _content.stage, _content.key_id, _content.bytes)
            query = query.add_columns(_content.sha256).where(_content.id > last).order_by(_content.id).limit(_BODIES)
            rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].id
        yield len(rows), list(_unlike(source, rows))


def _promised(connection: Connection, rows: Sequence[Any]) -> Iterator[Finding]:
    ids = [row.id for row in rows]
    receivers = {
        row.message_id: row.receivers
        for row in connection.execute(select(_fact.message_id, _fact.receivers).where(_fact.message_id.in_(ids)))
    }
    there = defaultdict(set)
    where = (_delivery.message_id.in_(ids), _delivery.event.not_in(BY_ADAPTER))
    for row in connection.execute(select(_delivery.message_id, _delivery.receiver_unit).where(*where)):
        there[row.message_id].add(row.receiver_unit)
    stages = defaultdict(set)
    kept = select(_content.message_id, _content.stage, _delivery.event).outerjoin_from(
        tables.content, tables.delivery, _delivery.id == _content.delivery_id
    )
    for message_id, stage, event in connection.execute(kept.where(_content.message_id.in_(ids))):
        if event not in BY_ADAPTER:
            stages[message_id].add(stage)
    for row in rows:
        show = f"adapter messages show {row.id}"
        for words in _of_one(row, receivers.get(row.id), there[row.id], stages[row.id]):
            yield Finding(_DELIVERIES, f"message/{row.id}", words, show)
    yield from _without_bytes(connection, ids)


def _of_one(row: Any, receivers: list[dict[str, str]] | None, there: set[str], stages: set[str]) -> Iterator[str]:
    if receivers is None:
        yield "is accepted, and has no fact"
        return
    missing = sum(1 for each in receivers if each["unit"] not in there)
    if missing:
        yield f"has no delivery to {missing} of its {len(receivers)} destinations"
    if row.expunged_at is None and "received" not in stages:
        yield "has not been expunged, and its bytes as received are gone"
    if row.expunged_at is not None and stages - {KEPT_STAGE}:
        yield f"has been expunged, and has content still: {', '.join(sorted(stages - {KEPT_STAGE}))}"


def _without_bytes(connection: Connection, ids: Sequence[int]) -> Iterator[Finding]:
    bytes_ = exists(select(1).where(_content.delivery_id == _delivery.id, _content.stage == "mapped"))
    query = select(_delivery.id).where(
        _delivery.message_id.in_(ids), _delivery.status.in_(("waiting", "running", "held")), ~bytes_
    )
    for delivery_id in connection.execute(query.order_by(_delivery.id)).scalars():
        words = "is to be sent, and there are no bytes to send"
        yield Finding(_DELIVERIES, f"delivery/{delivery_id}", words, f"adapter deliveries show {delivery_id}")


def _unlike(source: Source, rows: Sequence[Any]) -> Iterator[Finding]:
    for row in rows:
        subject = f"content/{row.id}"
        try:
            body = source.contents.cipher.open(row.key_id, row.bytes)
        except KeyError:
            yield Finding(_CONTENT, subject, f"is sealed with key '{row.key_id}', which is not there", "adapter check")
            continue
        if hashlib.sha256(body).hexdigest() != row.sha256:
            words = f"({row.stage} of message {row.message_id}) does not have the hash that it came with"
            yield Finding(_CONTENT, subject, words, RESTORE)
