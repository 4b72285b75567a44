"""A journey: the messages of one patient's way, and what each must lead to. The files are in fixtures/journeys."""

import json
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.times import Timeline
from adapter.support.errors import AdapterError
from adapter.support.paths import shipped

Role = Literal["ehr", "open-care", "municipality"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Party(_Strict):
    """Who takes part. `unit` is an HSA-id; `kommunkod` has four digits and belongs to a municipality."""

    unit: str
    name: str
    kommunkod: Annotated[str, Field(pattern=r"^\d{4}$")] | None = None


class Answer(_Strict):
    """A message that a receiver sends by itself because of the step. `status` is that of the Task it answers."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    event: str
    sender: Role = Field(alias="from")
    receiver: Role = Field(alias="to")
    status: Literal["accepted", "rejected", "received"] | None = None


class Expectation(_Strict):
    """What the adapter must answer, and how often each receiver must store the message."""

    http_status: int
    acknowledgement: Literal["ok", "transient-error", "fatal-error"]
    issues: tuple[str, ...]
    side_effects: int


class Step(_Strict):
    """One message. `file` is its name without suffix: JSON and XML twins lie beside each other."""

    file: str
    event: str
    sender: Role
    receivers: tuple[Role, ...]
    held: bool = False
    answers: tuple[Answer, ...]
    expect: Expectation


class _Plan(_Strict):
    title: str
    parties: dict[Role, Party]
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _known_parties(self) -> "_Plan":
        for step in self.steps:
            named = {step.sender, *step.receivers, *(role for a in step.answers for role in (a.sender, a.receiver))}
            if missing := sorted(named - self.parties.keys()):
                raise ValueError(f"step {step.file} names {', '.join(missing)}, not among the parties")
        return self


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
        plan_file = folder / "journey.yaml"
        try:
            plan = _Plan.model_validate(YAML(typ="safe", pure=True).load(plan_file.read_text(encoding="utf-8")))
        except (OSError, YAMLError, ValidationError) as error:
            raise AdapterError(f"{plan_file} cannot be used: {error}") from error
        messages = {step.file: _read(folder / f"{step.file}.json") for step in plan.steps}
        return cls(folder, plan.title, plan.parties, plan.steps, messages)


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
        header_id: str = self.journey.messages[step.file]["entry"][0]["resource"]["id"]
        return self.identifiers.renew(header_id)  # type: ignore[no-any-return]
