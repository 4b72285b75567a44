"""Has this message been here before? Ids are scoped per sending party.

Both ids, or the message id with the same content under a new Bundle id: a resubmission, answered as the first time. The
message id with other content, or a Bundle id with another message id: a conflict.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, union

from adapter.exchange import acknowledge
from adapter.exchange.submission import refusal
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.store.statements import Statement
from adapter.support.clock import from_micros

_column = tables.message.c
_of_party = select(_column.id, _column.header_id, _column.bundle_id, _column.content_hash, _column.accepted_at).where(
    _column.status == "accepted", _column.sender_party == bindparam("party")
)
_ALIKE = Statement(  # each by its own index: SQLite would go through all messages of the party for an OR
    union(
        _of_party.where(_column.header_id == bindparam("header")),
        _of_party.where(_column.bundle_id == bindparam("bundle")),
    )
)


@dataclass(frozen=True)
class Earlier:
    """The accepted message that this one repeats, and what was answered then; where that is no longer kept, that it was
    accepted, and when."""

    message_id: int
    answer: dict[str, Any]


def find(
    connection: Connection, contents: ContentStore, party: str, message: MessageBundle, digest: str, address: str
) -> Earlier | None:
    """The message that this one repeats, None where it is new. `address` is the adapter's own. Raises Refusal 409 on a
    conflict of ids."""
    ids = {"party": party, "header": message.header_id, "bundle": message.bundle_id}
    rows = _ALIKE.rows(connection, ids)
    same = next((row for row in rows if row.header_id == message.header_id), None)
    if same is None:
        if rows:
            text = "this Bundle.id was used with another MessageHeader.id: expected a new Bundle.id for a new message"
            raise refusal(409, "conflict", "bundle-id-reused", text, "Bundle.id")
        return None
    if same.content_hash != digest:
        text = (
            "this MessageHeader.id was used for other content: expected the same content when a message is sent "
            "again, or a new id for a new message"
        )
        raise refusal(409, "conflict", "message-id-reused", text, "MessageHeader.id")
    if any(row.id != same.id for row in rows):
        text = "MessageHeader.id and Bundle.id belong to two earlier messages: expected both of one, or new ones"
        raise refusal(409, "conflict", "bundle-id-reused", text, "Bundle.id")
    kept = contents.of_message(connection, same.id, "answer")
    answer = fhir_json.parse(kept[0].body) if kept else _anew(message, from_micros(same.accepted_at), address)
    return Earlier(same.id, answer)


def _anew(message: MessageBundle, accepted_at: datetime, address: str) -> dict[str, Any]:
    text = f"this message was accepted before, on {accepted_at:%Y-%m-%d}; its warnings are no longer kept"
    told = Issue("information", "informational", text, rule="accepted-long-ago")
    return acknowledge.accepted(message, address, accepted_at, [told])
