"""Disagreements between the parties of a case, raised and settled by events: they change no state and stop no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from adapter.discharge.facts import Fact
from adapter.support.clock import from_micros

RAISED, SETTLED = "disagreement-raised", "disagreement-settled"


@dataclass(frozen=True)
class Disagreement:
    """One disagreement. `raised_by` is a unit, `about` a code (empty where it was not said); instants are aware, by the
    senders' clocks. `settled` is None while it stands."""

    header_id: str
    raised_by: str
    about: str
    raised: datetime
    settled: datetime | None

    @property
    def stands(self) -> bool:
        return self.settled is None


def of_stay(stay: Iterable[Fact]) -> list[Disagreement]:
    """Those of a stay's facts, which are given in order. A settlement names the one that it settles; one that names
    none of them settles nothing."""
    facts = list(stay)
    settled = {fact.answers: from_micros(fact.happened_at) for fact in reversed(facts) if fact.event == SETTLED}
    return [
        Disagreement(
            fact.header_id,
            fact.sender,
            fact.statements.get("disagreement", ""),
            from_micros(fact.happened_at),
            settled.get(_first(fact)) or settled.get(fact.header_id),
        )
        for fact in facts
        if fact.event == RAISED
    ]


def _first(fact: Fact) -> str:
    """The message that a corrected one stands in the place of: a settlement may name either."""
    while fact.corrects is not None:
        fact = fact.corrects
    return fact.header_id
