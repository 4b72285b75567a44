"""What must fit together in a directory. Errors stop the adapter, warnings do not."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from adapter.directory.endpoint import HOOK, TASK, Endpoint, Inbox
from adapter.directory.files import Row, Rows
from adapter.directory.model import Party, PartyKind, RouteEntry, Unit, UnitKind
from adapter.fhir.identifiers import is_hsa
from adapter.support import secrets
from adapter.support.checked import nearest
from adapter.support.errors import Problem

_ANSWER = "acceptance-answer"


def errors(rows: Rows, mappings: Path | None, events: Collection[str] | None) -> Iterator[Problem]:
    """Everything that is wrong between rows. `mappings` and `events` are what may be named; None: not checked."""
    yield from _distinct(rows)
    yield from _periods(rows.units)
    yield from _references(rows)
    yield from _kinds(rows)
    yield from _parents(rows.units)
    yield from _carried(rows)
    yield from _answers_only(rows)
    yield from _shared_folders(rows)
    yield from _events(rows, events)
    if mappings is not None:
        yield from _mappings(rows, mappings)


def warnings(rows: Rows) -> Iterator[Problem]:
    """What is allowed but likely a slip."""
    yield from _odd_hsa(rows)
    yield from _ambiguous(rows.routes)
    yield from _unreachable(rows)
    yield from _without_open_care(rows)
    for row in rows.endpoints:
        for place, file in row.entry.secret_files.items():
            if secrets.readable_by_others(file):
                yield row.problem(f"other users may read {file}: chmod 600 it", *place)
    yield from _folders(rows)


def _distinct(rows: Rows) -> Iterator[Problem]:
    yield from _unique(rows.parties, "id", lambda party: party.id)
    yield from _unique(rows.systems, "id", lambda system: system.id)
    yield from _unique(rows.endpoints, "id", lambda endpoint: endpoint.id)
    yield from _unique(rows.inboxes, "id", lambda inbox: inbox.id)
    yield from _unique(rows.parties, "kommunkod", lambda party: party.kommunkod)
    yield from _unique(rows.parties, "hsa", lambda party: party.hsa)
    organisations = {row.entry.hsa: row.entry.id for row in rows.parties}
    for row in rows.units:
        owner = organisations.get(row.entry.hsa, row.entry.party)
        if owner != row.entry.party:
            yield row.problem(
                f"{row.entry.hsa} is the party '{owner}' itself, not a unit of '{row.entry.party}'", "hsa"
            )


def _unique(rows: Iterable[Row[Any]], field: str, of: Callable[[Any], str | None]) -> Iterator[Problem]:
    first: dict[str, Row[Any]] = {}
    for row in rows:
        value = of(row.entry)
        if value is not None and first.setdefault(value, row) is not row:
            yield row.problem(f"{field} '{value}' is already at {_at(first[value])}", field)


def _at(row: Row[Any]) -> str:
    return f"{row.file.name}:{row.line}"


def _periods(units: Iterable[Row[Unit]]) -> Iterator[Problem]:
    same: dict[str, list[Row[Unit]]] = defaultdict(list)
    for row in units:
        same[row.entry.hsa].append(row)
    for rows in same.values():
        rows.sort(key=lambda row: row.entry.starts)
        longest = rows[0]
        for row in rows[1:]:
            if row.entry.meets(longest.entry):
                yield row.problem(
                    f"the unit {row.entry.hsa} counts already at {_at(longest)} on some of these days: "
                    "end that row the day before this one begins",
                    "hsa",
                )
            longest = max(longest, row, key=lambda row: row.entry.ends)


def _references(rows: Rows) -> Iterator[Problem]:
    named = rows.named
    for unit in rows.units:
        yield from _known(unit, unit.entry.party, "party", named["parties"], "party")
        if unit.entry.parent is not None:
            yield from _known(unit, unit.entry.parent, "unit", named["units"], "parent")
    for party in rows.parties:
        if party.entry.replaced_by is not None:
            yield from _known(
                party, party.entry.replaced_by, "party", named["parties"] - {party.entry.id}, "replaced_by"
            )
    for system in rows.systems:
        yield from _known(system, system.entry.party, "party", named["parties"], "party")
        for index, carried in enumerate(system.entry.carries):
            yield from _known(system, carried, "party", named["parties"], "carries", index)
    for endpoint in rows.endpoints:
        yield from _known(endpoint, endpoint.entry.system, "system", named["systems"], "system")
    for inbox in rows.inboxes:
        yield from _known(inbox, inbox.entry.system, "system", named["systems"], "system")
    codes = {party.entry.kommunkod for party in rows.parties if party.entry.kommunkod}
    known: dict[str, tuple[str, Collection[str]]] = {
        "hsa": ("unit", named["units"].union(row.entry.hsa for row in rows.parties if row.entry.hsa)),
        "party": ("party", named["parties"]),
        "municipality": ("party with kommunkod", codes),
        "placing": ("party with kommunkod", codes),
    }
    for route in rows.routes:
        yield from _known(route, route.entry.endpoint, "endpoint", named["endpoints"], "endpoint")
        kind, value = route.entry.to.pair
        yield from _known(route, value, *known[kind], "to", kind)


def _known(row: Row[Any], name: str, kind: str, known: Collection[str], *inner: str | int) -> Iterator[Problem]:
    if name not in known:
        yield row.problem(f"there is no {kind} '{name}' in the directory{nearest(name, known)}", *inner)


def _kinds(rows: Rows) -> Iterator[Problem]:
    parties = {row.entry.id: row.entry for row in rows.parties}
    for row in rows.units:
        party = parties.get(row.entry.party)
        if party is not None and not _may_have(party, row.entry.kind):
            reason = f"a party of kind {party.kind} ('{party.id}') has no unit of kind {row.entry.kind}"
            yield row.problem(reason, "kind")


def _may_have(party: Party, kind: UnitKind) -> bool:
    if party.kind is PartyKind.OPERATOR:
        return False
    if kind.regional:
        return party.kind is not PartyKind.MUNICIPALITY
    if kind.municipal:
        return party.kind is PartyKind.PROVIDER or party.kommunkod is not None
    return True


def _parents(units: Iterable[Row[Unit]]) -> Iterator[Problem]:
    above = {row.entry.hsa: row.entry.parent for row in units}
    for row in units:
        seen, step = {row.entry.hsa}, row.entry.parent
        while step is not None and step not in seen:
            seen.add(step)
            step = above.get(step)
        if step == row.entry.hsa:
            yield row.problem(f"the unit {row.entry.hsa} stands above itself", "parent")


def _carried(rows: Rows) -> Iterator[Problem]:
    """A route's endpoint must lead to a system that takes messages for the party; the party must be addressable."""
    systems = {row.entry.id: row.entry for row in rows.systems}
    endpoints = {row.entry.id: row.entry for row in rows.endpoints}
    addressable = {row.entry.party for row in rows.units}
    addressable.update(row.entry.id for row in rows.parties if row.entry.kommunkod or row.entry.hsa)
    for row in rows.routes:
        endpoint = endpoints.get(row.entry.endpoint)
        system = systems.get(endpoint.system) if endpoint else None
        for party in _parties_of(row.entry, rows):
            if party not in addressable:
                yield row.problem(f"the party '{party}' has no unit and no code: nothing can be addressed to it", "to")
            if system is not None and party not in {system.party, *system.carries}:
                yield row.problem(
                    f"the endpoint '{row.entry.endpoint}' leads to the system '{system.id}', which does not carry "
                    f"'{party}': name it under carries",
                    "endpoint",
                )


def _parties_of(route: RouteEntry, rows: Rows) -> set[str]:
    """The parties that the route leads to; of a unit, those that answer for it while the route counts."""
    kind, value = route.to.pair
    if kind == "party":
        return {value}.intersection(row.entry.id for row in rows.parties)
    if kind == "hsa":
        units = (row.entry for row in rows.units)
        return {unit.party for unit in units if unit.hsa == value and unit.meets(route)}
    return {row.entry.id for row in rows.parties if row.entry.kommunkod == value}


def _events(rows: Rows, events: Collection[str] | None) -> Iterator[Problem]:
    if events is None:
        return
    for route in rows.routes:
        for index, event in enumerate(route.entry.events or ()):
            if event not in events:
                yield route.problem(f"there is no event '{event}'{nearest(event, events)}", "events", index)
    overriding: list[Row[Endpoint] | Row[RouteEntry]] = [*rows.endpoints, *rows.routes]
    for row in overriding:
        for event in row.entry.dead_letter:
            if event not in events:
                yield row.problem(f"there is no event '{event}'{nearest(event, events)}", "dead_letter", event)


def _mappings(rows: Rows, folder: Path) -> Iterator[Problem]:
    shipped = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    named: list[Row[Endpoint] | Row[Inbox]] = [*rows.endpoints, *rows.inboxes]
    for row in named:
        mapping = row.entry.mapping
        if mapping is not None and mapping not in shipped:
            yield row.problem(f"there is no folder {folder / mapping}{nearest(mapping, shipped)}", "mapping")


def _answers_only(rows: Rows) -> Iterator[Problem]:
    """A Task alone cannot carry what other messages hold beside it, and a notification carries none."""
    takers = {row.entry.id for row in rows.endpoints if row.entry.channel == TASK}
    notified = {row.entry.id for row in rows.endpoints if row.entry.channel == HOOK}
    for row in rows.routes:
        if row.entry.endpoint in notified:
            words = f"the endpoint '{row.entry.endpoint}' takes notifications: no message is sent to it"
            yield row.problem(words, "endpoint")
        if row.entry.endpoint in takers and row.entry.events != (_ANSWER,):
            words = f"the endpoint '{row.entry.endpoint}' takes Tasks alone: write events: [{_ANSWER}]"
            yield row.problem(words, "events" if row.entry.events else "endpoint")


def _shared_folders(rows: Rows) -> Iterator[Problem]:
    """What is dropped for one must not be fetched by another, nor taken in again."""
    first: dict[Path, Row[Any]] = {}
    found: list[tuple[Row[Any], Path, tuple[str, ...]]] = [
        (row, row.entry.folder.path, ("folder", "path")) for row in rows.endpoints if row.entry.folder is not None
    ]
    found += [(row, row.entry.path, ("path",)) for row in rows.inboxes]
    for row, path, place in found:
        folder = path.resolve()
        if first.setdefault(folder, row) is not row:
            yield row.problem(f"the folder {path} is already at {_at(first[folder])}", *place)


def _folders(rows: Rows) -> Iterator[Problem]:
    """A share may be away for a while: that stops nobody."""
    for row in rows.endpoints:
        folder = row.entry.folder
        if folder is not None and not folder.path.is_dir():
            words = f"there is no folder {folder.path}: its messages wait until it is there"
            yield row.problem(words, "folder", "path")
    for inbox in rows.inboxes:
        if not inbox.entry.path.is_dir():
            yield inbox.problem(f"there is no folder {inbox.entry.path}: nothing can be left in it", "path")


def _odd_hsa(rows: Rows) -> Iterator[Problem]:
    named: list[Row[Party] | Row[Unit]] = [*rows.parties, *rows.units]
    for row in named:
        if row.entry.hsa is not None and not is_hsa(row.entry.hsa):
            yield row.problem(f"'{row.entry.hsa}' has not the form of an HSA-id, SE2321000016-A1B2", "hsa")


def _ambiguous(routes: Iterable[Row[RouteEntry]]) -> Iterator[Problem]:
    same: dict[tuple[str, str], list[Row[RouteEntry]]] = defaultdict(list)
    for row in routes:
        same[row.entry.to.pair].append(row)
    for rows in same.values():
        for first, second in combinations(rows, 2):
            one, other = first.entry, second.entry
            if one.endpoint != other.endpoint and one.meets(other) and _share_events(one, other):
                yield second.problem(
                    f"goes to another endpoint than {_at(first)} for the same receiver, events and days: such messages "
                    "are refused as ambiguous",
                    "to",
                )


def _share_events(one: RouteEntry, other: RouteEntry) -> bool:
    return one.events is None or other.events is None or not set(one.events).isdisjoint(other.events)


def _unreachable(rows: Rows) -> Iterator[Problem]:
    reached = {party for row in rows.routes for party in _parties_of(row.entry, rows)}
    for row in rows.parties:
        if row.entry.kind is not PartyKind.OPERATOR and row.entry.id not in reached:
            yield row.problem(f"no route leads to the party '{row.entry.id}': messages to it are refused")


def _without_open_care(rows: Rows) -> Iterator[Problem]:
    kinds: dict[str, set[UnitKind]] = defaultdict(set)
    for unit in rows.units:
        kinds[unit.entry.party].add(unit.entry.kind)
    everywhere = set().union(*kinds.values())
    for row in rows.parties:
        if UnitKind.INPATIENT in kinds[row.entry.id] and UnitKind.OPEN_CARE not in everywhere:
            yield row.problem(
                f"the party '{row.entry.id}' has inpatient units, but the directory has no unit of kind open-care: "
                "nobody can call to a SIP (LAW 4:3)"
            )
