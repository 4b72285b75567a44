"""A resource of a message as it reads by itself: whatever it refers to in the message is named by its identifier, and
what has no identity of its own stands within it."""

from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.shapes import obj, objects, text

_HOLDERS = (dict, list)
_WITHIN = frozenset({"Goal", "CareTeam"})
"""What is told of as a part of a plan only, and goes with it."""


def named(value: Any, message: MessageBundle, within: dict[str, Any]) -> Any:
    """The value with each reference into the message by type, identifier and display."""
    if isinstance(value, dict):
        written = text(value.get("reference"))
        if written is not None and not written.startswith(("#", "http:", "https:")):
            return _logical(value, message, within)
        return {
            name: named(member, message, within) if member.__class__ in _HOLDERS else member
            for name, member in value.items()
        }
    return [named(each, message, within) for each in value] if isinstance(value, list) else value


def rendered(message: MessageBundle, entry: int) -> dict[str, Any]:
    """The resource at an entry, without id, narrative and version, with the security labels of its person; no resource
    of the message is changed."""
    resource, within = message.resources[entry], message.entries[entry]
    parts = _parts(resource, message, within)
    kept = {name: value for name, value in resource.items() if name.lstrip("_") not in ("id", "text", "meta")}
    told = _pointing(kept, message, within, parts) if parts else named(kept, message, within)
    own = objects(told.pop("contained", None))
    contained = [_part(part, name, message, within, parts) for name, part in parts.values()]
    head = {"resourceType": told.pop("resourceType"), **_meta(resource, message)}
    whole: dict[str, Any] = head | ({"contained": [*own, *contained]} if own or contained else {}) | told
    return whole


Parts = dict[int, tuple[str, dict[str, Any]]]
"""By the identity of a resource of the message: the id that it has within the one that is rendered, and itself."""


def _parts(resource: dict[str, Any], message: MessageBundle, within: dict[str, Any]) -> Parts:
    found: Parts = {}
    waiting: list[Any] = [resource]
    for value in waiting:
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            target = message.resolve(value, within) if "reference" in value else None
            if target is not None and target.get("resourceType") in _WITHIN and id(target) not in found:
                found[id(target)] = f"{target['resourceType'].lower()}-{len(found) + 1}", target
                waiting.append(target)
            waiting += [member for member in value.values() if member.__class__ in _HOLDERS]
    return found


def _part(
    part: dict[str, Any], name: str, message: MessageBundle, within: dict[str, Any], parts: Parts
) -> dict[str, Any]:
    """R4 lets a contained resource have neither contained ones of its own nor a narrative."""
    kept = {key: value for key, value in part.items() if key.lstrip("_") not in ("id", "text", "meta", "contained")}
    told: dict[str, Any] = _pointing(kept, message, within, parts)
    return {"resourceType": told.pop("resourceType"), "id": name, **told}


def _pointing(value: Any, message: MessageBundle, within: dict[str, Any], parts: Parts) -> Any:
    """As `named`, with references to the parts by their ids."""
    if isinstance(value, list):
        return [_pointing(each, message, within, parts) for each in value]
    if not isinstance(value, dict):
        return value
    if "reference" in value:
        target = message.resolve(value, within)
        if target is not None and id(target) in parts:
            return value | {"reference": f"#{parts[id(target)][0]}"}
        return named(value, message, within)
    return {name: _pointing(member, message, within, parts) for name, member in value.items()}


def _meta(resource: dict[str, Any], message: MessageBundle) -> dict[str, Any]:
    profile = obj(resource.get("meta")).get("profile")
    labels: list[dict[str, Any]] = []
    for labelled in (message.bundle, resource, *message.of_type("Patient")):
        labels += [each for each in objects(obj(labelled.get("meta")).get("security")) if each not in labels]
    meta = ({"profile": profile} if profile else {}) | ({"security": labels} if labels else {})
    return {"meta": meta} if meta else {}


def _logical(reference: dict[str, Any], message: MessageBundle, within: dict[str, Any]) -> dict[str, Any]:
    """The reference by type, identifier and display; as it is where none can be told. A role without an identifier is
    named by its organisation."""
    found = message.resolve(reference, within)
    if found is not None and found.get("resourceType") == "PractitionerRole" and not objects(found.get("identifier")):
        found = message.resolve(found.get("organization")) or found
    identifiers = objects((found or {}).get("identifier"))
    kept = {name: value for name, value in reference.items() if name not in ("reference", "_reference")}
    if found is not None:
        kept["type"] = found["resourceType"]
    if identifiers and "identifier" not in kept:
        kept["identifier"] = identifiers[0]
    first = {name: kept[name] for name in ("id", "extension", "type", "identifier", "display") if name in kept}
    return first | kept or reference
