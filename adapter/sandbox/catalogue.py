"""The fixtures that ship, by name, and what each must lead to, as data for any reader."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.sandbox.authoring import faults, scenario
from adapter.sandbox.authoring.faults import InvalidFixture
from adapter.sandbox.authoring.folder import PLAN
from adapter.sandbox.authoring.scenario import Role, Scenario
from adapter.sandbox.formats import Format
from adapter.support.errors import AdapterError, NotFoundError
from adapter.support.paths import shipped

_OF_A_DAY = frozenset({"at", "duties", "payment"})
"""What of a journey's outcome holds only for the days on which it is written."""
_DEFAULT_SENDER = "ehr"


def root() -> Path:
    """The folder of the fixtures."""
    return shipped("fixtures")


def journey_folders() -> dict[str, Path]:
    """The folder of each journey by its name."""
    return {plan.parent.name: plan.parent for plan in sorted((root() / "journeys").glob(f"*/{PLAN}"))}


def invalid_files() -> dict[str, Path]:
    """The YAML file of each invalid fixture by its name."""
    return {file.stem: file for file in sorted((root() / "invalid").glob("*.yaml"))}


def chosen(known: dict[str, Path], names: Iterable[str]) -> dict[str, Path]:
    """Those with the names, in that order; all where there is no name. Raises NotFoundError."""
    found = {}
    for name in names:
        if name not in known:
            raise NotFoundError(f"there is no fixture '{name}': `adapter fixtures list` names them")
        found[name] = known[name]
    return found or known


def expectations(plan: Scenario, *, of_the_days: bool = True) -> dict[str, Any]:
    """What a journey's messages say and must lead to, in the order of their arrival. Duties and payments are left out
    where it is not played on the days that it is written for."""
    outcome = plan.outcome.model_dump(mode="json", exclude_none=True)
    return {
        "title": plan.title,
        "shows": plan.shows,
        "parties": {role: party.model_dump(mode="json", exclude_none=True) for role, party in plan.parties.items()},
        "messages": [_step(step) for step in plan.arrivals],
        "outcome": {name: value for name, value in outcome.items() if of_the_days or name not in _OF_A_DAY},
    }


def _step(step: scenario.Step) -> dict[str, Any]:
    said: dict[str, Any] = {
        "file": step.repeats or step.file,
        "step": step.file,
        "event": step.event,
        "at": step.at,
        "sender": step.sender,
        "receivers": list(step.receivers),
    }
    if step.held:
        said["held"] = True
    if step.answers:
        said["answers"] = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in step.answers]
    return said | {"expect": step.expect.model_dump(mode="json", exclude_none=True)}


@dataclass(frozen=True)
class Invalid:
    """An invalid fixture with where it stands."""

    name: str
    file: Path
    words: InvalidFixture

    @classmethod
    def load(cls, file: Path) -> "Invalid":
        """Read its YAML file. Raises AdapterError with file and reason."""
        return cls(file.stem, file, faults.read(file))

    @property
    def shows(self) -> str:
        """The comment that its file begins with."""
        lines = self.file.read_text(encoding="utf-8").splitlines()
        return " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.rule for finding in self.words.findings))

    def expectations(self) -> dict[str, Any]:
        """What must come of it."""
        source = {"of", "fault", "keeps_identifiers"}
        words = self.words.model_dump(mode="json", exclude_none=True, exclude=source)
        if not words.get("request"):
            words.pop("request", None)
        return {"shows": self.shows} | words

    def path(self, relative: str) -> Path:
        """A file that it names."""
        return self.file.parent / relative

    def body(self, format_: Format) -> Path:
        """The file with what is sent: in that format, where the fault can be written in it."""
        if self.words.file is not None:
            return self.path(self.words.file)
        file = self.file.with_suffix(f".{format_}")
        return file if file.is_file() else self.file.with_suffix(".json")

    def sender(self) -> Role:
        """The role whose message it is."""
        source = self.path(self.words.of or self.words.file or "").resolve()
        plan = source.parent / PLAN
        if not plan.is_file():
            return _DEFAULT_SENDER
        return next((step.sender for step in scenario.read(plan).steps if step.file == source.stem), _DEFAULT_SENDER)


def message(file: Path) -> dict[str, Any]:
    """A fixture's resource, from its JSON file. Raises AdapterError with file and reason."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise AdapterError(f"{file} cannot be used: {error}") from error
    if not isinstance(found, dict):
        raise AdapterError(f"{file} cannot be used: a resource was expected")
    return found
