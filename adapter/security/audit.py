"""Who saw or did what, about whom, why: append-only (PDL 4:3, SVOD 4:4).

An entry names objects by our own numbers and persons by surrogate, so that it outlives expunged content.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from adapter.security.principals import Principal
from adapter.store import tables
from adapter.support.clock import from_micros

ACTIONS = (
    "alert-test",
    "backup",
    "block-lift",
    "block-set",
    "bundle-view",
    "care-plan-view",
    "case-view",
    "configuration-reload",
    "content-expunge",
    "content-view",
    "cutover-rollback",
    "cutover-run",
    "cutover-tick",
    "cutover-untick",
    "cutover-worklist",
    "database-restored",
    "database-resume",
    "delivery-cancel",
    "delivery-hold",
    "delivery-redirect",
    "delivery-release",
    "delivery-repair",
    "delivery-replay",
    "delivery-retry",
    "endpoint-pause",
    "endpoint-resume",
    "endpoint-test",
    "escalation-acknowledge",
    "experience-import",
    "expunge",
    "feed-content-view",
    "feed-gap-settle",
    "feed-gap-view",
    "follow-up-freeze",
    "link-plan-fetch",
    "mailbox-take",
    "payment-freeze",
    "plan-ask",
    "plan-fetch",
    "plan-gap-settle",
    "rebuild",
    "replay-cancel",
    "replay-pause",
    "replay-resume",
    "replay-start",
    "resource-view",
    "subscription-create",
    "subscription-delete",
    "subscription-off",
    "subscription-requested",
    "task-view",
    "token-issue",
    "token-revoke",
    "undelivered-view",
    "where",
)
"""What can have been done."""


@dataclass(frozen=True)
class Entry:
    """One line of the audit. `at` is aware UTC; `object` is such as `message/12`; `protected` says that the person
    has skyddad folkbokföring now, so that `detail` must not be shown in a list."""

    id: int
    at: datetime
    principal: str
    party: str
    action: str
    object: str
    patient_id: int | None
    reason: str | None
    detail: dict[str, Any]
    protected: bool


def record(
    connection: Connection,
    principal: Principal,
    action: str,
    object: str,  # noqa: A002 - the audit's own word
    at: int,
    patient_id: int | None = None,
    reason: str | None = None,
    **detail: Any,
) -> None:
    """Append an entry in the caller's transaction: what is not recorded did not happen. `at` in UTC microseconds;
    `detail` must be JSON and hold no personal data."""
    connection.execute(
        insert(tables.audit).values(
            at=at,
            principal=principal.name,
            party=principal.party,
            action=action,
            object=object,
            patient_id=patient_id,
            reason=reason,
            detail=detail,
        )
    )


def entries(
    connection: Connection,
    *,
    before: int | None = None,
    limit: int = 100,
    party: str | None = None,
    patient_id: int | None = None,
    action: str | None = None,
) -> list[Entry]:
    """Entries, newest first; the next page is asked for with `before` = the last entry's id.

    `party` narrows to what that party's principals did, `patient_id` to one person (the patient's own access log,
    PDL 8:5).
    """
    columns = tables.audit.c
    query = (
        select(tables.audit, tables.patient.c.protected)
        .select_from(tables.audit.outerjoin(tables.patient))
        .order_by(columns.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(columns.id < before)
    for column, wanted in ((columns.party, party), (columns.patient_id, patient_id), (columns.action, action)):
        if wanted is not None:
            query = query.where(column == wanted)
    return [_entry(row) for row in connection.execute(query).mappings()]


def instants(
    connection: Connection, actions: Collection[str], objects: Collection[str], patient_id: int | None
) -> dict[tuple[str, str], int]:
    """When each of the actions was last done to each of the objects, which are all about one person: by action and
    object, in UTC microseconds."""
    columns = tables.audit.c
    query = (
        select(columns.action, columns.object, func.max(columns.at).label("at"))
        .where(columns.patient_id.is_not_distinct_from(patient_id))
        .where(columns.action.in_(actions), columns.object.in_(objects))
        .group_by(columns.action, columns.object)
    )
    return {(row.action, row.object): row.at for row in connection.execute(query)}


def _entry(values: RowMapping) -> Entry:
    return Entry(
        id=values["id"],
        at=from_micros(values["at"]),
        principal=values["principal"],
        party=values["party"],
        action=values["action"],
        object=values["object"],
        patient_id=values["patient_id"],
        reason=values["reason"],
        detail=values["detail"],
        protected=bool(values["protected"]),
    )
