"""Leases: who may send a stream's head now, and who may record how it went.

A claim takes a lease with a new fencing token; recording is `WHERE id AND token`, so that a worker whose lease ran out
and was taken over changes nothing. An expired lease is claimed by the same call as a due delivery.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    RowMapping,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from adapter.delivery import breaker, heads, outbox, streams
from adapter.delivery.pace import Pace
from adapter.delivery.policy import Kind, Verdict
from adapter.delivery.streams import status_is
from adapter.store import marks, tables

PROTECTED = "protected"
"""`held_reason` of a delivery about a person with skyddad folkbokföring."""

_MICROS = 1_000_000
_delivery = tables.delivery.c
_attempt = tables.attempt.c
_endpoint = tables.endpoint_state.c

# Made once, with those below: to make a statement takes longer than to run it.
_this: BindParameter[int] = bindparam("this")
_of_endpoint = _endpoint.endpoint == bindparam("this_endpoint")
_ENDPOINT = select(tables.endpoint_state).where(_of_endpoint).with_for_update(skip_locked=True)
_SET_ENDPOINT = update(tables.endpoint_state).where(_of_endpoint)
_PROTECTED_NOW = (
    select(tables.patient.c.protected)
    .join(tables.stream, tables.stream.c.patient_id == tables.patient.c.id)
    .where(tables.stream.c.id == _this)
)
_CLOSE_UNKNOWN = update(tables.attempt).where(_attempt.delivery_id == _this, _attempt.ended_at.is_(None))
_END_ATTEMPT = update(tables.attempt).where(_attempt.id == _this)
_OURS = update(tables.delivery).where(
    _delivery.id == _this, _delivery.lease_token == bindparam("our_token"), status_is("running")
)
_UNCHANGED = update(tables.delivery).where(
    _delivery.id == _this,
    _delivery.status == bindparam("was_status"),
    _delivery.lease_token == bindparam("was_token"),
)
_TAKE = _UNCHANGED.values(
    status="running",
    next_attempt_at=None,
    attempts=_delivery.attempts + 1,
    tried_from=func.coalesce(_delivery.tried_from, bindparam("uptime", type_=_delivery.tried_from.type)),
)
_HOLD = (
    _UNCHANGED.where(
        _delivery.released_at.is_(None),
        or_(
            _delivery.held_reason == outbox.CONSENT,
            exists().where(
                tables.stream.c.id == _delivery.stream_id,
                tables.patient.c.id == tables.stream.c.patient_id,
                tables.patient.c.protected,
            ),
        ),
    )
    .values(held_reason=case((_delivery.held_reason == outbox.CONSENT, outbox.CONSENT), else_=PROTECTED))
    .returning(_delivery.held_reason)
)
_OPEN_ATTEMPT = (
    insert(tables.attempt)
    .values(number=select(_delivery.attempts).where(_delivery.id == bindparam("of_delivery")).scalar_subquery())
    .returning(_attempt.id)
)
_CLAIMED = (
    select(
        *(_delivery[name] for name in ("attempts", "step", "message_id", "stream_id", "endpoint", "event")),
        *(_delivery[name] for name in ("media_type", "lease_token", "held_reason", "tried_from")),
        tables.patient.c.protected,
        func.coalesce(_delivery.header_id, tables.message.c.header_id).label("own_id"),
        tables.message.c.correlation_id,
    )
    .join(tables.message, tables.message.c.id == _delivery.message_id)
    .join(tables.stream, tables.stream.c.id == _delivery.stream_id)
    .join(tables.patient, tables.patient.c.id == tables.stream.c.patient_id)
    .where(_delivery.id == _this)
)


@dataclass(frozen=True)
class Terms:
    """How leases are taken: by whom, when (UTC microseconds) and for how many seconds. `limit` says how many
    deliveries may run at once to an endpoint, `rate` how many may be sent to it in a second (None: any number); where
    nobody is sent to, because the receiver comes, there is no `rate`. An endpoint that is down is probed
    `probe_seconds` apart. Those in `leave` are not claimed for."""

    owner: str
    at: int
    seconds: float
    limit: Callable[[str], int]
    probe_seconds: float
    rate: Callable[[str], float | None] | None = None
    leave: frozenset[str] = frozenset()

    @property
    def expires_at(self) -> int:
        return self.at + round(self.seconds * _MICROS)


@dataclass(frozen=True)
class Claim:
    """One try of one delivery, ours as long as the lease lasts. `number` counts the delivery's tries from 1, `step`
    is its place in the schedule, `tried_from` when the first was made on the endpoint's own clock; a `probe` finds out
    whether an endpoint that was down is back."""

    delivery_id: int
    token: int
    attempt_id: int
    number: int
    step: int
    message_id: int
    stream_id: int
    endpoint: str
    event: str
    media_type: str
    tried_from: int
    protected: bool
    probe: bool
    idempotency_id: str
    correlation_id: str


def claim(connection: Connection, terms: Terms, wanted: int) -> list[Claim]:
    """Up to `wanted` stream heads to send now, dealt out to the endpoints in turn: the least busy and then the
    longest unserved first. None while the database has been put back from a copy and nobody has resumed."""
    if marks.sending_is_off(connection):
        return []
    claims: list[Claim] = []
    turns = deque(heads.workable(connection, terms.at, terms.leave))
    while turns and len(claims) < wanted:
        endpoint = turns.popleft()
        claimed = claim_at(connection, endpoint, terms)
        if claimed is not None:
            claims.append(claimed)
            turns.append(endpoint)
    return claims


def claim_at(connection: Connection, endpoint: str, terms: Terms) -> Claim | None:
    """One delivery to the endpoint, where its state and its limit allow one more."""
    at = terms.at
    found = connection.execute(_ENDPOINT, {"this_endpoint": endpoint}).one_or_none()
    if found is None or found.state == "paused":
        return None
    probe = found.state != "closed"
    if probe and (found.next_probe_at is None or found.next_probe_at > at):
        return None
    if heads.busy(connection, endpoint, at) >= (1 if probe else max(1, terms.limit(endpoint))):
        return None
    paced = _paced(terms, found, probe=probe)
    if paced is None:
        return None
    head = heads.head(connection, endpoint, at, any_time=probe)
    while head is not None and _hold(connection, head, at):
        head = heads.head(connection, endpoint, at, any_time=probe)
    if head is None:
        return None
    claimed = _take(connection, head, terms, probe=probe, uptime=breaker.uptime(found, at))
    if claimed is not None:
        values: dict[str, int] = {"last_claim_at": at} | paced
        if probe:
            values["next_probe_at"] = at + round(terms.probe_seconds * _MICROS)
        connection.execute(_SET_ENDPOINT, {"this_endpoint": endpoint} | values)
    return claimed


def _paced(terms: Terms, endpoint: Any, *, probe: bool) -> dict[str, int] | None:
    """What to keep of the endpoint's pace where one more may be sent now; None where it may not."""
    if probe or terms.rate is None:
        return {}
    pace = Pace(terms.rate(endpoint.endpoint), endpoint.recovered_at, endpoint.rate_at)
    following = pace.next(terms.at)
    return None if following is None else {"rate_at": following}


def renew(connection: Connection, claims: Iterable[Claim], expires_at: int) -> None:
    """Prolong the leases that are still ours."""
    for one in claims:
        connection.execute(_OURS, _ours(one) | {"lease_expires_at": expires_at})


def held_by(connection: Connection, delivery_id: int, token: int) -> Claim | None:
    """The claim that the token stands for; None where the delivery is not running under it."""
    attempt_id = connection.execute(
        select(_attempt.id)
        .join(tables.delivery, _delivery.id == _attempt.delivery_id)
        .where(
            _delivery.id == delivery_id,
            _delivery.lease_token == token,
            status_is("running"),
            _attempt.number == _delivery.attempts,
        )
    ).scalar_one_or_none()
    return None if attempt_id is None else _as_claim(connection, delivery_id, attempt_id, probe=False)


def end_after(connection: Connection, endpoint: str, attempt_id: int, at: int) -> None:
    """End now the leases at an endpoint that were taken by later tries than this one."""
    later = exists().where(_attempt.delivery_id == _delivery.id, _attempt.ended_at.is_(None), _attempt.id > attempt_id)
    here = (_delivery.endpoint == endpoint, status_is("running"), _delivery.lease_expires_at > at)
    connection.execute(update(tables.delivery).where(*here, later).values(lease_expires_at=at))


def give_back(connection: Connection, one: Claim, at: int, due: int | None = None) -> bool:
    """Undo a claim of which nothing was sent; it may be claimed again at `due` (UTC microseconds), or now. False where
    the lease was lost."""
    streams.lock(connection, one.stream_id)
    back = {"status": "waiting", "next_attempt_at": at if due is None else due, **_NO_LEASE}
    given = connection.execute(_OURS.values(attempts=_delivery.attempts - 1), _ours(one) | back)
    if given.rowcount == 0:
        return False
    connection.execute(delete(tables.attempt).where(_attempt.id == one.attempt_id))
    streams.advance(connection, one.stream_id, at)
    return True


def as_protected_now(connection: Connection, one: Claim) -> Claim:
    """The claim, marked where the person has become protected since it was made."""
    now = connection.execute(_PROTECTED_NOW, {"this": one.stream_id}).scalar_one()
    return replace(one, protected=one.protected or now)


def complete(connection: Connection, one: Claim, at: int, verdict: Verdict, http_status: int | None) -> bool:
    """It arrived. False, and nothing changed, where the lease was lost; so too for `reschedule` and `bury`."""
    said = verdict.acknowledgement
    done = {"status": "done", "blocking": False, "delivered_at": at, "acknowledgement": said, "reason": None}
    return _record(connection, one, at, verdict, http_status, done | {"ended": at}, _COMPLETE)


def reschedule(
    connection: Connection, one: Claim, at: int, verdict: Verdict, http_status: int | None, *, due: int, step: int
) -> bool:
    """Try again at `due` (UTC microseconds), then at `step` of the schedule."""
    waiting = {"status": "waiting", "next_attempt_at": due, "step": step, "reason": verdict.reason}
    return _record(connection, one, at, verdict, http_status, waiting, _OURS)


def bury(connection: Connection, one: Claim, at: int, verdict: Verdict, http_status: int | None) -> bool:
    """A dead letter: its stream waits for a person where the delivery `holds_stream` and does not yield to a later one
    of its event, else goes on."""
    dead = {"status": "dead", "acknowledgement": verdict.acknowledgement, "reason": verdict.reason}
    blocking = and_(_delivery.holds_stream, ~and_(_delivery.yields, streams.has_later(_delivery)))
    statement = _OURS.values(blocking=blocking, tell_at=streams.told_at(at))
    return _record(connection, one, at, verdict, http_status, dead, statement)


_COMPLETE = _OURS.values(  # tells who was told that it waits
    tell_at=case((_delivery.reported.is_not(None), bindparam("ended", type_=_delivery.tell_at.type)), else_=None)
)


_OUTCOMES = {Kind.WAIT: "unknown"}
"""What is recorded of a try, where that is not its verdict: nobody knows yet whether it arrived."""


_NO_LEASE: dict[str, None] = {"lease_owner": None, "lease_expires_at": None}


def _record(
    connection: Connection,
    one: Claim,
    at: int,
    verdict: Verdict,
    http_status: int | None,
    values: dict[str, Any],
    statement: Update,
) -> bool:
    streams.lock(connection, one.stream_id)
    recorded = connection.execute(statement, _ours(one) | values | _NO_LEASE)
    if recorded.rowcount == 0:
        return False
    outcome = _OUTCOMES.get(verdict.kind, verdict.kind.value)
    ended = {"ended_at": at, "outcome": outcome, "http_status": http_status, "reason": verdict.reason}
    connection.execute(_END_ATTEMPT, {"this": one.attempt_id} | ended)
    streams.advance(connection, one.stream_id, at)
    return True


def _ours(one: Claim) -> dict[str, Any]:
    """What `_OURS` asks: that the lease is this claim's."""
    return {"this": one.delivery_id, "our_token": one.token}


def _hold(connection: Connection, head: RowMapping, at: int) -> bool:
    """Hold it where the person is protected, or it lacks a consent, and nobody has released it: the last guard before
    it would leave, for what was running or a dead letter when that became so."""
    hold = {"status": "held", "next_attempt_at": None, **_NO_LEASE}
    held_for = connection.execute(_HOLD, _unchanged(head) | hold).scalar_one_or_none()
    if held_for is None:
        return False
    _close_unknown(connection, head["id"], at)
    if held_for == outbox.CONSENT:
        outbox.set_aside(connection, head["id"], at)
    return True


def _unchanged(head: RowMapping) -> dict[str, Any]:
    """What `_UNCHANGED` asks: that the row is as it was read."""
    return {"this": head["id"], "was_status": head["status"], "was_token": head["lease_token"]}


def _take(connection: Connection, head: RowMapping, terms: Terms, *, probe: bool, uptime: int) -> Claim | None:
    lease = {"lease_owner": terms.owner, "lease_token": head["lease_token"] + 1, "lease_expires_at": terms.expires_at}
    taken = connection.execute(_TAKE, _unchanged(head) | lease | {"uptime": uptime})
    if taken.rowcount == 0:
        return None
    if head["status"] == "running":
        _close_unknown(connection, head["id"], terms.at)
    return _open_attempt(connection, head["id"], terms, probe=probe)


def _close_unknown(connection: Connection, delivery_id: int, at: int) -> None:
    reason = "nobody recorded how it ended before its lease ran out"
    connection.execute(_CLOSE_UNKNOWN, {"this": delivery_id, "ended_at": at, "outcome": "unknown", "reason": reason})


def _open_attempt(connection: Connection, delivery_id: int, terms: Terms, *, probe: bool) -> Claim:
    tried = {"delivery_id": delivery_id, "worker": terms.owner, "started_at": terms.at}
    attempt_id = connection.execute(_OPEN_ATTEMPT, tried | {"of_delivery": delivery_id}).scalar_one()
    return _as_claim(connection, delivery_id, attempt_id, probe=probe)


def _as_claim(connection: Connection, delivery_id: int, attempt_id: int, *, probe: bool) -> Claim:
    row = connection.execute(_CLAIMED, {"this": delivery_id}).one()
    idempotency_id = row.own_id or f"delivery-{delivery_id}"
    return Claim(
        delivery_id=delivery_id,
        token=row.lease_token,
        attempt_id=attempt_id,
        number=row.attempts,
        step=row.step,
        message_id=row.message_id,
        stream_id=row.stream_id,
        endpoint=row.endpoint,
        event=row.event,
        media_type=row.media_type,
        tried_from=row.tried_from,
        protected=row.protected or row.held_reason == PROTECTED,
        probe=probe,
        idempotency_id=idempotency_id,
        correlation_id=row.correlation_id or idempotency_id,
    )
