"""Where a reference leads: into the resource itself, another entry of its Bundle, or out to the environment."""

from typing import Any

from adapter.fhirpath import nodes
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.nodes import Node


def resolve(item: Any, scope: Scope) -> Node | None:
    """The resource of a Reference, uri or canonical; None where it names none."""
    reference = _text(item)
    if not reference:
        return None
    if reference.startswith("#"):
        return _contained(reference[1:], scope)
    found = _entry(reference, scope)
    if found is None:
        found = scope.environment.resolve(reference)
    return None if found is None else nodes.node_of(found)


def _text(item: Any) -> str | None:
    value = item.value if item.__class__ is Node else item
    if value.__class__ is dict:
        value = value.get("reference")
    return value if isinstance(value, str) else None


def _contained(fragment: str, scope: Scope) -> Node | None:
    if not fragment:
        return scope.resource
    for container in (scope.resource, scope.root):
        contained = container.value.get("contained") if container.value.__class__ is dict else None
        for resource in contained if isinstance(contained, list) else ():
            if isinstance(resource, dict) and resource.get("id") == fragment:
                return nodes.node_of(resource)
    return None


def _entry(reference: str, scope: Scope) -> dict[str, Any] | None:
    """The resource of the Bundle's entry with that fullUrl, or with a fullUrl that ends in the relative reference."""
    bundle = scope.root.value
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        return None
    wanted = reference.partition("/_history/")[0]
    entries = bundle.get("entry")
    if not isinstance(entries, list):
        return None
    scope.work.spend(len(entries))
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        url = entry.get("fullUrl")
        if isinstance(url, str) and (url == wanted or url.endswith("/" + wanted)):
            return resource
        if url is None and f"{resource.get('resourceType')}/{resource.get('id')}" == wanted:
            return resource
    return None
