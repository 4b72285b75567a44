"""A refused message stays findable: as a row with its issues, and its bytes unless the sender was not let in."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, insert, or_, select, union

from adapter.discharge.events import EVENTS
from adapter.exchange.submission import Clues, Refusal, Submission
from adapter.fhir.outcomes import Issue
from adapter.security.principals import Principal
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.content import ContentStore
from adapter.store.statements import Statement
from adapter.support.clock import to_micros

_ALARM = "statutory-notice-refused"
_LIMIT = 50


def store(
    connection: Connection,
    contents: ContentStore,
    refusal: Refusal,
    submission: Submission,
    principal: Principal | None,
    config_version: str,
    at: datetime,
) -> int:
    """Keep a refused message; a refused statutory notice raises an alarm, for its deadline goes on. Returns the id."""
    clues = refusal.clues
    message_id = store_metadata(
        connection,
        refusal,
        principal,
        config_version,
        at,
        source=submission.source,
        size=len(submission.body),
        sha256=hashlib.sha256(submission.body).hexdigest(),
        request_id=submission.request_id,
        correlation_id=submission.correlation_id,
    )
    if refusal.keep_content:
        contents.add(
            connection,
            message_id=message_id,
            stage="received",
            media_type=submission.media_type,
            body=submission.body,
            at=to_micros(at),
        )
    event = EVENTS.get(clues.event or "")
    if event is not None and event.statutory:
        raise_alarm(
            connection,
            kind=_ALARM,
            subject=f"message {message_id}",
            reason=f"{event.code} ({event.ground}) was refused with {refusal.status}: its deadline is at risk",
            command=f"adapter messages show {message_id}",
            at=to_micros(at),
            statutory=True,
        )
    return message_id


def store_metadata(
    connection: Connection,
    refusal: Refusal,
    principal: Principal | None,
    config_version: str,
    at: datetime,
    *,
    source: str,
    size: int,
    sha256: str,
    request_id: str,
    correlation_id: str | None,
) -> int:
    """Keep who, when, how large and why; `sha256` is of the body as far as it was read. Returns the message's id."""
    clues = refusal.clues
    event = EVENTS.get(clues.event or "")
    row: int = connection.execute(
        insert(tables.message)
        .values(
            status="rejected",
            source=source,
            sender_party=principal.party if principal else None,
            sender_unit=clues.sender_unit,
            header_id=clues.header_id,
            bundle_id=clues.bundle_id,
            content_hash=sha256,
            event=clues.event,
            case_id=clues.case_id,
            patient_id=clues.patient_id,
            received_at=to_micros(at),
            http_status=refusal.status,
            size=size,
            config_version=config_version,
            request_id=request_id,
            correlation_id=correlation_id,
            principal=principal.name if principal else None,
            issues=[as_row(issue) for issue in refusal.issues],
            statutory=bool(event and event.statutory),
        )
        .returning(tables.message.c.id)
    ).scalar_one()
    return row


_message = tables.message.c
_refused = select(_message.id).where(
    _message.status == "rejected",
    _message.statutory,
    or_(_message.sender_party == bindparam("sender"), _message.sender_party == bindparam("token")),
)
_MENDED = Statement(  # each by its own index: for an OR, SQLite would go through all messages of the party
    union(
        _refused.where(_message.header_id == bindparam("header")),
        _refused.where(_message.case_id == bindparam("case"), _message.event == bindparam("of_event")),
    )
    .order_by(_message.id.desc())
    .limit(_LIMIT)
)
ALARMED = exists().where(tables.alarm.c.kind == _ALARM, tables.alarm.c.cleared_at.is_(None))
"""Whether any alarm stands that `mended` may end."""


def mended(connection: Connection, sender: str, token: str, clues: Clues, at: datetime) -> None:
    """An accepted notice ends the alarms of its earlier, refused tries: same message id, or same case and event.

    `sender` and `token` are the parties of either: a refused message stands under the token's, for who sent it may be
    just what could not be read."""
    same = {"sender": sender, "token": token, "header": clues.header_id, "case": clues.case_id, "of_event": clues.event}
    for (message_id,) in _MENDED.rows(connection, same):
        clear_alarm(connection, kind=_ALARM, subject=f"message {message_id}", at=to_micros(at))


def as_row(issue: Issue) -> dict[str, Any]:
    """An issue as it is kept beside its message."""
    return {
        "severity": issue.severity,
        "code": issue.code,
        "message": issue.message,
        "expression": list(issue.expression),
        "rule": issue.rule,
    }
