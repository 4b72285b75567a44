"""Messages that the adapter writes for others, handed in at its own door: what their writers stand on, and the words
for what was not taken in."""

from dataclasses import dataclass
from typing import Any

from adapter.directory import Directory
from adapter.exchange.receive import Exchange
from adapter.exchange.submission import Reply
from adapter.security.pseudonyms import Pseudonyms
from adapter.store.content import Cipher
from adapter.store.database import Database
from adapter.support.clock import Clock


@dataclass(frozen=True)
class Parts:
    """What a writer stands on. `address` is the adapter's own base URL."""

    database: Database
    cipher: Cipher
    directory: Directory
    exchange: Exchange
    pseudonyms: Pseudonyms
    clock: Clock
    config_version: str
    address: str


def why_refused(reply: Reply) -> str:
    """By which rules the door refused what we wrote, and where to look."""
    rules = ", ".join(sorted({_rule(issue) for issue in reply.resource["issue"]}))
    return f"a message was written and refused at our own door ({rules}): adapter messages list"


def _rule(issue: dict[str, Any]) -> str:
    coding = issue.get("details", {}).get("coding", [{}])
    return str(coding[0].get("code", issue.get("code", "unknown")))
