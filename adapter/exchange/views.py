"""What a principal may see: messages, deliveries, content, the audit, and what needs a person.

A list carries no personal data and opens no body. What is not there and what is not the caller's are the same answer,
NotFoundError. Words that others wrote (a receiver's reason) may name a person by mistake: lists show codes only, and
the words stand in the detail of a delivery for those with the right to content. Bytes are shown one content at a
time, with a reason, and the view is in the audit before the bytes leave.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, not_, select

from adapter.exchange import attention, blocks, detail, listing, visibility
from adapter.exchange.reasons import given_reason
from adapter.exchange.records import (
    DELIVERY_STATES,
    MESSAGE_STATES,
    Attention,
    AuditRow,
    DeliveryDetail,
    DeliveryRow,
    EndpointRow,
    MessageDetail,
    MessageRow,
    Page,
)
from adapter.fhir import wire
from adapter.fhir.canonical import CASE, STAY
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.content import Content, ContentStore
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import AdapterError, NotFoundError

PAGE = 50
MAX_PAGE = 200

_message, _delivery, _content = tables.message.c, tables.delivery.c, tables.content.c

Copy = tuple[int, int | None, Content]
"""(message id, patient surrogate, the bytes)"""


class Views:
    """Every method raises ForbiddenError where the principal lacks the right that it needs.

    `late_after` is how long a delivery may wait before a person is told.
    """

    def __init__(
        self, database: Database, contents: ContentStore, clock: Clock, late_after: timedelta = timedelta(hours=4)
    ) -> None:
        self._late_after = late_after
        self._database = database
        self._contents = contents
        self._clock = clock

    def messages(
        self,
        principal: Principal,
        *,
        status: str | None = None,
        event: str | None = None,
        case: str | None = None,
        before: int | None = None,
        limit: int = PAGE,
    ) -> Page[MessageRow]:
        """Messages, newest first. `status` is accepted or rejected, `case` is `system|value`, or the value alone
        where the system is ours; at most 200 a page. Needs LIST."""
        principal.require(Right.LIST)
        _require_known("status", status, MESSAGE_STATES)
        wanted = ((_message.status, status), (_message.event, event))
        conditions: list[ColumnElement[bool]] = [column == value for column, value in wanted if value]
        if case:
            conditions.append(_message.case_id.in_([case, f"{CASE}|{case}", f"{STAY}|{case}"]))
        if before is not None:
            conditions.append(_message.id < before)
        size = _bounded(limit)
        with self._database.read() as connection:
            ids = listing.newest_ids(connection, principal, conditions, size + 1)
            rows = listing.messages(connection, principal, ids[:size])
        return Page(tuple(rows), ids[size - 1] if len(ids) > size else None)

    def message(self, principal: Principal, message_id: int) -> MessageDetail:
        """One message with deliveries, attempts, timeline and the list of its content. Needs LIST."""
        principal.require(Right.LIST)
        with self._database.read() as connection:
            query = select(_message.id).where(_message.id == message_id, visibility.message(principal))
            rows = listing.messages(connection, principal, list(connection.execute(query).scalars()))
            if not rows:
                raise NotFoundError(f"there is no message {message_id}")
            return detail.message(connection, principal, rows[0])

    def deliveries(
        self,
        principal: Principal,
        *,
        status: str | None = None,
        endpoint: str | None = None,
        event: str | None = None,
        before: int | None = None,
        limit: int = PAGE,
    ) -> Page[DeliveryRow]:
        """Deliveries, newest first. Asked by endpoint, those of protected persons are left out: that they were found
        would tell where. Needs LIST."""
        principal.require(Right.LIST)
        _require_known("status", status, DELIVERY_STATES)
        conditions = [
            column == value for column, value in ((_delivery.status, status), (_delivery.event, event)) if value
        ]
        if endpoint:
            conditions += [_delivery.endpoint == endpoint, not_(visibility.protected())]
        if before is not None:
            conditions.append(_delivery.id < before)
        size = _bounded(limit)
        query = listing.delivery_query(principal, *conditions).order_by(_delivery.id.desc()).limit(size + 1)
        with self._database.read() as connection:
            rows = [listing.delivery_row(row) for row in connection.execute(query).mappings()]
        return Page(tuple(rows[:size]), rows[size - 1].id if len(rows) > size else None)

    def delivery(self, principal: Principal, delivery_id: int) -> DeliveryDetail:
        """One delivery with its attempts. Needs LIST; the receiver's words need CONTENT as well."""
        principal.require(Right.LIST)
        with self._database.read() as connection:
            rows = listing.deliveries(connection, principal, _delivery.id == delivery_id)
            if not rows:
                raise NotFoundError(f"there is no delivery {delivery_id}")
            return detail.deliveries(connection, principal, rows)[0]

    def content(self, principal: Principal, content_id: int, reason: str) -> Content:
        """The bytes of one content, for a reason of at most 500 characters that goes into the audit in the same
        transaction. Needs CONTENT; ForbiddenError where no reason is given."""
        principal.require(Right.CONTENT)
        reason = given_reason(reason)
        with self._database.write() as connection:
            query = (
                select(_content.message_id, _message.patient_id)
                .join_from(tables.content, tables.message, _content.message_id == _message.id)
                .where(_content.id == content_id, visibility.content(principal))
            )
            row = connection.execute(query).one_or_none()
            content = None if row is None else self._contents.one(connection, content_id)
            if row is None or content is None:
                raise NotFoundError(f"there is no content {content_id}")
            audit.record(
                connection,
                principal,
                "content-view",
                f"content/{content_id}",
                to_micros(self._clock.now()),
                row.patient_id,
                reason,
                message=row.message_id,
                stage=content.stage,
                sha256=content.sha256,
            )
        return content

    def disclosed_bundle(self, principal: Principal, bundle_id: str) -> dict[str, Any] | None:
        """The message Bundle of this id as the principal's party sent it, or as it was delivered to it; else None.

        What arrived about a person who is protected now is not shown to its receiver unless it was released; what a
        spärr covers is not shown. Audited. Needs CONTENT.
        """
        principal.require(Right.CONTENT)
        with self._database.write() as connection:
            found = self._sent(connection, principal, bundle_id) or self._arrived(connection, principal, bundle_id)
            if found is None:
                return None
            message_id, patient_id, content = found
            at = to_micros(self._clock.now())
            audit.record(
                connection, principal, "bundle-view", f"message/{message_id}", at, patient_id, stage=content.stage
            )
        return wire.parse(content.body, content.media_type)

    def status(self, principal: Principal) -> list[Attention]:
        """What needs a person now, the urgent first. A party sees what concerns its own messages. Needs LIST."""
        principal.require(Right.LIST)
        with self._database.read() as connection:
            return attention.needed(connection, principal, self._clock.now(), self._late_after)

    def overview(self, principal: Principal, endpoints: Iterable[str] = ()) -> list[EndpointRow]:
        """The health of each endpoint that has traffic or is named here (those of the configuration). Needs LIST."""
        principal.require(Right.LIST)
        with self._database.read() as connection:
            return attention.overview(connection, principal, endpoints)

    def audit(
        self, principal: Principal, *, action: str | None = None, before: int | None = None, limit: int = PAGE
    ) -> Page[AuditRow]:
        """The audit, newest first: a party's own entries, or all for operations. Needs LIST."""
        principal.require(Right.LIST)
        _require_known("action", action, audit.ACTIONS)
        size = _bounded(limit)
        party = None if principal.sees_all else principal.party
        with self._database.read() as connection:
            found = audit.entries(connection, before=before, limit=size + 1, party=party, action=action or None)
        rows = tuple(_audit_row(entry, principal) for entry in found[:size])
        return Page(rows, rows[-1].id if len(found) > size else None)

    def _sent(self, connection: Connection, principal: Principal, bundle_id: str) -> Copy | None:
        # ids are scoped per sender: who runs a shared system may have sent two of one id, and is shown the newest
        mine = (_message.bundle_id == bundle_id, _message.sender_party.in_(principal.parties))
        query = select(_message.id, _message.patient_id, _message.source).where(*mine, _message.status == "accepted")
        message = connection.execute(query.order_by(_message.id.desc()).limit(1)).one_or_none()
        if message is None:
            return None
        stage = "received" if message.source == "fhir" else "translated"
        found = self._contents.of_message(connection, message.id, stage)
        return (message.id, message.patient_id, found[-1]) if found else None

    def _arrived(self, connection: Connection, principal: Principal, bundle_id: str) -> Copy | None:
        query = (
            select(_message.id, _message.patient_id, _delivery.id.label("delivery_id"))
            .join_from(tables.message, tables.delivery, _delivery.message_id == _message.id)
            .where(_message.bundle_id == bundle_id, visibility.arrived(principal), blocks.clear_of(principal))
            .order_by(_delivery.id.desc())
        )
        for row in connection.execute(query):
            content = self._contents.of_delivery(connection, row.delivery_id, "mapped")
            if content is not None and content.media_type.startswith("application/fhir+"):
                return row.id, row.patient_id, content
        return None


def _require_known(name: str, asked: str | None, known: tuple[str, ...]) -> None:
    """What there is not must not read as that there is nothing of it."""
    if asked and asked not in known:
        raise AdapterError(f"{name}: expected one of {', '.join(known)}")


def _bounded(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))


def _audit_row(entry: audit.Entry, principal: Principal) -> AuditRow:
    sealed = entry.protected and entry.party not in principal.parties
    # whoever looked for a person without finding one is not to see here that there is one
    asked = entry.action == "where" and not principal.sees_all
    return AuditRow(
        id=entry.id,
        at=entry.at,
        principal=None if sealed else entry.principal,
        party=None if sealed else entry.party,
        action=entry.action,
        object=entry.object,
        reason=entry.reason,
        detail={} if entry.protected or asked else entry.detail,
        protected=entry.protected and not asked,
    )
