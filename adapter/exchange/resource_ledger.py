"""Stays and plans as they stand: what each accepted message says of one is a version of it.

What came late is a version as well, and does not come before what happened after it. Whether a version is news depends
on who gets it (`disclosures`). A stay is told of by the party that holds it: the others restate it as they know it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapter.discharge.events import EVENTS
from adapter.exchange import standalone
from adapter.exchange.task_ledger import Occasion
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import STAY
from adapter.fhir.canonicalize import content_hash
from adapter.fhir.shapes import obj, objects, text
from adapter.store import tables
from adapter.store.batch import Batch
from adapter.store.insert import of_parent, raised

TYPES = ("Encounter", "CarePlan")
"""What is kept by itself, beside the Tasks."""

_LONGEST = 600
_VERSION = ("resource_id", "version", "message_id", "status", "digest", "happened_at", "recorded_at")
_ADD = of_parent(tables.resource_version, "resource_id", _VERSION)


@dataclass(frozen=True)
class Stated:
    """What a message says of a resource: by which `key` it is known within its case, its status, and a hash of all."""

    type: str
    key: str
    status: str | None
    digest: str


def read(message: MessageBundle) -> tuple[Stated, ...]:
    """What a message says of each stay and plan that can be told apart from others. An answer says nothing of them."""
    event = EVENTS.get(message.event or "")
    if event is None or event.answer:
        return ()
    found = {(each.type, each.key): each for each in _read(message)}
    return tuple(found[place] for place in sorted(found))


def find(message: MessageBundle, resource_type: str, key: str) -> int | None:
    """The entry of a message that holds the resource; None where none does."""
    for entry, resource in enumerate(message.resources):
        if resource.get("resourceType") == resource_type and key_of(resource) == key:
            return entry
    return None


def key_of(resource: dict[str, Any]) -> str | None:
    """The stay's own identifier, else the first one; a plan without any is known by its kind, for a case has one of
    each."""
    pairs = [(text(each.get("system")) or "", text(each.get("value"))) for each in objects(resource.get("identifier"))]
    known = sorted((pair for pair in pairs if pair[1]), key=lambda pair: pair[0] != STAY)
    if known:
        key: str | None = f"{known[0][0]}|{known[0][1]}"
    elif resource.get("resourceType") == "CarePlan":
        codings = (each for concept in objects(resource.get("category")) for each in objects(concept.get("coding")))
        kinds = (f"{text(each.get('system'))}#{text(each.get('code'))}" for each in codings if text(each.get("code")))
        key = next(kinds, None)
    else:
        key = None
    return key if key is not None and len(key) <= _LONGEST else None


def _read(message: MessageBundle) -> Iterator[Stated]:
    for entry, resource in enumerate(message.resources):
        key = key_of(resource) if resource.get("resourceType") in TYPES else None
        if key is not None:
            told = standalone.rendered(message, entry)
            digest = content_hash({name: value for name, value in told.items() if name != "meta"})
            status = text(obj(resource).get("status"))
            yield Stated(str(resource["resourceType"]), key, None if status is None else status[:32], digest)


def record(batch: Batch, stated: Stated, occasion: Occasion) -> None:
    """Keep what a message says of a stay or plan; not where it is another person's, or another party's stay."""
    same = ("patient_id", "party") if stated.type == "Encounter" else ("patient_id",)
    statement = raised(tables.resource, "version", ("case_id", "type", "key"), batch.dialect, same)
    values = {
        "type": stated.type,
        "key": stated.key,
        "case_id": occasion.case_id,
        "patient_id": occasion.patient_id,
        "party": occasion.sender.party,
        "version": 1,
    }
    known = batch.add(statement, values)
    row = {
        "resource_id": known.column("id"),
        "version": known.column("version"),
        "message_id": occasion.message_id,
        "status": stated.status,
        "digest": stated.digest,
        "happened_at": occasion.happened_at,
        "recorded_at": occasion.at,
    }
    batch.add(_ADD, row)
