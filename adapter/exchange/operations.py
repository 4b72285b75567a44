"""What a person may do to deliveries and endpoints. Each act is in the audit in the same transaction.

A party acts on the deliveries of its own messages; operations on all. What is not there and what is not the caller's
are the same NotFoundError. An act that the delivery's state forbids raises DeliveryStateError, which says why.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from adapter.delivery import breaker, outbox
from adapter.delivery.channels.base import Channel, Check
from adapter.exchange.acts import Act, Acts
from adapter.exchange.reasons import given_reason, optional_reason
from adapter.exchange.visibility import HELD_BY_A_PERSON
from adapter.security.principals import Principal, Right
from adapter.store.database import Database
from adapter.support.clock import Clock
from adapter.support.errors import NotFoundError

Mend = Callable[[Connection, int, int, Path | None], None]


class Operations(Acts):
    """`mend` is called when a delivery is retried, in the same transaction, with the delivery's id, the instant and the
    mapping folder that was chosen: it gives bytes to one that could not be mapped or is to be mapped anew, or raises
    MappingError. `configured` says whether the directory has an endpoint."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        wake: Callable[[], None],
        mend: Mend,
        configured: Callable[[str], bool] = lambda _: False,
    ) -> None:
        super().__init__(database, clock, wake)
        self._mend = mend
        self._configured = configured

    def retry(self, principal: Principal, delivery_id: int, reason: str = "", mapping: Path | None = None) -> None:
        """Send a dead letter again at its old place, or a waiting delivery now. Needs RESEND.

        With `mapping`, a folder of now or of an earlier version, a dead letter is mapped anew from what was received:
        what it was before is kept beside. A delivery that waits may have arrived, so its bytes stay as they are.
        """
        principal.require(Right.RESEND)
        with self._on_delivery(principal, "delivery-retry", delivery_id, optional_reason(reason)) as act:
            outbox.retry(act.connection, delivery_id, act.at, dead_only=mapping is not None)
            self._mend(act.connection, delivery_id, act.at, mapping)

    def hold(self, principal: Principal, delivery_id: int, reason: str) -> None:
        """Keep a waiting delivery, and those behind it, until it is released. Needs RESEND and a reason."""
        principal.require(Right.RESEND)
        reason = given_reason(reason)
        with self._on_delivery(principal, "delivery-hold", delivery_id, reason) as act:
            outbox.hold(act.connection, delivery_id, act.at, HELD_BY_A_PERSON)

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
            self._know(act, endpoint)
            breaker.pause(act.connection, endpoint, act.at, reason)

    def resume(self, principal: Principal, endpoint: str, reason: str = "") -> None:
        """Send to an endpoint again, everything that waits for it now. Needs RESEND and ALL_PARTIES."""
        with self._on_endpoint(principal, "endpoint-resume", endpoint, optional_reason(reason)) as act:
            self._know(act, endpoint)
            breaker.resume(act.connection, endpoint, act.at)

    def _know(self, act: Act, endpoint: str) -> None:
        """One to which nothing has been queued yet may be paused before its first message."""
        if self._configured(endpoint):
            breaker.register(act.connection, endpoint, act.at)

    def test(self, principal: Principal, endpoint: str, channel: Channel | None) -> Check:
        """What the channel to an endpoint finds without sending a message; the test and its outcome are in the audit.
        Raises NotFoundError without a channel: an unknown endpoint, or a mailbox."""
        principal.require(Right.RESEND)
        principal.require(Right.ALL_PARTIES)
        if channel is None:
            raise NotFoundError(f"there is no endpoint '{endpoint}' that can be called")
        found = channel.check()  # outside the transaction: the receiver may be slow
        with self._on_endpoint(principal, "endpoint-test", endpoint, None) as act:
            act.detail["ok"] = found.ok
        return found
