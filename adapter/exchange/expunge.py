"""The end of a message's content: its bytes at every stage go, and the words that others wrote about it.

What happened stays: the message's row with ids and hash, so that it is recognised when it is sent again; its
deliveries, facts and audit; and the acknowledgement that was given, which holds nothing of the person.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, select, update

from adapter.exchange.acts import ConflictError
from adapter.exchange.reasons import given_reason
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import NotFoundError

KEPT_STAGE = "answer"
OPEN = ("waiting", "running", "held", "dead")
"""States of a delivery whose receiver still has to get it."""

_message, _delivery, _content = tables.message.c, tables.delivery.c, tables.content.c
_attempt, _item, _day = tables.attempt.c, tables.replay_item.c, tables.ledger_day.c


@dataclass(frozen=True)
class Expunged:
    """What went: how many contents of the message, and when."""

    message_id: int
    contents: int
    at: datetime


class Expunging:
    """Expunges one message's content, for a reason: a message about the wrong person, or what a person has a right to
    have removed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def message(self, principal: Principal, message_id: int, reason: str) -> Expunged:
        """Remove the content of a message that the principal's party sent, or any for operations. Needs EXPUNGE and a
        reason.

        Raises NotFoundError, and ConflictError where it is on its way still, or gone already.
        """
        principal.require(Right.EXPUNGE)
        reason = given_reason(reason)
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            query = select(_message.patient_id, _message.expunged_at, _message.sender_party)
            row = connection.execute(query.where(_message.id == message_id).with_for_update()).one_or_none()
            if row is None or not (principal.sees_all or row.sender_party in principal.parties):
                raise NotFoundError(f"there is no message {message_id}")
            if row.expunged_at is not None:
                raise ConflictError(f"the content of message {message_id} is {gone(row.expunged_at)} already")
            _require_ended(connection, message_id)
            contents = contents_of(connection, [message_id], at)
            place = f"message/{message_id}"
            audit.record(connection, principal, "content-expunge", place, at, row.patient_id, reason, contents=contents)
        return Expunged(message_id, contents, from_micros(at))


def gone(at: int) -> str:
    """Words for content that is no longer kept. `at` in UTC microseconds."""
    return f"expunged, on {from_micros(at):%Y-%m-%d}"


def require_kept(connection: Connection, message_id: int) -> None:
    """Raise ConflictError where the content of the message is gone; else it stays until the transaction ends."""
    query = select(_message.expunged_at).where(_message.id == message_id).with_for_update(read=True, key_share=True)
    at = connection.execute(query).scalar_one()
    if at is not None:
        raise ConflictError(f"the content of message {message_id} is {gone(at)}: it cannot be sent again")


def owed(message_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a delivery of the message is still to reach its receiver, or its sender still to be told of one."""
    still = (_delivery.status.in_(OPEN)) | (_delivery.tell_at.is_not(None))
    return exists(select(1).where(_delivery.message_id == message_id, still))


def contents_of(connection: Connection, message_ids: Sequence[int], at: int) -> int:
    """Remove the content of messages, which the caller has locked and found ended; returns how many contents went."""
    deliveries = select(_delivery.id).where(_delivery.message_id.in_(message_ids))
    went = connection.execute(
        delete(tables.content).where(_content.message_id.in_(message_ids), _content.stage != KEPT_STAGE)
    )
    for table, of, words in (
        (tables.delivery, _delivery.id, _delivery.reason),
        (tables.attempt, _attempt.delivery_id, _attempt.reason),
        (tables.replay_item, _item.delivery_id, _item.words),
    ):
        connection.execute(update(table).where(of.in_(deliveries), words.is_not(None)).values({words: None}))
    connection.execute(update(tables.message).where(_message.id.in_(message_ids)).values(expunged_at=at))
    book(connection, "expunged", message_ids)
    return went.rowcount


def book(connection: Connection, column: str, message_ids: Sequence[int]) -> None:
    """Count messages in the ledger's days that are closed; of the others the closing will."""
    if not message_ids:
        return
    days = connection.execute(
        select(_day.day, _day.last_message_id)
        .where(_day.last_message_id >= min(message_ids))
        .order_by(_day.last_message_id, _day.day)
    ).all()
    lasts = [row.last_message_id for row in days]
    places = (bisect_left(lasts, message_id) for message_id in message_ids)
    for place, number in sorted(Counter(places).items()):
        if place < len(days):
            values = {_day[column]: _day[column] + number}
            connection.execute(update(tables.ledger_day).where(_day.day == days[place].day).values(values))


def _require_ended(connection: Connection, message_id: int) -> None:
    query = select(_delivery.id, _delivery.status).where(
        _delivery.message_id == message_id, _delivery.status.in_(OPEN) | _delivery.tell_at.is_not(None)
    )
    row = connection.execute(query.order_by(_delivery.id).limit(1)).one_or_none()
    if row is None:
        return
    if row.status in OPEN:
        raise ConflictError(f"delivery {row.id} of message {message_id} is {row.status}: cancel it first")
    raise ConflictError(f"the sender is still to be told of delivery {row.id}: expunge in a minute")
