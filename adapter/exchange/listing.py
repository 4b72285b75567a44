"""Rows of messages and deliveries, redacted for protected persons and narrowed to what a principal may see."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, select, union

from adapter.exchange import visibility
from adapter.exchange.records import BusinessAnswer, DeliveryRow, MessageRow
from adapter.exchange.visibility import redact
from adapter.security.principals import Principal
from adapter.store import tables
from adapter.support.clock import from_micros

_message, _delivery, _fact = tables.message.c, tables.delivery.c, tables.fact.c

MESSAGE_WHO = ("sender_party", "sender_unit")
"""What tells who or where in a message row; `receivers` too, which becomes empty."""
DELIVERY_WHO = ("endpoint", "receiver_party", "receiver_unit", "mapping", "mapping_version")


def newest_ids(
    connection: Connection, principal: Principal, conditions: list[ColumnElement[bool]], limit: int
) -> list[int]:
    """Ids of the newest messages that meet the conditions and that the principal may see, newest first."""
    branches = [query.subquery() for query in visibility.message_ids(principal, conditions, limit)]
    found = union(*(select(branch) for branch in branches)).subquery("found")
    column = found.columns[0]
    return list(connection.execute(select(column).order_by(column.desc()).limit(limit)).scalars())


def messages(connection: Connection, principal: Principal, ids: Sequence[int]) -> list[MessageRow]:
    """The rows of these messages, in this order; the caller has checked that they may be seen."""
    query = select(
        tables.message,
        visibility.protected().label("protected"),
        visibility.confidential().label("confidential"),
    ).where(_message.id.in_(ids))
    found = {row["id"]: row for row in connection.execute(query).mappings()}
    by_message: dict[int, list[DeliveryRow]] = defaultdict(list)
    for row in deliveries(connection, principal, _delivery.message_id.in_(ids)):
        by_message[row.message_id].append(row)
    answers = business_answers(connection, principal, ids)
    return [_message_row(found[key], by_message[key], answers.get(key, ())) for key in ids if key in found]


def deliveries(connection: Connection, principal: Principal, *conditions: ColumnElement[bool]) -> list[DeliveryRow]:
    """The deliveries that meet the conditions and that the principal may see, oldest first."""
    query = delivery_query(principal, *conditions).order_by(_delivery.id)
    return [delivery_row(row) for row in connection.execute(query).mappings()]


def delivery_query(principal: Principal, *conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            tables.delivery,
            visibility.protected().label("protected"),
            visibility.confidential().label("confidential"),
        )
        .join_from(tables.delivery, tables.message)
        .where(visibility.delivery(principal), *conditions)
    )


def delivery_row(row: RowMapping) -> DeliveryRow:
    names = DeliveryRow.__dataclass_fields__
    instants = ("created_at", "next_attempt_at", "delivered_at", "released_at")
    values = {name: row[name] for name in names}
    values |= {name: None if row[name] is None else from_micros(row[name]) for name in instants}
    return DeliveryRow(**redact(bool(row["protected"]), values, *DELIVERY_WHO))


def business_answers(
    connection: Connection, principal: Principal, ids: Iterable[int]
) -> dict[int, tuple[BusinessAnswer, ...]]:
    """The messages that answer these, by the id of the answered one: coded statuses, never the words of a reason."""
    query = (
        select(_message.id, _message.answers_id, _message.event, _message.received_at, _fact.detail)
        .join_from(tables.message, tables.fact, _fact.message_id == _message.id)
        .where(_message.answers_id.in_(list(ids)), _message.status == "accepted", visibility.message(principal))
        .order_by(_message.id)
    )
    answers: dict[int, tuple[BusinessAnswer, ...]] = {}
    for row in connection.execute(query):
        statuses = tuple(dict.fromkeys(task["status"] for task in row.detail.get("tasks", ())))
        answer = BusinessAnswer(row.id, row.event, from_micros(row.received_at), statuses)
        answers[row.answers_id] = (*answers.get(row.answers_id, ()), answer)
    return answers


def _message_row(row: RowMapping, own: list[DeliveryRow], answers: tuple[BusinessAnswer, ...]) -> MessageRow:
    is_protected = bool(row["protected"])
    values = {
        "id": row["id"],
        "received_at": from_micros(row["received_at"]),
        "event": row["event"],
        "case_id": row["case_id"],
        "sender_party": row["sender_party"],
        "sender_unit": row["sender_unit"],
        "receivers": tuple(dict.fromkeys(each.receiver_unit for each in own if each.receiver_unit is not None)),
        "status": row["status"],
        "http_status": row["http_status"],
        "statutory": row["statutory"],
        "deliveries": dict(Counter(delivery.status for delivery in own)),
        "answers": answers,
        "protected": is_protected,
        "confidential": bool(row["confidential"]),
    }
    return MessageRow(**redact(is_protected, values, *MESSAGE_WHO))
