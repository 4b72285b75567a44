"""Rules that can never do anything, because their conditions exclude each other or what the rule itself stands on."""

from collections.abc import Iterator

from adapter.mapping import records
from adapter.mapping.survey import Node, Placed, Spot


def dead(rule: Placed) -> Iterator[str]:
    """In words, for each direction that the rule is written for, why nothing can come of it there."""
    if not rule.sides:
        yield "can never do anything: it holds one way, the group around it the other"
    if "record" in rule.sides:
        stands_on = rule.fhir if rule.value is None and "record" not in rule.rule.default else None
        there = [*rule.conditions.when_fhir, *([stands_on] if stands_on else [])]
        for path in rule.conditions.unless_fhir:
            if any(_implies_fhir(each, path) for each in there):
                yield f"never writes the record: it needs what 'unless' excludes, '{path.path.text}'"
    if "fhir" in rule.sides:
        written_as = rule.record if rule.value is None and "fhir" not in rule.rule.default else None
        back = [*rule.conditions.when_record, *([written_as] if written_as else [])]
        for node in rule.conditions.unless_record:
            if any(_implies_record(each, node) for each in back):
                yield f"never writes FHIR: it needs what 'unless' excludes, '{node.path.text}'"


def _implies_fhir(there: Spot, other: Spot) -> bool:
    """Whether something is at `other` wherever something is at `there`."""
    if there.origin != other.origin:
        return False
    given, asked = there.path.steps, other.path.steps
    if len(asked) > len(given) or not asked:
        return not asked
    *heads, last = asked
    first = given[len(heads)]
    return given[: len(heads)] == tuple(heads) and first.name == last.name and set(last.where) <= set(first.where)


def _implies_record(there: Node, other: Node) -> bool:
    if other.path.key != records.TEXT:
        return there.place == other.place
    return there.names[: len(other.names)] == other.names and (
        there.path.from_root == other.path.from_root or not there.path.names
    )
