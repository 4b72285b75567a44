"""Which deliveries may be sent now: the heads of streams, of endpoints that may be sent to.

The statements are made once: to make one takes longer than to run it.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, RowMapping, and_, bindparam, exists, func, or_, select

from adapter.delivery import streams
from adapter.delivery.streams import status_is
from adapter.store import tables

_delivery = tables.delivery.c
_endpoint = tables.endpoint_state.c


_at: BindParameter[int] = bindparam("at")
_here = _delivery.endpoint == bindparam("endpoint")


def workable(connection: Connection, at: int, leave: Collection[str]) -> list[str]:
    """The endpoints that may be sent to now and have something to send, but those in `leave`: the least busy and then
    the longest unserved first."""
    return list(connection.execute(_WORKABLE, {"at": at, "leave": list(leave)}).scalars())


def busy(connection: Connection, endpoint: str, at: int) -> int:
    """How many are under way to an endpoint."""
    return int(connection.execute(_BUSY, {"endpoint": endpoint, "at": at}).scalar_one())


def head(connection: Connection, endpoint: str, at: int, *, any_time: bool) -> RowMapping | None:
    """A stream's head whose lease has expired, else the one that has been due longest; a probe takes one that is not
    due yet. Fixed first and locked in the same statement; PostgreSQL passes over what another worker is taking."""
    for statement in (_EXPIRED, _ANY_TIME if any_time else _DUE):
        row = connection.execute(statement, {"endpoint": endpoint, "at": at}).mappings().one_or_none()
        if row is not None:
            return row
    return None


def _workable() -> Any:
    here = _delivery.endpoint == _endpoint.endpoint
    head = (here, status_is("waiting"), _delivery.next_attempt_at.is_not(None))
    due = exists().where(*head, _delivery.next_attempt_at <= _at)
    expired = exists().where(here, status_is("running"), _delivery.lease_expires_at <= _at)
    busy = (
        select(func.count())
        .select_from(tables.delivery)
        .where(here, status_is("running"), _delivery.lease_expires_at > _at)
        .scalar_subquery()
    )
    down = and_(_endpoint.state.in_(("open", "tripped")), _endpoint.next_probe_at <= _at)
    return (
        select(_endpoint.endpoint)
        .where(
            _endpoint.endpoint.not_in(bindparam("leave", expanding=True)),
            or_(and_(_endpoint.state == "closed", or_(due, expired)), and_(down, or_(exists().where(*head), expired))),
        )
        .order_by(busy, _endpoint.last_claim_at.nulls_first(), _endpoint.endpoint)
    )


def _head(condition: ColumnElement[bool], order: ColumnElement[Any]) -> Any:
    return (
        select(_delivery.id, _delivery.status, _delivery.lease_token)
        .where(_here, condition, *_first_in_stream())
        .order_by(order, _delivery.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def _first_in_stream() -> tuple[ColumnElement[bool], ...]:
    other = tables.delivery.alias("other")
    same = other.c.stream_id == _delivery.stream_id
    return (
        ~exists().where(same, other.c.blocking, other.c.sequence < _delivery.sequence),
        ~exists().where(same, streams.status_is("running", other), other.c.id != _delivery.id),
    )


_WAITING = and_(status_is("waiting"), _delivery.next_attempt_at.is_not(None))
_WORKABLE = _workable()
_BUSY = (
    select(func.count())
    .select_from(tables.delivery)
    .where(_here, status_is("running"), _delivery.lease_expires_at > _at)
)
_EXPIRED = _head(and_(status_is("running"), _delivery.lease_expires_at <= _at), _delivery.lease_expires_at)
_DUE = _head(and_(_WAITING, _delivery.next_attempt_at <= _at), _delivery.next_attempt_at)
_ANY_TIME = _head(_WAITING, _delivery.next_attempt_at)
