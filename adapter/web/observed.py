"""Numbers that the database knows better than this process: what was rolled up, and what every worker has tried.

Tries are followed at most every five seconds and for a tenth of the time, however often they are asked for.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Row, and_, case, func, literal, or_, select

from adapter.exchange import visibility
from adapter.exchange.watch import gauges
from adapter.exchange.watch.gauges import PROTECTED
from adapter.store import tables

if TYPE_CHECKING:
    from adapter.wiring import Adapter

_SHORTEST_REST = 5.0
_SHARE = 10
_WINDOW = 1000
_attempt, _delivery = tables.attempt.c, tables.delivery.c


class Observed(Collector):
    """The gauges of the installation and of this machine, and the counter of attempts. Collecting raises
    UnavailableError where the database does not answer."""

    def __init__(self, adapter: "Adapter") -> None:
        self._adapter = adapter
        self._attempts = Attempts(adapter)
        self._lock = threading.Lock()
        self._rest_until = 0.0

    def describe(self) -> list[Metric]:
        """Asked at registration: the database is not to be read for the names."""
        return [*_gauges().values(), _counter(), _notified()]

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            self._follow()
            attempts = _counter()
            for (endpoint, outcome), number in sorted(self._attempts.counts.items()):
                attempts.add_metric([endpoint, outcome], number)
        found = _gauges()
        with self._adapter.database.read() as connection:
            rolled_up = gauges.read(connection)
        notified = _notified()
        for name, label, value in rolled_up:
            if name in _OUTCOMES:
                notified.add_metric([label, _OUTCOMES[name]], value)
        self._fill(found, [each for each in rolled_up if each[0] not in _OUTCOMES])
        for place, end in self._adapter.watch.ends.items():
            found["certificate_end"].add_metric([place], end.timestamp())
        for use, free in self._adapter.watch.disks.items():
            found["disk_free"].add_metric([use], free)
        for name, offset in self._adapter.watch.offsets.items():
            found["clock_offset"].add_metric([name], offset.total_seconds())
        yield from (*found.values(), attempts, notified)

    def _fill(self, found: dict[str, GaugeMetricFamily], rolled_up: list[gauges.Number]) -> None:
        now, ages = self._adapter.clock.now().timestamp(), {}
        for name, label, value in rolled_up:
            if name in _AGES:
                ages[name, label] = max(now - value, 0.0)
            else:
                found[name].add_metric([label] if label else [], value)
        for name, label, _ in rolled_up:
            of = next((each for each, counted in _AGES.items() if counted == name), None)
            if of is not None:
                found[of].add_metric([label] if label else [], ages.get((of, label), 0.0))

    def _follow(self) -> None:
        started = time.monotonic()
        if started < self._rest_until:
            return
        self._attempts.follow()
        ended = time.monotonic()
        self._rest_until = ended + max(_SHORTEST_REST, (ended - started) * _SHARE)


class Attempts:
    """Counts the attempts that end, of all workers, from its making on; each row is read once or twice."""

    def __init__(self, adapter: "Adapter") -> None:
        self._database = adapter.database
        self.counts: Counter[tuple[str, str]] = Counter()
        """by (endpoint, outcome)"""
        self._unended: set[int] = set()
        self._counted: set[int] = set()
        with self._database.read() as connection:
            self._start = connection.execute(select(func.coalesce(func.max(_attempt.id), 0))).scalar_one()
        self._seen = self._start

    def follow(self) -> None:
        """Count what ended since the last time."""
        with self._database.read() as connection:
            rows = self._news(connection)
        for row in rows:
            self._seen = max(self._seen, row.id)
            if row.outcome is None:
                self._unended.add(row.id)
            elif row.id not in self._counted:
                self._unended.discard(row.id)
                self._counted.add(row.id)
                self.counts[row.place, row.outcome] += 1
        self._counted = {number for number in self._counted if number > self._seen - _WINDOW}

    def _news(self, connection: Connection) -> list[Row[tuple[int, str | None, str]]]:
        # ids are not commit order: a lower one may appear after a higher one, so a window is looked at again
        after = max(self._start, self._seen - _WINDOW)
        place = case((visibility.protected(), literal(PROTECTED)), else_=_delivery.endpoint)
        query = (
            select(_attempt.id, _attempt.outcome, place.label("place"))
            .join_from(tables.attempt, tables.delivery)
            .join(tables.message)
            .where(
                or_(
                    _attempt.id > after,
                    and_(_attempt.id.in_(sorted(self._unended)), _attempt.outcome.is_not(None)),
                )
            )
        )
        return list(connection.execute(query))


_AGES = {
    "deliveries_oldest": "deliveries_waiting",
    "alerts_oldest": "alerts_waiting",
    "notifications_oldest": "notifications_waiting",
}
"""Rolled up as an instant, told as an age: 0 where what it is the oldest of is 0."""


def _gauges() -> dict[str, GaugeMetricFamily]:
    """By the name under which each is rolled up, or seen on this machine."""
    return {
        key: GaugeMetricFamily(f"adapter_{name}", text, labels=[label] if label else [])
        for key, name, text, label in (
            ("deliveries_waiting", "deliveries_waiting", "Deliveries that wait or are under way", "endpoint"),
            ("deliveries_held", "deliveries_held", "Deliveries held until a person releases them", "endpoint"),
            ("deliveries_dead", "deliveries_dead", "Dead letters that wait for a person", "endpoint"),
            (
                "deliveries_oldest",
                "deliveries_oldest_waiting_seconds",
                "Age of the oldest delivery that waits; 0 where none does",
                "endpoint",
            ),
            (
                "endpoint_working",
                "endpoint_working",
                "1 where messages go to the endpoint, 0 where they wait",
                "endpoint",
            ),
            ("alarms_standing", "alarms_standing", "Alarms that stand", "kind"),
            ("alerts_waiting", "alerts_waiting", "Messages about alarms that wait to be sent", ""),
            ("alerts_oldest", "alerts_oldest_waiting_seconds", "Age of the oldest of them; 0 where none waits", ""),
            ("notifications_waiting", "notifications_waiting", "Events that subscribers have not taken", "endpoint"),
            (
                "notifications_oldest",
                "notifications_oldest_waiting_seconds",
                "Age of the oldest of them; 0 where none waits",
                "endpoint",
            ),
            ("workers", "workers", "Workers that have polled within the last minute", ""),
            ("last_backup", "last_backup_timestamp_seconds", "When the newest known copy of the database was made", ""),
            ("rolled_up", "rolled_up_timestamp_seconds", "When the numbers above were rolled up", ""),
            ("certificate_end", "certificate_end_timestamp_seconds", "When a certificate of this machine ends", "use"),
            ("disk_free", "disk_free_bytes", "Bytes free on a disk of this machine", "use"),
            ("clock_offset", "clock_offset_seconds", "How far another clock is ahead of this machine's", "clock"),
        )
    }


_OUTCOMES = {"notifications_sent": "sent", "notifications_failed": "failed"}


def _notified() -> CounterMetricFamily:
    return CounterMetricFamily(
        "adapter_notifications",
        "Calls to subscribers, by outcome, since they subscribed",
        labels=["endpoint", "outcome"],
    )


def _counter() -> CounterMetricFamily:
    return CounterMetricFamily(
        "adapter_attempts",
        "Delivery attempts of all workers that ended while this process ran, by outcome",
        labels=["endpoint", "outcome"],
    )
