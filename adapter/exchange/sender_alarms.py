"""What operations are told beside the sender: that messages to an endpoint wait for too long, and that a sender cannot
be told by a message. Of protected persons neither receiver nor sender is named."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, literal_column, select

from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm

LATE = "deliveries-late"
"""Kind of the alarm that what goes to an endpoint waits for too long; its subject is `endpoint/<id>`."""
UNTOLD = "sender-untold"
"""Kind of the alarm that a sender whose messages do not arrive gets no report; its subject is `party/<id>`."""

_HIDDEN = "protected"
_delivery, _message, _patient = tables.delivery.c, tables.message.c, tables.patient.c
_told_badly: ColumnElement[bool] = literal_column("delivery.reported IN ('held', 'failed')")  # as the index has it


def raise_for(connection: Connection, row: Row[Any], state: str, at: int, *, written: bool) -> None:
    """After a sender was told (`written`), or was to be told, that a delivery is in a state. `row` is the delivery with
    its message and whether its person is protected; `at` in UTC microseconds."""
    if state == "held":
        place = _HIDDEN if row.protected else row.endpoint
        where = "about protected persons" if row.protected else f"to {place}"
        reason = f"messages {where} have waited longer than they should"
        only = "" if row.protected else f" --endpoint {place}"
        command = f"adapter deliveries list --status {'held' if row.status == 'held' else 'waiting'}{only}"
        named = {"kind": LATE, "subject": f"endpoint/{place}", "reason": reason, "command": command}
        raise_alarm(connection, **named, at=at, statutory=row.statutory)
    if state != "delivered" and row.status != "cancelled" and not written:
        party = _HIDDEN if row.protected else row.sender_party
        whose = "about protected persons" if row.protected else f"from {party}"
        reason = f"messages {whose} have not arrived, and no delivery report can be sent to who sent them: tell them"
        command = f"adapter deliveries show {row.id}"
        named = {"kind": UNTOLD, "subject": f"party/{party}", "reason": reason, "command": command}
        raise_alarm(connection, **named, at=at, statutory=row.statutory)


def clear(connection: Connection, row: Row[Any], at: int) -> None:
    """The alarms that this delivery may have been the last ground of."""
    late, open_ = ("waiting", "running", "held"), ("waiting", "running", "held", "dead")
    grounds = (
        (LATE, f"endpoint/{row.endpoint}", late, [_delivery.endpoint == row.endpoint, ~_patient.protected]),
        (LATE, f"endpoint/{_HIDDEN}", late, [_patient.protected]),
        (UNTOLD, f"party/{row.sender_party}", open_, [_message.sender_party == row.sender_party, ~_patient.protected]),
        (UNTOLD, f"party/{_HIDDEN}", open_, [_patient.protected]),
    )
    for kind, subject, statuses, conditions in grounds:
        if not _any_left(connection, _delivery.status.in_(statuses), *conditions):
            clear_alarm(connection, kind=kind, subject=subject, at=at)


def _any_left(connection: Connection, *conditions: ColumnElement[bool]) -> bool:
    query = (
        select(_delivery.id)
        .join_from(tables.delivery, tables.message)
        .join(tables.patient, _patient.id == _message.patient_id)
        .where(_told_badly, *conditions)
        .limit(1)
    )
    return connection.execute(query).first() is not None
