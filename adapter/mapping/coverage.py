"""Which rules of a mapping did something for messages and records that are put through it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from adapter.mapping.mapping import Mapping
from adapter.mapping.model import Side
from adapter.support.errors import MappingError, ParseError

SIDES: tuple[Side, ...] = ("record", "fhir")


@dataclass
class Coverage:
    """`rules` and `used` are file:line by the direction that is written; `tried` counts what went through, `refused`
    tells by name why something did not."""

    rules: dict[Side, frozenset[str]]
    used: dict[Side, set[str]] = field(default_factory=lambda: {side: set() for side in SIDES})
    tried: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def unused(self, side: Side) -> list[str]:
        """The rules that did nothing, in the order of files and lines."""
        return sorted(self.rules[side] - self.used[side], key=by_line)

    @property
    def percent(self) -> float:
        """Of all rules in both directions, those that did something; 100 where there is no rule."""
        count = sum(map(len, self.rules.values()))
        return 100 * sum(len(self.rules[side] & self.used[side]) for side in SIDES) / count if count else 100.0


def measure(mapping: Mapping, tries: Iterable[tuple[str, bytes | dict[str, Any]]]) -> Coverage:
    """Put records (bytes) and messages with one destination through a mapping, there and back, each by its name.
    Technical acknowledgements, which no rule is for, are passed over."""
    found = Coverage({side: mapping.rules[side] for side in SIDES})
    for name, source in tries:
        if isinstance(source, bytes) and mapping.read_acknowledgement(source) is not None:
            continue
        try:
            if isinstance(source, bytes):
                read = mapping.to_fhir(source)
                found.used["fhir"] |= read.report.used
                found.used["record"] |= mapping.to_record(read.bundle).report.used
            else:
                written = mapping.to_record(source)
                found.used["record"] |= written.report.used
                found.used["fhir"] |= mapping.to_fhir(written.content).report.used
        except (MappingError, ParseError) as error:
            found.refused.append((name, str(error)))
        else:
            found.tried += 1
    return found


def by_line(label: str) -> tuple[str, int]:
    """Orders file:line."""
    file, _, line = label.rpartition(":")
    return file, int(line) if line.isdigit() else 0
