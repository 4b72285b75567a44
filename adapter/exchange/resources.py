"""Stays and plans one by one: read and searched by those to whom a message told of them.

A party sees what it sent itself, and what arrived, as it was delivered; nothing that a spärr or a later label covers,
and nothing of others that rests on a consent which the person has refused or withdrawn.
Each view is in the audit. What operations sees of content it sees by messages, with a reason: here it has no part.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from adapter.discharge import disclosure
from adapter.exchange import consents, disclosures, pages, resource_ledger, standalone, visibility
from adapter.exchange.pages import FIRST, LOOKED_AT, MOST, PAGE, Place
from adapter.exchange.submission import refusal
from adapter.fhir import wire
from adapter.fhir.bundles import MessageBundle
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import Pseudonyms
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import NotFoundError

_resource, _version = tables.resource.c, tables.resource_version.c
_message, _delivery, _disclosed = tables.message.c, tables.delivery.c, tables.disclosed.c


@dataclass(frozen=True)
class Shown:
    """A version of a resource as it reads by itself. `at` is when it came to the party, aware UTC."""

    id: int
    version: int
    at: datetime
    resource: dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What is searched for; what is None does not count. `patient` is (system, value) of a person's identifier,
    `identifiers` are `system|value` or values alone, `since` and `until` bound when it came (aware, both included)."""

    ids: tuple[int, ...] | None = None
    identifiers: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    patient: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    count: int = PAGE
    place: Place = FIRST


@dataclass(frozen=True)
class Found:
    """A page of a search, by id; `next` is the place of the page after it."""

    resources: tuple[Shown, ...]
    next: Place | None


class Resources:
    """What is not there and what is not the caller's are the same NotFoundError. Every method needs CONTENT."""

    def __init__(self, database: Database, contents: ContentStore, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._database = database
        self._contents = contents
        self._pseudonyms = pseudonyms
        self._clock = clock

    def read(self, principal: Principal, kind: str, resource_id: int, version: int | None = None) -> Shown:
        """The resource as it stands for the caller's party, or one version of it. Raises Refusal 410 where its content
        is no longer kept."""
        shown = self._versions(principal, kind, resource_id, version)
        if not shown:
            raise refusal(410, "not-found", "resource-expunged", "the content of this is no longer kept", kind)
        return shown[0]

    def history(self, principal: Principal, kind: str, resource_id: int) -> list[Shown]:
        """The versions that came to the caller's party and are kept, at most 100, the one in force first."""
        return self._versions(principal, kind, resource_id, all_versions=True)

    def search(self, principal: Principal, kind: str, wanted: Wanted) -> Found:
        """Resources as they stand for the caller's party."""
        principal.require(Right.CONTENT)
        with self._database.write() as connection:
            conditions = self._conditions(connection, principal, kind, wanted)
            if conditions is None or not wanted.count:
                return Found((), None)
            return self._page(connection, principal, kind, wanted, conditions)

    def _versions(
        self,
        principal: Principal,
        kind: str,
        resource_id: int,
        version: int | None = None,
        *,
        all_versions: bool = False,
    ) -> list[Shown]:
        principal.require(Right.CONTENT)
        with self._database.write() as connection:
            rows = _standing(connection, principal, kind, [resource_id]).get(resource_id, [])
            if version is not None:
                rows = [row for row in rows if row.version == version]
            if not rows:
                raise NotFoundError(f"there is no such {kind}, or none that you may see")
            return self._shown(connection, principal, rows[:MOST] if all_versions else rows[:1])

    def _page(
        self,
        connection: Connection,
        principal: Principal,
        kind: str,
        wanted: Wanted,
        conditions: list[ColumnElement[bool]],
    ) -> Found:
        query = (
            select(_resource.id)
            .distinct()
            .join_from(tables.disclosed, tables.resource, _resource.id == _disclosed.resource_id)
            .where(*conditions)
            .order_by(_resource.id)
            .limit(LOOKED_AT)
        )
        found, after = pages.fill(
            wanted.count,
            wanted.place.after,
            lambda after: connection.execute(query.where(_resource.id > after)).scalars().all(),
            lambda numbers: _standing(connection, principal, kind, numbers),
            lambda row: _fits(row, wanted),
        )
        same_person = wanted.patient is not None or wanted.place.same_person
        shown = tuple(self._shown(connection, principal, found))
        return Found(shown, None if after is None else Place(after, same_person))

    def _conditions(
        self, connection: Connection, principal: Principal, kind: str, wanted: Wanted
    ) -> list[ColumnElement[bool]] | None:
        """Of candidates; None where nothing can meet them."""
        mine = (_disclosed.type == kind, _disclosed.party.in_(sorted(principal.parties)))
        found: list[ColumnElement[bool]] = [*mine]
        if wanted.ids is not None:
            found.append(_resource.id.in_(wanted.ids))
        if wanted.since is not None:
            found.append(_disclosed.at >= to_micros(wanted.since))
        if wanted.place.same_person:
            person = select(_resource.patient_id).join_from(
                tables.disclosed, tables.resource, _resource.id == _disclosed.resource_id
            )
            found.append(_resource.patient_id.in_(person.where(*mine, _resource.id == wanted.place.after)))
        if wanted.patient is not None:
            patient_id = self._pseudonyms.look_up(connection, [wanted.patient])
            if patient_id is None:
                return None
            found.append(_resource.patient_id == patient_id)
        return found

    def _shown(self, connection: Connection, principal: Principal, rows: Iterable[Any]) -> list[Shown]:
        at, shown = to_micros(self._clock.now()), []
        for row in rows:
            about = f"{row.type.lower()}/{row.id}"
            audit.record(connection, principal, "resource-view", about, at, row.patient_id, version=row.version)
            message = self._message(connection, principal, row)
            entry = None if message is None else resource_ledger.find(message, row.type, row.key)
            if message is not None and entry is not None:
                resource = standalone.rendered(message, entry)
                shown.append(Shown(row.id, row.version, from_micros(row.at), resource))
        return shown

    def _message(self, connection: Connection, principal: Principal, row: Any) -> MessageBundle | None:
        """The message of a version as it was sent, or as it was delivered; where that was as a record, the message that
        the record was made of."""
        if row.sender_party not in principal.parties:
            query = select(_delivery.id).where(_delivery.message_id == row.message_id, visibility.arrived(principal))
            for delivery_id in connection.execute(query.order_by(_delivery.id.desc())).scalars():
                content = self._contents.of_delivery(connection, delivery_id, "mapped")
                if content is not None and content.media_type.startswith("application/fhir+"):
                    return MessageBundle(wire.parse(content.body, content.media_type))
        found = self._contents.of_message(
            connection, row.message_id, "received" if row.source == "fhir" else "translated"
        )
        if not found:
            return None
        message = MessageBundle(wire.parse(found[-1].body, found[-1].media_type))
        return message if row.sender_party in principal.parties else disclosure.disclose(message)[0]


def _standing(connection: Connection, principal: Principal, kind: str, ids: Sequence[int]) -> dict[int, list[Any]]:
    """The versions of resources that the principal may see, by resource; the one in force first. `at` is when a version
    first came to one of its parties."""
    columns = (
        *(_resource[name] for name in ("id", "type", "key", "patient_id")),
        *(_version[name] for name in ("version", "status", "happened_at", "message_id")),
        *(_disclosed.at, _message.sender_party, _message.source),
    )
    query = (
        select(*columns)
        .join_from(tables.disclosed, tables.resource, _resource.id == _disclosed.resource_id)
        .join(
            tables.resource_version,
            (_version.resource_id == _resource.id) & (_version.version == _disclosed.version),
        )
        .join(tables.message, _message.id == _version.message_id)
        .where(
            _disclosed.party.in_(sorted(principal.parties)),
            _disclosed.type == kind,
            _disclosed.resource_id.in_(ids),
            disclosures.visible(principal),
        )
        .order_by(_resource.id, _version.happened_at.desc(), _version.version.desc(), _disclosed.at)
    )
    rows = connection.execute(query).all()
    others = {row.message_id for row in rows if row.sender_party not in principal.parties}
    stopped = consents.stopped(connection, sorted(others))
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.message_id in stopped:
            continue
        versions = found[row.id]
        if not versions or versions[-1].version != row.version:
            versions.append(row)
    return found


def _fits(row: Any, wanted: Wanted) -> bool:
    at = from_micros(row.at)
    key = str(row.key)
    return (
        (wanted.statuses is None or row.status in wanted.statuses)
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at <= wanted.until)
        and (wanted.identifiers is None or bool({key, key.rpartition("|")[2]}.intersection(wanted.identifiers)))
    )
