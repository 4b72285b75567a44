"""A Task of a message as it reads by itself: whatever it refers to in the message is named by its identifier."""

from collections.abc import Mapping
from typing import Any

from adapter.exchange import standalone
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CANONICAL
from adapter.fhir.canonicalize import content_hash
from adapter.fhir.shapes import obj, objects

MOVED = frozenset({"status", "statusReason", "businessStatus", "output", "note", "executionPeriod"})
"""What an answer may change of a Task. What was asked, of whom, by whom and about whom does not change; of extensions
only the criteria of enrolment, which its sides state."""
_STATED = f"{CANONICAL}/StructureDefinition/enrolment-criterion"
_OWN = frozenset({"id", "meta", "text", "implicitRules", "language", "lastModified"})
"""What says nothing of the request."""


def rendered(message: MessageBundle, entry: int) -> dict[str, Any]:
    """The Task at an entry, without id, narrative and version; no resource of the message is changed."""
    task = message.resources[entry]
    kept = {name: value for name, value in task.items() if name.lstrip("_") not in ("id", "text", "meta")}
    profile = obj(task.get("meta")).get("profile")
    head = {"resourceType": "Task", **({"meta": {"profile": profile}} if profile else {})}
    named: dict[str, Any] = standalone.named(kept, message, message.entries[entry])
    return head | named


def digest(task: dict[str, Any]) -> str:
    """A hash of what a rendered Task says."""
    return content_hash({name: value for name, value in task.items() if name not in _OWN})


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The members that differ and that no answer may change, sorted."""
    before, after = unstated(before), unstated(after)
    names = {name.lstrip("_") for name in before.keys() | after.keys()} - MOVED - _OWN
    return sorted(name for name in names if _said(before, name) != _said(after, name))


def stated(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The criteria of enrolment that a Task states, as its extensions."""
    return [each for each in objects(task.get("extension")) if each.get("url") == _STATED]


def unstated(task: Mapping[str, Any]) -> dict[str, Any]:
    """The Task without the criteria of enrolment that it states."""
    known = stated(task)
    if not known:
        return dict(task)
    others = [each for each in objects(task.get("extension")) if each not in known]
    rest = {name: value for name, value in task.items() if name != "extension"}
    return rest | ({"extension": others} if others else {})


def _said(task: dict[str, Any], name: str) -> str:
    return content_hash({key: task[key] for key in (name, f"_{name}") if key in task})
