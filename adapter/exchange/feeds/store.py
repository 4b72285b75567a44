"""The rows of feeds: events as received, stays, messages written, gaps. Instants in UTC microseconds."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from adapter.exchange.feeds.author import Written
from adapter.feeds.telling import Gap, Told
from adapter.store import tables
from adapter.store.content import Cipher
from adapter.store.insert import insert_if_absent

_stay, _event, _message, _gap = (
    tables.feed_stay.c,
    tables.feed_event.c,
    tables.feed_message.c,
    tables.feed_gap.c,
)
MENDED = "mended"
"""Who ended a gap that is no more."""


@dataclass(frozen=True)
class Arrived:
    """What a feed sent. `reason` says why it was left out or refused."""

    feed: str
    control_id: str | None
    status: str
    body: bytes
    media_type: str
    principal: str
    request_id: str
    at: int
    reason: str | None = None


@dataclass(frozen=True)
class StayRow:
    id: int
    feed: str
    stay: str


def digest(body: bytes) -> str:
    """sha256 (hex) of what a feed sent; without the MSH segment of HL7 v2, which some engines write anew (MSH-7) when
    they send a message again."""
    content = re.split(rb"[\r\n]+", body, maxsplit=1)[-1] if body.startswith(b"MSH") else body
    return hashlib.sha256(content).hexdigest()


def earlier(connection: Connection, feed: str, control_id: str) -> str | None:
    """The digest of what was taken under a control id; None where nothing was."""
    query = select(_event.sha256).where(
        _event.feed == feed, _event.control_id == control_id, _event.status != "refused"
    )
    return connection.execute(query).scalar_one_or_none()


def add_event(connection: Connection, cipher: Cipher, arrived: Arrived, stay_id: int | None = None) -> int:
    """Keep what a feed sent; returns its number. What was left out is of no concern here: it is kept without its
    content, which is about a person."""
    key_id, sealed = cipher.seal(b"" if arrived.status == "left-out" else arrived.body)
    row: int = connection.execute(
        insert(tables.feed_event)
        .values(
            feed=arrived.feed,
            control_id=arrived.control_id,
            stay_id=stay_id,
            status=arrived.status,
            reason=arrived.reason,
            received_at=arrived.at,
            principal=arrived.principal,
            request_id=arrived.request_id,
            media_type=arrived.media_type,
            key_id=key_id,
            bytes=sealed,
            sha256=digest(arrived.body),
        )
        .returning(_event.id)
    ).scalar_one()
    return row


def stay_of(connection: Connection, feed: str, stay: str, config_version: str, at: int) -> int:
    """The number of a stay, with work waiting for it; made where it is new."""
    insert_if_absent(
        connection,
        tables.feed_stay,
        feed=feed,
        stay=stay,
        protected=False,
        pending=True,
        config_version=config_version,
        created_at=at,
    )
    where = (_stay.feed == feed, _stay.stay == stay)
    connection.execute(update(tables.feed_stay).where(*where).values(pending=True))
    return int(connection.execute(select(_stay.id).where(*where)).scalar_one())


def stay(connection: Connection, stay_id: int) -> StayRow:
    row = connection.execute(select(_stay.id, _stay.feed, _stay.stay).where(_stay.id == stay_id)).one()
    return StayRow(row.id, row.feed, row.stay)


def waiting(connection: Connection, config_version: str) -> list[int]:
    """The stays with work to do: those that were not finished, and those with a gap under another configuration."""
    gaps = select(_gap.stay_id).where(_gap.standing, _gap.stay_id == _stay.id).exists()
    query = select(_stay.id).where(_stay.pending | ((_stay.config_version != config_version) & gaps))
    return list(connection.execute(query.order_by(_stay.id)).scalars())


def lock(connection: Connection, stay_id: int) -> None:
    """Keep others from the stay until the transaction ends: events that come meanwhile, and another process."""
    connection.execute(select(_stay.id).where(_stay.id == stay_id).with_for_update())


def finished(
    connection: Connection, stay_id: int, patient_id: int | None, protected: bool, version: str, upto: int | None
) -> None:
    """The stay's messages are written, as far as they can be, from its events up to that number (None: all). The stay
    must be locked."""
    newest = connection.execute(select(func.max(_event.id)).where(_event.stay_id == stay_id)).scalar_one()
    values: dict[str, Any] = {"pending": upto is not None and newest > upto, "config_version": version}
    values |= {"patient_id": patient_id} if patient_id is not None else {}
    values |= {"protected": True} if protected else {}
    connection.execute(update(tables.feed_stay).where(_stay.id == stay_id).values(values))


def events(connection: Connection, cipher: Cipher, stay_id: int) -> list[tuple[int, bytes, str]]:
    """(number, bytes, media type) of a stay's events, in the order of arrival."""
    query = (
        select(_event.id, _event.key_id, _event.bytes, _event.media_type)
        .where(_event.stay_id == stay_id, _event.status == "taken")
        .order_by(_event.id)
    )
    return [(row.id, cipher.open(row.key_id, row.bytes), row.media_type) for row in connection.execute(query)]


def is_expunged(connection: Connection, stay_id: int) -> bool:
    """Whether events of a stay are no longer kept, so that no picture of it can be made any more."""
    query = select(_event.id).where(_event.stay_id == stay_id, _event.expunged_at.is_not(None)).limit(1)
    return connection.execute(query).first() is not None


def written(connection: Connection, stay_id: int) -> list[Any]:
    """The rows of a stay's messages in the order of writing."""
    query = select(tables.feed_message).where(_message.stay_id == stay_id).order_by(_message.number)
    return list(connection.execute(query))


def as_told(rows: Sequence[Any]) -> dict[str, list[Told]]:
    """What each receiver was sent."""
    found: dict[str, list[Told]] = {}
    for row in rows:
        if row.status == "sent":
            found.setdefault(row.receiver, []).append(Told(row.header_id, row.event, row.said))
    return found


def as_written(rows: Sequence[Any]) -> list[Written]:
    return [
        Written(row.number, row.header_id, row.receiver, row.sender, row.event, row.sent_text, row.said.get("corrects"))
        for row in rows
        if row.status == "sent"
    ]


def task_status(connection: Connection, identifier: str) -> str | None:
    """How a request to take part stands; None where it has not been made."""
    task = tables.task.c
    return connection.execute(select(task.status).where(task.identifier == identifier)).scalar_one_or_none()


def plan(connection: Connection, cipher: Cipher, message: dict[str, Any], body: bytes) -> int:
    """Keep a message that is about to be sent, so that it is the same one after a crash; returns its row's id."""
    key_id, sealed = cipher.seal(body)
    values = message | {"status": "planned", "key_id": key_id, "bytes": sealed}
    return int(connection.execute(insert(tables.feed_message).values(values).returning(_message.id)).scalar_one())


def settle(connection: Connection, message_id: int, status: str) -> None:
    """A planned message was sent or refused; its bytes are with the message it became."""
    query = update(tables.feed_message).where(_message.id == message_id)
    connection.execute(query.values(status=status, **({"key_id": None, "bytes": None} if status == "sent" else {})))


def keep_gaps(connection: Connection, stay_id: int, gaps: Sequence[Gap], at: int) -> None:
    """Make the standing gaps of a stay those given. One that a person settled stays so while it stands."""
    rows = connection.execute(select(_gap.id, _gap.kind).where(_gap.stay_id == stay_id, _gap.standing)).all()
    standing = {row.kind: row.id for row in rows}
    now = {gap.kind: gap for gap in gaps}
    for kind, gap_id in standing.items():
        query = update(tables.feed_gap).where(_gap.id == gap_id)
        if kind in now:
            connection.execute(query.values(reason=now[kind].reason, detail=now[kind].detail))
            continue
        connection.execute(query.values(standing=False))
        connection.execute(query.where(_gap.ended_at.is_(None)).values(ended_at=at, ended_by=MENDED))
    for kind, gap in now.items():
        if kind not in standing:
            row = {"stay_id": stay_id, "kind": kind, "reason": gap.reason, "detail": gap.detail}
            connection.execute(insert(tables.feed_gap).values(**row, since=at, standing=True))
