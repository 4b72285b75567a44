"""Which deliveries may be sent now: the heads of streams, of endpoints that may be sent to."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, or_, select

from adapter.delivery import streams
from adapter.delivery.streams import status_is
from adapter.store import tables

_delivery = tables.delivery.c
_endpoint = tables.endpoint_state.c


def workable(at: int) -> Any:
    """The endpoints that may be sent to now and have something to send."""
    here = _delivery.endpoint == _endpoint.endpoint
    head = (here, status_is("waiting"), _delivery.next_attempt_at.is_not(None))
    due = exists().where(*head, _delivery.next_attempt_at <= at)
    expired = exists().where(here, status_is("running"), _delivery.lease_expires_at <= at)
    busy = (
        select(func.count())
        .select_from(tables.delivery)
        .where(here, status_is("running"), _delivery.lease_expires_at > at)
        .scalar_subquery()
    )
    down = and_(_endpoint.state.in_(("open", "tripped")), _endpoint.next_probe_at <= at)
    return (
        select(_endpoint.endpoint)
        .where(
            or_(and_(_endpoint.state == "closed", or_(due, expired)), and_(down, or_(exists().where(*head), expired)))
        )
        .order_by(busy, _endpoint.last_claim_at.nulls_first(), _endpoint.endpoint)
    )


def busy(connection: Connection, endpoint: str, at: int) -> int:
    """How many are under way to an endpoint."""
    running = (_delivery.endpoint == endpoint, status_is("running"), _delivery.lease_expires_at > at)
    return connection.execute(select(func.count()).select_from(tables.delivery).where(*running)).scalar_one()


def head(connection: Connection, endpoint: str, at: int, *, any_time: bool) -> RowMapping | None:
    """A stream's head whose lease has expired, else the one that has been due longest; a probe takes one that is not
    due yet. Fixed first and locked in the same statement; PostgreSQL passes over what another worker is taking."""
    due = _delivery.next_attempt_at.is_not(None) if any_time else _delivery.next_attempt_at <= at
    for condition, order in (
        (and_(status_is("running"), _delivery.lease_expires_at <= at), _delivery.lease_expires_at),
        (and_(status_is("waiting"), _delivery.next_attempt_at.is_not(None), due), _delivery.next_attempt_at),
    ):
        row = (
            connection.execute(
                select(_delivery.id, _delivery.status, _delivery.lease_token)
                .where(_delivery.endpoint == endpoint, condition, *_first_in_stream())
                .order_by(order, _delivery.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            .mappings()
            .one_or_none()
        )
        if row is not None:
            return row
    return None


def _first_in_stream() -> tuple[ColumnElement[bool], ...]:
    other = tables.delivery.alias("other")
    same = other.c.stream_id == _delivery.stream_id
    return (
        ~exists().where(same, other.c.blocking, other.c.sequence < _delivery.sequence),
        ~exists().where(same, streams.status_is("running", other), other.c.id != _delivery.id),
    )
