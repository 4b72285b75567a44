"""Numbers that the database knows better than this process: what waits, and what every worker has tried.

They are looked up at most every five seconds and for a tenth of the time, however often they are asked for.
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
from adapter.security.principals import Principal, Right
from adapter.store import tables

if TYPE_CHECKING:
    from adapter.exchange.records import EndpointRow
    from adapter.wiring import Adapter

PROTECTED = "protected"
"""The endpoint under which everything of protected persons is counted."""

_SHORTEST_REST = 5.0
_SHARE = 10
_WINDOW = 1000
_MONITOR = Principal("metrics", "local", frozenset(), frozenset({Right.LIST, Right.ALL_PARTIES}))
_attempt, _delivery = tables.attempt.c, tables.delivery.c


class Observed(Collector):
    """The gauges of the deliveries and the counter of attempts. Collecting raises UnavailableError where the database
    does not answer."""

    def __init__(self, adapter: "Adapter") -> None:
        self._adapter = adapter
        self._attempts = Attempts(adapter)
        self._rows: list[EndpointRow] = []
        self._lock = threading.Lock()
        self._rest_until = 0.0

    def describe(self) -> list[Metric]:
        """Asked at registration: the database is not to be read for the names."""
        return [*_gauges(), _counter()]

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            self._look()
            waiting, held, dead, oldest = _gauges()
            now = self._adapter.clock.now()
            for row in self._rows:
                place = [row.endpoint or PROTECTED]
                waiting.add_metric(place, row.waiting)
                held.add_metric(place, row.held)
                dead.add_metric(place, row.dead)
                age = 0.0 if row.oldest_waiting_at is None else (now - row.oldest_waiting_at).total_seconds()
                oldest.add_metric(place, max(age, 0.0))
            attempts = _counter()
            for (endpoint, outcome), number in sorted(self._attempts.counts.items()):
                attempts.add_metric([endpoint, outcome], number)
        yield from (waiting, held, dead, oldest, attempts)

    def _look(self) -> None:
        started = time.monotonic()
        if started < self._rest_until:
            return
        self._rows = self._adapter.views.overview(_MONITOR)
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


def _gauges() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("adapter_deliveries_waiting", "Deliveries that wait or are under way", labels=["endpoint"]),
        GaugeMetricFamily(
            "adapter_deliveries_held", "Deliveries held until a person releases them", labels=["endpoint"]
        ),
        GaugeMetricFamily("adapter_deliveries_dead", "Dead letters that wait for a person", labels=["endpoint"]),
        GaugeMetricFamily(
            "adapter_deliveries_oldest_waiting_seconds",
            "Age of the oldest delivery that waits; 0 where none does",
            labels=["endpoint"],
        ),
    )


def _counter() -> CounterMetricFamily:
    return CounterMetricFamily(
        "adapter_attempts",
        "Delivery attempts of all workers that ended while this process ran, by outcome",
        labels=["endpoint", "outcome"],
    )
