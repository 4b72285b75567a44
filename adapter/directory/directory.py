"""The directory in memory: immutable after load, and the rules by which a message finds its way.

How a route is found. The most exact address that the message gives decides alone; there is no falling back to a
less exact one, because that would be a guess:

1. HSA-id: a route to that unit, or else to the party that answers for it on the day. Units above it are not asked.
2. Placing municipality: a route for that placing municipality, or else as 3.
3. Kommunkod: a route to that municipality, or else to the party whose code it is.

At the first of these steps that has a route for the event on that day, all must lead to one endpoint.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from adapter.directory import checks, files
from adapter.directory.endpoint import Endpoint, Inbox
from adapter.directory.model import Party, RouteEntry, System, Unit
from adapter.support.errors import AdapterError, ConfigurationError, NotFoundError, Problem


class UnknownRecipientError(AdapterError):
    """No route leads to the address for that event on that day."""


class AmbiguousRecipientError(AdapterError):
    """Routes of the same precedence lead to different endpoints."""


@dataclass(frozen=True)
class Receiver:
    """How a message addresses its receiver: HSA-id, kommunkod, kommunkod of the municipality that placed the person."""

    hsa: str | None = None
    municipality: str | None = None
    placing: str | None = None


@dataclass(frozen=True)
class Route:
    """Where a message goes: `unit` is the HSA-id or kommunkod that it was addressed to, `party` answers for it.
    `dead_letter` says for an event what a dead letter does, where this route has it otherwise."""

    endpoint: Endpoint
    party: Party
    unit: str
    dead_letter: Mapping[str, str] = field(default_factory=dict)


class Directory:
    """Parties, units, systems, endpoints and routes. Made by `load`; safe to share between threads."""

    def __init__(self, rows: files.Rows, warnings: Iterable[Problem] = ()) -> None:
        self.version = rows.version
        """sha256 (hex) over the names and bytes of the directory's files"""
        self.warnings = tuple(warnings)
        """what looks wrong but does not stop the adapter"""
        self.parties: Mapping[str, Party] = _by_id(row.entry for row in rows.parties)
        self.systems: Mapping[str, System] = _by_id(row.entry for row in rows.systems)
        self.endpoints: Mapping[str, Endpoint] = _by_id(row.entry for row in rows.endpoints)
        self.inboxes: Mapping[str, Inbox] = _by_id(row.entry for row in rows.inboxes)
        self._endpoint_rows = tuple(rows.endpoints)
        self.units = tuple(row.entry for row in rows.units)
        """every unit of every time; an HSA-id may stand here once for each period"""
        self._periods: dict[str, list[Unit]] = defaultdict(list)
        self._of_party: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.units:
            self._periods[unit.hsa].append(unit)
            self._of_party[unit.party].append(unit)
        self._codes: dict[str, Party] = {}
        for party in self.parties.values():
            self._codes |= {code: party for code in (party.hsa, party.kommunkod) if code}
        self._routes: dict[tuple[str, str], list[RouteEntry]] = defaultdict(list)
        for row in rows.routes:
            self._routes[row.entry.to.pair].append(row.entry)

    @classmethod
    def load(cls, folder: Path, *, mappings: Path | None = None, events: Iterable[str] | None = None) -> "Directory":
        """The directory in a folder. Where given, the mappings and events that it names must be among these.

        Raises ConfigurationError that names every problem with file and line.
        """
        rows = files.read(folder)
        known = frozenset(events) if events is not None else None
        found = rows.problems + (list(checks.errors(rows, mappings, known)) if rows.whole else [])
        if found:
            raise ConfigurationError(sorted(found, key=lambda problem: (str(problem.file), problem.line or 0)))
        return cls(rows, checks.warnings(rows))

    def secret_problems(self) -> list[Problem]:
        """What is wrong with the secrets that endpoints name: missing, the example's, or no token."""
        return [
            row.problem(str(error), *place)
            for row in self._endpoint_rows
            for place, error in row.entry.secret_problems()
        ]

    def endpoint_problem(self, endpoint_id: str, reason: str, *inner: str) -> Problem:
        """A problem with an endpoint, or with what stands at `inner` in it, with file and line."""
        return next(row for row in self._endpoint_rows if row.entry.id == endpoint_id).problem(reason, *inner)

    def missing(self, not_done: Mapping[str, int], folder: Path) -> list[Problem]:
        """The endpoints that are not here, though so many deliveries to each are not done."""
        reason = "deliveries to it are not done: keep it until they are delivered or cancelled"
        return [
            Problem(folder, None, f"the endpoint '{endpoint}' is not here any more, and {count} {reason}")
            for endpoint, count in sorted(not_done.items())
            if endpoint not in self.endpoints
        ]

    def unrouted(self, not_done: Mapping[str, int], on: date) -> list[Problem]:
        """The endpoints that are here, and to which no route leads on a day or later, though so many deliveries to each
        are not done."""
        routed = {route.endpoint for routes in self._routes.values() for route in routes if route.ends >= on}
        reason = "deliveries to it are not done: they stay with it until they are delivered, redirected or cancelled"
        return [
            self.endpoint_problem(endpoint, f"no route leads to the endpoint '{endpoint}', and {count} {reason}")
            for endpoint, count in sorted(not_done.items())
            if endpoint in self.endpoints and endpoint not in routed
        ]

    def party(self, party_id: str) -> Party:
        """The party of that id. Raises NotFoundError."""
        return _known(self.parties, party_id, "party")

    def endpoint(self, endpoint_id: str) -> Endpoint:
        """The endpoint of that id. Raises NotFoundError."""
        return _known(self.endpoints, endpoint_id, "endpoint")

    def system(self, system_id: str) -> System:
        """The system of that id. Raises NotFoundError."""
        return _known(self.systems, system_id, "system")

    def unit(self, hsa: str, on: date) -> Unit | None:
        """The unit with that HSA-id as it is on a day."""
        return next((unit for unit in self._periods.get(hsa, ()) if unit.counts(on)), None)

    def party_of(self, unit: str, on: date) -> Party | None:
        """The party that answers for an HSA-id or kommunkod on a day; None where none does."""
        found = self.unit(unit, on)
        return self.parties[found.party] if found else self._codes.get(unit)

    def units_of(self, party_id: str, on: date) -> frozenset[str]:
        """What the party may send as on a day: HSA-ids and kommunkoder, its own and those of every party that a
        system run by it carries. Raises NotFoundError."""
        parties = self.carried_by(party_id) | {self.party(party_id).id}
        return frozenset(code for party in parties for code in self._codes_of(self.parties[party], on))

    @property
    def hsa_ids(self) -> dict[str, frozenset[str]]:
        """The HSA-ids that each party has, or had, or will have: its own and its units'."""
        return {
            party.id: frozenset({*(unit.hsa for unit in self._of_party.get(party.id, ())), *filter(None, [party.hsa])})
            for party in self.parties.values()
        }

    @property
    def addresses(self) -> frozenset[str]:
        """Every HSA-id and kommunkod that somebody answers for, at some time."""
        return frozenset({*self._periods, *self._codes})

    def carried_by(self, party_id: str) -> frozenset[str]:
        """The parties that the systems run by this one carry messages for; none for most parties."""
        systems = self.systems.values()
        return frozenset(carried for system in systems if system.party == party_id for carried in system.carries)

    def carriers_of(self, party_id: str) -> frozenset[str]:
        """The parties that run a system which carries messages for this one, and itself."""
        return frozenset({party_id, *(each.party for each in self.systems.values() if party_id in each.carries)})

    def _codes_of(self, party: Party, on: date) -> Iterator[str]:
        yield from (unit.hsa for unit in self._of_party.get(party.id, ()) if unit.counts(on))
        yield from (code for code in (party.hsa, party.kommunkod) if code)

    def route(self, receiver: Receiver, event: str, on: date) -> Route:
        """Where a message about `event` to `receiver` goes on a day (a date in Europe/Stockholm).

        Raises UnknownRecipientError or AmbiguousRecipientError; neither names anything but what the message itself
        gave.
        """
        words, code, steps = _steps(receiver)
        party = self.party_of(code, on)
        if party is None:
            raise UnknownRecipientError(f"{words} is not in the directory on {on}")
        for step in [*steps, ("party", party.id)]:
            routes = [route for route in self._routes.get(step, ()) if route.carries(event) and route.counts(on)]
            ways = {route.endpoint for route in routes}
            if len(ways) > 1:
                raise AmbiguousRecipientError(f"{words} can be reached in {len(ways)} ways for {event} on {on}")
            if ways:
                overrides = {event: policy for route in routes for event, policy in route.dead_letter.items()}
                return Route(self.endpoints[ways.pop()], party, code, overrides)
        raise UnknownRecipientError(f"no route leads to {words} for {event} on {on}")


def _steps(receiver: Receiver) -> tuple[str, str, list[tuple[str, str]]]:
    """The address in words, its code, and the routes to ask before the party's own, in order."""
    if code := receiver.hsa:
        return f"the unit {code}", code, [("hsa", code)]
    if code := receiver.placing:
        return f"the placing municipality {code}", code, [("placing", code), ("municipality", code)]
    if code := receiver.municipality:
        return f"the municipality {code}", code, [("municipality", code)]
    raise UnknownRecipientError("the receiver has no address: expected an HSA-id or a kommunkod")


T = TypeVar("T", Party, System, Endpoint, Inbox)


def _by_id(entries: Iterable[T]) -> Mapping[str, T]:
    return MappingProxyType({entry.id: entry for entry in entries})


def _known(entries: Mapping[str, T], name: str, kind: str) -> T:
    if name not in entries:
        raise NotFoundError(f"there is no {kind} '{name}' in the directory")
    return entries[name]
