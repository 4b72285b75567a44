"""Tells the sender of a message what became of it at each destination, by a delivery report; and operations, by alarms.

Whoever changes the state of a delivery sets `tell_at` in the same transaction; the report is written from there, in one
transaction with what the sender has then been told. So each change is told once, whatever ends the process between.
A report is a delivery beside the message that it is about, in a stream of its own; of reports there are no reports.
"""

import logging
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import ColumnElement, Connection, Row, func, select, update
from sqlalchemy.exc import DBAPIError

from adapter.authoring import delivery_report
from adapter.authoring.delivery_report import Destination
from adapter.authoring.parties import Unit
from adapter.delivery import outbox
from adapter.delivery.outbox import NewDelivery
from adapter.directory import AmbiguousRecipientError, Directory, Receiver, Route, UnknownRecipientError
from adapter.exchange import dispatch, repair, sender_alarms
from adapter.exchange.dispatch import Draft
from adapter.exchange.redirect import REDIRECT
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import BY_ADAPTER, DELIVERY_REPORT, DESTINATION, HSA, MUNICIPALITY
from adapter.mapping import Mapping
from adapter.store import locks, tables
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock, from_micros, swedish_day, to_micros
from adapter.support.errors import UnavailableError

_STREAM = "/report"
"""No party has this name: the patient's own stream to the sender is another."""
_STATE = {"done": "delivered", "dead": "failed", "cancelled": "failed"}

# read by people at the sender, who read Swedish; never the receiver's words, which may name a person
_HELD = "Leveransen hålls kvar tills någon släpper den."
_WAITS = "Mottagarens system har inte tagit emot meddelandet ännu. Försöken fortsätter."
_REFUSED = "Mottagarens system avvisade meddelandet."
_UNMAPPED = "Meddelandet kunde inte skrivas i mottagarens format."
_GIVEN_UP = "Mottagarens system har inte tagit emot meddelandet. Försöken har upphört."
_CANCELLED = "Leveransen har avbrutits. Meddelandet kommer inte fram."

_CAME = {"delivered": "kom fram", "failed": "kom inte fram", "held": "väntade"}
_MOST_TOLD = 5

_Told = tuple[Row[Any], str]
"""A delivery, and what is told of it."""
_PROTECTED = "protected"
_AGAIN = 600 * 1_000_000
"""After how many microseconds a report that failed is written anew."""
log = logging.getLogger("adapter.exchange")
_delivery, _message, _patient = tables.delivery.c, tables.message.c, tables.patient.c


class _Ids:
    """The ids of one report follow from its delivery: written twice, it is the same."""

    def __init__(self, name: str) -> None:
        self._name = name

    def new(self, name: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"{self._name}:{name}"))


@dataclass(frozen=True)
class Reports:
    """Writes delivery reports. `address` is the adapter's own FHIR address."""

    database: Database
    contents: ContentStore
    directory: Directory
    mappings: Dictionary[str, Mapping]
    clock: Clock
    config_version: str
    address: str

    def tell_next(self) -> bool:
        """Tell what is due of one delivery; False where nothing was."""
        at = to_micros(self.clock.now())
        due = (_delivery.tell_at.is_not(None), _delivery.tell_at <= at)
        with self.database.ask() as connection:  # mostly there is nothing: that needs no lock
            if connection.execute(select(_delivery.id).where(*due).limit(1)).first() is None:
                return False
        found: int | None = None
        try:
            with self.database.write() as connection:
                query = select(_delivery.id).where(*due).order_by(_delivery.tell_at).limit(1)
                found = connection.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()
                if found is not None:
                    self._tell(connection, _read(connection, _delivery.id == found)[0], at)
        except (UnavailableError, DBAPIError):
            raise
        except Exception:  # one that cannot be written must not keep the others untold
            log.exception("delivery report failed, it is tried again", extra={"delivery_id": found})
            with self.database.write() as connection:
                again = update(tables.delivery).where(_delivery.id == found, *due)
                connection.execute(again.values(tell_at=at + _AGAIN))
        return found is not None

    def _tell(self, connection: Connection, row: Row[Any], at: int) -> None:
        state = _STATE.get(row.status, "held")
        again = row.reported in (state, "delivered")
        news = not again and not (state == "delivered" and row.reported is None) and not _moved(connection, row)
        values = {"tell_at": None} | ({"reported": state, "reported_at": at} if news else {})
        connection.execute(update(tables.delivery).where(_delivery.id == row.id).values(values))
        if news:
            written = self._write(connection, row, state, at)
            sender_alarms.raise_for(connection, row, state, at, written=written)
        if state != "held":
            sender_alarms.clear(connection, row, at)

    def _write(self, connection: Connection, row: Row[Any], state: str, at: int) -> bool:
        """Put the report on its way; False where there is nobody to whom it could go."""
        try:
            route = self.directory.route(Receiver(hsa=row.sender_unit), DELIVERY_REPORT, swedish_day(from_micros(at)))
        except (UnknownRecipientError, AmbiguousRecipientError):
            return False
        # two workers that tell of one message at the same time would give two reports one number, and so one id
        locks.hold(connection, f"{DELIVERY_REPORT} {row.message_id}")
        others = _read(connection, _delivery.message_id == row.message_id, _delivery.event.not_in(BY_ADAPTER))
        hidden = any(each.protected for each in others)
        known = [
            (each, "delivered" if each.status == "done" else each.reported) for each in others if each.id != row.id
        ]
        told = [(row, state), *((each, its) for each, its in reversed(known) if its is not None)]
        destinations = [
            self._destination(connection, newest, at, earlier, hidden=hidden) for newest, *earlier in _by_unit(told)
        ]
        name = f"{DELIVERY_REPORT}:{row.sender_party}:{row.about}:{_number(connection, row.message_id)}"
        unit = Unit(route.unit, self._name(route.unit, at), route.endpoint.logical, route.endpoint.system)
        own = Unit("", "discharge-adapter", self.address, "discharge-adapter")
        bundle = delivery_report.write(_Ids(name), row.about, _instant(at), own, unit, destinations)
        draft = dispatch.authored(MessageBundle(bundle), route, self.mappings)
        if draft.body is None:
            return False
        self._enqueue(connection, row, route, draft, bundle["entry"][0]["resource"]["id"], at)
        return True

    def _destination(
        self, connection: Connection, told: _Told, at: int, others: Sequence[_Told], *, hidden: bool
    ) -> Destination:
        """One destination; `others` are what else was sent to it: the same message again, or another way."""
        row, state = told
        since = row.delivered_at if state == "delivered" else row.reported_at
        return Destination(
            state=state,
            recipient=self._place(connection, row) if hidden else self._receiver(row.receiver_unit, at),
            since=_instant(since or at),
            reason=" ".join(filter(None, (_reason(row, state), _lineage(others)))),
            received=_instant(row.delivered_at) if state == "delivered" else None,
        )

    def _receiver(self, unit: str, at: int) -> dict[str, Any]:
        system = MUNICIPALITY if unit.isdigit() else HSA
        return {"identifier": {"system": system, "value": unit}, "display": self._name(unit, at)}

    def _place(self, connection: Connection, row: Row[Any]) -> dict[str, Any]:
        """The destination of a protected person's message, as only those can read it who have the message."""
        sent = repair.message(connection, self.contents, row.message_id)
        receivers = sent.destination_receivers()
        place = next((index + 1 for index, *units in receivers if row.receiver_unit in units), 0)
        return {"identifier": {"system": DESTINATION, "value": str(place)}, "display": f"Mottagare {place}"}

    def _name(self, unit: str, at: int) -> str:
        on = swedish_day(from_micros(at))
        known = self.directory.unit(unit, on) or self.directory.party_of(unit, on)
        return known.name if known is not None else unit

    def _enqueue(
        self, connection: Connection, row: Row[Any], route: Route, draft: Draft, header_id: str, at: int
    ) -> None:
        delivery_id = outbox.enqueue(
            connection,
            NewDelivery(
                message_id=row.message_id,
                patient_id=row.patient_id,
                endpoint=route.endpoint.id,
                receiver_party=route.party.id,
                receiver_unit=route.unit,
                event=DELIVERY_REPORT,
                holds_stream=False,
                media_type=draft.media_type,
                mapping=draft.mapping,
                mapping_version=draft.mapping_version,
                config_version=self.config_version,
                at=at,
                released_at=at,
                stream=_STREAM,
                header_id=header_id,
            ),
        )
        dispatch.store_content(connection, self.contents, draft, row.message_id, delivery_id, at)


def _by_unit(told: Sequence[_Told]) -> list[list[_Told]]:
    """What was sent to each destination, the first of each first."""
    found: dict[str, list[_Told]] = {}
    for each in told:
        found.setdefault(each[0].receiver_unit, []).append(each)
    return list(found.values())


def _lineage(others: Sequence[_Told]) -> str:
    """What became of the other sendings to the same destination, the newest first."""
    if not others:
        return ""
    shown = [f"{_CAME[state]} {_minute(row.delivered_at or row.reported_at)}" for row, state in others[:_MOST_TOLD]]
    more = f" och {len(others) - _MOST_TOLD} till" if len(others) > _MOST_TOLD else ""
    return f"Meddelandet har skickats {len(others) + 1} gånger hit. De andra sändningarna: {', '.join(shown)}{more}."


def _minute(at: int | None) -> str:
    return "" if at is None else f"{from_micros(at).astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> list[Row[Any]]:
    """Deliveries with what their message and person say."""
    query = (
        select(
            tables.delivery,
            *(_message[name] for name in ("sender_party", "sender_unit", "patient_id")),
            _message.header_id.label("about"),
            ((_delivery.held_reason == _PROTECTED) | _patient.protected).label("protected"),
        )
        .join_from(tables.delivery, tables.message)
        .join(tables.patient, _patient.id == _message.patient_id)
        .where(*conditions)
        .order_by(_delivery.id)
    )
    return list(connection.execute(query))


def _moved(connection: Connection, row: Row[Any]) -> bool:
    """Whether it ended because it goes another way: what becomes of it there is what the sender is to know."""
    origin = tables.delivery_origin.c
    query = select(origin.delivery_id).where(origin.of_id == row.id, origin.kind == REDIRECT)
    return row.status == "cancelled" and connection.execute(query.limit(1)).first() is not None


def _number(connection: Connection, message_id: int) -> int:
    """How many reports there are about a message."""
    query = select(func.count()).select_from(tables.delivery)
    return connection.execute(
        query.where(_delivery.message_id == message_id, _delivery.event == DELIVERY_REPORT)
    ).scalar_one()


def _reason(row: Row[Any], state: str) -> str:
    if state == "held":
        return _HELD if row.status == "held" else _WAITS
    if state == "delivered":
        return ""
    if row.status == "cancelled":
        return _CANCELLED
    if row.attempts == 0:
        return _UNMAPPED
    return _REFUSED if row.acknowledgement == "fatal-error" else _GIVEN_UP


def _instant(at: int) -> str:
    return from_micros(at).astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
