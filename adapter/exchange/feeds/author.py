"""Writes the FHIR messages of a stay that a feed tells of: Bundle, MessageHeader, ids, Tasks and the Provenance chain.

Every id follows from feed, stay and the number of the message, so that a message that is written again is the same.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapter.authoring.chain import Link
from adapter.authoring.message import PATIENT, Author
from adapter.authoring.parties import REGISTERED, SPECIAL, Address, Person, Unit
from adapter.authoring.stay import Ready, StayChange
from adapter.authoring.stay import Stay as StayWriter
from adapter.directory import Directory, Receiver, Route
from adapter.discharge.tasks import Role, allowed
from adapter.feeds import telling
from adapter.feeds.stay import Picture
from adapter.feeds.telling import DISCHARGE, NOTICE, READY, RETRACTION, UPDATE, WITHDRAWN, Step
from adapter.fhir.canonical import CANONICAL, CASE_EXTENSION, HSA, MUNICIPALITY, STAY, TASK
from adapter.fhir.identifiers import is_kommunkod

Resource = dict[str, Any]

_NAMESPACE = uuid.UUID("6f0f0a3e-6a0f-5b0a-9d55-0f4f1f0c7d22")
_NOTICES = (NOTICE, UPDATE)
_WITH_REASON = frozenset({"rejected", "failed", "on-hold"})
_PARTICIPATION = "Planera mottagande efter utskrivning"


@dataclass(frozen=True)
class Written:
    """A message of the stay that was written before. `sent` is its timestamp."""

    number: int
    header_id: str
    receiver: str
    sender: str
    event: str
    sent: str
    corrects: str | None


@dataclass(frozen=True)
class _Identifiers:
    seed: str

    def new(self, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self.seed}\0{name}"))


class StayAuthor:
    """Writes the messages of one stay. `system` names the sending system, `endpoint` its address for answers."""

    def __init__(self, feed: str, stay: str, system: str, endpoint: str, directory: Directory, on: date) -> None:
        self._ids = _Identifiers(f"{feed}\0{stay}")
        self._system = system
        self._endpoint = endpoint
        self._directory = directory
        self._on = on

    def header_id(self, number: int) -> str:
        """MessageHeader.id of the stay's message with a number (from 1)."""
        return self._ids.new(_name(number))

    def route(self, receiver: str, event: str) -> Route:
        """Where a message to a receiver (HSA-id or kommunkod) goes. Raises UnknownRecipientError or
        AmbiguousRecipientError."""
        named = Receiver(municipality=receiver) if is_kommunkod(receiver) else Receiver(hsa=receiver)
        return self._directory.route(named, event, self._on)

    def task_identifier(self, receiver: str) -> str:
        """The identifier of the request to a receiver to plan."""
        return self._ids.new(f"task {receiver}")

    def write(
        self,
        step: Step,
        stay: Picture,
        sender: str,
        number: int,
        at: str,
        before: Sequence[Written],
        task_status: str | None = None,
    ) -> Resource:
        """The Bundle of a step. `at` is the instant of sending, `before` the messages sent earlier, oldest first, and
        `task_status` how the request to the receiver stands."""
        assert stay.person is not None  # noqa: S101 - a step is only decided on where it is known
        units = {"sender": self._sender(sender), "receiver": self._receiver(step.receiver, step.event)}
        author = Author(self._ids, _person(stay), units)
        own = [each for each in before if each.receiver == step.receiver]
        for each in own:
            author.follow(self._link(each, {sender, step.receiver}))
        encounter = self._encounter(step, stay, author)
        tasks = self._tasks(step, own, at, author, task_status or "requested")
        numbers = {each.header_id: each.number for each in own}
        return author.write(
            _name(number),
            step.event,
            at,
            "sender",
            ["receiver"],
            [encounter, *tasks],
            focus=[] if step.event == RETRACTION else [encounter["id"]],
            header=self._case(step, tasks),
            provenance=_provenance(step, stay),
            corrects=_name(numbers[step.corrects]) if step.corrects else None,
        )

    def _link(self, message: Written, parties: set[str]) -> Link:
        """An earlier message. All units of the region that send in this stay know it, though another one sent it."""
        sender = self._sender(message.sender)
        known = frozenset({*parties, message.sender})
        return Link(message.header_id, message.event, message.sent, sender, known, corrects=message.corrects)

    def _sender(self, hsa: str) -> Unit:
        unit = self._directory.unit(hsa, self._on)
        party = self._directory.party_of(hsa, self._on)
        name = unit.name if unit else party.name if party else hsa
        return Unit(hsa, name, self._endpoint, self._system)

    def _receiver(self, code: str, event: str) -> Unit:
        route = self.route(code, event)
        unit = self._directory.unit(code, self._on)
        name = unit.name if unit else route.party.name
        return Unit(code, name, route.endpoint.logical, "", MUNICIPALITY if is_kommunkod(code) else HSA)

    def _encounter(self, step: Step, stay: Picture, author: Author) -> Resource:
        event, void = step.event, step.reason is not None and stay.void
        said = StayWriter(1, self._ids.new("encounter"), self._ids.new("stay"))
        ready = Ready(at=stay.ready.at, by=stay.ready.by) if stay.ready and stay.ready.by else None
        said.change(
            StayChange(
                admitted=stay.admitted,
                need_assessed=stay.need_assessed,
                estimated_discharge=stay.estimated,
                ready=ready if event in (READY, DISCHARGE) else None,
                discharged=stay.discharged if event == DISCHARGE else None,
                left=stay.left if event == DISCHARGE else None,
                cancelled=void,
            )
        )
        return said.resource(author.reference(PATIENT), author.reference("sender"), need=event == NOTICE)

    def _tasks(self, step: Step, before: Sequence[Written], at: str, author: Author, status: str) -> list[Resource]:
        """The request to plan, which the first notice makes, later ones repeat as it stands, and the retraction of the
        notice takes back. One that stands so that a reason belongs to it is not repeated: a notice may not hold it."""
        first = next((each for each in before if each.event == NOTICE), None)
        withdrawn = step.event == RETRACTION and step.corrects in _notices(before)
        if withdrawn:
            status = "cancelled" if "cancelled" in allowed(Role.REQUESTER, status) else "entered-in-error"
        elif step.event not in _NOTICES or status in _WITH_REASON:
            return []
        asked_by = {"identifier": {"system": HSA, "value": first.sender}} if first else author.reference("sender")
        encounter = {"reference": f"urn:uuid:{self._ids.new('encounter')}"}
        task: Resource = {
            "resourceType": "Task",
            "id": self._ids.new(f"task resource {step.receiver}"),
            "identifier": [{"system": TASK, "value": self.task_identifier(step.receiver)}],
            "groupIdentifier": self._case_identifier,
            "status": status,
            "intent": "order",
            "code": _coded("task-code", "receive-patient") | {"text": _PARTICIPATION},
            "focus": encounter,
            "for": author.reference(PATIENT),
            "encounter": encounter,
            "authoredOn": first.sent if first else at,
            "requester": asked_by,
            "owner": author.reference("receiver"),
        }
        if first is not None:
            task["lastModified"] = at
        if withdrawn:
            task["statusReason"] = _coded("task-status-reason", step.reason or "sent-in-error")
        return [task]

    @property
    def _case_identifier(self) -> Resource:
        """The case is the stay, so that a message which names no case, but the stay, is of the same one."""
        return {"system": STAY, "value": self._ids.new("stay")}

    def _case(self, step: Step, tasks: Sequence[Resource]) -> Resource:
        """The case in the header, where no Task names it and it may stand there."""
        if tasks or step.event in _NOTICES:
            return {}
        return {"extension": [{"url": CASE_EXTENSION, "valueIdentifier": self._case_identifier}]}


def _name(number: int) -> str:
    return f"message {number}"


def _notices(before: Sequence[Written]) -> set[str]:
    return {each.header_id for each in before if each.event == NOTICE}


def _person(stay: Picture) -> Person:
    person = stay.person
    assert person is not None  # noqa: S101 - as in write
    return Person(
        identifiers=person.identifiers,
        family=person.family,
        given=person.given,
        addresses=tuple(
            Address(SPECIAL if each.special else REGISTERED, each.lines, each.postal_code, each.city)
            for each in telling.address_of(person)
        ),
        labels=tuple(sorted(person.labels)),
    )


def _provenance(step: Step, stay: Picture) -> Resource:
    if step.event == WITHDRAWN:
        return {"occurredDateTime": stay.ended}
    if step.reason is not None:
        return {"reason": [_coded("retraction-reason", step.reason)]}
    return {}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"{CANONICAL}/CodeSystem/{system}", "code": code}]}
