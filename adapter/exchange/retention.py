"""Expunges what is too old, in rounds of small batches that any process goes on with after a crash.

A batch is one transaction that also says how far it has come; one at a time over all processes. A round ends with one
line in the audit: what went, as numbers.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    delete,
    exists,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from adapter.exchange import expunge
from adapter.exchange.feeds import retention as feed_retention
from adapter.exchange.retention_steps import Found, Place
from adapter.exchange.subscriptions import retention as notices
from adapter.security import audit
from adapter.security.principals import Principal
from adapter.store import locks, tables
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.keeping import Retention

log = logging.getLogger("adapter.retention")

WORKER = Principal("adapter:retention", "operations", frozenset(), frozenset())
"""In whose name the adapter expunges by itself."""
_LOCK = "retention"
_MICROSECOND = timedelta(microseconds=1)
_LASTING = ("rejected-rows",)
"""Steps that leave nothing behind: the next round begins where the last one ended."""

_message, _content, _attempt = tables.message.c, tables.content.c, tables.attempt.c
_delivery, _run, _replay = tables.delivery.c, tables.expunge_run.c, tables.replay.c
_event, _token, _alert = tables.feed_event.c, tables.token.c, tables.alert.c
_disclosed = tables.disclosed.c
_item, _mail = tables.alert_item.c, tables.alert_message.c

Remove = Callable[[Connection, Sequence[int], int, int], int]
"""(connection, numbers, limit of age, now) -> how many went. Instants in UTC microseconds."""


@dataclass(frozen=True)
class Step:
    """`find` takes (connection, limit of age, rows to look at, place) and changes nothing."""

    find: Callable[[Connection, int, int, Place], Found]
    remove: Remove


@dataclass(frozen=True)
class Round:
    """A round of expunging. `counts` by step; instants in UTC microseconds."""

    id: int
    started_at: int
    ended_at: int | None
    counts: dict[str, int]


class Keeper:
    """Does the rounds."""

    def __init__(self, database: Database, clock: Clock, settings: Retention) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._look_at = 0

    def step(self) -> bool:
        """One batch of the round that is due or under way; False where there is none. For the worker."""
        at = to_micros(self._clock.now())
        if at < self._look_at:
            return False
        with self._database.write() as connection:
            locks.hold(connection, _LOCK)
            run = _open(connection)
            if run is None:
                last = select(_run.started_at).order_by(_run.id.desc()).limit(1)
                due = (connection.execute(last).scalar_one_or_none() or 0) + self._settings.every // _MICROSECOND
                if at < due:
                    self._look_at = due
                    return False
                run = _begin(connection, WORKER, at)
            ended = self._batch(connection, run, WORKER, at)
        self._shrink()
        return not ended

    def now(self, principal: Principal, told: Callable[[dict[str, int]], None] = lambda _: None) -> Round:
        """A whole round at once, by hand; one that is under way is ended. `told` hears the counts after each batch."""
        number = None
        while True:
            at = to_micros(self._clock.now())
            with self._database.write() as connection:
                locks.hold(connection, _LOCK)
                run = _open(connection) or (None if number else _begin(connection, principal, at))
                number = number or (run["id"] if run else None)
                ended = run is None or run["id"] != number or self._batch(connection, run, principal, at)
            self._shrink()
            with self._database.read() as connection:
                found = connection.execute(select(tables.expunge_run).where(_run.id == number)).mappings().one()
            told(found["counts"])
            if ended:
                return Round(found["id"], found["started_at"], found["ended_at"], found["counts"])

    def count(self) -> dict[str, int]:
        """What a round would expunge now, by step; nothing is done. What only goes once something else has gone is not
        counted, of feeds every event that is old."""
        at, counts = to_micros(self._clock.now()), dict.fromkeys(STEPS, 0)
        for name, step in STEPS.items():
            place: Place | None = []
            while place is not None:
                with self._database.read() as connection:
                    found = step.find(connection, self._before(name, at), self._settings.batch, place)
                counts[name] += len(found.ids)
                place = found.place
        return counts

    def _before(self, name: str, at: int) -> int:
        lifetime: timedelta = getattr(self._settings, _LIFETIMES.get(name, "metadata"))
        return at - lifetime // _MICROSECOND

    def _batch(self, connection: Connection, run: RowMapping, principal: Principal, at: int) -> bool:
        """The next batch of the round; True where it was the last."""
        counts, places = dict(run["counts"]), dict(run["places"])
        name = next((each for each in STEPS if each not in places["ended"]), None)
        this = update(tables.expunge_run).where(_run.id == run["id"])
        if name is None:
            connection.execute(this.values(ended_at=at))
            _told(connection, run, principal, at)
            return True
        # the limit is that of the round's begin, so that its end does not move away
        before, place = self._before(name, run["started_at"]), places.get(name, [])
        found = STEPS[name].find(connection, before, self._settings.batch, place)
        if found.ids:
            counts[name] = counts.get(name, 0) + STEPS[name].remove(connection, found.ids, before, at)
        if found.place is not None:
            places[name] = found.place
        else:
            places["ended"] = [*places["ended"], name]
        connection.execute(this.values(counts=counts, places=places))
        return False

    def _shrink(self) -> None:
        if self._database.is_sqlite:
            shrink(self._database)


def rounds(connection: Connection, limit: int = 20) -> list[Round]:
    """The newest rounds, newest first."""
    query = select(_run.id, _run.started_at, _run.ended_at, _run.counts).order_by(_run.id.desc()).limit(limit)
    return [Round(**row) for row in connection.execute(query).mappings()]


def shrink(database: Database, pages: int = 2_000) -> None:
    """Give free pages of a SQLite file back to the disk, some at a time; those that are soon used again are left.

    PostgreSQL's autovacuum makes room in its files for what comes, which bounds them too.
    """
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection  # what it does is a transaction of its own
        free, size = (driver.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
        spare = free - size // 20
        if spare > 0:
            # every step gives back one page, and only a script is gone through to its end
            driver.executescript(f"PRAGMA incremental_vacuum({min(spare, pages)})")


def _open(connection: Connection) -> RowMapping | None:
    query = select(tables.expunge_run).where(_run.ended_at.is_(None)).order_by(_run.id).limit(1)
    return connection.execute(query).mappings().one_or_none()


def _begin(connection: Connection, principal: Principal, at: int) -> RowMapping:
    last = select(_run.places).order_by(_run.id.desc()).limit(1)
    known: dict[str, Any] = connection.execute(last).scalar_one_or_none() or {}
    places = {"ended": []} | {name: known[name] for name in _LASTING if name in known}
    values = {"started_at": at, "principal": principal.name, "counts": {}, "places": places}
    return connection.execute(insert(tables.expunge_run).values(values).returning(tables.expunge_run)).mappings().one()


def _told(connection: Connection, run: RowMapping, principal: Principal, at: int) -> None:
    counts = {name: number for name, number in run["counts"].items() if number}
    if counts:
        audit.record(connection, principal, "expunge", f"expunge-run/{run['id']}", at, **counts)
        log.info("expunged what was too old", extra={"counts": counts})


def _window(connection: Connection, query: Any, number: Any, limit: int, place: Place, before: int) -> list[Any]:
    """The next rows by number, up to the first that is young: numbers follow time but for a moment."""
    rows = connection.execute(query.where(number > (place[0] if place else 0)).order_by(number).limit(limit)).all()
    young = next((index for index, row in enumerate(rows) if row.at >= before), len(rows))
    return list(rows[:young])


def _contents(status: str, *ended: Callable[[int], ColumnElement[bool]]) -> Step:
    """The content of messages that are older, and of which nothing is to come."""

    def still(connection: Connection, ids: Sequence[int], before: int) -> list[int]:
        query = select(_message.id).where(_message.id.in_(ids), _message.expunged_at.is_(None))
        return list(connection.execute(query.where(*(each(before) for each in ended))).scalars())

    def find(connection: Connection, before: int, limit: int, place: Place) -> Found:
        here = [_message.status == status, _message.expunged_at.is_(None), _message.received_at < before]
        if place:
            here.append(tuple_(_message.received_at, _message.id) > tuple_(*place))
        query = select(_message.received_at, _message.id).where(*here).order_by(_message.received_at, _message.id)
        rows = connection.execute(query.limit(limit)).all()
        return Found(still(connection, [row.id for row in rows], before), list(rows[-1]) if rows else None)

    def remove(connection: Connection, ids: Sequence[int], before: int, at: int) -> int:
        # locked and looked at again: what comes to one of them meanwhile is seen, or waits and sees that it is gone
        connection.execute(select(_message.id).where(_message.id.in_(ids)).order_by(_message.id).with_for_update())
        found = still(connection, ids, before)
        expunge.contents_of(connection, found, at)
        return len(found)

    return Step(find, remove)


def _quiet(before: int) -> ColumnElement[bool]:
    """No message of the case is younger."""
    later = tables.message.alias("later").c
    return ~exists(select(1).where(later.case_id == _message.case_id, later.received_at >= before))


def _ended(_before: int) -> ColumnElement[bool]:
    return ~expunge.owed(_message.id)


def _feed_events() -> Step:
    """A stay goes as a whole: which can, is the feeds' own to say."""

    def find(connection: Connection, before: int, limit: int, place: Place) -> Found:
        query = select(_event.id).where(_event.received_at < before, _event.expunged_at.is_(None))
        after = query.where(_event.id > (place[0] if place else 0)).order_by(_event.id).limit(limit)
        return _found(list(connection.execute(after).scalars()))

    def remove(connection: Connection, ids: Sequence[int], before: int, at: int) -> int:
        return feed_retention.expunge(connection, before, at, len(ids)) if ids else 0

    return Step(find, remove)


def _rows(table: Table, query: Any, at: Any, *gone: ColumnElement[bool], first: Remove | None = None) -> Step:
    """Rows of a table by number, in the order of time, that are older and of which all of `gone` is so. `first` removes
    what refers to them."""
    number = table.c.id

    def find(connection: Connection, before: int, limit: int, place: Place) -> Found:
        window = _window(connection, query.with_only_columns(number, at.label("at")), number, limit, place, before)
        ids = [row.id for row in window]
        chosen = connection.execute(query.with_only_columns(number).where(number.in_(ids), *gone)).scalars()
        return Found(list(chosen), [ids[-1]] if ids else None)

    def remove(connection: Connection, ids: Sequence[int], before: int, now: int) -> int:
        if first is not None:
            first(connection, ids, before, now)
        connection.execute(delete(table).where(number.in_(ids)))
        return len(ids)

    return Step(find, remove)


def _old(table: Table, ended: Callable[[int], ColumnElement[bool]], first: Remove | None = None) -> Step:
    """Rows of a small table that have ended."""

    def find(connection: Connection, before: int, limit: int, place: Place) -> Found:
        query = select(table.c.id).where(ended(before), table.c.id > (place[0] if place else 0))
        return _found(list(connection.execute(query.order_by(table.c.id).limit(limit)).scalars()))

    def remove(connection: Connection, ids: Sequence[int], before: int, now: int) -> int:
        if first is not None:
            first(connection, ids, before, now)
        connection.execute(delete(table).where(table.c.id.in_(ids)))
        return len(ids)

    return Step(find, remove)


def _found(ids: list[int]) -> Found:
    return Found(ids, [ids[-1]] if ids else None)


def _of_refused(connection: Connection, ids: Sequence[int], _before: int, _at: int) -> int:
    expunge.book(connection, "removed", ids)
    return connection.execute(delete(tables.content).where(_content.message_id.in_(ids))).rowcount


def _of_replays(connection: Connection, ids: Sequence[int], _before: int, _at: int) -> int:
    return connection.execute(delete(tables.replay_item).where(tables.replay_item.c.replay_id.in_(ids))).rowcount


def _of_alerts(connection: Connection, ids: Sequence[int], _before: int, _at: int) -> int:
    return connection.execute(delete(tables.alert_item).where(_item.alert_id.in_(ids))).rowcount


def _told_of(before: int) -> ColumnElement[bool]:
    """Alerts that nobody is still to be told of."""
    open_item = exists(
        select(1).where(_item.alert_id == _alert.id, _item.alert_message_id.is_(None), _item.dropped_at.is_(None))
    )
    return (_alert.at < before) & _alert.planned_at.is_not(None) & ~open_item


def _sent(before: int) -> ColumnElement[bool]:
    used = exists(select(1).where(_item.alert_message_id == _mail.id))
    return (_mail.created_at < before) & (_mail.status != "waiting") & ~used


_with_message = select(tables.attempt.c.id).join_from(
    tables.attempt, tables.delivery, _delivery.id == _attempt.delivery_id
)
STEPS: dict[str, Step] = {
    "accepted": _contents("accepted", _quiet, _ended),
    "rejected": _contents("rejected"),
    "feeds": _feed_events(),
    "attempts": _rows(
        tables.attempt,
        _with_message.join(tables.message, _message.id == _delivery.message_id),
        _attempt.started_at,
        _delivery.status.in_(("done", "cancelled")),
        _message.expunged_at.is_not(None),
    ),
    "answers": _rows(
        tables.content,
        select(_content.id).join_from(tables.content, tables.message, _message.id == _content.message_id),
        _content.created_at,
        _message.expunged_at.is_not(None),
    ),
    "rejected-rows": _rows(
        tables.message,
        select(_message.id),
        _message.received_at,
        _message.status == "rejected",
        _message.expunged_at.is_not(None),
        first=_of_refused,
    ),
    "disclosures": _rows(
        tables.disclosed,
        select(_disclosed.id).join_from(tables.disclosed, tables.message, _message.id == _disclosed.message_id),
        _disclosed.at,
        _message.expunged_at.is_not(None),
    ),
    "notifications": Step(notices.find, notices.remove),
    "escalations": _old(tables.escalation, lambda before: tables.escalation.c.ended_at < before),
    "replays": _old(tables.replay, lambda before: _replay.ended_at < before, _of_replays),
    "alerts": _old(tables.alert, _told_of, _of_alerts),
    "alert-messages": _old(tables.alert_message, _sent),
    "alarms": _old(tables.alarm, lambda before: tables.alarm.c.cleared_at < before),
    "tokens": _old(tables.token, lambda before: or_(_token.expires_at < before, _token.revoked_at < before)),
    "rounds": _old(tables.expunge_run, lambda before: _run.ended_at < before),
}
_LIFETIMES = {
    "accepted": "content",
    "rejected": "rejected",
    "feeds": "feeds",
    "notifications": "notifications",
}
