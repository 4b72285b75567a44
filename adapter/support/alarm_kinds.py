"""The kinds of alarm that there are: what each is called, and whether it wakes somebody.

An alarm that is about a statutory duty is told of at once whatever its kind's class.
"""

from typing import Literal, NamedTuple

Class = Literal["wake", "office-hours"]
"""wake: told of at any hour; office-hours: held over quiet hours, and told of at their end if it still stands"""


class Kind(NamedTuple):
    """`title` stands in the subject of an alert."""

    title: str
    default: Class


KINDS: dict[str, Kind] = {
    "alert-unsent": Kind("alerts do not reach a recipient", "office-hours"),
    "backup-old": Kind("the newest copy of the database is old", "office-hours"),
    "certificate-ending": Kind("a certificate ends soon", "office-hours"),
    "clock-offset": Kind("a clock is off", "wake"),
    "configuration-refused": Kind("a new configuration was not taken", "office-hours"),
    "consent-held": Kind("a message is held for want of consent", "office-hours"),
    "dead-letter": Kind("a message could not be delivered", "office-hours"),
    "deadline-at-risk": Kind("a time limit is near", "office-hours"),
    "deadline-late": Kind("a time limit has passed", "office-hours"),
    "deliveries-late": Kind("messages wait for too long", "wake"),
    "disk-low": Kind("a disk is nearly full", "wake"),
    "endpoint-open": Kind("an endpoint does not answer", "office-hours"),
    "endpoint-tripped": Kind("an endpoint does not let us in", "wake"),
    "escalation": Kind("a step of the escalation ladder is due", "office-hours"),
    "inbox-file-failing": Kind("a file with messages cannot be taken in", "office-hours"),
    "inbox-unusable": Kind("a folder with messages cannot be used", "wake"),
    "mailbox-silent": Kind("nobody empties a mailbox", "office-hours"),
    "plan-source-no-ground": Kind("plans are not fetched", "office-hours"),
    "plan-source-refuses": Kind("a source of plans does not let us in", "office-hours"),
    "plan-source-silent": Kind("a source of plans does not answer", "office-hours"),
    "plan-waiting": Kind("a plan that was fetched is not taken in", "office-hours"),
    "restored": Kind("the database was put back from a copy", "wake"),
    "sender-untold": Kind("a sender gets no report", "wake"),
    "silent-source": Kind("a feed has fallen silent", "wake"),
    "statutory-notice-refused": Kind("a statutory notice was refused", "wake"),
    "stream-blocked": Kind("messages wait behind one that was not delivered", "office-hours"),
    "worker-lost": Kind("a worker has gone without a word", "office-hours"),
    "worker-silent": Kind("no worker is at work", "wake"),
}
"""Each has a page in docs/runbooks."""

SHOWN: dict[str, str] = {
    "endpoint-paused": "an endpoint is paused by a person",
    "feed-gap": "a feed did not say what a notice takes",
    "feed-refused": "what a feed sent was refused",
    "held": "a message is held by a person",
    "held-protected": "a message about a person with protected identity is held",
    "plan-gap": "a plan that was fetched could not be carried",
    "replay-paused": "a replay stands still half way",
}
"""What the status alone says: it is no alarm, and nobody is told of it. Each has a page in docs/runbooks."""

ALWAYS_STATUTORY = frozenset({"statutory-notice-refused"})
"""Kinds that are never held over quiet hours: settings that say otherwise are refused."""


def default_class(kind: str) -> Class:
    """The class of a kind of alarm where the settings give no other; one that is not known wakes."""
    known = KINDS.get(kind)
    return known.default if known is not None else "wake"
