"""What a mapping did with every node of its source: paths and reasons, never values."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple


class Outcome(StrEnum):
    """What became of a source node."""

    MAPPED = "mapped"
    ATTACHED = "attached"
    """no rule speaks of it; it is carried along as text"""
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


class Report:
    """Accounts for every node of the source. `direction` is `record` or `fhir`: what was written. `used` are the rules
    (file:line) that did something.

    That nothing is left over is found in the run itself; the rest is drawn up by `account`, which gives the rules and
    the lines, when it is first asked for: from the source, which must not have changed by then.
    """

    def __init__(
        self,
        mapping: str,
        version: str,
        message: str,
        direction: str,
        account: Callable[[], tuple[Iterable[str], Iterable[Line]]],
    ) -> None:
        self.mapping, self.version, self.message, self.direction = mapping, version, message, direction
        self._account = account

    @cached_property
    def _accounted(self) -> tuple[frozenset[str], tuple[Line, ...]]:
        used, lines = self._account()
        return frozenset(used), tuple(lines)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every node of the source in its order, then what the mapping supplied."""
        return self._accounted[1]

    @property
    def used(self) -> frozenset[str]:
        """The rules that did something."""
        return self._accounted[0]

    def of(self, outcome: Outcome) -> list[Line]:
        """The lines with an outcome, in the source's order."""
        return [line for line in self.lines if line.outcome == outcome]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: mapping, version, message, direction, counts, nodes [{path, outcome, rule, reason}]."""
        counts = Counter(outcome for _, outcome, _, _ in self.lines)
        return {
            "mapping": self.mapping,
            "version": self.version,
            "message": self.message,
            "direction": self.direction,
            "counts": {word: counts[outcome] for outcome, word in _WORDS.items()},
            "nodes": list(_nodes(self.lines)),
        }


_WORDS = {outcome: outcome.value for outcome in Outcome}


def _nodes(lines: Iterable[Line]) -> Iterator[dict[str, str]]:
    """The lines as plain data, without what is empty."""
    for path, outcome, rule, reason in lines:
        node = {"path": path, "outcome": _WORDS[outcome]}
        if rule:
            node["rule"] = rule
        if reason:
            node["reason"] = reason
        yield node
