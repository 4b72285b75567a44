"""The statutory minimum: an admission notice says name, personnummer, address and estimated discharge (LAW 2:2).

Nothing else is statutory, so nothing else may stand in it but a technical envelope: who sends, to whom, about which
stay and Task, and the instants that the sender's clock needs. What goes beyond is refused, never taken out in silence:
its sender must know that it was not disclosed. The profile message-admission-notice says the same to every validator;
a region with a legal basis for more sends by the extended one.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import ADDRESS_KIND, ESTIMATED_DISCHARGE, MIDDLE_NAME, NEED_ASSESSED, OWN_FAMILY_NAME
from adapter.fhir.outcomes import Issue, Rule
from adapter.fhir.shapes import text

EVENTS = frozenset({"admission-notice", "admission-notice-update"})
"""The notices that hold the minimum: LAW 2:1 and, for a changed estimate, 2:4."""

EVERY = frozenset({"resourceType", "id", "meta", "implicitRules", "language"})
"""What every resource may hold."""
ALLOWED = {
    "MessageHeader": {
        *("eventCoding", "destination", "sender", "source", "focus", "author", "responsible", "definition"),
    },
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
"""What a resource of each type may hold beside these; a type that is not here may not stand in it."""
_KNOWN = {kind: allowed | EVERY for kind, allowed in ALLOWED.items()}
EXTENSIONS = frozenset({ESTIMATED_DISCHARGE, NEED_ASSESSED, ADDRESS_KIND, MIDDLE_NAME, OWN_FAMILY_NAME})
"""The extensions that may stand in it, at any depth."""

_MOST = 1000
"""How many places beyond the minimum are looked for."""

MINIMUM = Rule(
    "discharge-minimum-content",
    "business-rule",
    "The admission notice holds more than the law lets it disclose.",
    "Leave it out; what the planning needs beyond the minimum goes in planning-information.",
)
EXTENDED = Rule(
    "discharge-extended-basis",
    "business-rule",
    "The admission notice claims the extended profile, and this installation names no legal basis for it.",
    "Send the statutory minimum, or name the basis in the settings: notices.extended_basis.",
)
EXTENDED_CONSENT = Rule(
    "discharge-extended-consent",
    "business-rule",
    "The admission notice claims the extended profile, the agreement asks for the person's consent first, and none is "
    "stated.",
    "Send the statutory minimum, which needs no consent, or the Consent to sharing with the notice or before it.",
)
RULES = (MINIMUM, EXTENDED, EXTENDED_CONSENT)
"""The rules of this module, for the catalogue."""


def check(message: MessageBundle, *, extended: bool = False) -> list[Issue]:
    """What an admission notice holds beyond the minimum and its envelope; nothing for other events. One that claims
    the extended profile may hold more where that is allowed here (`extended`), and is refused where it is not."""
    if message.is_extended:
        words = "there is no legal basis here for more than LAW 2:2 names: expected the statutory minimum"
        return [] if extended else [EXTENDED.issue(words, "Bundle.meta.profile")]
    if message.event not in EVENTS:
        return []
    words = "goes beyond what an admission notice may disclose (LAW 2:2): expected it to be left out"
    return [MINIMUM.issue(words, place) for place in islice(_beyond(message), _MOST)]


def consent_missing(clause: str) -> Issue:
    """That an agreement, by this clause, lets the extended notice go with a stated consent only."""
    words = f"no consent to sharing is stated in the case, and {clause} asks for one: expected the statutory minimum"
    return EXTENDED_CONSENT.issue(words, "Bundle.meta.profile")


def _beyond(message: MessageBundle) -> Iterator[str]:
    has_others = _has_others(message)
    for index, resource in enumerate(message.resources):
        place = f"Bundle.entry[{index}].resource"
        known = _KNOWN.get(str(resource.get("resourceType")))
        if known is None:
            yield place
            continue
        left = [] if resource.keys() <= known else [name for name in _names(resource) if name not in known]
        yield from (f"{place}.{name}" for name in left)
        if has_others:
            yield from _places({name: value for name, value in resource.items() if name not in left}, place)


def _has_others(message: MessageBundle) -> bool:
    """Whether there are extensions that may not stand there: most often there are none, and to name their places takes
    longer than to look."""
    return any("extension" in each and _holds_other(each["extension"]) for each in message.all_objects)


def _holds_other(extensions: object) -> bool:
    written = extensions if isinstance(extensions, list) else [extensions]
    return any(isinstance(each, dict) and _is_other(each) for each in written)


def _is_other(extension: dict[str, Any]) -> bool:
    return text(extension.get("url")) not in EXTENSIONS


def _places(resource: dict[str, Any], place: str) -> Iterator[str]:
    """The places of the extensions, at any depth, that may not stand there."""
    waiting: list[tuple[str, Any]] = [(place, resource)]
    while waiting:
        path, value = waiting.pop()
        for name, member in value.items():
            if member.__class__ not in (dict, list):
                continue
            step = f"{path}.{name.removeprefix('_')}"
            for number, item in enumerate(member) if isinstance(member, list) else ((None, member),):
                if not isinstance(item, dict):
                    continue
                inner = step if number is None else f"{step}[{number}]"
                if name == "extension" and _is_other(item):
                    yield inner
                else:
                    waiting.append((inner, item))


def _names(resource: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(name.removeprefix("_") for name in resource))
