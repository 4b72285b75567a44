"""The statutory minimum: an admission notice says name, personnummer, address and estimated discharge (LAW 2:2).

Nothing else is statutory, so nothing else may stand in it but a technical envelope: who sends, to whom, about which
stay and Task, and the instants that the sender's clock needs. What goes beyond is refused, never taken out in silence:
its sender must know that it was not disclosed.
"""

from collections.abc import Iterator
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import ESTIMATED_DISCHARGE, NEED_ASSESSED
from adapter.fhir.outcomes import Issue, Rule
from adapter.fhir.shapes import objects

EVENTS = frozenset({"admission-notice", "admission-notice-update"})
"""The notices that hold the minimum: LAW 2:1 and, for a changed estimate, 2:4."""

_EVERY = frozenset({"resourceType", "id", "meta", "implicitRules", "language"})
_ALLOWED = {
    "MessageHeader": {"eventCoding", "destination", "sender", "source", "focus", "author", "responsible"},
    "Provenance": {"target", "occurredDateTime", "recorded", "activity", "agent", "entity"},
    "Organization": {"identifier", "active", "name", "alias", "partOf", "telecom", "address"},
    "Practitioner": {"identifier", "active", "name", "telecom"},
    "PractitionerRole": {"identifier", "active", "practitioner", "organization", "telecom"},
    "Patient": {"identifier", "name", "address"},
    "Encounter": {"identifier", "status", "class", "subject", "period", "serviceProvider", "extension"},
    "Task": {
        *("identifier", "groupIdentifier", "status", "intent", "code", "focus", "for", "encounter"),
        *("requester", "owner", "authoredOn", "lastModified", "basedOn", "partOf"),
    },
}
_STAY_EXTENSIONS = frozenset({ESTIMATED_DISCHARGE, NEED_ASSESSED})

MINIMUM = Rule(
    "discharge-minimum-content",
    "business-rule",
    "The admission notice holds more than the law lets it disclose.",
    "Leave it out; what the planning needs beyond the minimum goes in planning-information.",
)
RULES = (MINIMUM,)
"""The rules of this module, for the catalogue."""


def check(message: MessageBundle) -> list[Issue]:
    """What an admission notice holds beyond the minimum and its envelope; nothing for other events."""
    if message.event not in EVENTS:
        return []
    words = "goes beyond what an admission notice may disclose (LAW 2:2): expected it to be left out"
    return [MINIMUM.issue(words, place) for place in _beyond(message)]


def _beyond(message: MessageBundle) -> Iterator[str]:
    for index, resource in enumerate(message.resources):
        place = f"Bundle.entry[{index}].resource"
        kind = str(resource.get("resourceType"))
        allowed = _ALLOWED.get(kind)
        if allowed is None:
            yield place
            continue
        yield from (f"{place}.{name}" for name in _names(resource) if name not in allowed | _EVERY)
        if kind == "Encounter":
            for number, extension in enumerate(objects(resource.get("extension"))):
                if extension.get("url") not in _STAY_EXTENSIONS:
                    yield f"{place}.extension[{number}]"


def _names(resource: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(name.removeprefix("_") for name in resource))
