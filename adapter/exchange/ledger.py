"""The daily ledger: how many messages and deliveries a day has had, and what became of them.

A day has the messages and deliveries numbered after those of the day before: every row belongs to one day, for good. It
is closed some time after its end, when no transaction of it can be under way. The day is Sweden's.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, func, insert, select, update

from adapter.store import locks, tables
from adapter.support.clock import STOCKHOLM, from_micros, swedish_day, to_micros

CLOSED_AFTER = timedelta(hours=1)
"""How long after its end a day is closed: no transaction takes as long."""
STATES = ("delivered", "dead", "cancelled", "held", "waiting")
SUMS = ("accepted", "rejected", "deliveries", *STATES, "expunged", "removed")

_day, _message, _delivery = tables.ledger_day.c, tables.message.c, tables.delivery.c
_LOCK = "ledger"
_NAMES = {"done": "delivered", "running": "waiting"}


@dataclass(frozen=True)
class Range:
    """The rows of a day: numbered above `after`, up to `last`, of messages and of deliveries."""

    messages: tuple[int, int]
    deliveries: tuple[int, int]


def step(connection: Connection, now: datetime) -> bool:
    """Close the next day that can be, else count anew a day of which something was open, once a day; False where there
    is nothing to do. In the caller's write transaction."""
    locks.hold(connection, _LOCK)
    last = connection.execute(select(tables.ledger_day).order_by(_day.day.desc()).limit(1)).mappings().one_or_none()
    day = _first(connection) if last is None else date.fromisoformat(last["day"]) + timedelta(days=1)
    if day is not None and _ends(day) + CLOSED_AFTER <= now:
        _close(connection, day, last, now)
        return True
    return _settle(connection, now)


def days(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest closed days, newest first."""
    query = select(tables.ledger_day).order_by(_day.day.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def closed(connection: Connection) -> list[str]:
    """Every closed day, oldest first."""
    return list(connection.execute(select(_day.day).order_by(_day.day)).scalars())


def one(connection: Connection, day: str) -> tuple[RowMapping, Range]:
    """A closed day with the rows that are its own."""
    row = connection.execute(select(tables.ledger_day).where(_day.day == day)).mappings().one()
    return row, _range(_before(connection, day), row)


def count(connection: Connection, of: Range) -> dict[str, int]:
    """The sums of a day as the rows give them now, but for `removed`."""
    after, last = of.messages
    within = (_message.id > after, _message.id <= last)
    found = dict.fromkeys(SUMS[:-1], 0)
    by_status = select(_message.status, func.count(), func.count(_message.expunged_at)).where(*within)
    for status, number, expunged in connection.execute(by_status.group_by(_message.status)):
        found[status] = number
        found["expunged"] += expunged
    after, last = of.deliveries
    counted = select(_delivery.status, func.count()).where(_delivery.id > after, _delivery.id <= last)
    for status, number in connection.execute(counted.group_by(_delivery.status)):
        found[_NAMES.get(status, status)] += number
        found["deliveries"] += number
    return found


def _close(connection: Connection, day: date, last: RowMapping | None, now: datetime) -> None:
    end = to_micros(_ends(day))
    row: dict[str, Any] = {
        "last_message_id": _last(connection, tables.message, _message.received_at, end, last, "last_message_id"),
        "last_delivery_id": _last(connection, tables.delivery, _delivery.created_at, end, last, "last_delivery_id"),
    }
    sums = count(connection, _range(last, row))
    at = to_micros(now)
    row |= {"day": day.isoformat(), "closed_at": at, "settled_at": None if _open(sums) else at}
    connection.execute(insert(tables.ledger_day).values(row | sums))


def _settle(connection: Connection, now: datetime) -> bool:
    at = to_micros(now)
    query = select(tables.ledger_day).where(
        _day.settled_at.is_(None), _day.closed_at < at - timedelta(days=1) // timedelta(microseconds=1)
    )
    row = connection.execute(query.order_by(_day.closed_at).limit(1)).mappings().one_or_none()
    if row is None:
        return False
    sums = count(connection, _range(_before(connection, row["day"]), row))
    values = {name: sums[name] for name in STATES} | {"closed_at": at, "settled_at": None if _open(sums) else at}
    connection.execute(update(tables.ledger_day).where(_day.day == row["day"]).values(values))
    return True


def _before(connection: Connection, day: str) -> RowMapping | None:
    query = select(tables.ledger_day).where(_day.day < day).order_by(_day.day.desc()).limit(1)
    return connection.execute(query).mappings().one_or_none()


def _open(sums: dict[str, int]) -> bool:
    return any(sums[name] for name in ("waiting", "held", "dead"))


def _range(before: Any, row: Any) -> Range:
    def span(name: str) -> tuple[int, int]:
        return (0 if before is None else before[name], row[name])

    return Range(span("last_message_id"), span("last_delivery_id"))


def _last(connection: Connection, table: Table, instant: Any, end: int, last: RowMapping | None, name: str) -> int:
    """The highest number of a row of the day; that of the day before where it has none."""
    query = select(table.c.id).where(instant < end).order_by(table.c.id.desc()).limit(1)
    known = 0 if last is None else last[name]
    return max(known, connection.execute(query).scalar_one_or_none() or 0)


def _first(connection: Connection) -> date | None:
    """The day of the first message; None where there is none."""
    query = select(_message.received_at).order_by(_message.id).limit(1)
    at = connection.execute(query).scalar_one_or_none()
    return None if at is None else swedish_day(from_micros(at))


def _ends(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), STOCKHOLM)
