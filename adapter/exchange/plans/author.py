"""Writes the message that puts a fetched plan into a case.

As a `sip` where the plan is one by our profile; else as a `general-message` with the plan as a document, and, for
receivers of FHIR, the plan beside it as it was read. Every id follows from source, case, plan, version and form.
"""

import base64
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.authoring.chain import Link
from adapter.authoring.message import PATIENT, Author
from adapter.authoring.parties import Unit
from adapter.authoring.scene import code_of
from adapter.exchange.plans.asking import FetchedPlan
from adapter.exchange.plans.case import Case
from adapter.fhir import identifiers
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CASE_EXTENSION, CONFIDENTIALITY_MARK, HSA, SECURITY_LABEL, URI
from adapter.fhir.shapes import obj, objects, text, texts
from adapter.plans.riv import attachment, document
from adapter.plans.riv.contract import Attachment

Resource = dict[str, Any]
SIP, NOTE = "sip", "general-message"

_NAMESPACE = uuid.UUID("2f9b52c0-6d0c-5c39-8a3c-5d0f6f7a1be2")
_MINIMUM = ("identifier", "name")
_MESSAGE = "message"


@dataclass(frozen=True)
class Before:
    """The message that carried the plan's last version to at least the same receivers, from the same sender."""

    header_id: str
    event: str
    sent: str


@dataclass(frozen=True)
class Letter:
    """What is to be said: of whom, from which unit to which, when (an instant with offset) and after what. `seed` tells
    it from every other message. `records`: its receivers take records, so that only the document goes to them."""

    seed: str
    case: Case
    plan: FetchedPlan
    source: str
    sender: Unit
    receivers: Mapping[str, Unit]
    at: str
    records: bool
    before: Before | None = None


class _Ids:
    def __init__(self, seed: str) -> None:
        self._seed = seed

    def new(self, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._seed}\0{name}"))


class _Person:
    """The case's own Patient, less what a plan does not need, with the labels of both."""

    def __init__(self, case: Case, plan: FetchedPlan) -> None:
        self._kept = {name: case.patient[name] for name in _MINIMUM if name in case.patient}
        labels = [code for each in (case.patient, *_patients(plan)) for code in _labels(each)]
        self.labels = sorted(dict.fromkeys(labels))

    def resource(self, resource_id: str) -> Resource:
        security = [{"system": SECURITY_LABEL, "code": code} for code in self.labels]
        meta = {"meta": {"security": security}} if security else {}
        return {"resourceType": "Patient", "id": resource_id} | meta | self._kept


def header_id(seed: str) -> str:
    """MessageHeader.id of the message with that seed."""
    return _Ids(seed).new(_MESSAGE)


def write(letter: Letter, event: str) -> Resource:
    """The Bundle, as a `sip` or a `general-message`."""
    units = {"sender": letter.sender} | {f"receiver {code}": unit for code, unit in letter.receivers.items()}
    person = _Person(letter.case, letter.plan)
    author = Author(_Ids(letter.seed), person, units)
    if letter.before is not None:
        parties = frozenset(unit.hsa for unit in units.values())
        before = letter.before
        author.follow(Link(before.header_id, before.event, before.sent, letter.sender, parties))
    beside = [] if event == NOTE and letter.records else list(_carried(letter, author))
    content = beside if event == SIP else [_note(letter, author, person, beside), *beside]
    about = "CarePlan" if event == SIP else "Communication"
    return author.write(
        _MESSAGE,
        event,
        letter.at,
        "sender",
        [name for name in units if name != "sender"],
        content,
        focus=[each["id"] for each in content if each["resourceType"] == about],
        header=_case(letter.case),
    )


def _carried(letter: Letter, author: Author) -> Iterator[Resource]:
    """The plan's resources: those of units that stand in the message already, or that no HSA-id names, and the patient
    are referred to, not repeated."""
    named = _Names(letter, author)
    for resource in letter.plan.resources:
        if resource["id"] not in named.replaced:
            rewritten = named.in_place(resource)
            yield _identified(rewritten) if rewritten["resourceType"] == "CarePlan" else rewritten


class _Names:
    """What references to some of the plan's resources become. `replaced` are the ids that are no entries."""

    def __init__(self, letter: Letter, author: Author) -> None:
        own = {unit.hsa: name for name, unit in author.units.items()}
        self.replaced: dict[str, Resource] = {}
        for resource in letter.plan.resources:
            if resource["resourceType"] == "Patient":
                self.replaced[resource["id"]] = author.reference(PATIENT)
            elif resource["resourceType"] == "Organization":
                hsa = identifiers.of(resource, HSA)
                if hsa in own:
                    self.replaced[resource["id"]] = dict(author.reference(own[hsa]))
                elif hsa is None:
                    self.replaced[resource["id"]] = _logical(resource)
        for resource in letter.plan.resources:
            if resource["resourceType"] == "PractitionerRole" and not self._is_somewhere(resource):
                self.replaced[resource["id"]] = _who(resource)

    def _is_somewhere(self, role: Resource) -> bool:
        """Whether a role says at which unit, as our profile asks: not by a name alone."""
        unit = self.in_place(obj(role.get("organization")))
        return bool(unit.get("reference") or unit.get("identifier"))

    def in_place(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.in_place(each) for each in value]
        if not isinstance(value, dict):
            return value
        target = str(value.get("reference", "")).removeprefix("urn:uuid:")
        if target in self.replaced:
            rest = {name: each for name, each in value.items() if name != "reference"}
            return rest | self.replaced[target]
        return {name: self.in_place(each) for name, each in value.items()}


def _logical(organization: Resource) -> Resource:
    """A reference to what has no identifier of ours: by another of its identifiers and its name."""
    found: Resource = {"type": "Organization"}
    identifier = next((each for each in objects(organization.get("identifier")) if text(each.get("value"))), None)
    found |= {"identifier": identifier} if identifier else {}
    return found | {"display": text(organization.get("name")) or "enhet utan namn"}


def _who(role: Resource) -> Resource:
    """Whoever has a role at no unit that is known."""
    return obj(role.get("practitioner")) or {"display": "medarbetare utan enhet"}


def _identified(plan: Resource) -> Resource:
    """With an identifier that is the same for all versions, where it has none."""
    if objects(plan.get("identifier")):
        return plan
    own = {"system": URI, "value": f"urn:uuid:{plan['id']}"}
    rest = {name: value for name, value in plan.items() if name not in ("resourceType", "id", "meta")}
    head = {name: plan[name] for name in ("resourceType", "id", "meta") if name in plan}
    return head | {"identifier": [own]} | rest


def _note(letter: Letter, author: Author, person: _Person, beside: Sequence[Resource]) -> Resource:
    fetched = letter.plan
    title = text(fetched.plan.get("title")) or "Plan utan titel"
    words = f"Plan från {letter.source}: {title}. Hämtad av adaptern; ansvarig enhet: {letter.sender.name}."
    attached = fetched.attachments or _document(letter, person)
    if not attached:
        words += " Planen är för stor för att bifogas: vänd dig till den ansvariga enheten."
    about = [{"reference": f"urn:uuid:{each['id']}"} for each in beside if each["resourceType"] == "CarePlan"]
    return {
        "resourceType": "Communication",
        "id": author.resource_id("note"),
        "status": "completed",
        "category": [code_of("communication-kind", "general-message")],
        "subject": author.reference(PATIENT),
        "topic": {"text": title},
        **({"about": about} if about else {}),
        "sent": letter.at,
        "sender": author.reference("sender"),
        "payload": [{"contentString": words}, *({"contentAttachment": _attached(each, title)} for each in attached)],
    }


def _attached(found: Attachment, title: str) -> Resource:
    data = None if found.value is None else base64.b64encode(found.value).decode()
    members = {"contentType": found.media_type, "data": data, "url": found.reference, "title": title}
    return {name: value for name, value in members.items() if value is not None}


def _document(letter: Letter, person: _Person) -> tuple[Attachment, ...]:
    """A plan without a document of its own, for people to read, with its care notes."""
    read = MessageBundle({"resourceType": "Bundle", "entry": letter.plan.reading.entries})
    number = next((value for _, value in letter.case.identifiers), "")
    confidential = CONFIDENTIALITY_MARK in person.labels
    shown = document.write(read, letter.plan.plan, number, confidential=confidential)
    made = attachment.attach(shown, "pdf")
    return () if made is None else (made,)


def _case(case: Case) -> Resource:
    system, _, value = case.case_id.partition("|")
    return {"extension": [{"url": CASE_EXTENSION, "valueIdentifier": {"system": system, "value": value}}]}


def _patients(plan: FetchedPlan) -> list[Resource]:
    return [each for each in plan.resources if each["resourceType"] == "Patient"]


def _labels(patient: Resource) -> list[str]:
    security = objects(obj(patient.get("meta")).get("security"))
    return [code for each in security if each.get("system") == SECURITY_LABEL for code in texts([each.get("code")])]
