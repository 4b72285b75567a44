"""Which deliveries are meant: by state, endpoint, party, event, time, and by what went wrong.

The error signature is made of codes, never of words, so that it may stand in a list: `unmapped`, or the HTTP status of
the last try (`none` without an answer) and the acknowledgement: `422`, `200 fatal-error`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, case, cast, func, literal, not_, select

from adapter.exchange import visibility
from adapter.fhir.canonical import ACKNOWLEDGEMENT
from adapter.security.principals import Principal
from adapter.store import tables
from adapter.support.clock import from_micros, to_micros

STATES = ("dead", "waiting", "done")
"""What can be sent again: what a person holds or has cancelled is not."""
MOST = 50_000
"""Deliveries in one selection: what is written down at the start of a replay."""
_MOST_GROUPS = 200

REPLAY = "replay"
"""The kind of origin of a delivery that is a copy of one that had arrived."""
_message, _delivery, _attempt, _origin = (
    tables.message.c,
    tables.delivery.c,
    tables.attempt.c,
    tables.delivery_origin.c,
)


@dataclass(frozen=True)
class Filter:
    """Deliveries in one state that meet all that is named. `since` and `until` (aware) are of their acceptance, the
    second excluded; `signature` as the groups of errors have it."""

    status: str = "dead"
    endpoint: str | None = None
    party: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    signature: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As data, with instants in ISO 8601; without what is not named."""
        named = {name: value for name, value in asdict(self).items() if value is not None}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in named.items()}


@dataclass(frozen=True)
class ErrorGroup:
    """Dead letters that failed alike. Those of protected persons are in none."""

    endpoint: str
    event: str
    signature: str
    count: int
    oldest: datetime
    newest: datetime
    first: int


def ids(connection: Connection, principal: Principal, wanted: Filter) -> list[int]:
    """The deliveries meant, at most one more than MOST, each stream's in its order. Those of protected persons are left
    out: a person looks at each; and those whose content was expunged."""
    query = (
        select(_delivery.id)
        .join_from(tables.delivery, tables.message)
        .where(*_conditions(principal, wanted), _message.expunged_at.is_(None))
        .order_by(_delivery.stream_id, _delivery.sequence)
        .limit(MOST + 1)
    )
    return list(connection.execute(query).scalars())


def expunged(connection: Connection, principal: Principal, wanted: Filter) -> int:
    """How many more there are that cannot be sent again, for their content was expunged."""
    query = select(func.count()).select_from(tables.delivery).join(tables.message)
    found: int = connection.execute(
        query.where(*_conditions(principal, wanted), _message.expunged_at.is_not(None))
    ).scalar_one()
    return found


def digest(wanted: Filter, content: str, found: Sequence[int]) -> str:
    """What was counted: other deliveries, another filter or other content give another."""
    text = json.dumps([wanted.to_dict(), content, list(found)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def error_groups(connection: Connection, principal: Principal) -> list[ErrorGroup]:
    """The dead letters by endpoint, event and error signature, the largest group first; at most 200."""
    said = signature().label("signature")
    query = (
        select(
            _delivery.endpoint,
            _delivery.event,
            said,
            func.count().label("number"),
            func.min(_delivery.created_at).label("oldest"),
            func.max(_delivery.created_at).label("newest"),
            func.min(_delivery.id).label("first"),
        )
        .join_from(tables.delivery, tables.message)
        .where(_delivery.status == "dead", visibility.own_delivery(principal), not_(visibility.protected()))
        .group_by(_delivery.endpoint, _delivery.event, said)
        .order_by(func.count().desc(), _delivery.endpoint, _delivery.event, said)
        .limit(_MOST_GROUPS)
    )
    return [
        ErrorGroup(
            row.endpoint,
            row.event,
            row.signature,
            row.number,
            from_micros(row.oldest),
            from_micros(row.newest),
            row.first,
        )
        for row in connection.execute(query)
    ]


def signature() -> ColumnElement[str]:
    """The error signature of a delivery."""
    last = select(_attempt.http_status).where(
        _attempt.delivery_id == _delivery.id, _attempt.number == _delivery.attempts
    )
    status = func.coalesce(cast(last.scalar_subquery(), String), literal("none"))
    said = case((_delivery.acknowledgement.is_(None), literal("")), else_=literal(" ") + _delivery.acknowledgement)
    return case((_delivery.attempts == 0, literal("unmapped")), else_=status + said)


def _conditions(principal: Principal, wanted: Filter) -> list[ColumnElement[bool]]:
    conditions = [
        _delivery.status == wanted.status,
        visibility.own_delivery(principal),
        not_(visibility.protected()),
    ]
    if wanted.status == "done":
        copies = select(_origin.delivery_id).where(_origin.kind == REPLAY)  # each says what its original says
        conditions += [_delivery.event != ACKNOWLEDGEMENT, _delivery.id.not_in(copies)]
    for column, value in (
        (_delivery.endpoint, wanted.endpoint),
        (_delivery.receiver_party, wanted.party),
        (_delivery.event, wanted.event),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(_delivery.created_at >= to_micros(wanted.since))
    if wanted.until is not None:
        conditions.append(_delivery.created_at < to_micros(wanted.until))
    if wanted.signature is not None:
        conditions.append(signature() == wanted.signature)
    return conditions
