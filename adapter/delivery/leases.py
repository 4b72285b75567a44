"""Leases: who may send a stream's head now, and who may record how it went.

A claim takes a lease with a new fencing token; recording is `WHERE id AND token`, so that a worker whose lease ran out
and was taken over changes nothing. An expired lease is claimed by the same call as a due delivery.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
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

from adapter.delivery import doors, heads, outbox, streams
from adapter.delivery.doors import Door, Terms
from adapter.delivery.policy import Kind, Verdict
from adapter.delivery.streams import status_is
from adapter.store import tables
from adapter.store.batch import Batch, Step
from adapter.store.statements import Row, Statement

PROTECTED = "protected"
"""`held_reason` of a delivery about a person with skyddad folkbokföring."""

_delivery = tables.delivery.c
_attempt = tables.attempt.c

_this: BindParameter[int] = bindparam("this")
_HELD = Statement(
    select(_delivery.id, _delivery.lease_token, tables.patient.c.protected, outbox.ALARMED.label("alarmed"))
    .join_from(tables.stream, tables.delivery, _delivery.stream_id == tables.stream.c.id)
    .join(tables.patient, tables.patient.c.id == tables.stream.c.patient_id)
    .where(_delivery.id.in_(bindparam("these", expanding=True)), status_is("running"))
    # in the order in which places in streams are taken, so that no two transactions wait for each other
    .order_by(tables.stream.c.endpoint, tables.stream.c.receiver, tables.stream.c.id)
    .with_for_update(of=[tables.stream, tables.delivery], key_share=True)
)
_CLOSE_UNKNOWN = Statement(update(tables.attempt).where(_attempt.delivery_id == _this, _attempt.ended_at.is_(None)))
_END_ATTEMPT = Statement(update(tables.attempt).where(_attempt.id == _this))
_ours = update(tables.delivery).where(
    _delivery.id == _this, _delivery.lease_token == bindparam("our_token"), status_is("running")
)
_RENEW = _RESCHEDULE = Statement(_ours)
_GIVE_BACK = Statement(_ours.values(attempts=_delivery.attempts - 1))
_unchanged = update(tables.delivery).where(
    _delivery.id == _this,
    _delivery.status == bindparam("was_status"),
    _delivery.lease_token == bindparam("was_token"),
)
_TAKE = Statement(update(tables.delivery).where(_delivery.id == _this).values(next_attempt_at=None))
_HOLD = Statement(
    _unchanged.where(
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
_OPEN_ATTEMPT = Statement(insert(tables.attempt).returning(_attempt.id))
_ABOUT = Statement(
    select(
        *(_delivery[name] for name in ("id", "attempts", "step", "message_id", "stream_id", "endpoint", "event")),
        *(_delivery[name] for name in ("media_type", "lease_token", "held_reason", "released_at", "tried_from")),
        tables.stream.c.patient_id,
        tables.patient.c.protected,
        func.coalesce(_delivery.header_id, tables.message.c.header_id).label("own_id"),
        tables.message.c.correlation_id,
    )
    .join(tables.message, tables.message.c.id == _delivery.message_id)
    .join(tables.stream, tables.stream.c.id == _delivery.stream_id)
    .join(tables.patient, tables.patient.c.id == tables.stream.c.patient_id)
    .where(_delivery.id.in_(bindparam("these", expanding=True)))
)
_ended_at = bindparam("ended", type_=_delivery.tell_at.type)
_COMPLETE = Statement(  # tells who was told that it waits
    _ours.values(tell_at=case((_delivery.reported.is_not(None), _ended_at), else_=None))
)
_BURY = Statement(
    _ours.values(
        blocking=and_(_delivery.holds_stream, ~and_(_delivery.yields, streams.has_later(_delivery))),
        tell_at=streams.told_at(_ended_at),
    )
)
_Heads = list[tuple[Door, Row]]


@dataclass(frozen=True)
class Claim:
    """One try of one delivery, ours as long as the lease lasts. `number` counts the delivery's tries from 1, `step`
    is its place in the schedule, `tried_from` when the first was made on the endpoint's own clock; a `probe` finds out
    whether an endpoint that was down is back; `alarmed`: the alarm of a dead letter stands."""

    delivery_id: int
    token: int
    attempt_id: int
    number: int
    step: int
    message_id: int
    stream_id: int
    patient_id: int
    endpoint: str
    event: str
    media_type: str
    tried_from: int
    protected: bool
    probe: bool
    idempotency_id: str
    correlation_id: str
    alarmed: bool = False


def claim(connection: Connection, terms: Terms, wanted: int) -> list[Claim]:
    """Up to `wanted` stream heads to send now, dealt out to the endpoints: the least busy and then the longest
    unserved first. None while the database has been put back from a copy and nobody has resumed."""
    expired = heads.workable(connection, terms.at, terms.leave)
    turns, claims = deque(expired), list[Claim]()
    while turns and len(claims) < wanted:
        left = wanted - len(claims)
        group = [turns.popleft() for _ in range(min(left, len(turns)))]
        claims += _claim_at(connection, {name: expired[name] for name in group}, terms, left)
    return claims


def claim_at(connection: Connection, endpoint: str, terms: Terms) -> Claim | None:
    """One delivery to the endpoint, where its state and its limit allow one more."""
    return next(iter(_claim_at(connection, {endpoint: True}, terms, 1)), None)


def _claim_at(connection: Connection, expired: Mapping[str, bool], terms: Terms, wanted: int) -> list[Claim]:
    """Up to `wanted` from these endpoints, of which it says where a lease may have expired, in equal shares; what some
    have not, the others give."""
    opened = doors.unlocked(connection, list(expired), terms, wanted)
    asking, claims = opened, list[Claim]()
    while asking and len(claims) < wanted:
        found, more = _share_out(connection, asking, expired, terms.at, wanted - len(claims))
        claims += _take(connection, found, terms)
        asking = [door for door in more if door.room > door.taken]
    doors.note(connection, opened, terms)
    return claims


def _share_out(
    connection: Connection, asking: Sequence[Door], expired: Mapping[str, bool], at: int, wanted: int
) -> tuple["_Heads", list[Door]]:
    """Heads with the doors that they are to go to, in turn, and the doors that may have more."""
    found: list[tuple[int, Door, Row]] = []
    more = []
    for number, door in enumerate(asking):
        share = math.ceil((wanted - len(found)) / (len(asking) - number))
        asked = min(share, door.room - door.taken)
        if asked > 0:
            expires, any_time = expired[door.endpoint], door.probe
            rows = heads.first(connection, door.endpoint, at, asked, expired=expires, any_time=any_time)
            found += [(turn, door, row) for turn, row in enumerate(rows)]
            more += [door] if len(rows) == asked else []
    return [(door, row) for _, door, row in sorted(found, key=itemgetter(0))], more


def renew(connection: Connection, claims: Iterable[Claim], expires_at: int) -> None:
    """Prolong the leases that are still ours."""
    _RENEW.run_each(connection, [_held_as(one) | {"lease_expires_at": expires_at} for one in claims])


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
    if attempt_id is None:
        return None
    row = _ABOUT.one(connection, {"these": [delivery_id]})
    return _as_claim(row, attempt_id, row.lease_token, row.attempts, row.tried_from, probe=False)


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
    if _GIVE_BACK.run(connection, _held_as(one) | back) == 0:
        return False
    connection.execute(delete(tables.attempt).where(_attempt.id == one.attempt_id))
    streams.advance(connection, one.stream_id, at)
    return True


def held_still(connection: Connection, claims: Sequence[Claim]) -> list[Claim]:
    """Those whose lease is still ours, their streams and deliveries locked until the transaction ends, and each marked
    where the person has become protected since it was made, and where the alarm of a dead letter stands."""
    found = {row.id: row for row in _HELD.rows(connection, {"these": [one.delivery_id for one in claims]})}
    held = []
    for one in claims:
        row = found.get(one.delivery_id)
        if row is not None and row.lease_token == one.token:
            held.append(replace(one, protected=one.protected or row.protected, alarmed=row.alarmed))
    return held


def complete(
    connection: Connection, arrived: Sequence[tuple[Claim, Verdict, int | None]], at: int, after: Batch
) -> None:
    """They arrived, each with the verdict on its answer and the HTTP status. They are `held_still`. What is to be done
    `after` that is added to a batch."""
    done = {"status": "done", "blocking": False, "delivered_at": at, "reason": None, "ended": at, **_NO_LEASE}
    batch = Batch(connection)
    for one, verdict, http_status in arrived:
        batch.add(_COMPLETE, done | _held_as(one) | {"acknowledgement": verdict.acknowledgement})
        batch.add(_END_ATTEMPT, _ended(one, verdict, http_status, at))
        streams.add_advance(after, one.stream_id, at)
    batch.run()


def reschedule(
    connection: Connection, one: Claim, at: int, verdict: Verdict, http_status: int | None, *, due: int, step: int
) -> bool:
    """Try again at `due` (UTC microseconds), then at `step` of the schedule. False, and nothing changed, where the
    lease was lost; so too for `bury`."""
    waiting = {"status": "waiting", "next_attempt_at": due, "step": step, "reason": verdict.reason}
    return _record(connection, one, at, verdict, http_status, waiting, _RESCHEDULE)


def bury(connection: Connection, one: Claim, at: int, verdict: Verdict, http_status: int | None) -> bool:
    """A dead letter: its stream waits for a person where the delivery `holds_stream` and does not yield to a later one
    of its event, else goes on."""
    dead = {"status": "dead", "acknowledgement": verdict.acknowledgement, "reason": verdict.reason}
    return _record(connection, one, at, verdict, http_status, dead | {"ended": at}, _BURY)


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
    statement: Statement,
) -> bool:
    streams.lock(connection, one.stream_id)
    if statement.run(connection, _held_as(one) | values | _NO_LEASE) == 0:
        return False
    _END_ATTEMPT.run(connection, _ended(one, verdict, http_status, at))
    streams.advance(connection, one.stream_id, at)
    return True


def _ended(one: Claim, verdict: Verdict, http_status: int | None, at: int) -> dict[str, Any]:
    outcome = _OUTCOMES.get(verdict.kind, verdict.kind.value)
    told = {"ended_at": at, "outcome": outcome, "http_status": http_status, "reason": verdict.reason}
    return {"this": one.attempt_id} | told


def _held_as(one: Claim) -> dict[str, Any]:
    """What `_ours` asks: that the lease is this claim's."""
    return {"this": one.delivery_id, "our_token": one.token}


def _hold(connection: Connection, head: Row, at: int) -> bool:
    """Hold it where the person is protected, or it lacks a consent, and nobody has released it: the last guard before
    it would leave, for what was running or a dead letter when that became so."""
    hold = {"status": "held", "next_attempt_at": None, **_NO_LEASE}
    held_for = _HOLD.value(connection, _as_read(head) | hold)
    if held_for is None:
        return False
    _close_unknown(connection, head.id, at)
    if held_for == outbox.CONSENT:
        outbox.set_aside(connection, head.id, at)
    return True


def _as_read(head: Row) -> dict[str, Any]:
    """What `_unchanged` asks: that the row is as it was read."""
    return {"this": head.id, "was_status": head.status, "was_token": head.lease_token}


def _take(connection: Connection, found: "_Heads", terms: Terms) -> list[Claim]:
    """Those of the heads, which are locked, that need not be held."""
    if not found:
        return []
    rows = {row.id: row for row in _ABOUT.rows(connection, {"these": [head.id for _, head in found]})}
    taken = []
    for door, head in found:
        row = rows[head.id]
        unreleased = row.released_at is None and (row.protected or row.held_reason is not None)
        if unreleased and _hold(connection, head, terms.at):
            continue
        if head.status == "running":
            _close_unknown(connection, row.id, terms.at)
        door.taken += 1
        taken.append((door, row))
    return _taken(connection, taken, terms) if taken else []


def _taken(connection: Connection, heads_: Sequence[tuple[Door, Row]], terms: Terms) -> list[Claim]:
    tried = {row.id: door.uptime if row.tried_from is None else row.tried_from for door, row in heads_}
    lease = {"status": "running", "lease_owner": terms.owner, "lease_expires_at": terms.expires_at}
    batch, opened = Batch(connection), list[Step]()
    for _, row in heads_:
        counted = {"lease_token": row.lease_token + 1, "attempts": row.attempts + 1, "tried_from": tried[row.id]}
        batch.add(_TAKE, lease | {"this": row.id} | counted)
        attempt = {"delivery_id": row.id, "number": row.attempts + 1, "worker": terms.owner, "started_at": terms.at}
        opened.append(batch.add(_OPEN_ATTEMPT, attempt))
    batch.run()
    return [
        _as_claim(row, step.given.id, row.lease_token + 1, row.attempts + 1, tried[row.id], probe=door.probe)
        for (door, row), step in zip(heads_, opened, strict=True)
    ]


def _close_unknown(connection: Connection, delivery_id: int, at: int) -> None:
    reason = "nobody recorded how it ended before its lease ran out"
    _CLOSE_UNKNOWN.run(connection, {"this": delivery_id, "ended_at": at, "outcome": "unknown", "reason": reason})


def _as_claim(row: Row, attempt_id: int, token: int, number: int, tried_from: int, *, probe: bool) -> Claim:
    idempotency_id = row.own_id or f"delivery-{row.id}"
    return Claim(
        delivery_id=row.id,
        token=token,
        attempt_id=attempt_id,
        number=number,
        step=row.step,
        message_id=row.message_id,
        stream_id=row.stream_id,
        patient_id=row.patient_id,
        endpoint=row.endpoint,
        event=row.event,
        media_type=row.media_type,
        tried_from=tried_from,
        protected=row.protected or row.held_reason == PROTECTED,
        probe=probe,
        idempotency_id=idempotency_id,
        correlation_id=row.correlation_id or idempotency_id,
    )
