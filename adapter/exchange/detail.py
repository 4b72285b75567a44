"""One message and all that happened to it: deliveries, attempts, timeline, and which content there is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select

from adapter.exchange import listing, visibility
from adapter.exchange.records import (
    AttemptRow,
    ContentRow,
    DeliveryDetail,
    DeliveryRow,
    Kin,
    MessageDetail,
    MessageRow,
    Step,
)
from adapter.exchange.visibility import HELD_BY_A_PERSON, redact
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.support.clock import from_micros

_message, _delivery, _origin = tables.message.c, tables.delivery.c, tables.delivery_origin.c
_attempt, _content = tables.attempt.c, tables.content.c

_TIMED = ("delivery-hold", "delivery-cancel", "delivery-redirect")
"""Acts whose instant the audit alone knows."""
Acts = dict[tuple[str, str], int]

_AS_STORED = (
    "source",
    "principal",
    "header_id",
    "bundle_id",
    "previous_header_id",
    "answers_header_id",
    "answers_id",
    "request_id",
    "correlation_id",
    "config_version",
    "size",
)


def message(connection: Connection, principal: Principal, row: MessageRow) -> MessageDetail:
    """All of a message that the caller has checked may be seen."""
    stored = connection.execute(select(tables.message).where(_message.id == row.id)).mappings().one()
    found = deliveries(connection, principal, listing.deliveries(connection, principal, _delivery.message_id == row.id))
    acts = audit.instants(connection, _TIMED, [f"delivery/{each.row.id}" for each in found], stored["patient_id"])
    values = redact(row.protected, {name: stored[name] for name in _AS_STORED}, "source", "principal")
    return MessageDetail(
        row=row,
        issues=_issues(stored["issues"], row.protected),
        deliveries=tuple(found),
        timeline=tuple(sorted(_timeline(stored, row, found, acts), key=lambda step: step.at)),
        contents=tuple(_contents(connection, principal, row.id)),
        expunged_at=None if stored["expunged_at"] is None else from_micros(stored["expunged_at"]),
        **values,
    )


def deliveries(connection: Connection, principal: Principal, rows: Sequence[DeliveryRow]) -> list[DeliveryDetail]:
    """The deliveries with their attempts and the words of their reasons, where the principal may read them."""
    ids = [row.id for row in rows]
    tries: dict[int, list[RowMapping]] = defaultdict(list)
    query = select(tables.attempt).where(_attempt.delivery_id.in_(ids)).order_by(_attempt.number)
    for attempt in connection.execute(query).mappings():
        tries[attempt["delivery_id"]].append(attempt)
    query_reasons = select(_delivery.id, _delivery.reason).where(_delivery.id.in_(ids))
    reasons = {row.id: row.reason for row in connection.execute(query_reasons)}
    ahead = _ahead(connection, [row.id for row in rows if row.status == "waiting" and row.next_attempt_at is None])
    kin = _kin(connection, principal, ids)
    return [
        replace(_delivery_detail(principal, row, tries[row.id], reasons[row.id], ahead.get(row.id)), **kin[row.id])
        for row in rows
    ]


def _kin(connection: Connection, principal: Principal, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """`made_of` and `became` of each delivery, as far as the principal may see them."""
    kin: dict[int, dict[str, Any]] = {each: {"made_of": None, "became": ()} for each in ids}
    linked = or_(_origin.delivery_id.in_(ids), _origin.of_id.in_(ids))
    rows = connection.execute(select(tables.delivery_origin).where(linked).order_by(_origin.delivery_id)).all()
    if not rows:
        return kin
    named = {each for row in rows for each in (row.delivery_id, row.of_id)}
    seen = {row.id for row in listing.deliveries(connection, principal, _delivery.id.in_(named))}
    for row in rows:
        if row.delivery_id in kin and row.of_id in seen:
            kin[row.delivery_id]["made_of"] = Kin(row.of_id, row.kind)
        if row.of_id in kin and row.delivery_id in seen:
            kin[row.of_id]["became"] += (Kin(row.delivery_id, row.kind),)
    return kin


def _ahead(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """The head of the stream that each of the deliveries waits in."""
    head = tables.delivery.alias("head")
    first = (
        select(head.c.id)
        .where(head.c.stream_id == _delivery.stream_id, head.c.blocking, head.c.sequence < _delivery.sequence)
        .order_by(head.c.sequence)
        .limit(1)
        .scalar_subquery()
    )
    query = select(_delivery.id, first.label("ahead")).where(_delivery.id.in_(ids))
    return {row.id: row.ahead for row in connection.execute(query) if row.ahead is not None}


def _delivery_detail(
    principal: Principal, row: DeliveryRow, tries: Sequence[RowMapping], reason: str | None, behind: int | None
) -> DeliveryDetail:
    last_status = tries[-1]["http_status"] if tries else None
    shown = _may_read(principal, row, last_status)
    attempts = tuple(
        AttemptRow(
            number=attempt["number"],
            started_at=from_micros(attempt["started_at"]),
            ended_at=None if attempt["ended_at"] is None else from_micros(attempt["ended_at"]),
            outcome=attempt["outcome"],
            http_status=attempt["http_status"],
            words=attempt["reason"] if _may_read(principal, row, attempt["http_status"]) else None,
        )
        for attempt in tries
    )
    withheld = bool(reason) and not shown
    return DeliveryDetail(row, attempts, reason if shown else None, words_withheld=withheld, behind=behind)


def _may_read(principal: Principal, row: DeliveryRow, http_status: int | None) -> bool:
    """Without an HTTP answer the words are the adapter's own, and hold nothing of the person; they may name the
    endpoint, which is not told of a protected one."""
    if row.protected:
        return False
    return http_status is None or Right.CONTENT in principal.rights


def _issues(stored: Any, is_protected: bool) -> tuple[dict[str, Any], ...]:
    """The issues as stored; of a protected person without the words, which may name a unit."""
    if not is_protected:
        return tuple(stored)
    return tuple({name: issue[name] for name in issue if name not in ("message", "diagnostics")} for issue in stored)


def _contents(connection: Connection, principal: Principal, message_id: int) -> Iterator[ContentRow]:
    columns = (_content.id, _content.stage, _content.media_type, _content.sha256, _content.created_at)
    query = (
        select(*columns, _content.delivery_id, func.length(_content.bytes).label("size"))
        .join_from(tables.content, tables.message, _content.message_id == _message.id)
        .where(_content.message_id == message_id, visibility.content(principal))
        .order_by(_content.id)
    )
    for row in connection.execute(query).mappings():
        yield ContentRow(**dict(row) | {"created_at": from_micros(row["created_at"])})


def _timeline(stored: RowMapping, row: MessageRow, found: Sequence[DeliveryDetail], acts: Acts) -> Iterator[Step]:
    for kind in ("assessed", "sent", "received", "accepted", "expunged"):
        if (instant := stored[f"{kind}_at"]) is not None:
            yield Step(from_micros(instant), kind)
    if row.status == "rejected":
        yield Step(row.received_at, "rejected")
    for delivery in found:
        yield from _delivery_steps(delivery, acts)
    for answer in row.answers:
        outcome = ", ".join(answer.statuses) or None
        yield Step(answer.at, "answered", outcome=outcome, event=answer.event, message_id=answer.message_id)


def _delivery_steps(delivery: DeliveryDetail, acts: Acts) -> Iterator[Step]:
    row, place = delivery.row, f"delivery/{delivery.row.id}"
    if row.held_reason is not None and (row.status != "done" or row.released_at is not None):
        held = acts.get(("delivery-hold", place)) if row.held_reason == HELD_BY_A_PERSON else None
        yield Step(row.created_at if held is None else from_micros(held), "held", row.id, outcome=row.held_reason)
    if row.held_reason is not None and row.released_at is not None:
        yield Step(row.released_at, "released", row.id)
    latest = row.created_at
    for attempt in delivery.attempts:
        latest = attempt.ended_at or attempt.started_at
        yield Step(latest, "attempt", row.id, attempt.number, attempt.outcome)
    if row.delivered_at is not None:
        yield Step(row.delivered_at, "delivered", row.id)
    if row.status == "dead":
        yield Step(latest, row.status, row.id)
    if row.status == "cancelled":
        ended = [acts[act, place] for act in ("delivery-cancel", "delivery-redirect") if (act, place) in acts]
        yield Step(from_micros(max(ended)) if ended else latest, row.status, row.id)
