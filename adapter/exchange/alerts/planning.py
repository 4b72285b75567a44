"""Who is told of which transition, and when: from alerts to messages, each step in one transaction.

An alert becomes an item for each recipient of its class. Within quiet hours an item waits for their end, unless it
wakes or a statutory duty is at stake; where the alarm is over before that, nobody hears of it. The open items of a
recipient become one message, and a recipient gets no second one before the first is sent and some time has passed:
a storm is one digest.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from adapter.exchange.alerts.hours import OfficeHours
from adapter.exchange.alerts.wording import House
from adapter.exchange.ladder import ESCALATION
from adapter.store import locks, tables
from adapter.store.database import Database
from adapter.support.alerting import Alerts, Recipient
from adapter.support.clock import from_micros, to_micros

UNSENT = "alert-unsent"
"""Kind of the alarm that a recipient cannot be told; its subject is `recipient/<id>`."""

_MANY = 500
_LOCK = "alerts"
_alert, _item, _message = tables.alert.c, tables.alert_item.c, tables.alert_message.c
_OPEN = (_item.alert_message_id.is_(None), _item.dropped_at.is_(None))


class Planning:
    """Plans for the recipients that the settings name."""

    def __init__(self, database: Database, settings: Alerts, house: House) -> None:
        self._database = database
        self._settings = settings
        self._recipients = {each.id: each for each in settings.recipients}
        self._hours = OfficeHours(settings.office_hours)
        self._house = house

    def plan(self, at: int) -> None:
        """Distribute what is new and write the messages that are due. `at` in UTC microseconds."""
        with self._database.read() as connection:  # most rounds find nothing: they need no lock
            new, ready = _new(connection, 1), self._ready(connection, at)
        if new or ready:
            self._database.transact(lambda connection: self._plan(connection, at))

    def _plan(self, connection: Connection, at: int) -> None:
        locks.hold(connection, _LOCK)
        for alert in _new(connection, _MANY):
            self._distribute(connection, alert, at)
            connection.execute(update(tables.alert).where(_alert.id == alert.id).values(planned_at=at))
        for recipient in self._ready(connection, at):
            self._write(connection, recipient, at)

    def _distribute(self, connection: Connection, alert: Row[Any], at: int) -> None:
        wakes = alert.statutory or self._settings.class_of(alert.kind) == "wake"
        opens = at if wakes else to_micros(self._hours.next(from_micros(at)))
        due_at = alert.at if opens <= at else opens  # later than the alarm only where it is held
        recipients = self._told_of(alert, wakes=wakes)
        if alert.cleared:
            heard = _drop_unheard(connection, alert, at)
            recipients = [each for each in recipients if each.id in heard]
        else:
            _replace(connection, alert, [each.id for each in recipients], at)
        rows = [{"alert_id": alert.id, "recipient": each.id, "due_at": due_at} for each in recipients]
        if rows:
            connection.execute(insert(tables.alert_item), rows)

    def _told_of(self, alert: Row[Any], *, wakes: bool) -> list[Recipient]:
        """Those of its class; a step of the escalation ladder may name one. Nobody is told that nobody can tell him."""
        own = alert.subject.removeprefix("recipient/") if alert.kind == UNSENT else None
        wanted = "wake" if wakes else "office-hours"
        if alert.kind == ESCALATION and (named := self._recipients.get(alert.subject.rpartition("/")[2])) is not None:
            return [named]
        return [each for each in self._recipients.values() if wanted in each.classes and each.id != own]

    def _ready(self, connection: Connection, at: int) -> Sequence[str]:
        """Those with something due, to whom nothing is on its way and nothing has just been written."""
        earliest = at - round(self._settings.at_most_every.total_seconds() * 1_000_000)
        busy = _message.recipient == _item.recipient
        pending = exists().where(busy, _message.status == "waiting")
        recent = exists().where(busy, _message.created_at > earliest, _message.created_at <= at)
        query = select(_item.recipient).distinct().where(*_OPEN, _item.due_at <= at, ~pending, ~recent)
        return connection.execute(query.order_by(_item.recipient)).scalars().all()

    def _write(self, connection: Connection, recipient: str, at: int) -> None:
        due = (*_OPEN, _item.recipient == recipient, _item.due_at <= at)
        if recipient not in self._recipients:
            connection.execute(update(tables.alert_item).where(*due).values(dropped_at=at))
            return
        alerts = connection.execute(
            select(tables.alert).join(tables.alert_item, _item.alert_id == _alert.id).where(*due).order_by(_alert.id)
        ).all()
        written: int = connection.execute(
            insert(tables.alert_message)
            .values(
                uid=str(uuid4()),
                recipient=recipient,
                content=self._house.content(alerts),
                status="waiting",
                created_at=at,
                next_attempt_at=at,
            )
            .returning(_message.id)
        ).scalar_one()
        connection.execute(update(tables.alert_item).where(*due).values(alert_message_id=written))


def _new(connection: Connection, most: int) -> Sequence[Row[Any]]:
    query = select(tables.alert).where(_alert.planned_at.is_(None)).order_by(_alert.id).limit(most)
    return connection.execute(query).all()


def _drop_unheard(connection: Connection, cleared: Row[Any], at: int) -> set[str]:
    """Those who have heard, or are about to hear, that the alarm was raised; for whom it was held it is over."""
    query = select(_alert.id, _alert.at).where(_alert.alarm_id == cleared.alarm_id, ~_alert.cleared)
    heard: set[str] = set()
    for raised in connection.execute(query).all():
        held = (_item.alert_id == raised.id, *_OPEN, _item.due_at > raised.at)
        connection.execute(update(tables.alert_item).where(*held).values(dropped_at=at))
        told = select(_item.recipient).where(_item.alert_id == raised.id, _item.dropped_at.is_(None))
        heard |= set(connection.execute(told).scalars())
    return heard


def _replace(connection: Connection, raised: Row[Any], recipients: Sequence[str], at: int) -> None:
    """An alarm that is told of again, because it has become a matter of law: what is open of the first time is not."""
    earlier = select(_alert.id).where(_alert.alarm_id == raised.alarm_id, ~_alert.cleared, _alert.id < raised.id)
    open_ = (_item.alert_id.in_(earlier), *_OPEN, _item.recipient.in_(recipients))
    connection.execute(update(tables.alert_item).where(*open_).values(dropped_at=at))


def untried_since(connection: Connection) -> int | None:
    """Since when (UTC microseconds) something has been due that no process has taken up; None where nothing is."""
    looked_at = select(func.min(_alert.at)).where(_alert.planned_at.is_(None))
    tried = select(func.min(_message.next_attempt_at)).where(_message.status == "waiting")
    found = [connection.execute(query).scalar_one() for query in (looked_at, tried)]
    return min((each for each in found if each is not None), default=None)
