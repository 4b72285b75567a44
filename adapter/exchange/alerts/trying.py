"""Trying the ways to recipients, by a person's hand, and what was sent to them."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from adapter.exchange.alerts.sending import Alerting
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock, from_micros, to_micros
from adapter.support.errors import AdapterError, NotFoundError
from adapter.support.settings import Settings

TEST = "test"
"""Kind of what is sent to try a way: no alarm stands behind it."""


@dataclass(frozen=True)
class Tried:
    """`words`: what it proves that the message was taken, or why it was not."""

    recipient: str
    way: str
    ok: bool
    words: str


@dataclass(frozen=True)
class Trying:
    database: Database
    alerting: Alerting
    settings: Settings
    clock: Clock

    def all(self, principal: Principal, only: str | None = None) -> list[Tried]:
        """Send a test alert to every recipient, or to `only` this one, without the outbox: the answer is the
        server's own. Needs RESEND. Raises NotFoundError for a recipient that the settings do not name."""
        principal.require(Right.RESEND)
        known = self.settings.alerts.recipients
        chosen = [each for each in known if only in (None, each.id)]
        if only is not None and not chosen:
            raise NotFoundError(f"alerts.recipients has no '{only}'")
        with self.database.write() as connection:
            for each in chosen:
                audit.record(connection, principal, "alert-test", f"recipient/{each.id}", to_micros(self.clock.now()))
        found = []
        for each in chosen:
            way, at = "e-mail" if each.email else "webhook", self.clock.now().replace(microsecond=0)
            try:
                words, ok = self.alerting.send(each, str(uuid4()), self._content(at.astimezone(STOCKHOLM)), at), True
            except AdapterError as error:
                words, ok = str(error), False
            found.append(Tried(each.id, way, ok, words))
        return found

    def _content(self, at: Any) -> dict[str, Any]:
        address, instant = self.settings.server.url, at.isoformat(timespec="seconds")
        one = {
            "kind": TEST,
            "title": "a test: nothing is wrong",
            "state": "raised",
            "statutory": False,
            "subject": TEST,
            "what": "somebody tries whether alerts reach you",
            "since": instant,
            "at": instant,
            "next": "nothing",
            "link": f"{address}/console",
            "runbook": "docs/how-to/be-told.md",
        }
        return {
            "environment": self.settings.environment,
            "console": f"{address}/console",
            "alerts": [one],
            "more": {},
        }


def recent(database: Database, principal: Principal, limit: int) -> list[dict[str, Any]]:
    """The newest messages about alarms: recipient, kinds, status, tries, instants (aware UTC). For operations only."""
    principal.require(Right.LIST)
    if not principal.sees_all:
        raise NotFoundError("there are no alerts to see")
    message = tables.alert_message.c
    with database.read() as connection:
        rows = connection.execute(select(tables.alert_message).order_by(message.id.desc()).limit(limit)).all()
    return [
        {
            "id": row.id,
            "recipient": row.recipient,
            "kinds": sorted({each["kind"] for each in row.content["alerts"]} | set(row.content["more"])),
            "status": row.status,
            "attempts": row.attempts,
            "created_at": from_micros(row.created_at),
            "sent_at": None if row.sent_at is None else from_micros(row.sent_at),
            "error": row.error,
        }
        for row in rows
    ]
