"""Who may see which message: the one place where it is decided, as conditions of a query.

A party sees what it sent and what is addressed to it. What is held for the protection of a person, or for want of a
consent, is not there for the receiver until it is released; of what was sent to others the receiver sees nothing.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true

from adapter.delivery import outbox
from adapter.security.principals import Principal
from adapter.store import tables

HELD_FOR_PROTECTION = "protected"
HELD_BY_A_PERSON = "by-a-person"
"""Two of the reasons for which a delivery is held: its `held_reason`."""

_message, _delivery, _content, _patient = tables.message.c, tables.delivery.c, tables.content.c, tables.patient.c


def protected() -> ColumnElement[bool]:
    """Of a message: its person has skyddad folkbokföring now, or a delivery of it was held for that.

    A label that comes later covers earlier messages too, hence the look at the person.
    """
    other = tables.delivery.alias("held")
    held = exists(select(1).where(other.c.message_id == _message.id, other.c.held_reason == HELD_FOR_PROTECTION))
    return or_(_has(_patient.protected), held)


def confidential() -> ColumnElement[bool]:
    """Of a message: its person has sekretessmarkering."""
    return _has(_patient.confidential)


def message_ids(principal: Principal, conditions: list[ColumnElement[bool]], limit: int) -> list[Select[tuple[int]]]:
    """Queries for the newest ids of messages that meet the conditions and that the principal may see.

    One query for each way in which a message is its own, so that each follows an index however many others there are;
    the caller takes the newest of all.
    """
    sent = select(_message.id).where(*conditions).order_by(_message.id.desc()).limit(limit)
    if principal.sees_all:
        return [sent]
    addressed = (
        select(_delivery.message_id)
        .distinct()
        .join_from(tables.delivery, tables.message)
        .where(_addressed_to(principal), *conditions)
        .order_by(_delivery.message_id.desc())
        .limit(limit)
    )
    return [sent.where(_message.sender_party.in_(principal.parties)), addressed]


def message(principal: Principal) -> ColumnElement[bool]:
    """Of a message: the principal's party sent it or is addressed in it."""
    if principal.sees_all:
        return true()
    addressed = exists(select(1).where(_delivery.message_id == _message.id, _addressed_to(principal)))
    return or_(_message.sender_party.in_(principal.parties), addressed)


def delivery(principal: Principal) -> ColumnElement[bool]:
    """Of a delivery joined with its message: the party sent the message, or this delivery is addressed to it."""
    if principal.sees_all:
        return true()
    return or_(_message.sender_party.in_(principal.parties), _addressed_to(principal))


def own_delivery(principal: Principal) -> ColumnElement[bool]:
    """Of a delivery joined with its message: the party answers for it, as the sender or as operations."""
    return true() if principal.sees_all else _message.sender_party.in_(principal.parties)


def content(principal: Principal) -> ColumnElement[bool]:
    """Of content joined with its message: all of what the party sent; of what was sent to it, its own copy only."""
    if principal.sees_all:
        return true()
    copies = select(_delivery.id).where(_disclosed_to(principal)).correlate(None)
    received = and_(_content.stage.in_(("mapped", "response")), _content.delivery_id.in_(copies))
    return or_(_message.sender_party.in_(principal.parties), received)


def arrived(principal: Principal) -> ColumnElement[bool]:
    """Of a delivery: it arrived at the principal's own party, which may still be shown it."""
    return and_(_delivery.status == "done", _disclosed_to(principal))


def redact(is_protected: bool, values: dict[str, Any], *names: str) -> dict[str, Any]:
    """The values, with those that tell who or where replaced by None for a protected person."""
    return values | dict.fromkeys(names) if is_protected else values


def _has(mark: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(1).where(_patient.id == _message.patient_id, mark))


def _addressed_to(principal: Principal) -> ColumnElement[bool]:
    reason = func.coalesce(_delivery.held_reason, "")
    # what lacked consent when it was being sent, and arrived, is there
    lacking = and_(reason == outbox.CONSENT, _delivery.status != "done")
    free = and_(reason != HELD_FOR_PROTECTION, ~lacking)
    return and_(_delivery.receiver_party.in_(principal.parties), or_(free, _delivery.released_at.is_not(None)))


def _disclosed_to(principal: Principal) -> ColumnElement[bool]:
    """Something was sent to the party; of a person who is protected now, only what was released for it."""
    of = tables.message.alias("of")
    now_protected = exists(
        select(1).where(of.c.id == _delivery.message_id, of.c.patient_id == _patient.id, _patient.protected)
    )
    released = _delivery.released_at.is_not(None)
    return and_(_addressed_to(principal), _delivery.attempts > 0, or_(released, ~now_protected))
