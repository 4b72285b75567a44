"""What operations see of feeds: what came in, what is missing so that somebody was not told, and what to do about it.

For a person with skyddad folkbokföring nothing is shown that says where she or he is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, null, or_, select, update

from adapter.exchange.records import Attention
from adapter.feeds.model import Feed
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.content import Cipher
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import AdapterError, NotFoundError

_REFUSED_SHOWN = timedelta(days=3)
_LARGEST_PAGE = 200

_stay, _event, _gap, _patient = (
    tables.feed_stay.c,
    tables.feed_event.c,
    tables.feed_gap.c,
    tables.patient.c,
)
_GAPS = tables.feed_gap.join(tables.feed_stay).outerjoin(tables.patient)
_PROTECTED = or_(_stay.protected, func.coalesce(_patient.protected, False))

TO_DO: Mapping[str, str] = {
    "receivers": "add a rule to the feed's receivers, or name them in the flat event",
    "route": "add a route to the directory, or correct the feed's receivers",
    "unit": "add the unit's code to the feed's units",
    "estimate": "enter the estimated discharge in the journal system",
    "admission": "have the journal system send the admission with its time",
    "address": "have the journal system send the address, or name its type in adt.addresses",
    "name": "have the journal system send the name",
    "person": "have the journal system send who it is about",
    "assessor": "have the journal system send who made the assessment",
    "ready": "tell the receivers by another way, if the person was utskrivningsklar, and settle the gap",
    "discharged": "have the journal system send the discharge with its time",
    "need-assessed": "have the journal system send the time with its offset",
    "need": "tell the receivers by a general message, and settle the gap",
    "identity": "find out whose stay it is; cancel it in the journal system (A11) and admit anew",
    "readmission": "have the journal system give the new stay an id of its own",
    "refused": "look at the refused message (adapter messages list --status rejected), mend the feed or its source",
    "unreadable": "mend the feed's configuration, and reload it",
    "expunged": "look into the journal system, tell the receivers by another way if need be, and settle the gap",
    "failed": "look into the adapter's log, and report it",
}
"""What ends a gap of each kind. What is mended in the journal system comes with its next event; what is mended in the
configuration counts from the next reload."""


@dataclass(frozen=True)
class GapRow:
    """Something that could not be told. `stay_id` is the journal system's. Of a protected person `feed`, `stay_id` and
    `detail` are None: they are opened with a reason."""

    id: int
    feed: str | None
    stay_id: str | None
    kind: str
    reason: str
    detail: str | None
    since: datetime
    to_do: str
    protected: bool


@dataclass(frozen=True)
class EventRow:
    """What a feed sent, without its content."""

    id: int
    feed: str
    control_id: str | None
    stay_id: str | None
    status: str
    reason: str | None
    received_at: datetime
    size: int


@dataclass(frozen=True)
class FeedRow:
    """A feed at a glance. `not_carried` is what its messages never say, so that it has to be told by another way."""

    id: str
    party: str
    protocol: str
    format: str
    last_received_at: datetime | None
    taken: int
    left_out: int
    refused: int
    gaps: int
    not_carried: tuple[str, ...]


def attention(connection: Connection, now: datetime) -> Iterator[Attention]:
    """Gaps by feed and kind, and what was refused of late and has not come again."""
    feed = case((_PROTECTED, null()), else_=_stay.feed).label("feed")
    query = (
        select(feed, _gap.kind, func.count().label("number"), func.min(_gap.since).label("since"))
        .select_from(_GAPS)
        .where(_gap.ended_at.is_(None))
        .group_by(feed, _gap.kind)
    )
    for row in connection.execute(query):
        stays = "1 stay" if row.number == 1 else f"{row.number} stays"
        whose = "of protected persons" if row.feed is None else f"of feed {row.feed}"
        yield Attention(
            kind="feed-gap",
            subject="protected persons" if row.feed is None else f"feed {row.feed}",
            what=f"{stays} {whose} could not be told of ({row.kind}): {TO_DO.get(row.kind, 'look at them')}",
            since=from_micros(row.since),
            next_command="adapter feeds gaps" + ("" if row.feed is None else f" --feed {row.feed}"),
            severity="urgent",
            count=row.number,
        )
    again = tables.feed_event.alias()
    came = select(again.c.id).where(
        again.c.feed == _event.feed, again.c.control_id == _event.control_id, again.c.status != "refused"
    )
    refused = (
        select(_event.feed, func.count().label("number"), func.min(_event.received_at).label("since"))
        .where(_event.status == "refused", _event.received_at > to_micros(now - _REFUSED_SHOWN), ~came.exists())
        .group_by(_event.feed)
    )
    for row in connection.execute(refused):
        messages = "1 message" if row.number == 1 else f"{row.number} messages"
        yield Attention(
            kind="feed-refused",
            subject=f"feed {row.feed}",
            what=f"{messages} of feed {row.feed} refused, and not sent again since",
            since=from_micros(row.since),
            next_command=f"adapter feeds events --feed {row.feed} --status refused",
            severity="soon",
            count=row.number,
        )


class FeedViews:
    """Feeds as operations see them and act on them: a principal that sees all parties."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def feeds(self, principal: Principal, feeds: Mapping[str, Feed]) -> list[FeedRow]:
        """Each configured feed with what came of it."""
        _require(principal, Right.LIST)
        with self._database.read() as connection:
            query = select(_event.feed, _event.status, func.count(), func.max(_event.received_at))
            counts = {row[:2]: row[2:] for row in connection.execute(query.group_by(_event.feed, _event.status))}
            gaps = select(_stay.feed, func.count().label("number")).join_from(tables.feed_gap, tables.feed_stay)
            gaps = gaps.where(_gap.ended_at.is_(None)).group_by(_stay.feed)
            open_gaps = {row.feed: row.number for row in connection.execute(gaps)}
        return [_feed_row(feed, counts, open_gaps.get(feed.id, 0)) for feed in feeds.values()]

    def gaps(self, principal: Principal, feed: str | None = None, limit: int = 50) -> list[GapRow]:
        """What is missing now, the longest first. Of a feed alone without protected persons: that it is theirs would
        be told."""
        _require(principal, Right.LIST)
        of_feed = [] if feed is None else [_stay.feed == feed, ~_PROTECTED]
        query = _open_gaps().where(*of_feed).order_by(_gap.since, _gap.id).limit(min(limit, _LARGEST_PAGE))
        with self._database.read() as connection:
            return [_gap_row(row, hidden=bool(row.protected)) for row in connection.execute(query)]

    def open_gap(self, principal: Principal, gap_id: int, reason: str) -> GapRow:
        """A gap with all that is known of it, of a protected person too; audited with the reason. Raises NotFoundError,
        or AdapterError without a reason."""
        _require(principal, Right.CONTENT)
        if not reason.strip():
            raise AdapterError("to open a gap a reason is needed")
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            row = connection.execute(_open_gaps().where(_gap.id == gap_id)).one_or_none()
            if row is None:
                raise NotFoundError(f"there is no open gap {gap_id}")
            audit.record(connection, principal, "feed-gap-view", f"feed_gap/{gap_id}", at, row.patient_id, reason)
        return _gap_row(row, hidden=False)

    def settle(self, principal: Principal, gap_id: int, reason: str) -> None:
        """A person has seen to a gap by another way: it is no longer shown, unless it ends and comes anew. Raises
        NotFoundError, or AdapterError without a reason."""
        _require(principal, Right.RESEND)
        if not reason.strip():
            raise AdapterError("to settle a gap a reason is needed: say what was done instead")
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            query = select(_gap.id, _stay.patient_id).join_from(tables.feed_gap, tables.feed_stay)
            row = connection.execute(query.where(_gap.id == gap_id, _gap.ended_at.is_(None))).one_or_none()
            if row is None:
                raise NotFoundError(f"there is no open gap {gap_id}")
            values = {"ended_at": at, "ended_by": principal.name}
            connection.execute(update(tables.feed_gap).where(_gap.id == gap_id).values(values))
            audit.record(connection, principal, "feed-gap-settle", f"feed_gap/{gap_id}", at, row.patient_id, reason)

    def events(
        self, principal: Principal, feed: str | None = None, status: str | None = None, limit: int = 50
    ) -> list[EventRow]:
        """What came in, newest first."""
        _require(principal, Right.LIST)
        query = (
            select(tables.feed_event, _stay.stay, func.length(_event.bytes).label("size"))
            .select_from(tables.feed_event.outerjoin(tables.feed_stay))
            .where(*_of(feed, _event.feed), *_of(status, _event.status))
            .order_by(_event.id.desc())
            .limit(min(limit, _LARGEST_PAGE))
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            EventRow(
                id=row.id,
                feed=row.feed,
                control_id=row.control_id,
                stay_id=row.stay,
                status=row.status,
                reason=row.reason,
                received_at=from_micros(row.received_at),
                size=row.size,
            )
            for row in rows
        ]

    def content(self, principal: Principal, event_id: int, reason: str) -> bytes:
        """What was received, byte for byte; audited with the reason. Raises NotFoundError, or AdapterError without a
        reason."""
        _require(principal, Right.CONTENT)
        if not reason.strip():
            raise AdapterError("to open content a reason is needed")
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            query = select(_event.key_id, _event.bytes, _event.expunged_at, _stay.patient_id).select_from(
                tables.feed_event.outerjoin(tables.feed_stay)
            )
            row = connection.execute(query.where(_event.id == event_id)).one_or_none()
            if row is None:
                raise NotFoundError(f"there is no event {event_id}")
            if row.expunged_at is not None:
                raise NotFoundError(f"the content of event {event_id} is no longer kept")
            audit.record(
                connection, principal, "feed-content-view", f"feed_event/{event_id}", at, row.patient_id, reason
            )
        return self._cipher.open(row.key_id, row.bytes)


def _open_gaps() -> Select[Any]:
    columns = (tables.feed_gap, _stay.feed, _stay.stay, _stay.patient_id, _PROTECTED.label("protected"))
    return select(*columns).select_from(_GAPS).where(_gap.ended_at.is_(None))


def _gap_row(row: Any, *, hidden: bool) -> GapRow:
    return GapRow(
        id=row.id,
        feed=None if hidden else row.feed,
        stay_id=None if hidden else row.stay,
        kind=row.kind,
        reason=row.reason,
        detail=None if hidden else row.detail,
        since=from_micros(row.since),
        to_do=TO_DO.get(row.kind, ""),
        protected=bool(row.protected),
    )


def _require(principal: Principal, right: Right) -> None:
    principal.require(right)
    principal.require(Right.ALL_PARTIES)


def _of(value: str | None, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
    return [] if value is None else [column == value]


def _feed_row(feed: Feed, counts: Mapping[tuple[str, str], tuple[int, int]], gaps: int) -> FeedRow:
    found = {status: counts.get((feed.id, status)) for status in ("taken", "left-out", "refused")}
    last = max((each[1] for each in found.values() if each), default=None)
    number = {status: each[0] if each else 0 for status, each in found.items()}
    ready = feed.format == "flat" or feed.adt.ready is not None
    return FeedRow(
        id=feed.id,
        party=feed.party,
        protocol=feed.protocol,
        format=feed.format,
        last_received_at=None if last is None else from_micros(last),
        taken=number["taken"],
        left_out=number["left-out"],
        refused=number["refused"],
        gaps=gaps,
        not_carried=() if ready else ("ready-for-discharge",),
    )
