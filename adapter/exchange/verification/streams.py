"""Sequences without holes, and deliveries that agree with their tries."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from adapter.exchange.verification.finding import RESTORE, Batches, Finding, Source
from adapter.store import tables

_NAME = "streams"
_STREAMS = 500
_stream, _delivery, _attempt, _message = tables.stream.c, tables.delivery.c, tables.attempt.c, tables.message.c


def check(source: Source) -> Batches:
    """A place in a stream is given under its lock, in the transaction that fills it: none is left out, whatever was
    rolled back. Every try is on record, until the content has been expunged."""
    last = 0
    while True:
        with source.database.read() as connection:
            query = select(_stream.id, _stream.last_sequence).where(_stream.id > last).order_by(_stream.id)
            rows = connection.execute(query.limit(_STREAMS)).all()
            if not rows:
                return
            ids = [row.id for row in rows]
            found = [*_holes(connection, rows, ids), *_untold(connection, ids)]
        last = ids[-1]
        yield len(rows), found


def _holes(connection: Connection, rows: Sequence[Any], ids: Sequence[int]) -> Iterator[Finding]:
    sums = select(_delivery.stream_id, func.count().label("number"), func.max(_delivery.sequence).label("highest"))
    query = sums.where(_delivery.stream_id.in_(ids)).group_by(_delivery.stream_id)
    known = {row.stream_id: (row.number, row.highest) for row in connection.execute(query)}
    for row in rows:
        number, highest = known.get(row.id, (0, 0))
        if not number == highest == row.last_sequence:
            words = f"has given {row.last_sequence} places, and holds {number} deliveries up to place {highest}"
            yield Finding(_NAME, f"stream/{row.id}", words, RESTORE)


def _untold(connection: Connection, ids: Sequence[int]) -> Iterator[Finding]:
    tried = select(func.count()).where(_attempt.delivery_id == _delivery.id).scalar_subquery()
    query = (
        select(_delivery.id, _delivery.status, _delivery.delivered_at, _delivery.attempts, _message.expunged_at)
        .add_columns(tried.label("tried"))
        .join_from(tables.delivery, tables.message)
        .where(_delivery.stream_id.in_(ids))
        .order_by(_delivery.id)
    )
    for row in connection.execute(query.execution_options(yield_per=_STREAMS)):
        show = f"adapter deliveries show {row.id}"
        if row.attempts != row.tried and row.expunged_at is None:
            words = f"was tried {row.attempts} times, and {row.tried} tries are on record"
            yield Finding(_NAME, f"delivery/{row.id}", words, show)
        if (row.status == "done") != (row.delivered_at is not None):
            yield Finding(_NAME, f"delivery/{row.id}", f"is {row.status}, which its instants do not say", show)
