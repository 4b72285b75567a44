"""Tasks as they stand: each accepted message that says something new of one is a version of it.

An answer must be a move that its sender may make (`discharge.tasks`). Every other message restates what its sender
knows: it is news where it has another status that is not behind the known one, and never refused for it, because a
notice that the law demands would be lost for an old status.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from adapter.discharge import tasks
from adapter.discharge.tasks import Role
from adapter.exchange import task_view
from adapter.exchange.submission import refusal
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import TASK
from adapter.fhir.shapes import objects, text
from adapter.store import tables
from adapter.store.batch import Batch, Number, Step
from adapter.store.insert import absent, of_parent
from adapter.store.statements import Statement, Values

ANSWER = "acceptance-answer"
_LONGEST = 255

_task, _version = tables.task.c, tables.task_version.c
_KNOWN = Statement(select(tables.task).where(_task.identifier == bindparam("named")).with_for_update())
_DIGEST = Statement(
    select(_version.digest).where(_version.task_id == bindparam("of"), _version.version == bindparam("numbered"))
)
_SET = Statement(update(tables.task).where(_task.id == bindparam("this")))
_ADD = Statement(insert(tables.task_version))
_VERSION = ("task_id", "version", "message_id", "entry", "status", "digest", "recorded_at")
_ADD_TO_NEW = of_parent(tables.task_version, "task_id", _VERSION)


@dataclass(frozen=True)
class Side:
    """Who has a part in a Task: a unit (HSA-id or kommunkod) and the party that answers for it."""

    unit: str
    party: str

    def is_one_of(self, unit: str, party: str) -> bool:
        """Whether it is the same: a unit may have changed hands, and a party may be named by another unit."""
        return self.unit == unit or self.party == party


@dataclass(frozen=True)
class Told:
    """What a message says of a Task: the index of its `entry`, its status, and a hash of all that it says."""

    entry: int
    identifier: str
    status: str
    digest: str
    owner: Side
    requester: Side


@dataclass(frozen=True)
class Occasion:
    """The message that tells it: its number, or that which a step will give, its event and sender, when it was sent and
    recorded (UTC microseconds), the case and person, and the version that it replaces where it says so."""

    message_id: Number
    event: str
    sender: Side
    happened_at: int
    at: int
    case_id: str
    patient_id: int
    replaces: int | None = None


def read(message: MessageBundle, party_of: Callable[[str], str | None]) -> tuple[Told, ...]:
    """What a message says of each Task that can be told apart from others, and whose two sides are known."""
    found = {told.identifier: told for told in _read(message, party_of)}
    return tuple(found.values())


def _read(message: MessageBundle, party_of: Callable[[str], str | None]) -> Iterator[Told]:
    for entry, resource in enumerate(message.resources):
        if resource.get("resourceType") != "Task":
            continue
        identifier, status = _identifier(resource), text(resource.get("status"))
        sides = [
            _side(message, resource.get(name), message.entries[entry], party_of) for name in ("owner", "requester")
        ]
        owner, requester = sides
        if identifier and status in tasks.STATUSES and owner and requester:
            digest = task_view.digest(task_view.rendered(message, entry))
            yield Told(entry, identifier, str(status), digest, owner, requester)


def _identifier(task: dict[str, Any]) -> str | None:
    values = (text(each.get("value")) for each in objects(task.get("identifier")) if each.get("system") == TASK)
    value = next(filter(None, values), None)
    return None if value is None or len(value) > _LONGEST else value


def _side(
    message: MessageBundle, reference: object, within: dict[str, Any], party_of: Callable[[str], str | None]
) -> Side | None:
    found = message.resolve(reference, within)
    if found is not None and found.get("resourceType") == "PractitionerRole":
        reference = found.get("organization")
    unit = message.hsa_of(reference, within)
    party = None if unit is None else party_of(unit)
    return None if unit is None or party is None else Side(unit, party)


def record(connection: Connection, told: Told, occasion: Occasion) -> None:
    """Keep what a message says of a Task, where it is news. Raises Refusal: 422 for an answer that is no move its
    sender may make, 412 where the Task has another version than the one to be replaced."""
    known = _KNOWN.row(connection, {"named": told.identifier})
    if known is None:
        batch = Batch(connection)
        first = begin(batch, told, occasion)
        batch.run()
        if first.row is not None:
            return
        known = _KNOWN.one(connection, {"named": told.identifier})  # another message has told of it
    if (known.case_id, known.patient_id) != (occasion.case_id, occasion.patient_id):
        return  # another's identifier: what is known of it stays
    if occasion.replaces is not None and occasion.replaces != known.version:
        raise stale()
    if occasion.happened_at < known.happened_at:
        return  # it came late: history
    if occasion.event == ANSWER:
        _check(known, told, occasion)
    elif told.status == known.status or tasks.is_behind(told.status, known.status):
        return
    latest = {"of": known.id, "numbered": known.version}
    if _DIGEST.value(connection, latest) != told.digest:
        values = {"status": told.status, "version": known.version + 1, "happened_at": occasion.happened_at}
        _SET.run(connection, {"this": known.id} | values)
        _ADD.run(connection, _version_of(known.id, known.version + 1, told, occasion))


def stale() -> Exception:
    """The answer to a change of what has changed meanwhile."""
    text = "the Task has another version by now, which may be on its way to you: read it again and decide anew"
    return refusal(412, "conflict", "task-stale", text, "Task.meta.versionId")


def begin(batch: Batch, told: Told, occasion: Occasion) -> Step:
    """Keep what a message says of a Task, where nothing is known of it; gives no row where something is."""
    row = {
        "identifier": told.identifier,
        "case_id": occasion.case_id,
        "patient_id": occasion.patient_id,
        "owner_party": told.owner.party,
        "owner_unit": told.owner.unit,
        "requester_party": told.requester.party,
        "requester_unit": told.requester.unit,
        "status": told.status,
        "version": 1,
        "happened_at": occasion.happened_at,
    }
    task = batch.add(absent(tables.task, batch.dialect), row)
    batch.add(_ADD_TO_NEW, _version_of(task.column("id"), 1, told, occasion))
    return task


def _version_of(task_id: Number, version: int, told: Told, occasion: Occasion) -> Values:
    return {
        "task_id": task_id,
        "version": version,
        "message_id": occasion.message_id,
        "entry": told.entry,
        "status": told.status,
        "digest": told.digest,
        "recorded_at": occasion.at,
    }


def _check(known: Any, told: Told, occasion: Occasion) -> None:
    place = f"Bundle.entry[{told.entry}].resource"
    for name, side in (("owner", told.owner), ("requester", told.requester)):
        if not side.is_one_of(getattr(known, f"{name}_unit"), getattr(known, f"{name}_party")):
            text = f"the {name} of a Task does not change: expected the one that it was asked with"
            raise refusal(422, "business-rule", "task-unchanging", text, f"{place}.{name}")
    found = roles(known, occasion.sender)
    if not found:
        text = "only the owner and the requester of a Task answer it: the sender is neither"
        raise refusal(422, "business-rule", "task-role", text, f"{place}.owner")
    words = [tasks.refusal(role, known.status, told.status) for role in found]
    if all(words):
        raise refusal(422, "business-rule", "task-transition", str(words[0]), f"{place}.status")


def roles(known: Any, sender: Side) -> list[Role]:
    """The parts that a sender has in a Task: by its unit, else by its party; within one party it may have both."""
    sides = {role: (getattr(known, f"{role}_unit"), getattr(known, f"{role}_party")) for role in Role}
    exact = [role for role, (unit, _) in sides.items() if unit == sender.unit]
    return exact or [role for role, (_, party) in sides.items() if party == sender.party]
