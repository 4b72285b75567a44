"""The outbox: what is to be sent, written in the transaction that accepts it, and what a person may do with it.

States: waiting → running → done | waiting (again) | dead; held until released; cancelled by a person.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, String, bindparam, case, cast, exists, insert, literal, select, update

from adapter.delivery import breaker, streams
from adapter.delivery.streams import Place
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.batch import Batch, Step
from adapter.store.statements import Statement
from adapter.support.errors import AdapterError, NotFoundError

DEAD_LETTER = "dead-letter"
"""Kind of the alarm that a dead letter raises; its subject is `delivery/<id>`."""

SET_ASIDE = "consent-held"
"""Kind of the alarm that a delivery was set aside; its subject is `delivery/<id>`."""
CONSENT = "consent"
"""`held_reason` of a delivery that rests on a consent which is refused or withdrawn."""

_delivery, _alarm = tables.delivery.c, tables.alarm.c
ALARMED = exists().where(
    _alarm.kind == DEAD_LETTER,
    _alarm.subject == literal("delivery/") + cast(_delivery.id, String),  # as `subject` has it
    _alarm.cleared_at.is_(None),
)
"""Of a delivery: the alarm that it is a dead letter stands."""
_new = insert(tables.delivery).returning(_delivery.id)
_INSERT = Statement(_new)
_ahead = tables.delivery.alias("ahead")
_IS_BEHIND = exists().where(_ahead.c.stream_id == bindparam("in_stream"), _ahead.c.blocking)
_INSERT_IN_TURN = Statement(
    _new.values(
        next_attempt_at=case((_IS_BEHIND, None), else_=bindparam("due_at", type_=_delivery.next_attempt_at.type))
    )
)


class DeliveryStateError(AdapterError):
    """The delivery is in a state in which this cannot be done to it."""


@dataclass(frozen=True)
class NewDelivery:
    """One destination of an accepted message.

    `status` is waiting, held (with `held_reason`) or dead (with `reason`: the message could not be mapped).
    `holds_stream`: as a dead letter it keeps later ones of its stream waiting. `at` is in UTC microseconds, and so is
    `released_at`, set where there is nothing in it to protect. `stream` names one beside the receiving party's.
    `yields`: as a dead letter it holds its stream until a later one of its event is there. `tell_at` is when its sender
    is to be told that it waits; where there is none, the sender is never told of it. `header_id` is its own
    MessageHeader.id where the adapter wrote it.
    """

    message_id: int
    patient_id: int
    endpoint: str
    receiver_party: str
    receiver_unit: str
    event: str
    holds_stream: bool
    media_type: str
    config_version: str
    at: int
    statutory: bool = False
    mapping: str | None = None
    mapping_version: str | None = None
    status: str = "waiting"
    held_reason: str | None = None
    reason: str | None = None
    released_at: int | None = None
    stream: str | None = None
    yields: bool = False
    tell_at: int | None = None
    header_id: str | None = None


@dataclass(frozen=True)
class Queued:
    """A delivery that a `step` of a batch puts at its place."""

    new: NewDelivery
    place: Place
    step: Step


def enqueue(connection: Connection, new: NewDelivery) -> int:
    """Put a delivery at the end of its stream; returns its id. Dead from the start, it raises its alarm."""
    place = streams.next_place(connection, new.endpoint, new.stream or new.receiver_party, new.patient_id)
    batch = Batch(connection)
    queued = add(connection, batch, new, place)
    batch.run()
    return settle(connection, queued)


def add(connection: Connection, batch: Batch, new: NewDelivery, place: Place) -> Queued:
    """As `enqueue`, as a step of a batch that puts no other delivery into its stream, and whose places are taken
    before. It is to be settled when the batch has run."""
    is_first = place.sequence == 1
    if not place.known:
        breaker.register(connection, new.endpoint, new.at)
    if new.yields and not is_first:
        streams.yield_to(connection, place.stream_id, new.event)
    row = {
        "message_id": new.message_id,
        "endpoint": new.endpoint,
        "receiver_party": new.receiver_party,
        "receiver_unit": new.receiver_unit,
        "stream_id": place.stream_id,
        "sequence": place.sequence,
        "status": new.status,
        "blocking": new.holds_stream if new.status == "dead" else True,
        "holds_stream": new.holds_stream,
        "event": new.event,
        "statutory": new.statutory,
        "media_type": new.media_type,
        "mapping": new.mapping,
        "mapping_version": new.mapping_version,
        "config_version": new.config_version,
        "created_at": new.at,
        "held_reason": new.held_reason,
        "reason": new.reason,
        "released_at": new.released_at,
        "yields": new.yields,
        "tell_at": new.at if new.tell_at is not None and new.status == "dead" else new.tell_at,
        "header_id": new.header_id,
    }
    return Queued(new, place, _add(batch, row, is_first=is_first))


def settle(connection: Connection, queued: Queued) -> int:
    """Do what is to follow a delivery that has been put at its place; returns its id."""
    new, delivery_id = queued.new, int(queued.step.given.id)
    if new.yields and queued.place.sequence > 1:  # what it has let go may have a waiting one behind it
        streams.advance(connection, queued.place.stream_id, new.at)
    if new.status == "dead":
        alarm_dead_letter(connection, delivery_id, new.event, "it could not be mapped for its receiver", new.at)
    return delivery_id


def _add(batch: Batch, row: dict[str, Any], *, is_first: bool) -> Step:
    """Due at once where it waits and nothing is ahead of it. Its stream was locked by a statement before the batch,
    which thus sees all that is ahead."""
    if row["status"] == "waiting" and is_first:
        return batch.add(_INSERT, row | {"next_attempt_at": row["created_at"]})
    if row["status"] == "waiting":
        return batch.add(_INSERT_IN_TURN, row | {"in_stream": row["stream_id"], "due_at": row["created_at"]})
    return batch.add(_INSERT, row)


def retry(connection: Connection, delivery_id: int, at: int, *, dead_only: bool = False) -> None:
    """Send a dead letter again, at its old place in the stream, or, unless `dead_only`, a waiting head now.

    Raises NotFoundError, and DeliveryStateError for any other state.
    """
    states = ("dead",) if dead_only else ("dead", "waiting")
    row = _locked(connection, delivery_id, *states, act="mapped anew" if dead_only else "retried")
    if row["status"] == "dead":
        _refuse_superseded(connection, delivery_id)
        streams.demote(connection, row["stream_id"])
        _set(connection, delivery_id, status="waiting", blocking=True, step=0, tried_from=None)
        clear_alarm(connection, kind=DEAD_LETTER, subject=subject(delivery_id), at=at)
    elif row["next_attempt_at"] is not None:
        _set(connection, delivery_id, next_attempt_at=at)
    streams.advance(connection, row["stream_id"], at)


def hold(connection: Connection, delivery_id: int, at: int, reason: str) -> None:
    """Keep a waiting delivery, and with it those behind it, until it is released. Raises as `retry`."""
    row = _locked(connection, delivery_id, "waiting", act="held")
    _set(connection, delivery_id, status="held", held_reason=reason, next_attempt_at=None)
    streams.advance(connection, row["stream_id"], at)


def set_aside(connection: Connection, delivery_id: int, at: int) -> bool:
    """Keep a delivery for want of consent until it is released. Those behind it go on: a notice by law does not wait
    for a plan. One that is being sent cannot be called back, but is not tried again. True where it is held now. Raises
    as `retry`."""
    row = _locked(connection, delivery_id, "waiting", "held", "running", act="set aside")
    mark: dict[str, object] = {"held_reason": CONSENT, "released_at": None}
    if row["status"] == "running":
        _set(connection, delivery_id, **mark)
        return False
    ended = {"status": "held", "blocking": False, "next_attempt_at": None}
    _set(connection, delivery_id, **mark, **ended, tell_at=streams.told_at(at))
    alarm_set_aside(connection, delivery_id, at)
    streams.advance(connection, row["stream_id"], at)
    return True


def alarm_set_aside(connection: Connection, delivery_id: int, at: int) -> None:
    """Raise the alarm that a person is to release or cancel it. It names neither endpoint nor receiver."""
    query = select(_delivery.event, _delivery.statutory).where(_delivery.id == delivery_id)
    row = connection.execute(query).one()
    raise_alarm(
        connection,
        kind=SET_ASIDE,
        subject=subject(delivery_id),
        reason=f"{row.event} is held: it rests on a consent that the person has refused or withdrawn",
        command=f"adapter deliveries show {delivery_id}",
        at=at,
        statutory=row.statutory,
    )


def release(connection: Connection, delivery_id: int, at: int) -> None:
    """Let a held delivery go, at its old place; why it was held stays on record. Raises as `retry`."""
    row = _locked(connection, delivery_id, "held", act="released")
    if not row["blocking"]:
        streams.demote(connection, row["stream_id"])
        clear_alarm(connection, kind=SET_ASIDE, subject=subject(delivery_id), at=at)
    _set(connection, delivery_id, status="waiting", blocking=True, released_at=at)
    streams.advance(connection, row["stream_id"], at)


def cancel(connection: Connection, delivery_id: int, at: int, reason: str) -> None:
    """Never send it; those behind it go on. Raises as `retry`; one that is being sent cannot be called back."""
    row = _locked(connection, delivery_id, "waiting", "held", "dead", act="cancelled")
    ended = {"status": "cancelled", "blocking": False, "next_attempt_at": None, "reason": reason}
    _set(connection, delivery_id, **ended, tell_at=streams.told_at(at))
    for kind in (DEAD_LETTER, SET_ASIDE):
        clear_alarm(connection, kind=kind, subject=subject(delivery_id), at=at)
    streams.advance(connection, row["stream_id"], at)


def subject(delivery_id: int) -> str:
    """The subject of an alarm about a delivery."""
    return f"delivery/{delivery_id}"


def alarm_dead_letter(connection: Connection, delivery_id: int, event: str, cause: str, at: int) -> bool:
    """Raise the alarm of a dead letter. It names neither endpoint nor receiver: the person may be protected."""
    statutory = select(_delivery.statutory).where(_delivery.id == delivery_id)
    return raise_alarm(
        connection,
        kind=DEAD_LETTER,
        subject=subject(delivery_id),
        reason=f"{event} was not delivered: {cause}",
        command=f"adapter deliveries show {delivery_id}",
        at=at,
        statutory=connection.execute(statutory).scalar_one(),
    )


def _refuse_superseded(connection: Connection, delivery_id: int) -> None:
    query = select(_delivery.id).where(
        _delivery.id == delivery_id, _delivery.yields, ~_delivery.blocking, streams.has_later(_delivery)
    )
    if connection.execute(query).first() is not None:
        raise DeliveryStateError(
            f"delivery {delivery_id} is superseded by a later one of its event, which may have arrived: cancel it"
        )


def _locked(connection: Connection, delivery_id: int, *states: str, act: str) -> RowMapping:
    """The delivery, its stream locked, in one of the states."""
    stream_id = connection.execute(select(_delivery.stream_id).where(_delivery.id == delivery_id)).scalar_one_or_none()
    if stream_id is None:
        raise NotFoundError(f"there is no delivery {delivery_id}")
    streams.lock(connection, stream_id)
    row = (
        connection.execute(
            select(*(_delivery[name] for name in ("stream_id", "status", "next_attempt_at", "blocking")))
            .where(_delivery.id == delivery_id)
            .with_for_update()
        )
        .mappings()
        .one()
    )
    if row["status"] not in states:
        raise DeliveryStateError(f"delivery {delivery_id} is {row['status']}: only {' or '.join(states)} can be {act}")
    return row


def _set(connection: Connection, delivery_id: int, **values: object) -> None:
    connection.execute(update(tables.delivery).where(_delivery.id == delivery_id).values(**values))
