"""What no rule speaks of, carried along as text for people to read, where the record has a place for it."""

from collections.abc import Iterable
from typing import Any

from adapter.mapping import records
from adapter.mapping.accounts import Leaf
from adapter.mapping.records import TEXT, Record, RecordPath
from adapter.mapping.runs import Run
from adapter.support.errors import MappingError


def attach(leaves: Iterable[Leaf], run: Run, root: Record, place: RecordPath, label: str) -> None:
    """Write the nodes of a Bundle into the record, one a line, with a blank line between resources; they count as
    carried by the rule `label`. Raises MappingError where XML cannot carry a text, or the place is taken."""
    lines = list[str]()
    before: Any = None
    for path, _, holder, key, value, resource in leaves:
        if lines and resource is not before:
            lines.append("")
        before = resource
        lines.append(_line(path, key, value, resource))
        run.trace.attach(holder, key, label)
    if not lines:
        return
    node = place.open(root, new=place.repeats)
    if TEXT in node:
        raise MappingError(f"{place.text} is to hold what no rule carries, but a rule writes there (rule {label})")
    node[TEXT] = "\n".join(lines)


def _line(path: str, key: str | int, value: Any, resource: dict[str, Any]) -> str:
    """`Patient.contact[0].name.family: Berg`; of a resource that no name stands for, its type first."""
    kind = resource.get("resourceType", "")
    _, inside, rest = path.partition(f".resource.ofType({kind})")
    name = f"{kind}{rest}" if inside else path
    if key == "resourceType":
        return name
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if not records.legal(text):
        raise MappingError(f"{path}: the text has a character that XML cannot carry")
    return f"{name}: {text}"
