"""A case is what its facts say, in the order the events happened, whatever order they arrived in.

Pure: facts in, state out. The state is a projection: it can be thrown away and rebuilt.
"""

from collections.abc import Iterable
from typing import Any

from adapter.discharge import disagreements
from adapter.discharge.facts import Fact, missing, stays
from adapter.discharge.tasks import is_behind

ANSWER = "acceptance-answer"

_PHASE = {
    "care-request": "requested",
    "home-care-referral": "requested",
    "admission-notice": "admitted",
    "ready-for-discharge": "ready",
    "ready-for-discharge-withdrawn": "admitted",
    "discharge-notice": "discharged",
}
_OUTCOME = {"died": "dead", "transferred": "transferred"}
_ENDED = frozenset({"discharged", "dead"})


def project(facts: Iterable[Fact]) -> dict[str, Any]:
    """The state of one case as plain data: `phase` (open, requested, admitted, ready, transferred, discharged, dead),
    `instants` (latest word on each, of the present stay), `earlier_stays` (the same of stays before a re-admission),
    `tasks` by identifier, `notices` (event → first and latest time in UTC microseconds), `statements` (latest word on
    each), `disagreements` of the present stay ({about, raised, settled}), `missing` (messages that others name and that
    never came) and the number of `facts`."""
    given = list(facts)
    *earlier, present = stays(given)
    state: dict[str, Any] = {
        "phase": "open",
        "instants": {},
        "earlier_stays": [_said(stay) for stay in earlier],
        "tasks": {},
        "notices": {},
        "statements": {},
        "disagreements": [_disagreement(each) for each in disagreements.of_stay(present)],
        "missing": missing(given),
        "facts": len(given),
    }
    for fact in (fact for stay in earlier for fact in stay):
        _tasks(state, fact)
    for fact in present:
        _apply(state, fact)
    return state


def _disagreement(found: disagreements.Disagreement) -> dict[str, str | None]:
    settled = None if found.settled is None else found.settled.isoformat()
    return {"about": found.about, "raised": found.raised.isoformat(), "settled": settled}


def _said(stay: Iterable[Fact]) -> dict[str, str]:
    """The latest word on each instant of a stay."""
    said: dict[str, str] = {}
    for fact in stay:
        said.update(fact.instants)
    return said


def _apply(state: dict[str, Any], fact: Fact) -> None:
    if state["phase"] not in _ENDED:
        phase = _PHASE.get(fact.event, state["phase"])
        state["phase"] = _OUTCOME.get(fact.statements.get("outcome", ""), phase)
    if fact.event == "ready-for-discharge-withdrawn":
        state["instants"].pop("ready_assessed", None)
    state["instants"].update(fact.instants)
    state["statements"].update(fact.statements)
    _tasks(state, fact)
    notice = state["notices"].setdefault(fact.event, {"first": fact.happened_at, "latest": fact.happened_at})
    notice["latest"] = fact.happened_at


def _tasks(state: dict[str, Any], fact: Fact) -> None:
    """An answer moves a Task; any other message restates what its sender knows, which may have been overtaken."""
    for task in fact.tasks:
        identifier, status = task["identifier"], task["status"]
        known = state["tasks"].get(identifier)
        if known is None or fact.event == ANSWER or not is_behind(status, known):
            state["tasks"][identifier] = status
