"""Takes in a list of units from elsewhere: says what would change, and changes it in one step.

The list is the whole truth about each party that it names, and says nothing about others. A unit that is missing from
it has ended; nothing is ever deleted, because old messages still point there, except a row that had not begun.
"""

import csv
import io
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from adapter.directory import checks, files
from adapter.directory.files import COLUMNS, Row
from adapter.directory.model import Unit
from adapter.support.errors import ConfigurationError, Problem

Key = tuple[str, date | None]
"""A unit in one of its periods: HSA-id and first day."""


@dataclass(frozen=True)
class Change:
    """What happens to one unit. `fields` are (name, old, new) of what differs, as written in the file."""

    kind: Literal["added", "changed", "ended", "unchanged"]
    unit: Unit
    fields: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Plan:
    """The changes, sorted by party and HSA-id, and the bytes of the units.csv that they lead to."""

    changes: tuple[Change, ...]
    content: bytes
    file: Path

    @property
    def alters(self) -> bool:
        """Whether anything would change."""
        return any(change.kind != "unchanged" for change in self.changes)

    def apply(self) -> None:
        """Write units.csv in one step: a reader sees the old file or the new one. Raises OSError."""
        handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(self.content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(self.file.stat().st_mode & 0o777 if self.file.exists() else 0o644)
            Path(name).replace(self.file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def plan(folder: Path, source: Path, on: date) -> Plan:
    """What importing `source` into the directory in `folder` would do; units that are missing end the day before `on`.

    Raises ConfigurationError that names each row of the source, or of the directory it would give, that is wrong, and
    OSError where a file cannot be read.
    """
    rows = files.read(folder)
    incoming = files.read_units(source.read_bytes(), source)
    target = folder / files.UNITS
    kept = [row for row in rows.units if row.file.name != files.UNITS]
    current = [row for row in rows.units if row.file.name == files.UNITS]
    problems = [*rows.problems, *incoming.problems, *_only_here(incoming.units, kept), *_doubles(incoming.units)]
    if problems:
        raise ConfigurationError(problems)
    after = {_key(row.entry): row for row in current}
    after.update((_key(row.entry), _reachable(row, after.get(_key(row.entry)))) for row in incoming.units)
    for key, row in _missing(current, incoming.units, on):
        if row is None:
            del after[key]
        else:
            after[key] = row
    rows.units = [*kept, *after.values()]
    rows.named["units"] = {row.entry.hsa for row in rows.units}
    problems = list(checks.errors(rows, None, None))
    if problems:
        raise ConfigurationError(problems)
    before = {_key(row.entry): row.entry for row in current}
    units = sorted((row.entry for row in after.values()), key=_order)
    return Plan(tuple(_changes(before, units)), write(units), target)


def _reachable(row: Row[Unit], before: Row[Unit] | None) -> Row[Unit]:
    """The row, with the contacts that it leaves empty as they were: lists from elsewhere have none."""
    if before is None:
        return row
    names = ("phone", "email", "contact")
    kept = {name: value for name in names if (value := getattr(before.entry, name)) and not getattr(row.entry, name)}
    return replace(row, entry=row.entry.model_copy(update=kept)) if kept else row


def _key(unit: Unit) -> Key:
    return unit.hsa, unit.valid_from


def _order(unit: Unit) -> tuple[str, str, date]:
    return unit.party, unit.hsa, unit.starts


def _only_here(incoming: Iterable[Row[Unit]], kept: Iterable[Row[Unit]]) -> Iterator[Problem]:
    elsewhere = {row.entry.hsa: row for row in kept}
    for row in incoming:
        if row.entry.hsa in elsewhere:
            other = elsewhere[row.entry.hsa]
            yield row.problem(f"the unit {row.entry.hsa} is kept by hand at {other.file.name}:{other.line}")


def _doubles(incoming: Iterable[Row[Unit]]) -> Iterator[Problem]:
    seen: dict[Key, Row[Unit]] = {}
    for row in incoming:
        first = seen.setdefault(_key(row.entry), row)
        if first is not row:
            yield row.problem(f"the unit {row.entry.hsa} is already on line {first.line} for the same first day")


def _missing(
    current: Iterable[Row[Unit]], incoming: Iterable[Row[Unit]], on: date
) -> Iterator[tuple[Key, Row[Unit] | None]]:
    """The rows of the named parties that the list no longer has, with their end; None for one that is left out."""
    listed: dict[str, list[Unit]] = defaultdict(list)
    for row in incoming:
        listed[row.entry.hsa].append(row.entry)
    parties = {row.entry.party for row in incoming}
    for row in current:
        unit, same = row.entry, listed[row.entry.hsa]
        if unit.party not in parties or any(_key(other) == _key(unit) for other in same):
            continue
        end = _end(unit, same, on)
        if end < unit.starts:
            yield _key(unit), None
        elif end < unit.ends:
            entry = unit.model_copy(update={"valid_to": end})
            yield _key(unit), Row(entry, row.file, row.place, row.line_of)


def _end(unit: Unit, same: list[Unit], on: date) -> date:
    """The last day of a row that the list has not: the day before the list's next period of the unit, or before today;
    before its own start where the list has begun the same period earlier."""
    if any(other.starts < unit.starts and other.meets(unit) for other in same):
        return date.min
    following = [other.starts for other in same if other.starts > unit.starts]
    return min(following, default=on) - timedelta(days=1)


def _changes(before: dict[Key, Unit], after: list[Unit]) -> Iterator[Change]:
    left = dict(before)
    found = []
    for unit in after:
        old = left.pop(_key(unit), None)
        if old is None:
            found.append(Change("added", unit))
            continue
        fields = tuple(
            (name, was, now) for name, was, now in zip(COLUMNS, _cells(old), _cells(unit), strict=True) if was != now
        )
        ends = any(name == "valid_to" and now for name, _, now in fields)
        found.append(Change("ended" if ends else "changed" if fields else "unchanged", unit, fields))
    found += [Change("ended", unit, (("", "not begun", "left out"),)) for unit in left.values()]
    yield from sorted(found, key=lambda change: _order(change.unit))


def write(units: Iterable[Unit]) -> bytes:
    """The units as units.csv, in the order given."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(_cells, units))
    return text.getvalue().encode()


def _cells(unit: Unit) -> list[str]:
    return ["" if value is None else str(value) for value in (getattr(unit, column) for column in COLUMNS)]
