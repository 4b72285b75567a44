"""What an alert says: what is wrong, since when, what to do next, and where to read on.

Nothing of a person: it is made of what alarms say, which hold none; they name no receiver of a protected person.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from adapter.support.alarm_kinds import KINDS
from adapter.support.clock import STOCKHOLM, from_micros

_MOST = 20
_LONGEST = 1000
_NUMBERED = re.compile(r"(delivery|message)[/ ]([0-9]+)(?:/.*)?")
_PAGES = {"delivery": "deliveries", "message": "messages"}


@dataclass(frozen=True)
class House:
    """What every alert says of the installation that sends it: its environment and address."""

    environment: str
    address: str

    def content(self, alerts: Sequence[Row[Any]]) -> dict[str, Any]:
        """The content of one message about these alerts, as it is stored, sent, and sent again."""
        # what is most urgent must not be what is left out
        ranked = sorted(alerts, key=lambda each: (each.cleared, not each.statutory))
        more = Counter(each.kind for each in ranked[_MOST:])
        shown = sorted(ranked[:_MOST], key=lambda each: each.id)
        return {
            "environment": self.environment,
            "console": f"{self.address}/console",
            "alerts": [self._one(each) for each in shown],
            "more": dict(sorted(more.items())),
        }

    def _one(self, alert: Row[Any]) -> dict[str, Any]:
        return {
            "kind": alert.kind,
            "title": KINDS[alert.kind].title if alert.kind in KINDS else alert.kind,
            "state": "cleared" if alert.cleared else "raised",
            "statutory": alert.statutory,
            "subject": alert.subject,
            "what": alert.reason[:_LONGEST],
            "since": _instant(alert.since),
            "at": _instant(alert.at),
            "next": alert.command,
            "link": f"{self.address}/console{_page(alert.subject)}",
            "runbook": f"{self.address}/console/runbooks/{alert.kind}",
        }


def subject(content: dict[str, Any]) -> str:
    """One line."""
    alerts, more = content["alerts"], sum(content["more"].values())
    first = next((each for each in alerts if each["state"] == "raised"), alerts[0])
    others = len(alerts) + more - 1
    state = "" if first["state"] == "raised" else "over: "
    law = " (a statutory deadline)" if first["statutory"] else ""
    rest = f", and {others} more" if others else ""
    return f"[adapter {content['environment']}] {state}{first['title']}{law}{rest}"


def text(content: dict[str, Any]) -> str:
    """The whole, in plain text."""
    parts = [_paragraph(each) for each in content["alerts"]]
    if content["more"]:
        named = ", ".join(f"{number} of {kind}" for kind, number in content["more"].items())
        parts.append(f"And more: {named}.\nnext: adapter status")
    return "\n\n".join([*parts, f"All that needs a person: adapter status, or {content['console']}\n"])


def _paragraph(alert: dict[str, Any]) -> str:
    over = alert["state"] == "cleared"
    head = f"{'OVER' if over else 'NOW'}: {alert['title']} ({alert['subject']})"
    lines = [head, f"what: {alert['what']}", f"since: {alert['since']}"]
    if over:
        return "\n".join([*lines, f"over: {alert['at']}"])
    lines += [f"next: {alert['next']}", f"look: {alert['link']}", f"runbook: {alert['runbook']}"]
    return "\n".join([*lines, "A statutory deadline is at stake."] if alert["statutory"] else lines)


def _page(subject: str) -> str:
    found = _NUMBERED.fullmatch(subject)
    return f"/{_PAGES[found[1]]}/{found[2]}" if found else ""


def _instant(at: int) -> str:
    return from_micros(at).astimezone(STOCKHOLM).isoformat(timespec="seconds")
