"""Contained resources: ids, use, and what they may not have. Linear in the size of the resource."""

import re
from typing import Any

from adapter.fhir.shapes import obj, objects
from adapter.validation import rules
from adapter.validation.run import Path, Run

_LINK = re.compile(r"(?:href|src)\s*=\s*[\"']#([^\"']+)[\"']")


def index(resource: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The contained resources by id; of two with the same id the first."""
    found: dict[str, dict[str, Any]] = {}
    for each in objects(resource.get("contained")):
        if isinstance(each.get("id"), str):
            found.setdefault(each["id"], each)
    return found


def check(resource: dict[str, Any], run: Run, path: Path) -> None:
    """The rules of all resources that a resource contains (dom-2 to dom-5)."""
    contained = objects(resource.get("contained"))
    used = _used(resource, contained)
    seen: set[str] = set()
    for position, each in enumerate(contained):
        place = ((path, "contained"), position)
        identifier = each.get("id")
        meta = obj(each.get("meta"))
        if "contained" in each:
            run.report(rules.CONTAINED, "a contained resource contains resources", (place, "contained"))
        if "versionId" in meta or "lastUpdated" in meta:
            run.report(rules.CONTAINED, "a contained resource has a version or time of change", (place, "meta"))
        if "security" in meta:
            run.report(rules.CONTAINED, "a contained resource has a security label", (place, "meta"))
        if not isinstance(identifier, str):
            run.report(rules.CONTAINED, "expected an id to refer to the contained resource by", place)
            continue
        if identifier in seen:
            run.report(rules.CONTAINED_DUPLICATE, "another contained resource has this id", place)
        seen.add(identifier)
        if identifier not in used:
            words = "no reference leads to the contained resource, and none from it to the one that contains it"
            run.report(rules.CONTAINED_UNUSED, words, place)


def _used(resource: dict[str, Any], contained: list[dict[str, Any]]) -> set[str]:
    """Ids that are referred to: from the resource, from a contained one that is, or of one that refers to it by #."""
    outer = {name: value for name, value in resource.items() if name != "contained"}
    waiting = list(_fragments(outer))
    inner: dict[str, set[str]] = {}
    for each in contained:
        fragments = _fragments(each)
        identifier = str(each.get("id"))
        inner.setdefault(identifier, set()).update(fragments)
        if "" in fragments:
            waiting.append(identifier)
    used: set[str] = set()
    while waiting:
        identifier = waiting.pop()
        if identifier not in used:
            used.add(identifier)
            waiting += inner.get(identifier, ())
    return used


def _fragments(value: Any) -> set[str]:
    """What follows # in texts that begin with it, and in the links and images of a narrative."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            if each.startswith("#"):
                found.add(each[1:])
            elif each.startswith("<div"):
                found |= set(_LINK.findall(each))
    return found
