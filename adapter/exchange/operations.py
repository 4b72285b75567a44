"""What a person may do to deliveries and endpoints. Each act is in the audit in the same transaction.

A party acts on the deliveries of its own messages; operations on all. What is not there and what is not the caller's
are the same NotFoundError. An act that the delivery's state forbids raises DeliveryStateError, which says why.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from adapter.delivery import breaker, outbox
from adapter.exchange import visibility
from adapter.exchange.reasons import given_reason, optional_reason
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import NotFoundError

_delivery, _message = tables.delivery.c, tables.message.c

Mend = Callable[[Connection, int, int, Path | None], None]


@dataclass(frozen=True)
class _Act:
    """An act under way: its transaction and its instant, in UTC microseconds."""

    connection: Connection
    at: int


class Operations:
    """`wake` is called after each commit that may have made something due; `mend` when a delivery is retried, in the
    same transaction, with the delivery's id, the instant and the mapping folder that was chosen: it gives bytes to one
    that could not be mapped or is to be mapped anew, or raises MappingError."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None], mend: Mend) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake
        self._mend = mend

    def retry(self, principal: Principal, delivery_id: int, reason: str = "", mapping: Path | None = None) -> None:
        """Send a dead letter again at its old place, or a waiting delivery now. Needs RESEND.

        With `mapping`, a folder of now or of an earlier version, a dead letter is mapped anew from what was received:
        what it was before is kept beside. A delivery that waits may have arrived, so its bytes stay as they are.
        """
        principal.require(Right.RESEND)
        with self._on_delivery(principal, "delivery-retry", delivery_id, optional_reason(reason)) as act:
            outbox.retry(act.connection, delivery_id, act.at, dead_only=mapping is not None)
            self._mend(act.connection, delivery_id, act.at, mapping)

    def cancel(self, principal: Principal, delivery_id: int, reason: str) -> None:
        """Never send it; those behind it in its stream go on. Needs RESEND and a reason."""
        principal.require(Right.RESEND)
        reason = given_reason(reason)
        with self._on_delivery(principal, "delivery-cancel", delivery_id, reason) as act:
            outbox.cancel(act.connection, delivery_id, act.at, reason)

    def release(self, principal: Principal, delivery_id: int, reason: str) -> None:
        """Let a held delivery go to its receiver. Needs RELEASE and a reason: the person may be protected."""
        principal.require(Right.RELEASE)
        reason = given_reason(reason)
        with self._on_delivery(principal, "delivery-release", delivery_id, reason) as act:
            outbox.release(act.connection, delivery_id, act.at)

    def pause(self, principal: Principal, endpoint: str, reason: str) -> None:
        """Send nothing to an endpoint until it is resumed. Needs RESEND, ALL_PARTIES and a reason: an endpoint is
        shared."""
        reason = given_reason(reason)
        with self._on_endpoint(principal, "endpoint-pause", endpoint, reason) as act:
            breaker.pause(act.connection, endpoint, act.at, reason)

    def resume(self, principal: Principal, endpoint: str, reason: str = "") -> None:
        """Send to an endpoint again, everything that waits for it now. Needs RESEND and ALL_PARTIES."""
        with self._on_endpoint(principal, "endpoint-resume", endpoint, optional_reason(reason)) as act:
            breaker.resume(act.connection, endpoint, act.at)

    @contextmanager
    def _on_delivery(self, principal: Principal, action: str, delivery_id: int, reason: str | None) -> Iterator[_Act]:
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            query = (
                select(_message.patient_id)
                .join_from(tables.delivery, tables.message)
                .where(_delivery.id == delivery_id, visibility.own_delivery(principal))
            )
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFoundError(f"there is no delivery {delivery_id}")
            yield _Act(connection, at)
            audit.record(connection, principal, action, f"delivery/{delivery_id}", at, row.patient_id, reason)
        self._wake()

    @contextmanager
    def _on_endpoint(self, principal: Principal, action: str, endpoint: str, reason: str | None) -> Iterator[_Act]:
        principal.require(Right.RESEND)
        principal.require(Right.ALL_PARTIES)
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            yield _Act(connection, at)
            audit.record(connection, principal, action, f"endpoint/{endpoint}", at, reason=reason)
        self._wake()
