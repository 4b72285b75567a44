"""Order within a stream = (endpoint, receiving party, patient surrogate).

Only the head of a stream, the lowest of its `blocking` deliveries, may be sent. `next_attempt_at` is set on a waiting
head alone, so that a claim never searches past what waits behind it; whoever ends or moves a head calls `advance`.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    bindparam,
    case,
    exists,
    literal_column,
    or_,
    select,
    update,
)

from adapter.store import tables
from adapter.store.batch import Batch, Step
from adapter.store.insert import raised
from adapter.store.statements import Statement

_stream = tables.stream.c
_delivery = tables.delivery.c

_this: BindParameter[int] = bindparam("this")
_KNOWN = exists().where(tables.endpoint_state.c.endpoint == bindparam("to")).label("known")
_LOCK = Statement(select(_stream.id).where(_stream.id == _this).with_for_update())


def status_is(status: str, delivery: FromClause = tables.delivery) -> ColumnElement[bool]:
    """`status = '…'` spelled out: a partial index is used only where the statement shows its condition."""
    return delivery.c.status == literal_column(f"'{status}'")


def _head_of_this() -> ScalarSelect[int]:
    head = tables.delivery.alias("head")
    lowest = select(head.c.id).where(head.c.stream_id == _this, head.c.blocking).order_by(head.c.sequence).limit(1)
    return lowest.correlate(None).scalar_subquery()


_ADVANCE = Statement(
    update(tables.delivery).where(
        _delivery.id == _head_of_this(), status_is("waiting"), _delivery.next_attempt_at.is_(None)
    )
)


@dataclass(frozen=True)
class Place:
    """A place in a stream, the first of which is 1; `known`: something was queued to the endpoint before."""

    stream_id: int
    sequence: int
    known: bool


def next_place(connection: Connection, endpoint: str, receiver: str, patient_id: int) -> Place:
    """The place of a new delivery. Locks the stream until the transaction ends.

    A transaction that takes places in several streams takes them in the order of (endpoint, receiver), or two of
    them may wait for each other.
    """
    batch = Batch(connection)
    step = add_place(batch, endpoint, receiver, patient_id)
    batch.run()
    return taken(step)


def add_place(batch: Batch, endpoint: str, receiver: str, patient_id: int) -> Step:
    """As `next_place`, as a step of a batch, which gives the place that was `taken`."""
    unique = {"endpoint": endpoint, "receiver": receiver, "patient_id": patient_id}
    statement = raised(tables.stream, "last_sequence", tuple(unique), batch.dialect, also=(_KNOWN,))
    return batch.add(statement, unique | {"last_sequence": 1, "to": endpoint})


def taken(step: Step) -> Place:
    """The place that a step has given."""
    row = step.given
    return Place(row.id, row.last_sequence, bool(row.known))


def lock(connection: Connection, stream_id: int) -> None:
    """Keep others from taking a place in the stream, or moving its head, until the transaction ends."""
    if connection.dialect.name != "sqlite":  # where a writer is alone anyhow
        _LOCK.run(connection, {"this": stream_id})


def advance(connection: Connection, stream_id: int, at: int) -> None:
    """See to it that the stream's head, where it waits, is due at some time, and now where it has just become head.

    The stream must be locked.
    """
    _ADVANCE.run(connection, {"this": stream_id, "next_attempt_at": at})


def add_advance(batch: Batch, stream_id: int, at: int) -> None:
    """As `advance`, as a step of a batch."""
    batch.add(_ADVANCE, {"this": stream_id, "next_attempt_at": at})


def has_later(delivery: Any) -> ColumnElement[bool]:
    """Of a delivery (its columns): a later one of its event is in the stream, and nobody has cancelled it."""
    later = tables.delivery.alias("later")
    return exists().where(
        later.c.stream_id == delivery.stream_id,
        later.c.sequence > delivery.sequence,
        later.c.event == delivery.event,
        later.c.status != "cancelled",
    )


def told_at(at: int | BindParameter[int]) -> ColumnElement[int | None]:
    """`tell_at` of a delivery that has come to an end: now, where its sender is told of deliveries at all."""
    tellable = or_(_delivery.tell_at.is_not(None), _delivery.reported.is_not(None))
    return case((tellable, at), else_=None)


def yield_to(connection: Connection, stream_id: int, event: str) -> None:
    """A later delivery of an event has come: dead letters of it that yield hold the stream no longer. The stream must
    be locked."""
    connection.execute(
        update(tables.delivery)
        .where(
            _delivery.stream_id == stream_id,
            _delivery.event == event,
            status_is("dead"),
            _delivery.blocking,
            _delivery.yields,
        )
        .values(blocking=False)
    )


def demote(connection: Connection, stream_id: int) -> None:
    """Take the turn from a waiting head, because an earlier delivery comes back. The stream must be locked."""
    connection.execute(
        update(tables.delivery)
        .where(
            _delivery.stream_id == stream_id,
            _delivery.blocking,
            status_is("waiting"),
            _delivery.next_attempt_at.is_not(None),
        )
        .values(next_attempt_at=None)
    )
