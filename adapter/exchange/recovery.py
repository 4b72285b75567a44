"""After the database was put back from a copy: what is not known, whom to ask, and the word to go on.

Between the copy and its return messages were accepted and sent that the database has never heard of. Only their senders
know them, so they are asked to send everything of that time again: what is known is answered as before, nothing happens
twice. Which deliveries of the copy have been sent since is unknown too: they go again with the same ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from adapter.directory import Directory
from adapter.exchange import listing
from adapter.exchange.reasons import given_reason
from adapter.exchange.records import DeliveryRow
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import marks, tables
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import AdapterError, NotFoundError

MOST = 2_000
"""Deliveries that are listed."""
_ACTIVE = timedelta(days=90)
_CAUSES = {
    "copy": "a copy made by `adapter db backup` is used as the database",
    "older": "the database is older than the file beside it says",
    "other": "the file beside the database tells of another one",
    "said": "a person said so",
}

_message, _delivery, _event = tables.message.c, tables.delivery.c, tables.feed_event.c


@dataclass(frozen=True)
class Sender:
    """Whom to ask to send again: a party, or a feed. `last_id` is the last MessageHeader.id (of a feed: its own number)
    that is known, `last_at` when it came. Contacts are the directory's; None where it has none."""

    sender: str
    kind: str
    name: str | None
    phone: str | None
    email: str | None
    contact: str | None
    last_at: datetime
    last_id: str | None


@dataclass(frozen=True)
class Recovery:
    """What is known of the gap. `since` and `until` are None where nobody can tell; `unknown` may have been sent
    meanwhile, `unknown_count` how many there are, `newest_message` is the last that is known."""

    causes: tuple[str, ...]
    found_at: datetime
    since: datetime | None
    until: datetime | None
    newest_message: int | None
    newest_at: datetime | None
    unknown_count: int
    unknown: tuple[DeliveryRow, ...]
    senders: tuple[Sender, ...]


class Recoveries:
    """For operations: every call needs ALL_PARTIES. `directory` may be None where it cannot be read."""

    def __init__(self, database: Database, clock: Clock, directory: Directory | None) -> None:
        self._database = database
        self._clock = clock
        self._directory = directory

    def gap(self, principal: Principal) -> Recovery | None:
        """The gap that nobody has resumed from; None where there is none. Needs LIST."""
        principal.require(Right.LIST)
        principal.require(Right.ALL_PARTIES)
        with self._database.read() as connection:
            found = marks.standing(connection)
            if found is None:
                return None
            before = found.found_at
            open_then = (_delivery.status.in_(("waiting", "running")), _delivery.created_at <= before)
            query = listing.delivery_query(principal, *open_then).order_by(_delivery.id).limit(MOST)
            count = select(func.count()).select_from(tables.delivery).where(*open_then)
            newest = select(_message.id, _message.received_at).where(_message.received_at <= before)
            last = connection.execute(newest.order_by(_message.received_at.desc()).limit(1)).one_or_none()
            return Recovery(
                causes=tuple(_CAUSES[each] for each in found.causes),
                found_at=from_micros(found.found_at),
                since=_instant(found.since),
                until=_instant(found.until),
                newest_message=last.id if last else None,
                newest_at=from_micros(last.received_at) if last else None,
                unknown_count=connection.execute(count).scalar_one(),
                unknown=tuple(listing.delivery_row(row) for row in connection.execute(query).mappings()),
                senders=tuple(self._senders(connection, before)),
            )

    def put_back(self, principal: Principal, reason: str, since: datetime | None = None) -> None:
        """Say that the database was put back from a copy, of `since` where that is known: nothing is sent until it is
        resumed. Needs RESEND and a reason."""
        self._require(principal)
        reason, at = given_reason(reason), self._clock.now()
        if since is not None and since > at:
            raise AdapterError("the copy cannot be of a time to come")
        with self._database.write() as connection:
            marks.put_back(connection, "said", to_micros(at), None if since is None else to_micros(since))
            audit.record(connection, principal, "database-restored", "database", to_micros(at), reason=reason)

    def resume(self, principal: Principal, reason: str) -> None:
        """Send again. Needs RESEND and a reason. Raises NotFoundError where nothing stands against it."""
        self._require(principal)
        reason, at = given_reason(reason), to_micros(self._clock.now())
        with self._database.write() as connection:
            if not marks.resume(connection, at, principal.name, reason):
                raise NotFoundError(
                    "nothing is stopped: the database was not put back, or somebody has resumed already"
                )
            audit.record(connection, principal, "database-resume", "database", at, reason=reason)

    def _require(self, principal: Principal) -> None:
        principal.require(Right.RESEND)
        principal.require(Right.ALL_PARTIES)

    def _senders(self, connection: Connection, before: int) -> Iterator[Sender]:
        """Who sent in the months before, by name."""
        since = before - _ACTIVE // timedelta(microseconds=1)
        query = (
            select(_message.sender_party, func.max(_message.id))
            .where(_message.received_at > since, _message.received_at <= before, _message.status == "accepted")
            .group_by(_message.sender_party)
            .order_by(_message.sender_party)
        )
        for party, last in connection.execute(query).all():
            row = connection.execute(select(_message.received_at, _message.header_id).where(_message.id == last)).one()
            yield self._sender(party, "party", row.received_at, row.header_id)
        feeds = select(_event.feed, func.max(_event.id)).where(_event.received_at > since, _event.received_at <= before)
        for feed, last in connection.execute(feeds.group_by(_event.feed).order_by(_event.feed)).all():
            row = connection.execute(select(_event.received_at, _event.control_id).where(_event.id == last)).one()
            yield self._sender(feed, "feed", row.received_at, row.control_id)

    def _sender(self, sender: str, kind: str, at: int, last_id: str | None) -> Sender:
        try:
            party = self._directory.party(sender) if self._directory and kind == "party" else None
        except NotFoundError:
            party = None
        how = {name: getattr(party, name, None) for name in ("name", "phone", "email", "contact")}
        return Sender(sender, kind, last_at=from_micros(at), last_id=last_id, **how)


def _instant(at: int | None) -> datetime | None:
    return None if at is None else from_micros(at)
