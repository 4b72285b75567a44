"""An act on a delivery or an endpoint: who may, in one transaction with its line in the audit.

A party acts on the deliveries of its own messages; operations on all. What is not there and what is not the caller's
are the same NotFoundError.
"""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dictionary
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from adapter.delivery import streams
from adapter.delivery.outbox import DeliveryStateError
from adapter.directory import Directory
from adapter.exchange import visibility
from adapter.mapping import Mapping
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import AdapterError, NotFoundError
from adapter.validation.whole import MessageValidator

_delivery, _message = tables.delivery.c, tables.message.c


class ConflictError(AdapterError):
    """What is asked for does not fit what is there now."""


@dataclass(frozen=True)
class Means:
    """What it takes to write a message for a receiver. Each is made when it is first asked for: most acts need none."""

    contents: ContentStore
    directory: Callable[[], Directory]
    mappings: Callable[[], Dictionary[str, Mapping]]
    validator: Callable[[], MessageValidator]
    config_version: Callable[[], str]


@dataclass(frozen=True)
class Act:
    """An act under way: its transaction, its instant in UTC microseconds, the person, and what the audit is to say."""

    connection: Connection
    at: int
    patient_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class Acts:
    """What every service that acts stands on. `wake` is called after each commit that may have made something due."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake

    @contextmanager
    def _on_delivery(self, principal: Principal, action: str, delivery_id: int, reason: str | None) -> Iterator[Act]:
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
            act = Act(connection, at, row.patient_id)
            yield act
            place = f"delivery/{delivery_id}"
            audit.record(connection, principal, action, place, at, row.patient_id, reason, **act.detail)
        self._wake()

    @contextmanager
    def _on_endpoint(self, principal: Principal, action: str, endpoint: str, reason: str | None) -> Iterator[Act]:
        principal.require(Right.RESEND)
        principal.require(Right.ALL_PARTIES)
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            act = Act(connection, at)
            yield act
            audit.record(connection, principal, action, f"endpoint/{endpoint}", at, reason=reason, **act.detail)
        self._wake()


def locked(connection: Connection, delivery_id: int, *states: str, act: str) -> RowMapping:
    """The delivery, its stream locked. Raises DeliveryStateError where it is in none of the states."""
    stream_id = connection.execute(select(_delivery.stream_id).where(_delivery.id == delivery_id)).scalar_one()
    streams.lock(connection, stream_id)
    query = select(tables.delivery).where(_delivery.id == delivery_id).with_for_update()
    row = connection.execute(query).mappings().one()
    if row["status"] not in states:
        raise DeliveryStateError(f"delivery {delivery_id} is {row['status']}: only {' or '.join(states)} can be {act}")
    return row


def is_protected(connection: Connection, patient_id: int) -> bool:
    """Whether the person has skyddad folkbokföring now."""
    patient = tables.patient.c
    return bool(connection.execute(select(patient.protected).where(patient.id == patient_id)).scalar_one())
