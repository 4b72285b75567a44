"""The log of what came to whom names versions that are there, and the events of subscriptions have no holes."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from adapter.exchange.disclosures import TASK
from adapter.exchange.verification.finding import RESTORE, Batches, Finding, Source
from adapter.store import tables

_ROWS = 1_000
_DISCLOSED, _NOTIFICATIONS = "disclosed", "notifications"
_disclosed, _event, _subscription = tables.disclosed.c, tables.subscription_event.c, tables.subscription.c
_resource, _version, _task_version = tables.resource.c, tables.resource_version.c, tables.task_version.c


def disclosed(source: Source) -> Batches:
    """Every version that came to a party is there, of the type that it came as."""
    last = 0
    while True:
        with source.database.read() as connection:
            query = select(_disclosed.id).where(_disclosed.id > last).order_by(_disclosed.id).limit(_ROWS)
            ids = list(connection.execute(query).scalars())
            if not ids:
                return
            found = list(_versionless(connection, ids[0], ids[-1]))
        last = ids[-1]
        yield len(ids), found


def _versionless(connection: Connection, first: int, last: int) -> Iterator[Finding]:
    is_task = _disclosed.type == TASK
    query = (
        select(_disclosed.id, _disclosed.type, _disclosed.resource_id, _disclosed.version)
        .outerjoin(
            tables.task_version,
            and_(is_task, _task_version.task_id == _disclosed.resource_id, _task_version.version == _disclosed.version),
        )
        .outerjoin(
            tables.resource_version,
            and_(~is_task, _version.resource_id == _disclosed.resource_id, _version.version == _disclosed.version),
        )
        .outerjoin(tables.resource, _resource.id == _version.resource_id)
        .where(_disclosed.id.between(first, last))
        .where(
            or_(
                and_(is_task, _task_version.id.is_(None)),
                and_(~is_task, _resource.type.is_distinct_from(_disclosed.type)),
            )
        )
        .order_by(_disclosed.id)
    )
    for row in connection.execute(query):
        words = f"says that version {row.version} of {row.type}/{row.resource_id} came to a party, and it is not there"
        yield Finding(_DISCLOSED, f"disclosed/{row.id}", words, RESTORE)


def notifications(source: Source) -> Batches:
    """A number is given under the lock of its subscription, and goes from the lowest on: what is kept is a row without
    holes up to the last, and holds all that the receiver has not taken."""
    last = 0
    while True:
        with source.database.read() as connection:
            query = select(_subscription.id, _subscription.last_event, _subscription.sent_event)
            rows = connection.execute(
                query.where(_subscription.id > last).order_by(_subscription.id).limit(_ROWS)
            ).all()
            if not rows:
                return
            found = list(_holes(connection, rows))
        last = rows[-1].id
        yield len(rows), found


def _holes(connection: Connection, rows: Sequence[Any]) -> Iterator[Finding]:
    number = _event.number
    query = select(_event.subscription_id, func.count().label("held"), func.min(number).label("low"))
    query = query.add_columns(func.max(number).label("high")).group_by(_event.subscription_id)
    ids = [row.id for row in rows]
    known = {row.subscription_id: row for row in connection.execute(query.where(_event.subscription_id.in_(ids)))}
    for row in rows:
        kept = known.get(row.id)
        held, low, high = (kept.held, kept.low, kept.high) if kept else (0, row.last_event + 1, row.last_event)
        whole = high == row.last_event and held == high - low + 1 and low <= row.sent_event + 1 <= row.last_event + 1
        if not whole:
            words = (
                f"has given {row.last_event} numbers, of which {row.sent_event} were taken, and holds {held} events "
                f"from {low} to {high}"
            )
            yield Finding(_NOTIFICATIONS, f"subscription/{row.id}", words, RESTORE)
