"""A journey: the messages of one patient's way, and what each must lead to. The files are in fixtures/journeys."""

import json
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from adapter.sandbox.authoring import scenario
from adapter.sandbox.authoring.folder import PLAN
from adapter.sandbox.authoring.scenario import Party, Role, Step
from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.times import Timeline
from adapter.support.errors import AdapterError
from adapter.support.paths import shipped


@dataclass(frozen=True)
class Journey:
    """A journey as read from its folder; `messages` by step file are as written there."""

    folder: Path
    title: str
    parties: Dictionary[Role, Party]
    steps: tuple[Step, ...]
    messages: Dictionary[str, dict[str, Any]]

    @classmethod
    def load(cls, folder: Path) -> "Journey":
        """Read journey.yaml and the JSON messages that it names. Raises AdapterError with file and reason."""
        plan = scenario.read(folder / PLAN)
        messages = {step.file: _read(folder / f"{step.repeats or step.file}.json") for step in plan.steps}
        return cls(folder, plan.title, plan.parties, tuple(plan.arrivals), messages)


def shipped_journey(name: str) -> Journey:
    """A journey that ships with the adapter, such as `home-with-sip`."""
    return Journey.load(shipped("fixtures") / "journeys" / name)


def _read(file: Path) -> dict[str, Any]:
    try:
        message = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise AdapterError(f"{file} cannot be used: {error}") from error
    if not isinstance(message, dict):
        raise AdapterError(f"{file} cannot be used: a Bundle was expected")
    return message


class Play:
    """One run of a journey: new identifiers from the seed, times moved to when each message is sent."""

    def __init__(self, journey: Journey, seed: str) -> None:
        self.journey = journey
        self.identifiers = Identifiers(seed)
        self._timeline = Timeline()

    def message(self, step: Step, now: datetime) -> dict[str, Any]:
        """The step's message as it is sent at `now`. Steps are asked for once each, in order."""
        written = self.journey.messages[step.file]
        self._timeline.sent(datetime.fromisoformat(written["timestamp"]), now)
        message: dict[str, Any] = self._timeline.move(self.identifiers.renew(written))
        return message

    def header_id(self, step: Step) -> str:
        """The message id of a step in this run, known before it is sent."""
        header = self.journey.messages[step.file]["entry"][0]["resource"]
        header_id: str = self.identifiers.renew(header["id"])
        return header_id
