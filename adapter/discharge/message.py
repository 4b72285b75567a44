"""What a message says to the domain: its case, its chain, its instants and its tasks, as data for a fact row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from adapter.discharge import statements
from adapter.fhir import identifiers, instants
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import (
    CASE_EXTENSION,
    ESTIMATED_DISCHARGE,
    FOLLOW_UP,
    NEED_ASSESSED,
    READY_ASSESSED,
    STAY,
    URI,
)
from adapter.fhir.outcomes import Issue, Rule
from adapter.fhir.shapes import obj, objects, text

_URN = "urn:uuid:"
_LONGEST_CASE = 255
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?")

_CLOCKS = {
    "admission-notice": {"admission", "need_assessed"},
    "ready-for-discharge": {"ready_assessed"},
    "sip-invitation": {"sip_meeting"},
    "discharge-notice": {"discharge"},
}
"""The instants that an event is there to state: without them its legal clock cannot be read."""

_MAY_BE_DATES = frozenset({"estimated_discharge", "follow_up"})
_ASSESSED = {"admission-notice": "need_assessed", "ready-for-discharge": "ready_assessed"}

CASE_AGREES = Rule(
    "discharge-case-agrees",
    "business-rule",
    "The message belongs to more than one case.",
    "Give all Tasks the same groupIdentifier, and all Encounters the same stay identifier; one message, one case.",
)
CASE_IDENTIFIER = Rule(
    "discharge-case-identifier",
    "business-rule",
    "The identifier of the case cannot be used.",
    "Give Task.groupIdentifier both system and value, together at most 254 characters.",
)
ONE_PREVIOUS = Rule(
    "discharge-one-previous",
    "business-rule",
    "The message's own Provenance names several messages in one role.",
    "Name one previous, one answered and one corrected message at most; where recipients have different earlier "
    "messages, send each its own message.",
)
MESSAGE_NAME = Rule(
    "discharge-message-name",
    "value",
    "The message's own Provenance names another message in a form that is not a message id.",
    "Write entity.what.identifier with system urn:ietf:rfc:3986 and value urn:uuid: followed by MessageHeader.id.",
)
INSTANT = Rule(
    "discharge-instant-offset",
    "value",
    "An instant that starts a legal clock has no offset from UTC, or no time.",
    "Write date, time to the second and offset, such as 2026-03-09T10:12:00+01:00.",
)
INSTANT_UNUSED = Rule(
    "discharge-instant-not-used",
    "value",
    "An instant has no offset from UTC, or no time; it is not kept among the facts of the case.",
    INSTANT.mend,
    severity="warning",
)
RULES = (CASE_AGREES, CASE_IDENTIFIER, ONE_PREVIOUS, MESSAGE_NAME, INSTANT, INSTANT_UNUSED)
"""The rules of this module, for the catalogue."""


class Stated(NamedTuple):
    """A point in time (aware, UTC) and the text in which the sender wrote it."""

    at: datetime
    text: str


@dataclass(frozen=True)
class Reading:
    """A message in the domain's terms. `case_id` is `system|value`; None where only the message that this one answers
    can tell. `sent` is Bundle.timestamp; `assessed` when the need (admission notice) or readiness was assessed.
    `instants` maps admission, need_assessed, estimated_discharge, ready_assessed, sip_meeting, follow_up and discharge
    to texts with offset (an estimate and a follow-up may be a mere date). `statements` are the coded words that
    `discharge.statements` reads. `tasks` are {identifier, status} and, where given, reason."""

    event: str | None
    header_id: str | None
    bundle_id: str | None
    case_id: str | None
    patient_identifiers: tuple[tuple[str, str], ...]
    previous_header_id: str | None
    answers_header_id: str | None
    revises: str | None
    sent: Stated | None
    assessed: Stated | None
    instants: dict[str, str]
    statements: dict[str, str]
    tasks: tuple[dict[str, str], ...]
    issues: tuple[Issue, ...]


def read(message: MessageBundle) -> Reading:
    """Read a message of any shape. What it contradicts, or states so that one would have to guess, is in `issues`."""
    issues: list[Issue] = []
    times = _instants(message, issues)
    named = _named_messages(message, issues)
    return Reading(
        event=message.event,
        header_id=message.header_id,
        bundle_id=message.bundle_id,
        case_id=_case(message, issues),
        patient_identifiers=_patient(message),
        previous_header_id=named.get("derivation"),
        answers_header_id=named.get("source"),
        revises=named.get("revision"),
        sent=_stated(message.timestamp),
        assessed=_stated(times.get(_ASSESSED.get(message.event or "", ""))),
        instants=times,
        statements=statements.read(message),
        tasks=tuple(_tasks(message)),
        issues=tuple(issues),
    )


def _stated(written: str | None) -> Stated | None:
    at = instants.parse(written)
    return None if at is None or written is None else Stated(at, written)


def _patient(message: MessageBundle) -> tuple[tuple[str, str], ...]:
    found = (pair for patient in message.of_type("Patient") for pair in identifiers.of_patient(patient))
    return tuple(dict.fromkeys(found))


def _case(message: MessageBundle, issues: list[Issue]) -> str | None:
    """Task.groupIdentifier, else the header's case, else the identifier of the stay: the case is the key, and neither
    Task nor stay is always there."""
    groups = [(f"{place}.groupIdentifier", task.get("groupIdentifier")) for place, task in message.placed("Task")]
    cases = [(place, obj(group)) for place, group in groups if group is not None] or [
        (f"{place}.extension[{index}].value", obj(extension.get("valueIdentifier")))
        for place, header in message.placed("MessageHeader")
        for index, extension in enumerate(objects(header.get("extension")))
        if extension.get("url") == CASE_EXTENSION
    ]
    if not cases:
        cases = [
            (f"{place}.identifier", identifier)
            for place, encounter in message.placed("Encounter")
            for identifier in objects(encounter.get("identifier"))
            if identifier.get("system") == STAY
        ]
    found: dict[str, str] = {}
    for place, identifier in cases:
        system, value = text(identifier.get("system")), text(identifier.get("value"))
        case_id = f"{system}|{value}"
        if system is None or value is None:
            issues.append(CASE_IDENTIFIER.issue("the case identifier has no system or no value: expected both", place))
        elif len(case_id) > _LONGEST_CASE:
            issues.append(CASE_IDENTIFIER.issue("the case identifier is longer than 254 characters", place))
        else:
            found.setdefault(case_id, place)
    if len(found) > 1:
        words = f"the message names {len(found)} different cases: expected one"
        issues.append(CASE_AGREES.issue(words, *found.values()))
        return None
    return next(iter(found), None)


def _named_messages(message: MessageBundle, issues: list[Issue]) -> dict[str, str]:
    """Role → MessageHeader.id that the message's own Provenance names in it."""
    found: dict[str, str] = {}
    for place, provenance in message.own_provenances:
        for index, entity in enumerate(objects(provenance.get("entity"))):
            role, identifier = entity.get("role"), obj(obj(entity.get("what")).get("identifier"))
            if role not in ("derivation", "source", "revision") or identifier.get("system") != URI:
                continue
            value, path = text(identifier.get("value")) or "", f"{place}.entity[{index}].what.identifier"
            name = value.removeprefix(_URN)
            if name == value or not identifiers.is_id(name):
                issues.append(MESSAGE_NAME.issue("the value does not have the form urn:uuid:<MessageHeader.id>", path))
            elif found.setdefault(role, name) != name:
                issues.append(ONE_PREVIOUS.issue(f"a second message is named in the role {role}: expected one", path))
    return found


def _instants(message: MessageBundle, issues: list[Issue]) -> dict[str, str]:
    clocks = _CLOCKS.get(message.event or "", set())
    found: dict[str, str] = {}
    for name, place, written in _written_instants(message):
        usable = instants.parse(written) is not None
        date = name in _MAY_BE_DATES and isinstance(written, str) and _DATE.fullmatch(written) is not None
        if usable or date:
            found.setdefault(name, str(written))
        else:
            rule = INSTANT if name in clocks else INSTANT_UNUSED
            issues.append(rule.issue("expected date, time and offset from UTC; none is assumed", place))
    return found


def _written_instants(message: MessageBundle) -> Iterator[tuple[str, str, object]]:
    """(name, location, value) of every instant that the message states, in the order of its entries."""
    for place, stay in message.placed("Encounter"):
        period = obj(stay.get("period"))
        if "start" in period:
            yield "admission", f"{place}.period.start", period["start"]
        if "end" in period and stay.get("status") == "finished":
            yield "discharge", f"{place}.period.end", period["end"]
        for index, extension in enumerate(objects(stay.get("extension"))):
            yield from _extension_instants(extension, f"{place}.extension[{index}]")
    for place, meeting in message.placed("Appointment"):
        if "start" in meeting and meeting.get("status") not in ("cancelled", "entered-in-error"):
            yield "sip_meeting", f"{place}.start", meeting["start"]
    for place, plan in message.placed("CarePlan"):
        for index, extension in enumerate(objects(plan.get("extension"))):
            if extension.get("url") == FOLLOW_UP and "valueDateTime" in extension:
                yield "follow_up", f"{place}.extension[{index}].value", extension["valueDateTime"]


def _extension_instants(extension: dict[str, Any], place: str) -> Iterator[tuple[str, str, object]]:
    names = {ESTIMATED_DISCHARGE: "estimated_discharge", NEED_ASSESSED: "need_assessed"}
    parts = [(place, extension, names.get(str(extension.get("url"))))]
    if extension.get("url") == READY_ASSESSED:
        parts = [
            (f"{place}.extension[{index}]", part, "ready_assessed" if part.get("url") == "time" else None)
            for index, part in enumerate(objects(extension.get("extension")))
        ]
    for path, part, name in parts:
        for member in ("valueDateTime", "valueInstant"):
            if name is not None and member in part:
                yield name, f"{path}.value", part[member]


def _tasks(message: MessageBundle) -> Iterator[dict[str, str]]:
    """The status of each Task that can be told apart from others; `system|value` of its first whole identifier."""
    for task in message.of_type("Task"):
        pairs = ((text(each.get("system")), text(each.get("value"))) for each in objects(task.get("identifier")))
        identifier = next((f"{system}|{value}" for system, value in pairs if system and value), None)
        status = text(task.get("status"))
        if identifier is None or status is None:
            continue
        reason = _words(obj(task.get("statusReason")))
        yield {"identifier": identifier, "status": status} | ({"reason": reason} if reason else {})


def _words(concept: dict[str, Any]) -> str | None:
    """The text of a CodeableConcept, else the first coding's display or code."""
    coding = next(iter(objects(concept.get("coding"))), {})
    return text(concept.get("text")) or text(coding.get("display")) or text(coding.get("code"))
