"""A party's own subscriptions: made, shown, stopped, begun again, and ended.

Notifications go to an endpoint of channel rest-hook that the directory has for one of the party's systems: an address
that comes with a request would let its sender make the adapter call anything.
"""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from adapter.delivery import breaker
from adapter.directory import Directory, Endpoint
from adapter.directory.endpoint import HOOK
from adapter.exchange.subscriptions import events, forms
from adapter.exchange.subscriptions.forms import MOST_AT_ONCE, Asked
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import AdapterError, NotFoundError

MOST = 20
"""Subscriptions that a party may have."""

_subscription, _event = tables.subscription.c, tables.subscription_event.c


class Subscriptions:
    """Every method needs the right CONTENT. What is not there and what is another's are the same NotFoundError.
    `base` is our own FHIR address."""

    def __init__(self, database: Database, directory: Directory, clock: Clock, base: str) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock
        self._base = base

    def create(self, principal: Principal, given: dict[str, Any]) -> dict[str, Any]:
        """Make a subscription; it counts events from now on, and begins with a handshake. Raises AdapterError for what
        is not done here, or where the endpoint is none of the party's."""
        principal.require(Right.CONTENT)
        asked = forms.read(given)
        now = self._clock.now()
        if asked.ends_at is not None and asked.ends_at <= now:
            raise AdapterError("Subscription.end: expected a time to come")
        endpoint, at = self._endpoint(principal, asked), to_micros(now)
        with self._database.write() as connection:
            mine = select(func.count()).where(_subscription.party == principal.party)
            if connection.execute(mine).scalar_one() >= MOST:
                raise AdapterError(f"the party has {MOST} subscriptions already: delete one first")
            breaker.register(connection, endpoint.id, at)
            row = connection.execute(
                insert(tables.subscription)
                .values(
                    party=principal.party,
                    principal=principal.name,
                    topic=asked.topic,
                    statuses=None if asked.statuses is None else list(asked.statuses),
                    endpoint=endpoint.id,
                    media_type=asked.media_type,
                    payload=asked.payload,
                    heartbeat=asked.heartbeat,
                    max_count=asked.max_count,
                    reason=asked.reason,
                    ends_at=None if asked.ends_at is None else to_micros(asked.ends_at),
                    created_at=at,
                    status="requested",
                    next_at=at,
                )
                .returning(*_subscription)
            ).one()
            audit.record(connection, principal, "subscription-create", f"subscription/{row.id}", at, topic=asked.topic)
        return self._written(row)

    def read(self, principal: Principal, subscription_id: int) -> dict[str, Any]:
        """A subscription as it stands."""
        principal.require(Right.CONTENT)
        with self._database.read() as connection:
            return self._written(_own(connection, principal, subscription_id))

    def list(self, principal: Principal) -> list[dict[str, Any]]:
        """The party's subscriptions, by id."""
        principal.require(Right.CONTENT)
        query = select(tables.subscription).where(_subscription.party == principal.party).order_by(_subscription.id)
        with self._database.read() as connection:
            return [self._written(row) for row in connection.execute(query)]

    def change(self, principal: Principal, subscription_id: int, given: dict[str, Any]) -> dict[str, Any]:
        """Stop a subscription (status off) or begin it again (requested): with a handshake, and then from the first
        event that was not taken; while it is off, nothing is counted. Raises AdapterError for any other change."""
        principal.require(Right.CONTENT)
        status = given.get("status")
        if given.get("resourceType") != "Subscription" or status not in ("requested", "off"):
            raise AdapterError("Subscription.status: expected requested, to begin again, or off, to stop")
        asked, at = forms.read(given | {"status": "requested"}), to_micros(self._clock.now())
        with self._database.write() as connection:
            row = _own(connection, principal, subscription_id, lock=True)
            if asked != forms.read(self._written(row) | {"status": "requested"}):
                raise AdapterError("Subscription: only its status changes; for another, delete it and make a new one")
            begins = {"status": "requested", "next_at": at, "step": 0, "error": None}
            values = begins if status == "requested" else {"status": "off", "next_at": None}
            changed = connection.execute(
                update(tables.subscription).where(_subscription.id == row.id).values(values).returning(*_subscription)
            ).one()
            audit.record(connection, principal, f"subscription-{status}", f"subscription/{row.id}", at)
        return self._written(changed)

    def delete(self, principal: Principal, subscription_id: int) -> None:
        """End a subscription, with its events. One that is not there is deleted already."""
        principal.require(Right.CONTENT)
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            try:
                row = _own(connection, principal, subscription_id, lock=True)
            except NotFoundError:
                return
            connection.execute(delete(tables.subscription_event).where(_event.subscription_id == row.id))
            connection.execute(delete(tables.subscription).where(_subscription.id == row.id))
            audit.record(connection, principal, "subscription-delete", f"subscription/{row.id}", at)

    def status(self, principal: Principal, subscription_id: int) -> dict[str, Any]:
        """The status as Parameters."""
        principal.require(Right.CONTENT)
        with self._database.read() as connection:
            return forms.status(_own(connection, principal, subscription_id), self._base, "query-status")

    def events(
        self, principal: Principal, subscription_id: int, since: int, until: int | None, content: str | None
    ) -> dict[str, Any]:
        """A notification of the events from `since` to `until` (both included, all that are known where None), at most
        100 of them. `content` is id-only or empty, the subscription's own where None."""
        principal.require(Right.CONTENT)
        with self._database.read() as connection:
            row = _own(connection, principal, subscription_id)
            last = row.last_event if until is None else min(until, row.last_event)
            found = events.between(connection, principal, row.id, since, last, MOST_AT_ONCE)
        if content == "empty":
            found = [each._replace(focus=None) for each in found]
        return forms.notification(row, self._base, "query-event", found, self._clock.now())

    def _written(self, row: Row[Any]) -> dict[str, Any]:
        endpoint = self._directory.endpoints.get(row.endpoint)
        return forms.write(row, "" if endpoint is None else endpoint.address)

    def _endpoint(self, principal: Principal, asked: Asked) -> Endpoint:
        for endpoint in self._directory.endpoints.values():
            hook = endpoint.channel == HOOK and endpoint.address == asked.address
            if hook and self._directory.system(endpoint.system).party == principal.party:
                return endpoint
        words = "expected the address of an endpoint of channel rest-hook that the directory has for your party"
        raise AdapterError(f"Subscription.channel.endpoint: {words}")


def _own(connection: Connection, principal: Principal, subscription_id: int, *, lock: bool = False) -> Row[Any]:
    query = select(tables.subscription).where(
        _subscription.id == subscription_id, _subscription.party == principal.party
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError("there is no such Subscription, or none of your party")
    return row
