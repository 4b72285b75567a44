"""Is the store whole? What was promised is held against what is there, a part at a time, in bounded memory.

Every check reads small batches, each from one snapshot, so that the adapter goes on meanwhile.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from adapter.exchange.verification import ledgers, messages, notices, projections, streams, structure
from adapter.exchange.verification.finding import Finding, Source

__all__ = ["CHECKS", "Finding", "Source", "Verdict", "verify"]

MOST = 1_000
"""Findings that are listed; more are only counted."""

Told = Callable[[str, int], None]

CHECKS = {
    "structure": structure.check,
    "deliveries": messages.deliveries,
    "content": messages.content,
    "cases": projections.cases,
    "tasks": projections.tasks,
    "streams": streams.check,
    "ledger": ledgers.check,
    "disclosed": notices.disclosed,
    "notifications": notices.notifications,
}


@dataclass(frozen=True)
class Verdict:
    """`looked` is how many things each check has looked at, `differs` how many findings it had."""

    looked: dict[str, int]
    differs: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        return not any(self.differs.values())


def verify(source: Source, told: Told = lambda *_: None) -> Verdict:
    """Check everything. `told` hears the name of a check, and how much it has looked at."""
    looked: Counter[str] = Counter(dict.fromkeys(CHECKS, 0))
    differs: Counter[str] = Counter(dict.fromkeys(CHECKS, 0))
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        for number, found in check(source):
            looked[name] += number
            differs[name] += len(found)
            findings += found[: MOST - len(findings)]
            told(name, looked[name])
    return Verdict(dict(looked), dict(differs), tuple(findings))
