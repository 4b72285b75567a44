"""What a mapping did with every node of its source: paths and reasons, never values."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from adapter.mapping.pictures import Picture


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

    That nothing is left over is found in the run itself; `lines` are drawn up when they are first asked for, from the
    source, which must not have changed by then.
    """

    def __init__(
        self,
        mapping: str,
        version: str,
        message: str,
        direction: str,
        used: frozenset[str],
        lines: Callable[[], Iterable[Line]],
        picture: "Picture | None" = None,
    ) -> None:
        self.mapping, self.version, self.message, self.direction = mapping, version, message, direction
        self.used = used
        self.picture = picture
        """the same as the lines, of a message; None of a record"""
        self._lines = lines

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every node of the source in its order, then what the mapping supplied."""
        return tuple(self._lines())

    def of(self, outcome: Outcome) -> list[Line]:
        """The lines with an outcome, in the source's order."""
        return [line for line in self.lines if line.outcome == outcome]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: mapping, version, message, direction, counts, nodes [{path, outcome, rule, reason}]."""
        counts = Counter(outcome for _, outcome, _, _ in self.lines)
        counted = {outcome.value: counts[outcome] for outcome in Outcome}
        return self._heading() | {"counts": counted, "nodes": list(plain(self.lines))}

    def to_picture(self) -> dict[str, Any]:
        """Plain data for JSON, a third of `to_dict`: the same heading and counts, and what `Picture.to_dict` says of a
        message. Raises ValueError where the source is a record, of which there is no picture."""
        if self.picture is None:
            raise ValueError("there is no picture of a record")
        return self._heading() | self.picture.to_dict()

    def _heading(self) -> dict[str, Any]:
        return {
            "mapping": self.mapping,
            "version": self.version,
            "message": self.message,
            "direction": self.direction,
        }


def plain(lines: Iterable[Line]) -> Iterator[dict[str, str]]:
    """The lines as plain data, without what is empty."""
    for path, outcome, rule, reason in lines:
        node = {"path": path, "outcome": outcome.value}
        if rule:
            node["rule"] = rule
        if reason:
            node["reason"] = reason
        yield node
