"""Expunges the events of subscriptions that their receivers have taken, from the lowest number on: no hole is left."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select

from adapter.exchange.retention_steps import Found, Place
from adapter.store import tables

_event, _subscription = tables.subscription_event.c, tables.subscription.c


def find(connection: Connection, before: int, limit: int, place: Place) -> Found:
    """The subscriptions whose lowest event can go."""
    lowest = (
        select(_event.subscription_id, func.min(_event.number).label("number"))
        .where(_event.subscription_id > (place[0] if place else 0))
        .group_by(_event.subscription_id)
        .subquery()
    )
    query = (
        select(_event.subscription_id)
        .join(lowest, (lowest.c.subscription_id == _event.subscription_id) & (lowest.c.number == _event.number))
        .join(tables.subscription, _subscription.id == _event.subscription_id)
        .where(~_stays(before))
        .order_by(_event.subscription_id)
        .limit(limit)
    )
    ids = list(connection.execute(query).scalars())
    return Found(ids, [ids[-1]] if ids else None)


def remove(connection: Connection, ids: Sequence[int], before: int, _at: int) -> int:
    """Each up to the first that is young, or that was not taken; returns how many events went."""
    removed = 0
    for subscription_id in ids:
        mine = _event.subscription_id == subscription_id
        query = select(func.min(_event.number)).join_from(tables.subscription_event, tables.subscription)
        first = connection.execute(query.where(mine, _stays(before))).scalar_one_or_none()
        gone = [mine] if first is None else [mine, _event.number < first]
        removed += connection.execute(delete(tables.subscription_event).where(*gone)).rowcount
    return removed


def _stays(before: int) -> ColumnElement[bool]:
    """Of an event with its subscription."""
    return or_(_event.at >= before, _event.number > _subscription.sent_event)
