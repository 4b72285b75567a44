"""The shapes of generated cases: the journeys that ship, retold for another person, other units and another time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from adapter.sandbox import times
from adapter.sandbox.authoring import scenario
from adapter.sandbox.authoring.scenario import Scenario
from adapter.sandbox.volume.people import Replacement, is_child
from adapter.sandbox.volume.region import Region

_SLOWEST = 1.9
"""How much longer than on paper a journey may take. None is quicker: two of its instants stay a second apart."""


class Shape:
    """A journey as a pattern. What is sent again as it is, and an order of arrival, are left out."""

    def __init__(self, plan: Path) -> None:
        whole = scenario.read(plan)
        words: dict[str, Any] = whole.model_dump(mode="json", by_alias=True, exclude_unset=True)
        words.pop("order", None)
        words["steps"] = [step for step in words["steps"] if "repeats" not in step]
        self._words = words
        self.name = plan.parent.name
        self.parties = whole.parties
        self.events = frozenset(step.event for step in whole.steps)
        self._start = datetime.fromisoformat(whole.steps[0].at)
        number = whole.person.personnummer
        self.of_child = number is not None and is_child(number, self._start.year)

    def retold(self, seed: str, start: datetime, person: Replacement, region: Region, chance: Random) -> Scenario:
        """The case as a scenario whose first message is sent at `start`, an aware instant in whole seconds."""
        parties = region.cast(self.parties, chance)
        pace = chance.uniform(1.0, _SLOWEST)

        def moved(instant: datetime) -> datetime:
            seconds = (instant.astimezone(UTC) - self._start).total_seconds() * pace
            return start + timedelta(seconds=seconds // 1)

        words = times.move({name: each for name, each in self._words.items() if name != "outcome"}, moved)
        codes = {played.kommunkod: parties[role].kommunkod for role, played in self.parties.items() if played.kommunkod}
        words = _replaced(words, codes)
        words |= {
            "seed": seed,
            "person": person.words(self._words["person"]),
            "parties": {role: party.model_dump() for role, party in parties.items()},
            "outcome": self._words["outcome"],
        }
        for step in words["steps"]:
            if "person" in step:
                step["person"] = person.words(step["person"])
        return Scenario.model_validate(words)


def shapes(folder: Path, region: Region, names: Iterable[str] = ()) -> list[Shape]:
    """The shapes of the journeys in a folder, or of those with the names, for which the region has units enough."""
    wanted = set(names)
    found = [Shape(plan) for plan in sorted(folder.glob("*/journey.yaml")) if not wanted or plan.parent.name in wanted]
    return [shape for shape in found if region.suits(shape.parties)]


def _replaced(value: Any, codes: dict[str, str | None]) -> Any:
    """The value with each kommunkod of the journey's own municipalities replaced."""
    if isinstance(value, str):
        return codes.get(value) or value
    if isinstance(value, dict):
        return {name: _replaced(member, codes) for name, member in value.items()}
    if isinstance(value, list):
        return [_replaced(item, codes) for item in value]
    return value
