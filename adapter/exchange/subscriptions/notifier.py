"""Sends notifications. A subscription is a stream of its own: one notification at a time, in the order of the numbers,
until its receiver has taken it.

Nothing is given up. Where the receiver fails, its subscription is in error, is tried by the schedule (at least as often
as an endpoint is probed) and goes on by itself; its endpoint's breaker tells operations.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from adapter.delivery import breaker
from adapter.delivery.channels.base import Channel, Outgoing
from adapter.delivery.policy import Kind, Verdict, classify
from adapter.delivery.schedule import Schedule
from adapter.exchange.subscriptions import events, forms
from adapter.exchange.subscriptions.forms import FORMATS, Event
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.store.marks import sending_is_off
from adapter.support.clock import Clock, to_micros

log = logging.getLogger("adapter.notifications")

_MICROS = 1_000_000
_LEASE = 900 * _MICROS
"""No try takes as long: an endpoint's times are bounded by ten minutes each."""
_ERRORS_AFTER = 3
_UNREACHABLE = Verdict(Kind.TRIP, "the endpoint is no longer in the directory", "")

_subscription = tables.subscription.c


@dataclass(frozen=True)
class Means:
    """`channel` is asked at every try; `subscriber` gives the principal that a party's subscription speaks for; `base`
    is our own FHIR address; `probe_seconds` is the longest wait between two tries."""

    database: Database
    channel: Callable[[str], Channel | None]
    subscriber: Callable[[str], Principal]
    clock: Clock
    base: str
    schedule: Schedule
    open_after: int = 10
    probe_seconds: float = 300.0


@dataclass(frozen=True)
class _Claim:
    """A subscription that is ours to call until its lease ends, and what it is to be told."""

    row: Row[Any]
    kind: str
    events: tuple[Event, ...] = ()


class Notifier:
    """Any number may work on one database."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def step(self) -> bool:
        """Call one subscriber that is due; False where none is."""
        claim = self._means.database.transact(self._claim)
        if claim is None:
            return False
        if claim.kind != "nothing":
            verdict = self._send(claim)
            self._means.database.transact(lambda connection: self._record(connection, claim, verdict))
        return True

    def _claim(self, connection: Connection) -> _Claim | None:
        """Take the lease of a subscription that is due; where there turns out to be nothing to tell, it rests. After
        the database was put back nothing is sent until a person has resumed."""
        at = to_micros(self._means.clock.now())
        if sending_is_off(connection):
            return None
        paused = select(tables.endpoint_state.c.endpoint).where(tables.endpoint_state.c.state == "paused")
        free = or_(_subscription.lease_expires_at.is_(None), _subscription.lease_expires_at < at)
        query = (
            select(_subscription.id)
            .where(_subscription.next_at <= at, free, _subscription.endpoint.not_in(paused))
            .order_by(_subscription.next_at, _subscription.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        found = connection.execute(query).scalar_one_or_none()
        if found is None:
            return None
        token = {"lease_token": _subscription.lease_token + 1, "lease_expires_at": at + _LEASE}
        row = _set(connection, found, token)
        claim = self._due(connection, row, at)
        if claim.kind == "nothing":
            over = row.ends_at is not None and row.ends_at <= at
            rest = {"status": "off", "next_at": None} if over else {"next_at": _heartbeat(row, at)}
            _set(connection, row.id, {"lease_expires_at": None} | rest)
        return claim

    def _due(self, connection: Connection, row: Row[Any], at: int) -> _Claim:
        if row.status == "off" or (row.ends_at is not None and row.ends_at <= at):
            return _Claim(row, "nothing")
        if row.status == "requested":
            return _Claim(row, "handshake")
        found = events.between(
            connection,
            self._means.subscriber(row.party),
            row.id,
            row.sent_event + 1,
            row.last_event,
            row.max_count,
        )
        if found:
            return _Claim(row, "event-notification", tuple(found))
        beats = row.heartbeat is not None and at >= (row.sent_at or row.created_at) + row.heartbeat * _MICROS
        return _Claim(row, "heartbeat" if beats or row.status == "error" else "nothing")

    def _send(self, claim: _Claim) -> Verdict:
        row, means = claim.row, self._means
        channel = means.channel(row.endpoint)
        if channel is None:
            return _UNREACHABLE
        bundle = forms.notification(row, means.base, claim.kind, claim.events, means.clock.now())
        write = fhir_xml.serialize if FORMATS[row.media_type] == "xml" else fhir_json.serialize
        last = claim.events[-1].number if claim.events else row.lease_token
        key = f"subscription-{row.id}-{claim.kind}-{last}"
        outgoing = Outgoing(row.id, write(bundle), row.media_type, key, key, acknowledged=False)
        answer = channel.send(outgoing)
        verdict = classify(answer)
        about = {"subscription": row.id, "outcome": str(verdict.kind), "http_status": answer.status}
        level = logging.INFO if verdict.kind is Kind.DONE else logging.WARNING
        log.log(level, "notification", extra=about)
        return verdict

    def _record(self, connection: Connection, claim: _Claim, verdict: Verdict) -> None:
        at, row = to_micros(self._means.clock.now()), claim.row
        mine = and_(_subscription.id == row.id, _subscription.lease_token == row.lease_token)
        query = select(tables.subscription).where(mine).with_for_update()
        known = connection.execute(query).one_or_none()
        if known is None:
            return  # deleted, or called again by another since
        if verdict.kind is Kind.DONE:
            self._done(connection, claim, known, at)
        else:
            self._failed(connection, known, verdict, at)

    def _done(self, connection: Connection, claim: _Claim, known: Row[Any], at: int) -> None:
        sent = claim.events[-1].number if claim.events else known.sent_event
        # what was stopped, or begun again, meanwhile stays so
        status = "active" if known.status == claim.row.status else known.status
        waits = known.last_event > sent or status == "requested"
        values: dict[str, Any] = {"sent_event": sent, "sent_at": at, "step": 0, "error": None, "lease_expires_at": None}
        values["sent_total"] = _subscription.sent_total + 1
        due = None if status == "off" else at if waits else _heartbeat(known, at, sent_at=at)
        _set(connection, known.id, values | {"status": status, "next_at": due})
        breaker.succeeded(connection, known.endpoint, at)

    def _failed(self, connection: Connection, known: Row[Any], verdict: Verdict, at: int) -> None:
        means, step = self._means, known.step + 1
        wait = min(means.schedule.wait(known.step, verdict.retry_after), means.probe_seconds)
        values: dict[str, Any] = {"step": step, "lease_expires_at": None, "error": verdict.signature}
        values["failed_total"] = _subscription.failed_total + 1
        if known.status != "off":
            values["next_at"] = at + round(wait * _MICROS)
        if known.status == "active" and (step >= _ERRORS_AFTER or verdict.kind is not Kind.RETRY):
            values["status"] = "error"
        _set(connection, known.id, values)
        if verdict.kind is Kind.RETRY:
            breaker.failed(
                connection,
                known.endpoint,
                at,
                cause=verdict.signature,
                open_after=means.open_after,
                probe_seconds=means.probe_seconds,
            )
        else:
            breaker.trip(connection, known.endpoint, at, cause=verdict.signature, probe_seconds=means.probe_seconds)


def subscriber(party: str, carries: frozenset[str]) -> Principal:
    """Whom a subscription of a party speaks for."""
    return Principal("subscription", party, frozenset(), frozenset({Right.CONTENT}), carries)


def _set(connection: Connection, subscription_id: int, values: dict[str, Any]) -> Row[Any]:
    query = update(tables.subscription).where(_subscription.id == subscription_id).values(values)
    return connection.execute(query.returning(*_subscription)).one()


def _heartbeat(row: Row[Any], at: int, sent_at: int | None = None) -> int | None:
    """When to look at it again where nothing happens: for a heartbeat, or to end it."""
    since = sent_at or row.sent_at or row.created_at
    times = [] if row.heartbeat is None else [since + row.heartbeat * _MICROS]
    times += [] if row.ends_at is None else [row.ends_at]
    return min((max(each, at) for each in times), default=None)
