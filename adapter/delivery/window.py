"""The last five minutes of an endpoint: how often it was tried and how often that failed, in a ring of ten rows.

The endpoint's row must be locked.
"""

from sqlalchemy import Connection, case, delete, func, insert, select, update

from adapter.store import tables

_PERIOD = 30_000_000
_SLOTS = 10
_LEAST = 10
_SHARE = 0.7

_row = tables.endpoint_outcome.c


def note(connection: Connection, endpoint: str, at: int, *, failed: bool) -> None:
    """Count a try that ended. `at` in UTC microseconds."""
    period = at // _PERIOD
    now = _row.period == period
    counted = connection.execute(
        update(tables.endpoint_outcome)
        .where(_row.endpoint == endpoint, _row.slot == period % _SLOTS)
        .values(
            period=period,
            tried=case((now, _row.tried + 1), else_=1),
            failed=case((now, _row.failed + int(failed)), else_=int(failed)),
        )
    )
    if counted.rowcount == 0:
        row = {"endpoint": endpoint, "slot": period % _SLOTS, "period": period, "tried": 1, "failed": int(failed)}
        connection.execute(insert(tables.endpoint_outcome).values(row))


def fails(connection: Connection, endpoint: str, at: int) -> tuple[int, int] | None:
    """(failed, tried) where at least 70 % of at least 10 tries failed, else None."""
    period = at // _PERIOD
    query = select(func.coalesce(func.sum(_row.tried), 0), func.coalesce(func.sum(_row.failed), 0)).where(
        _row.endpoint == endpoint, _row.period > period - _SLOTS, _row.period <= period
    )
    tried, failed = (int(number) for number in connection.execute(query).one())
    return (failed, tried) if tried >= _LEAST and failed >= _SHARE * tried else None


def forget(connection: Connection, endpoint: str) -> None:
    """Begin anew: what was before it was down says nothing of now."""
    connection.execute(delete(tables.endpoint_outcome).where(_row.endpoint == endpoint))
