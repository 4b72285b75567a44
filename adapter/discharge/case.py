"""A case is what its facts say, in the order the events happened, whatever order they arrived in.

Pure: facts in, state out. The state is a projection: it can be thrown away and rebuilt.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fact:
    """One accepted message of a case, without its content.

    `happened_at` is the sender's event time in UTC microseconds; ties are broken by `header_id`. `instants` maps
    names (`admission`, `estimated_discharge`, `ready_assessed`, `discharge`, …) to ISO 8601 texts with offset.
    `tasks` are {identifier, status}.
    """

    header_id: str
    event: str
    happened_at: int
    sender: str
    instants: dict[str, str] = field(default_factory=dict)
    tasks: tuple[dict[str, str], ...] = ()


_PHASE = {
    "care-request": "requested",
    "home-care-referral": "requested",
    "admission-notice": "admitted",
    "ready-for-discharge": "ready",
    "ready-for-discharge-withdrawn": "admitted",
    "discharge-notice": "discharged",
}


def project(facts: Iterable[Fact]) -> dict[str, Any]:
    """The state of one case as plain data: `phase`, `instants` (latest word on each), `tasks` by identifier,
    `notices` (event → first and latest time in UTC microseconds) and the number of facts."""
    ordered = sorted(facts, key=lambda fact: (fact.happened_at, fact.header_id))
    state: dict[str, Any] = {"phase": "open", "instants": {}, "tasks": {}, "notices": {}, "facts": len(ordered)}
    for fact in ordered:
        _apply(state, fact)
    return state


def _apply(state: dict[str, Any], fact: Fact) -> None:
    if state["phase"] != "discharged":
        state["phase"] = _PHASE.get(fact.event, state["phase"])
    if fact.event == "ready-for-discharge-withdrawn":
        state["instants"].pop("ready_assessed", None)
    state["instants"].update(fact.instants)
    for task in fact.tasks:
        state["tasks"][task["identifier"]] = task["status"]
    notice = state["notices"].setdefault(fact.event, {"first": fact.happened_at, "latest": fact.happened_at})
    notice["latest"] = fact.happened_at
