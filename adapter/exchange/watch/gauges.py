"""Numbers of the whole installation, rolled up into a small table by whichever process comes first.

Who scrapes a process reads that table: no scrape counts rows, however many processes are asked and how often.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete, func, insert, select

from adapter.exchange import attention, backups
from adapter.security.principals import Principal, Right
from adapter.store import locks, tables
from adapter.store.alarms import standing
from adapter.store.database import Database
from adapter.support.alarm_kinds import KINDS
from adapter.support.clock import Clock, to_micros

PROTECTED = "protected"
"""The endpoint under which everything of protected persons is counted."""
ROLLED_UP = "rolled_up"
"""Name of the row that tells when the others were written."""

_MONITOR = Principal("metrics", "local", frozenset(), frozenset({Right.LIST, Right.ALL_PARTIES}))
_EVERY = timedelta(seconds=10)
_gauge = tables.gauge.c
Number = tuple[str, str, float]
"""Name, label and value."""


class Gauges:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def step(self) -> bool:
        """Roll up, unless another process has just done so; False, for there is no more to do at once."""
        now = self._clock.now()
        with self._database.read() as connection:
            if _fresh(connection, now):
                return False
            numbers = [*_deliveries(connection), *_endpoints(connection), *_alarms(connection)]
            numbers += [
                *_alerts(connection),
                *_notifications(connection),
                *_backups(connection),
                *_workers(connection, now),
                (ROLLED_UP, "", now.timestamp()),
            ]
        at = to_micros(now)
        with self._database.write() as connection:
            locks.hold(connection, "gauges")
            if not _fresh(connection, now):
                rows = [{"name": name, "label": label, "value": value, "at": at} for name, label, value in numbers]
                connection.execute(delete(tables.gauge))
                connection.execute(insert(tables.gauge), rows)
        return False


def read(connection: Connection) -> list[Number]:
    """What was rolled up last."""
    rows = connection.execute(select(_gauge.name, _gauge.label, _gauge.value).order_by(_gauge.name, _gauge.label))
    return [(row.name, row.label, row.value) for row in rows]


def _fresh(connection: Connection, now: datetime) -> bool:
    query = select(_gauge.at).where(_gauge.name == ROLLED_UP, _gauge.label == "")
    at = connection.execute(query).scalar_one_or_none()
    return at is not None and 0 <= to_micros(now) - at < _EVERY // timedelta(microseconds=1)


def _deliveries(connection: Connection) -> Iterator[Number]:
    for row in attention.overview(connection, _MONITOR, ()):
        place = row.endpoint or PROTECTED
        yield "deliveries_waiting", place, row.waiting
        yield "deliveries_held", place, row.held
        yield "deliveries_dead", place, row.dead
        if row.oldest_waiting_at is not None:
            yield "deliveries_oldest", place, row.oldest_waiting_at.timestamp()


def _endpoints(connection: Connection) -> Iterator[Number]:
    state = tables.endpoint_state.c
    for row in connection.execute(select(state.endpoint, state.state)):
        yield "endpoint_working", row.endpoint, float(row.state == "closed")


def _alarms(connection: Connection) -> Iterator[Number]:
    counts = dict.fromkeys(KINDS, 0)
    for alarm in standing(connection):
        counts[alarm.kind] = counts.get(alarm.kind, 0) + 1
    for kind, number in counts.items():
        yield "alarms_standing", kind, number


def _alerts(connection: Connection) -> Iterator[Number]:
    message = tables.alert_message.c
    query = select(func.count(), func.min(message.created_at)).where(message.status == "waiting")
    number, oldest = connection.execute(query).one()
    yield "alerts_waiting", "", number
    if oldest is not None:
        yield "alerts_oldest", "", oldest / 1_000_000


def _notifications(connection: Connection) -> Iterator[Number]:
    """By endpoint: what subscribers have not taken, since when, and how the tries ended."""
    subscription, event = tables.subscription.c, tables.subscription_event.c
    waiting = case((subscription.status == "off", 0), else_=subscription.last_event - subscription.sent_event)
    totals = [func.sum(each) for each in (waiting, subscription.sent_total, subscription.failed_total)]
    for place, *numbers in connection.execute(select(subscription.endpoint, *totals).group_by(subscription.endpoint)):
        for name, number in zip(("waiting", "sent", "failed"), numbers, strict=True):
            yield f"notifications_{name}", place, float(number)
    following = select(event.at).where(
        event.subscription_id == subscription.id, event.number == subscription.sent_event + 1
    )
    since = func.min(following.scalar_subquery())
    oldest = select(subscription.endpoint, since).where(subscription.status != "off").group_by(subscription.endpoint)
    for place, at in connection.execute(oldest):
        if at is not None:
            yield "notifications_oldest", place, at / 1_000_000


def _backups(connection: Connection) -> Iterator[Number]:
    last = backups.newest(connection)
    if last is not None:
        yield "last_backup", "", last.timestamp()


def _workers(connection: Connection, now: datetime) -> Iterator[Number]:
    polled_at = tables.worker_heartbeat.c.polled_at
    alive = polled_at >= to_micros(now - attention.SILENT_AFTER)
    yield "workers", "", connection.execute(select(func.count()).where(alive)).scalar_one()
