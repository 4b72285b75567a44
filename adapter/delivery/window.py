"""The last five minutes of an endpoint: how often it was tried and how often that failed, in a ring of ten rows.

The endpoint's row must be locked.
"""

from sqlalchemy import Connection, Integer, bindparam, case, delete, func, insert, select, update

from adapter.store import tables
from adapter.store.statements import Statement

_PERIOD = 30_000_000
_SLOTS = 10
_LEAST = 10
_SHARE = 0.7

_row = tables.endpoint_outcome.c

_now, _more, _faults = (
    _row.period == bindparam("now"),
    bindparam("more", type_=Integer),
    bindparam("faults", type_=Integer),
)
_NOTE = Statement(
    update(tables.endpoint_outcome)
    .where(_row.endpoint == bindparam("this"), _row.slot == bindparam("at_slot"))
    .values(
        period=bindparam("now"),
        tried=case((_now, _row.tried + _more), else_=_more),
        failed=case((_now, _row.failed + _faults), else_=_faults),
    )
)
_TOLD = Statement(
    select(func.coalesce(func.sum(_row.tried), 0), func.coalesce(func.sum(_row.failed), 0)).where(
        _row.endpoint == bindparam("this"), _row.period > bindparam("after"), _row.period <= bindparam("until")
    )
)


def note(connection: Connection, endpoint: str, at: int, *, failed: int, tried: int = 1) -> None:
    """Count tries that ended, and how many of them failed. `at` in UTC microseconds."""
    period = at // _PERIOD
    values = {"this": endpoint, "at_slot": period % _SLOTS, "now": period, "more": tried, "faults": failed}
    if _NOTE.run(connection, values) == 0:
        row = {"endpoint": endpoint, "slot": period % _SLOTS, "period": period, "tried": tried, "failed": failed}
        connection.execute(insert(tables.endpoint_outcome).values(row))


def fails(connection: Connection, endpoint: str, at: int) -> tuple[int, int] | None:
    """(failed, tried) where at least 70 % of at least 10 tries failed, else None."""
    period = at // _PERIOD
    values = {"this": endpoint, "after": period - _SLOTS, "until": period}
    tried, failed = (int(number) for number in _TOLD.one(connection, values))
    return (failed, tried) if tried >= _LEAST and failed >= _SHARE * tried else None


def forget(connection: Connection, endpoint: str) -> None:
    """Begin anew: what was before it was down says nothing of now."""
    connection.execute(delete(tables.endpoint_outcome).where(_row.endpoint == endpoint))
