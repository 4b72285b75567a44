"""Sends the messages about alerts, with retry, from any number of processes: each at least once, with one id.

A try takes the message for some minutes before it begins: who is killed meanwhile leaves it to whoever comes after.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from adapter.exchange.alerts import webhook
from adapter.exchange.alerts.mail import Mailer
from adapter.exchange.alerts.planning import UNSENT, Planning
from adapter.exchange.alerts.wording import House
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.database import Database
from adapter.support.alerting import Alerts, Recipient
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import AdapterError

log = logging.getLogger("adapter.alerts")

_TAKEN_FOR = timedelta(minutes=3)
_WAITS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900))
_TRIES_BEFORE_ALARM = 3
_message = tables.alert_message.c


class Alerting:
    """Plans and sends. `step` is called again and again by a thread of each process."""

    def __init__(self, database: Database, settings: Alerts, house: House, clock: Clock) -> None:
        self._database = database
        self._recipients = {each.id: each for each in settings.recipients}
        self._planning = Planning(database, settings, house)
        self._mailer = Mailer(settings.smtp)
        self._clock = clock

    def step(self) -> bool:
        """Plan what is new and try one message; False where none was due."""
        at = to_micros(self._clock.now())
        self._planning.plan(at)
        taken = self._take(at)
        if taken is None:
            return False
        self._try(taken)
        return True

    def send(self, recipient: Recipient, uid: str, content: dict[str, Any], at: datetime) -> str:
        """Hand one message over; returns what that proves. Raises AdapterError."""
        if recipient.email is not None:
            return self._mailer.send(recipient.email, uid, content, at)
        return webhook.send(recipient, uid, content, at, self._clock)

    def _take(self, at: int) -> Row[Any] | None:
        due = (_message.status == "waiting", _message.next_attempt_at <= at)
        query = select(_message.id).where(*due).order_by(_message.next_attempt_at, _message.id).limit(1)
        with self._database.read() as connection:
            if connection.execute(query).first() is None:
                return None
        with self._database.write() as connection:
            found = connection.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()
            if found is None:
                return None
            until = at + _TAKEN_FOR // timedelta(microseconds=1)
            return connection.execute(
                update(tables.alert_message)
                .where(_message.id == found)
                .values(next_attempt_at=until, attempts=_message.attempts + 1)
                .returning(*tables.alert_message.c)
            ).one()

    def _try(self, taken: Row[Any]) -> None:
        recipient = self._recipients.get(taken.recipient)
        if recipient is None:
            reason = "the settings name no such recipient any more"
            self._record(taken, {"status": "abandoned", "error": reason})
            return
        try:
            self.send(recipient, taken.uid, taken.content, from_micros(taken.created_at))
        except AdapterError as error:
            log.warning("an alert was not sent", extra={"outcome": type(error).__name__})
            self._failed(taken, str(error))
        else:
            self._record(taken, {"status": "sent", "sent_at": to_micros(self._clock.now()), "error": None})

    def _failed(self, taken: Row[Any], why: str) -> None:
        wait = _WAITS[min(taken.attempts, len(_WAITS)) - 1] // timedelta(microseconds=1)
        self._record(taken, {"next_attempt_at": to_micros(self._clock.now()) + wait, "error": why})

    def _record(self, taken: Row[Any], values: dict[str, Any]) -> None:
        """How the try ended, unless another process has tried since."""
        at, subject = to_micros(self._clock.now()), f"recipient/{taken.recipient}"
        own = (_message.id == taken.id, _message.status == "waiting", _message.attempts == taken.attempts)
        with self._database.write() as connection:
            if connection.execute(update(tables.alert_message).where(*own).values(values)).rowcount == 0:
                return
            if "status" in values:
                clear_alarm(connection, kind=UNSENT, subject=subject, at=at)
            elif taken.attempts >= _TRIES_BEFORE_ALARM:
                reason = f"alerts do not reach {taken.recipient}: {values['error']}"
                command = "adapter alerts test"
                raise_alarm(connection, kind=UNSENT, subject=subject, reason=reason, command=command, at=at)
