"""Tells operations of a feed that normally sends and does not. One that has never sent is still being set up."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection, select

from adapter.discharge.calendar import weekday_for_act
from adapter.feeds.model import Feed
from adapter.feeds.silence import is_silent
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm, standing
from adapter.store.database import Database
from adapter.support.clock import from_micros, to_micros

SILENT = "silent-source"
"""Kind of the alarm that a feed is silent; its subject is `feed/<id>`."""

_event = tables.feed_event.c


def watch(database: Database, feeds: Mapping[str, Feed], now: datetime) -> None:
    """Raise an alarm for each feed that has become silent, and clear it for each that is so no longer, or is no longer
    watched. The store is written only where something has changed."""
    with database.read() as connection:
        silent = {f"feed/{each.id}": last for each in feeds.values() if (last := _silent_since(connection, each, now))}
        told = {alarm.subject for alarm in standing(connection) if alarm.kind == SILENT}
    if silent.keys() == told:
        return
    at = to_micros(now)
    with database.write() as connection:
        for subject in sorted(told - silent.keys()):
            clear_alarm(connection, kind=SILENT, subject=subject, at=at)
        for subject in sorted(silent.keys() - told):
            name = subject.removeprefix("feed/")
            reason = f"feed {name} has sent nothing since {silent[subject]:%Y-%m-%d %H:%M} UTC, though it normally does"
            command = f"adapter feeds events --feed {name}"
            raise_alarm(connection, kind=SILENT, subject=subject, reason=reason, command=command, at=at)


def _silent_since(connection: Connection, feed: Feed, now: datetime) -> datetime | None:
    """When a feed that is silent was last heard, in whatever it sent; None for one that is not."""
    if feed.silent is None:
        return None
    query = select(_event.received_at).where(_event.feed == feed.id).order_by(_event.received_at.desc()).limit(1)
    last = connection.execute(query).scalar_one_or_none()
    if last is None or not is_silent(feed, from_micros(last), now, _working):
        return None
    return from_micros(last)


def _working(day: date) -> bool:
    """Whether it is a weekday: no Saturday, Sunday, public holiday, midsommarafton, julafton or nyårsafton."""
    return weekday_for_act(day) == day
