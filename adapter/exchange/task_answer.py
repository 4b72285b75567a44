"""Writes the message that a change of a Task over REST is: the acceptance-answer of the one who changed it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from adapter.authoring.chain import Link
from adapter.authoring.message import PATIENT, Author
from adapter.authoring.parties import Unit
from adapter.discharge.tasks import Role
from adapter.exchange.submission import refusal
from adapter.exchange.task_ledger import ANSWER
from adapter.exchange.task_view import MOVED, rendered, stated, unstated
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import HSA, MUNICIPALITY
from adapter.fhir.shapes import obj, objects, text

_SOFTWARE = "discharge-adapter"
_OTHER = {Role.OWNER: Role.REQUESTER, Role.REQUESTER: Role.OWNER}


@dataclass(frozen=True)
class _Person:
    """The patient as the message that is answered tells of them."""

    patient: Mapping[str, Any]

    def resource(self, resource_id: str) -> dict[str, Any]:
        return {**self.patient, "id": resource_id}


class _Ids:
    """New ids, but for what has one."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._space: UUID = uuid4()

    def new(self, name: str) -> str:
        return self._known.get(name) or str(uuid5(self._space, name))


def write(message: MessageBundle, entry: int, given: Mapping[str, Any], role: Role, at: datetime) -> dict[str, Any]:
    """The Bundle in which one side of a Task (`role`) tells the other what has become of it.

    `message` is the one that is answered, `entry` the Task in it, `given` the Task as it now reads; `at` is when it is
    sent (aware). Raises Refusal where the message does not say whom the Task is about.
    """
    task = message.resources[entry]
    patient = message.resolve(task.get("for"), message.entries[entry])
    if patient is None or patient.get("resourceType") != "Patient":
        words = "the Task cannot be answered over REST: the message that asked does not hold the Patient"
        raise refusal(422, "business-rule", "task-person", words, "Task.for")
    units = {side.value: _unit(message, entry, side) for side in Role}
    header_id = str(message.header_id)
    author = Author(_Ids({"asked": header_id}), _Person(patient), units)
    asking = units[_OTHER[role].value]
    parties = frozenset(unit.hsa for unit in units.values())
    author.follow(Link(header_id, str(message.event), str(message.timestamp), asking, parties))
    sent = at.isoformat(timespec="milliseconds")
    answered = _task(rendered(message, entry), given, author, sent)
    return author.write(
        "answer", ANSWER, sent, role.value, [_OTHER[role].value], [answered], focus=[answered["id"]], answers="asked"
    )


def _task(asked: dict[str, Any], given: Mapping[str, Any], author: Author, sent: str) -> dict[str, Any]:
    """What was asked with what is said of it now. The patient and both sides are entries of the message."""
    said = {name: value for name, value in given.items() if name.lstrip("_") in MOVED}
    others = objects(unstated(asked).get("extension"))
    if extensions := [*others, *stated(given)]:
        said["extension"] = extensions
    asked = {name: value for name, value in asked.items() if name != "extension"}
    references = {
        "for": author.reference(PATIENT),
        "owner": author.reference(Role.OWNER.value),
        "requester": author.reference(Role.REQUESTER.value),
    }
    new = {"id": author.resource_id("task"), **said, **references, "lastModified": sent}
    kept = {name: new.get(name, value) for name, value in asked.items() if name in new or name.lstrip("_") not in MOVED}
    return kept | new


def _unit(message: MessageBundle, entry: int, side: Role) -> Unit:
    """One side as the message names it; its address is the one that the message gives."""
    reference, within = message.resources[entry].get(side.value), message.entries[entry]
    found = message.resolve(reference, within) or {}
    if found.get("resourceType") == "PractitionerRole":
        reference, within = found.get("organization"), {}
    organization = message.organization(reference, within or None) or {}
    hsa, municipality = message.units_of(reference, within or None)
    name = text(organization.get("name")) or text(obj(reference).get("display")) or hsa or municipality or ""
    system = HSA if hsa else MUNICIPALITY
    unit = hsa or municipality or ""
    return Unit(unit, name, _address(message, unit), _SOFTWARE, system)


def _address(message: MessageBundle, unit: str) -> str:
    for index, hsa, municipality in message.destination_receivers():
        if unit in (hsa, municipality):
            return text(message.destinations[index].get("endpoint")) or ""
    return text(obj(message.header.get("source")).get("endpoint")) or ""
