"""Workers that have gone without a word: the others deliver, but fewer of them than there should be."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from adapter.exchange.attention import SILENT_AFTER
from adapter.store import tables
from adapter.store.alarms import Cause
from adapter.support.clock import from_micros, to_micros

WORKER_LOST = "worker-lost"
"""Kind of the alarm that a worker has gone and none has begun since; its subject is `worker/<name>`."""

_FORGOTTEN_AFTER = timedelta(days=1)

_heartbeat = tables.worker_heartbeat.c


def lost(connection: Connection, now: datetime) -> Iterator[tuple[tuple[str, str], Cause]]:
    """Those that neither poll nor have said that they end, of the last day. One that has begun since stands for one of
    them: whoever kills a worker starts another."""
    limit = to_micros(now - SILENT_AFTER)
    query = select(_heartbeat.worker, _heartbeat.started_at, _heartbeat.polled_at)
    known = connection.execute(query.where(_heartbeat.polled_at > to_micros(now - _FORGOTTEN_AFTER))).all()
    begun = sorted(row.started_at for row in known)
    for gone in sorted((row for row in known if row.polled_at < limit), key=lambda row: row.polled_at):
        successor = next((at for at in begun if at > gone.polled_at), None)
        if successor is not None:
            begun.remove(successor)
            continue
        since = from_micros(gone.polled_at)
        reason = f"the worker {gone.worker} has not been at work since {since:%Y-%m-%d %H:%M} UTC, nor did it end"
        yield (WORKER_LOST, f"worker/{gone.worker}"), Cause(reason, "adapter worker")
