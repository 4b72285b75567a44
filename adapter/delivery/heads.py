"""Which deliveries may be sent now: the heads of streams, of endpoints that may be sent to."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from adapter.delivery import streams
from adapter.delivery.streams import status_is
from adapter.store import marks, tables
from adapter.store.statements import Row, Statement

_delivery = tables.delivery.c
_endpoint = tables.endpoint_state.c


_at: BindParameter[int] = bindparam("at")
_most: BindParameter[int] = bindparam("most", type_=Integer, literal_execute=True)  # so that PostgreSQL plans for a few
_here = _delivery.endpoint == bindparam("endpoint")


def workable(connection: Connection, at: int, leave: Collection[str]) -> dict[str, bool]:
    """The endpoints that may be sent to now and have something to send, but those in `leave`, and whether a lease has
    expired there: the least busy and then the longest unserved first. None while the database has been put back from a
    copy and nobody has resumed."""
    rows = _WORKABLE.rows(connection, {"at": at, "leave": list(leave)})
    return {row.endpoint: row.expired for row in rows}


def busy(connection: Connection, endpoints: Sequence[str], at: int) -> dict[str, int]:
    """How many are under way to each of the endpoints; only those that have any."""
    return dict(_BUSY.rows(connection, {"endpoints": list(endpoints), "at": at}))


def first(connection: Connection, endpoint: str, at: int, most: int, *, expired: bool, any_time: bool) -> list[Row]:
    """At most so many heads of streams: those whose lease has expired, where any may have, then those that have been
    due longest; `any_time` takes those that are not due yet. Fixed first and locked in the same statement; PostgreSQL
    passes over what another worker is taking."""
    here, until = {"endpoint": endpoint}, {"at": at}
    found = _EXPIRED.rows(connection, here | until | {"most": most}) if expired else []
    rest = {"most": most - len(found)}
    if len(found) < most:
        found += _ANY_TIME.rows(connection, here | rest) if any_time else _DUE.rows(connection, here | until | rest)
    return found


def _workable() -> Select[Any]:
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
        select(_endpoint.endpoint, expired.label("expired"))
        .where(
            _endpoint.endpoint.not_in(bindparam("leave", expanding=True)),
            marks.may_send(),
            or_(and_(_endpoint.state == "closed", or_(due, expired)), and_(down, or_(exists().where(*head), expired))),
        )
        .order_by(busy, _endpoint.last_claim_at.nulls_first(), _endpoint.endpoint)
    )


def _head(condition: ColumnElement[bool], order: ColumnElement[Any]) -> Statement:
    return Statement(
        select(_delivery.id, _delivery.status, _delivery.lease_token)
        .where(_here, condition, *_first_in_stream())
        .order_by(order, _delivery.id)
        .limit(_most)
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
_WORKABLE = Statement(_workable())
_BUSY = Statement(
    select(_delivery.endpoint, func.count())
    .where(
        _delivery.endpoint.in_(bindparam("endpoints", expanding=True)),
        status_is("running"),
        _delivery.lease_expires_at > _at,
    )
    .group_by(_delivery.endpoint)
)
_EXPIRED = _head(and_(status_is("running"), _delivery.lease_expires_at <= _at), _delivery.lease_expires_at)
_DUE = _head(and_(_WAITING, _delivery.next_attempt_at <= _at), _delivery.next_attempt_at)
_ANY_TIME = _head(_WAITING, _delivery.next_attempt_at)
