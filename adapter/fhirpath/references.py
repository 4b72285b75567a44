"""Where a reference leads: into the resource itself, another entry of its Bundle, or out to the environment."""

from typing import Any

from adapter.fhirpath import nodes
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.nodes import Node

_HOLDERS = ("Bundle", "Parameters")
"""Resources that hold others, which their own references are local to."""


def resolve(item: Any, scope: Scope) -> Node | None:
    """The resource of a Reference, uri or canonical; None where it names none."""
    reference = _text(item)
    if not reference:
        return None
    if reference.startswith("#"):
        return _contained(item, reference[1:], scope)
    found = _entry(reference, scope)
    if found is None:
        found = scope.environment.resolve(reference)
    return None if found is None else nodes.node_of(found)


def _text(item: Any) -> str | None:
    value = item.value if item.__class__ is Node else item
    if value.__class__ is dict:
        value = value.get("reference")
    return value if isinstance(value, str) else None


def _contained(item: Any, fragment: str, scope: Scope) -> Node | None:
    """Within the resource that the reference stands in, or the one that contains it."""
    if _of(scope.resource) in _HOLDERS:
        holder = _holder(item, scope)
        containers = [] if holder is None else [nodes.node_of(holder)]
    else:
        containers = [scope.resource, scope.root]
    if not fragment:
        return containers[-1] if containers else None
    for container in containers:
        contained = container.value.get("contained") if container.value.__class__ is dict else None
        for resource in contained if isinstance(contained, list) else ():
            if isinstance(resource, dict) and resource.get("id") == fragment:
                return nodes.node_of(resource)
    return None


def _of(resource: Node) -> object:
    return resource.value.get("resourceType") if resource.value.__class__ is dict else None


def _holder(item: Any, scope: Scope) -> dict[str, Any] | None:
    """The resource in a Bundle or Parameters that a Reference stands in."""
    known = scope.memory.get(_holder)
    if known is None:
        known = scope.memory[_holder] = [_local(scope.resource.value, scope)]
    found: dict[str, Any] | None = known[0].get(id(item.value if item.__class__ is Node else item))
    return found


def _local(holder: dict[str, Any], scope: Scope) -> dict[int, dict[str, Any]]:
    """The references that begin with #, each with the resource that it stands in and that no other contains."""
    found: dict[int, dict[str, Any]] = {}
    waiting = [(holder, holder)]
    while waiting:
        value, around = waiting.pop()
        scope.work.spend(1 + len(value))
        reference = value.get("reference")
        if isinstance(reference, str) and reference.startswith("#"):
            found[id(value)] = around
        for name, member in value.items():
            for each in member if isinstance(member, list) else (member,):
                if isinstance(each, dict):
                    is_own = "resourceType" in each and name != "contained"
                    waiting.append((each, each if is_own else around))
    return found


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
