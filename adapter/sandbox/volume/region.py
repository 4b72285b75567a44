"""The units that generated cases are written between."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pydantic import BaseModel, ConfigDict, ValidationError

from adapter.directory.model import Party, Unit
from adapter.sandbox.authoring import scenario
from adapter.sandbox.authoring.scenario import Role
from adapter.support import yaml
from adapter.support.errors import AdapterError
from adapter.support.paths import shipped

_POSTAL_CODES = 99_000
"""No Swedish postal code begins with 99."""


class _Words(BaseModel):
    """What is read of a directory: its systems, endpoints and routes do not matter here."""

    model_config = ConfigDict(frozen=True)

    parties: tuple[Party, ...]
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Town:
    """Where people live: the place of a municipality."""

    name: str
    postal_code: str


class Region:
    """Parties and their units. `towns` has one for each municipality."""

    def __init__(self, parties: tuple[Party, ...], units: tuple[Unit, ...]) -> None:
        self._parties = {party.id: party for party in parties}
        self._units = {party.id: [unit for unit in units if unit.party == party.id] for party in parties}
        municipal = [party for party in parties if party.kommunkod is not None]
        self.towns = [
            Town(party.name.removesuffix(" kommun").removeprefix("Region "), str(_POSTAL_CODES + 101 + number % 899))
            for number, party in enumerate(municipal)
        ]

    def suits(self, parties: Mapping[Role, scenario.Party]) -> bool:
        """Whether there are units enough for these roles."""
        return self._cast(parties, Random(0)) is not None  # noqa: S311 - whose units they are is no secret

    def cast(self, parties: Mapping[Role, scenario.Party], chance: Random) -> dict[Role, scenario.Party]:
        """Units of the same kinds in the place of those of a journey: what belonged to one organisation there belongs
        to one here. Only for what `suits`."""
        found = self._cast(parties, chance)
        if found is None:
            raise AdapterError("there are not units enough for the journey")
        return found

    def _cast(self, parties: Mapping[Role, scenario.Party], chance: Random) -> dict[Role, scenario.Party] | None:
        """The organisation that needs the most kinds of units chooses first."""
        groups: dict[str, list[Role]] = {}
        for role, party in parties.items():
            groups.setdefault(party.unit.split("-", maxsplit=1)[0], []).append(role)
        taken: set[str] = set()
        chosen: dict[Role, scenario.Party] = {}
        for roles in sorted(groups.values(), key=lambda roles: (-len({parties[role].kind for role in roles}), roles)):
            wanted = Counter(str(parties[role].kind) for role in roles)
            able = [each for each in self._parties if each not in taken and self._has(each, wanted)]
            if not able:
                return None
            owner = chance.choice(able)
            taken.add(owner)
            free = chance.sample(self._units[owner], len(self._units[owner]))
            for role in roles:
                unit = next(each for each in free if each.kind == parties[role].kind)
                free.remove(unit)
                chosen[role] = self._party(parties[role], unit)
        return {role: chosen[role] for role in parties}

    def _has(self, party: str, wanted: Counter[str]) -> bool:
        return wanted <= Counter(str(unit.kind) for unit in self._units[party])

    def _party(self, played: scenario.Party, unit: Unit) -> scenario.Party:
        owner = self._parties[unit.party]
        code = owner.kommunkod if played.kommunkod else None
        words = {"unit": unit.hsa, "name": unit.name, "kommunkod": code, "endpoint": f"https://{owner.id}.example/fhir"}
        return played.model_copy(update=words)


def read(file: Path | None = None) -> Region:
    """The parties and units of a directory.yaml; without one, of the invented region that ships. Raises AdapterError
    with file and reason."""
    file = file or shipped("fixtures") / "region.yaml"
    try:
        words = _Words.model_validate(yaml.load(file)[0])
    except (OSError, ValidationError) as error:
        raise AdapterError(f"{file} cannot be used: {error}") from error
    region = Region(words.parties, words.units)
    if not region.towns:
        raise AdapterError(f"{file} cannot be used: it has no party with a kommunkod")
    return region
