"""The plan of a cut-over: `cutover.yaml`, checked, with every problem's line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from adapter.directory import Directory
from adapter.support import checked, yaml
from adapter.support.checked import Lines
from adapter.support.errors import ConfigurationError, NotFoundError, Problem

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Kommunkod = Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class Mode(StrEnum):
    """How cases come into the new system."""

    IMPORT = "import"
    """by messages, through the adapter's own way out"""
    WORKLIST = "worklist"
    """by hand, from a printed list"""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wave(_Entry):
    """Municipalities that change system on the same day."""

    name: Name
    """the wave's name in commands and lists"""
    start: date
    """the first day in the new system: before it nothing is carried"""
    municipalities: Annotated[tuple[Kommunkod, ...], AfterValidator(checked.not_empty)]
    """kommunkoder, in quotes"""
    mode: Mode | None = None
    """import or worklist, where it differs from the plan's"""


class _File(_Entry):
    source: Name = Field(alias="from")
    """the system that is left, as its export names itself"""
    target: Name = Field(alias="to")
    """the new system's id in the directory"""
    name: str = Field(min_length=1, max_length=100)
    """the old system's name, as people read it in the new one"""
    mode: Mode = Mode.IMPORT
    """import: by messages; worklist: by hand, where the new system takes in no ongoing cases"""
    waves: Annotated[tuple[Wave, ...], AfterValidator(checked.not_empty)]
    """who changes when"""


@dataclass(frozen=True)
class Plan:
    """A checked plan. `source` and `target` are ids, `name` the old system's for people."""

    file: Path
    source: str
    target: str
    name: str
    mode: Mode
    waves: tuple[Wave, ...]

    def wave_of(self, municipality: str | None) -> Wave | None:
        """The wave that a municipality goes with."""
        return next((wave for wave in self.waves if municipality in wave.municipalities), None)

    def mode_of(self, wave: Wave) -> Mode:
        return wave.mode or self.mode

    def wave(self, name: str) -> Wave:
        """The wave with this name. Raises NotFoundError."""
        for wave in self.waves:
            if wave.name == name:
                return wave
        known = ", ".join(wave.name for wave in self.waves)
        raise NotFoundError(f"{self.file} has no wave '{name}'; it has {known}")


def load(file: Path, directory: Directory) -> Plan:
    """The plan in a file, checked against the directory. Raises ConfigurationError with every problem's line."""
    try:
        data, lines = yaml.load(file)
    except OSError as error:
        raise ConfigurationError([Problem(file, None, f"cannot be read: {error.strerror}")]) from error
    try:
        found = _File.model_validate(data if data is not None else {})
    except ValidationError as error:
        raise ConfigurationError(checked.problems(error, _File, file, lines.of)) from None
    problems = list(_problems(found, directory, file, lines))
    if problems:
        raise ConfigurationError(problems)
    return Plan(file, found.source, found.target, found.name, found.mode, found.waves)


def _problems(found: _File, directory: Directory, file: Path, lines: Lines) -> Iterator[Problem]:
    def problem(reason: str, *place: str | int) -> Problem:
        return Problem(file, lines.of(place), f"{'.'.join(map(str, place))}: {reason}")

    if found.target not in directory.systems:
        known = ", ".join(sorted(directory.systems))
        yield problem(f"the directory has no system '{found.target}'; it has {known}", "to")
    elif not any(endpoint.system == found.target for endpoint in directory.endpoints.values()):
        yield problem(f"the directory has no endpoint that leads to '{found.target}'", "to")
    if found.source == found.target:
        yield problem("is the same system as from", "to")
    codes = {party.kommunkod for party in directory.parties.values()}
    names: set[str] = set()
    placed: dict[str, str] = {}
    for number, wave in enumerate(found.waves):
        if wave.name in names:
            yield problem(f"there is another wave '{wave.name}'", "waves", number, "name")
        names.add(wave.name)
        for index, code in enumerate(wave.municipalities):
            place = ("waves", number, "municipalities", index)
            if code not in codes:
                yield problem(f"no party of the directory has the kommunkod {code}", *place)
            if code in placed:
                yield problem(f"{code} is in the wave '{placed[code]}' already", *place)
            placed.setdefault(code, wave.name)
