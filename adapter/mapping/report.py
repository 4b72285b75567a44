"""What a mapping did with every node of its source: paths and reasons, never values."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Outcome(StrEnum):
    """What became of a source node."""

    MAPPED = "mapped"
    LEFT_OUT = "left-out"
    """left out on purpose: a rule says so, with its reason"""
    NOT_MAPPED = "not-mapped"
    """no rule speaks of it"""
    SUPPLIED = "supplied"
    """the source does not say it, the mapping takes it for granted: the way back would add it"""


class Line(NamedTuple):
    """One node. `rule` is file:line of the mapping rule, empty where there is none."""

    path: str
    outcome: Outcome
    rule: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """Accounts for every node of the source. `direction` is `record` or `fhir`: what was written. `used` are the rules
    (file:line) that did something."""

    mapping: str
    version: str
    message: str
    direction: str
    lines: tuple[Line, ...] = field(repr=False)
    used: frozenset[str] = field(default=frozenset(), repr=False)

    def of(self, outcome: Outcome) -> list[Line]:
        """The lines with an outcome, in the source's order."""
        return [line for line in self.lines if line.outcome == outcome]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: mapping, version, message, direction, counts, nodes [{path, outcome, rule, reason}]."""
        return {
            "mapping": self.mapping,
            "version": self.version,
            "message": self.message,
            "direction": self.direction,
            "counts": {outcome.value: len(self.of(outcome)) for outcome in Outcome},
            "nodes": [
                {"path": line.path, "outcome": line.outcome.value}
                | ({"rule": line.rule} if line.rule else {})
                | ({"reason": line.reason} if line.reason else {})
                for line in self.lines
            ],
        }
