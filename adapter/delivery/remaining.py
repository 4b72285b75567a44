"""What is still to be done before an endpoint may be taken away."""

from sqlalchemy import Connection, func, select

from adapter.store import tables

_NOT_DONE = ("waiting", "running", "held", "dead")
_delivery = tables.delivery.c


def not_done(connection: Connection) -> dict[str, int]:
    """How many deliveries each endpoint has that are neither delivered nor cancelled; only those that have any."""
    query = select(_delivery.endpoint, func.count()).where(_delivery.status.in_(_NOT_DONE))
    return {row[0]: row[1] for row in connection.execute(query.group_by(_delivery.endpoint))}
