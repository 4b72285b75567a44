"""The last five minutes of an endpoint: how often it was tried and how often that failed, in a ring of ten rows.

The endpoint's row must be locked.
"""

from sqlalchemy import Connection, Integer, bindparam, case, delete, func, select, update

from adapter.store import tables
from adapter.store.batch import Batch, Step
from adapter.store.insert import insert_if_absent
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
    .returning(_row.slot)
)
_TOLD = Statement(
    select(func.coalesce(func.sum(_row.tried), 0), func.coalesce(func.sum(_row.failed), 0)).where(
        _row.endpoint == bindparam("this"), _row.period > bindparam("after"), _row.period <= bindparam("until")
    )
)


def note(connection: Connection, endpoint: str, at: int, *, failed: int, tried: int = 1) -> None:
    """Count tries that ended, and how many of them failed. `at` in UTC microseconds."""
    batch = Batch(connection)
    noted = add_note(batch, endpoint, at, failed=failed, tried=tried)
    batch.run()
    if noted.row is None:
        begin(connection, endpoint, at, failed=failed, tried=tried)


def add_note(batch: Batch, endpoint: str, at: int, *, failed: int, tried: int) -> Step:
    """As `note`, as a step of a batch; gives no row where the counting is to `begin`."""
    period = at // _PERIOD
    values = {"this": endpoint, "at_slot": period % _SLOTS, "now": period, "more": tried, "faults": failed}
    return batch.add(_NOTE, values)


def begin(connection: Connection, endpoint: str, at: int, *, failed: int, tried: int) -> None:
    """The first tries that are counted in a slot, unless another has begun it."""
    period = at // _PERIOD
    row = {"endpoint": endpoint, "slot": period % _SLOTS, "period": period, "tried": tried, "failed": failed}
    if not insert_if_absent(connection, tables.endpoint_outcome, **row):
        note(connection, endpoint, at, failed=failed, tried=tried)


def fails(connection: Connection, endpoint: str, at: int) -> tuple[int, int] | None:
    """(failed, tried) where at least 70 % of at least 10 tries failed, else None."""
    period = at // _PERIOD
    values = {"this": endpoint, "after": period - _SLOTS, "until": period}
    tried, failed = (int(number) for number in _TOLD.one(connection, values))
    return (failed, tried) if tried >= _LEAST and failed >= _SHARE * tried else None


def forget(connection: Connection, endpoint: str) -> None:
    """Begin anew: what was before it was down says nothing of now."""
    connection.execute(delete(tables.endpoint_outcome).where(_row.endpoint == endpoint))
