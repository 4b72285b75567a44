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
    for leaf in leaves:
        if lines and leaf.resource is not before:
            lines.append("")
        before = leaf.resource
        lines.append(_line(leaf))
        run.trace.attach(leaf.holder, leaf.key, label)
    if not lines:
        return
    node = place.open(root, new=place.repeats)
    if TEXT in node:
        raise MappingError(f"{place.text} is to hold what no rule carries, but a rule writes there (rule {label})")
    node[TEXT] = "\n".join(lines)


def _line(leaf: Leaf) -> str:
    """`Patient.contact[0].name.family: Berg`; of a resource that no name stands for, its type first."""
    kind, path = leaf.resource.get("resourceType", ""), leaf.path
    _, inside, rest = path.partition(f".resource.ofType({kind})")
    name = f"{kind}{rest}" if inside else path
    if leaf.key == "resourceType":
        return name
    value = ("true" if leaf.value else "false") if isinstance(leaf.value, bool) else str(leaf.value)
    if not records.legal(value):
        raise MappingError(f"{path}: the text has a character that XML cannot carry")
    return f"{name}: {value}"
