"""Reservrutin: what has not arrived, for the day when it must be told by telephone: to whom, how they are reached, by
when.

Read from the store and the directory alone, so that it can be printed while the server is down. It names no person:
that takes the right to content and a reason, and is in the audit, person by person. Of a protected person there is a
number only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from adapter.directory import Directory
from adapter.discharge import calendar
from adapter.exchange import repair, visibility
from adapter.exchange.reasons import given_reason
from adapter.fhir import identifiers, instants
from adapter.fhir.canonical import ACKNOWLEDGEMENT
from adapter.fhir.shapes import objects, text
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, swedish_day, to_micros
from adapter.support.errors import MappingError, NotFoundError, ParseError

MOST = 2_000
"""Rows of one list: what people can telephone about in days."""
_PAGE = 100
"""Persons that are read in one transaction."""
_LONGEST_PERSON = 400
"""Characters that are shown of who it is: a message may name a person with very many."""
_NOTICE = timedelta(hours=24)
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])")
_OPEN = ("waiting", "running", "held", "dead")

_message, _delivery, _fact = tables.message.c, tables.delivery.c, tables.fact.c


@dataclass(frozen=True)
class Contact:
    """A receiver as people know it, and how it is reached; what the directory does not say is None."""

    unit: str
    name: str | None = None
    party: str | None = None
    phone: str | None = None
    email: str | None = None
    contact: str | None = None


@dataclass(frozen=True)
class Undelivered:
    """A delivery that has not arrived. `deadline` is when the law wants it there (LAW 2:3 within 24 hours, 3:2 on the
    day of the discharge), None where it sets no time. `contact` is None for a protected person, and so is `person`,
    which is set where it was asked for: names and numbers as the message has them."""

    delivery_id: int
    message_id: int
    event: str
    status: str
    statutory: bool
    accepted_at: datetime
    deadline: datetime | None
    contact: Contact | None
    protected: bool
    person: str | None = None


@dataclass(frozen=True)
class Listing:
    """The undelivered, first those whose time ends first. `complete` is false where there are more than are listed."""

    at: datetime
    rows: tuple[Undelivered, ...]
    complete: bool


class Reserve:
    """Lists the undelivered. `directory` may be None where it cannot be read: then codes stand for names."""

    def __init__(self, database: Database, contents: ContentStore, clock: Clock, directory: Directory | None) -> None:
        self._database = database
        self._contents = contents
        self._clock = clock
        self._directory = directory

    def list(self, principal: Principal, *, limit: int = MOST) -> Listing:
        """The undelivered without persons. Needs LIST. Writes nothing."""
        principal.require(Right.LIST)
        with self._database.read() as connection:
            return self._listing(connection, principal, limit)

    def list_with_persons(self, principal: Principal, reason: str, *, limit: int = MOST) -> Listing:
        """The same with who each is about, but for the protected. Needs LIST and CONTENT, and a reason; one line in
        the audit for each delivery."""
        principal.require(Right.LIST)
        principal.require(Right.CONTENT)
        reason = given_reason(reason)
        with self._database.read() as connection:
            found = self._listing(connection, principal, limit)
        pages = (found.rows[start : start + _PAGE] for start in range(0, len(found.rows), _PAGE))
        return replace(found, rows=tuple(row for page in pages for row in self._page(page, principal, reason)))

    def _page(self, rows: Sequence[Undelivered], principal: Principal, reason: str) -> tuple[Undelivered, ...]:
        """The rows with their persons: in the audit first, then read, so that reading keeps nobody from writing."""
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            for row in rows:
                patient_id, hidden = _about(connection, row.message_id)
                if not hidden:
                    place = f"delivery/{row.delivery_id}"
                    audit.record(connection, principal, "undelivered-view", place, at, patient_id, reason)
        with self._database.read() as connection:
            return tuple(self._named(connection, rows))

    def _named(self, connection: Connection, rows: Sequence[Undelivered]) -> Iterator[Undelivered]:
        for row in rows:
            if _about(connection, row.message_id)[1]:  # the label may have come since the list was made
                yield replace(row, contact=None, protected=True)
            else:
                yield replace(row, person=self._person(connection, row.message_id))

    def _listing(self, connection: Connection, principal: Principal, limit: int) -> Listing:
        size = max(1, min(limit, MOST))
        columns = ("id", "message_id", "event", "status", "statutory", "receiver_unit", "receiver_party")
        query = (
            select(
                *(_delivery[name] for name in columns),
                _message.accepted_at,
                _fact.instants,
                visibility.protected().label("protected"),
            )
            .join_from(tables.delivery, tables.message)
            .outerjoin(tables.fact, _fact.message_id == _message.id)
            .where(_delivery.status.in_(_OPEN), _delivery.event != ACKNOWLEDGEMENT, visibility.own_delivery(principal))
            .order_by(_delivery.id)
            .limit(size + 1)
        )
        found = list(connection.execute(query).mappings())
        rows = [self._row(row) for row in found[:size]]
        rows.sort(key=lambda row: (row.deadline is None, row.deadline or row.accepted_at, row.delivery_id))
        return Listing(self._clock.now(), tuple(rows), complete=len(found) <= size)

    def _row(self, row: RowMapping) -> Undelivered:
        protected = bool(row["protected"])
        kept = ("message_id", "event", "status", "statutory")
        return Undelivered(
            delivery_id=row["id"],
            accepted_at=from_micros(row["accepted_at"]),
            deadline=deadline(row["event"], row["instants"] or {}),
            contact=None if protected else self._contact(row["receiver_unit"], row["receiver_party"]),
            protected=protected,
            **{name: row[name] for name in kept},
        )

    def _contact(self, code: str, party_id: str) -> Contact:
        if self._directory is None:
            return Contact(code, party=party_id)
        unit = self._directory.unit(code, swedish_day(self._clock.now()))
        try:
            party = self._directory.party(party_id)
        except NotFoundError:
            return Contact(code, unit.name if unit else None, party_id)
        return Contact(
            unit=code,
            name=unit.name if unit else None,
            party=party.name,
            phone=(unit and unit.phone) or party.phone,
            email=(unit and unit.email) or party.email,
            contact=(unit and unit.contact) or party.contact,
        )

    def _person(self, connection: Connection, message_id: int) -> str | None:
        try:
            message = repair.message(connection, self._contents, message_id)
        except (MappingError, ParseError):
            return None  # its content is no longer kept
        who = "; ".join(filter(None, map(_named, message.of_type("Patient"))))
        return (who if len(who) <= _LONGEST_PERSON else f"{who[:_LONGEST_PERSON]} …") or None


def deadline(event: str, stated: dict[str, str]) -> datetime | None:
    """When the law wants the message there, from the instants that it states. Where an agreement says less time, that
    is not known here."""
    if event == "admission-notice":
        starts = [at for name in ("admission", "need_assessed") if (at := _instant(stated.get(name)))]
        return max(starts) + _NOTICE if starts else None
    if event in ("planning-information", "discharge-notice"):
        day = _day(stated.get("discharge") or stated.get("estimated_discharge"))
        return calendar.end_of(day) if day else None
    return None


def _about(connection: Connection, message_id: int) -> tuple[int | None, bool]:
    """Whom a message is about, and whether they are protected now."""
    query = select(_message.patient_id, visibility.protected()).where(_message.id == message_id)
    patient_id, hidden = connection.execute(query).one()
    return patient_id, bool(hidden)


def _instant(written: str | None) -> datetime | None:
    return None if written is None else instants.parse(written)


def _day(written: str | None) -> date | None:
    """The Swedish day of an instant, or of an estimate that is a mere date."""
    at = _instant(written)
    if at is None and written is not None and _DATE.fullmatch(written):
        return date.fromisoformat(written)
    return None if at is None else calendar.local_date(at)


def _named(patient: dict[str, Any]) -> str:
    names = objects(patient.get("name"))
    given = names[0].get("given") if names else None
    parts = [*(given if isinstance(given, list) else []), names[0].get("family") if names else None]
    name = " ".join(word for part in parts if (word := text(part)))
    numbers = ", ".join(value for _, value in identifiers.of_patient(patient))
    return " ".join(filter(None, (name, numbers)))
