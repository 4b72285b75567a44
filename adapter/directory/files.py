"""Reads the directory's folder: YAML files and units.csv become rows that know their file and line."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from adapter.directory.endpoint import Endpoint, Inbox
from adapter.directory.model import Entry, Party, RouteEntry, System, Unit, paths_from
from adapter.support import checked, yaml
from adapter.support.checked import Place
from adapter.support.errors import ConfigurationError, Problem

UNITS = "units.csv"
COLUMNS = ("hsa", "name", "kind", "party", "parent", "valid_from", "valid_to", "phone", "email", "contact")
_MAX_CSV_BYTES = 32 * 1024 * 1024

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Row(Generic[E]):
    """An entry and where it stands."""

    entry: E
    file: Path
    place: Place
    line_of: Callable[[Place], int | None]

    def problem(self, reason: str, *inner: str | int) -> Problem:
        """A problem with the entry, or with what stands at `inner` in it."""
        return Problem(self.file, self.line_of((*self.place, *inner)), reason)

    @property
    def line(self) -> int | None:
        return self.line_of(self.place)


@dataclass
class Rows:
    """All rows that could be read, and the problems of those that could not. `named` holds the ids (HSA-ids for
    units) of both, so that a bad row is told once and not again by each row that refers to it."""

    parties: list[Row[Party]] = field(default_factory=list)
    units: list[Row[Unit]] = field(default_factory=list)
    systems: list[Row[System]] = field(default_factory=list)
    endpoints: list[Row[Endpoint]] = field(default_factory=list)
    routes: list[Row[RouteEntry]] = field(default_factory=list)
    inboxes: list[Row[Inbox]] = field(default_factory=list)
    named: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in _SECTIONS})
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True
    """whether every file could be read; if not, what refers to a row may be right though the row is not here"""
    version: str = ""

    def take(self, section: str, data: Any, file: Path, place: Place, line_of: Callable[[Place], int | None]) -> None:
        """Check one row's data and keep it, or its problems."""
        model = _SECTIONS[section]
        if isinstance(data, dict):
            name = data.get("hsa" if section == "units" else "id")
            if isinstance(name, str):
                self.named[section].add(name)
        try:
            entry = model.model_validate(data)
        except ValidationError as error:
            self.problems += checked.problems(error, model, file, line_of, place)
        else:
            getattr(self, section).append(Row(entry, file, place, line_of))


_SECTIONS: dict[str, type[Entry]] = {
    "parties": Party,
    "units": Unit,
    "systems": System,
    "endpoints": Endpoint,
    "routes": RouteEntry,
    "inboxes": Inbox,
}


def read(folder: Path) -> Rows:
    """Every row in the folder's *.yaml files and units.csv.

    Raises ConfigurationError where the folder is missing or holds no directory, or a file cannot be read.
    """
    if not folder.is_dir():
        raise ConfigurationError([Problem(folder, None, "there is no such folder; it holds the directory's files")])
    files = sorted(file for file in folder.iterdir() if file.suffix in {".yaml", ".yml"} or file.name == UNITS)
    if not files:
        raise ConfigurationError([Problem(folder, None, "holds no directory: expected *.yaml files")])
    rows, digest = Rows(), hashlib.sha256()
    with paths_from(folder.resolve()):
        for file in files:
            try:
                raw = _bytes(file)
                digest.update(f"{file.name}\0{len(raw)}\0".encode() + raw)
                _read_csv(raw, file, rows) if file.name == UNITS else _read_yaml(raw, file, rows)
            except ConfigurationError as error:
                rows.problems += error.problems
                rows.whole = False
    rows.version = digest.hexdigest()
    return rows


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError([Problem(file, None, f"cannot be read: {error.strerror}")]) from error


def _read_yaml(raw: bytes, file: Path, rows: Rows) -> None:
    data, lines = yaml.parse(raw, file)
    if data is None:
        return
    if not isinstance(data, dict):
        raise ConfigurationError([Problem(file, 1, f"expected lists named {', '.join(_SECTIONS)}")])
    for section, entries in data.items():
        if section not in _SECTIONS:
            hint = checked.nearest(section, _SECTIONS) or f"; known here: {', '.join(_SECTIONS)}"
            rows.problems.append(Problem(file, lines.of((section,)), f"{section}: no such list{hint}"))
        elif entries is not None and not isinstance(entries, list):
            rows.problems.append(Problem(file, lines.of((section,)), f"{section}: expected a list"))
        else:
            for index, entry in enumerate(entries or []):
                rows.take(section, entry, file, (section, index), lines.of)


def read_units(raw: bytes, file: Path) -> Rows:
    """The units of a CSV file; `problems` says what is wrong. Raises ConfigurationError where it is not such a file
    at all."""
    rows = Rows()
    _read_csv(raw, file, rows)
    return rows


def _read_csv(raw: bytes, file: Path, rows: Rows) -> None:
    for line, values in _csv_rows(raw, file):
        if values is None:
            rows.problems.append(Problem(file, line, "has not as many columns as the header"))
        else:
            rows.take("units", values, file, ("units", line), lambda place: int(place[1]))


def _csv_rows(raw: bytes, file: Path) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Each row under the header with the line on which it begins; None for one of another width. Empty cells are left
    out. Comma or semicolon, as the header has it."""
    if len(raw) > _MAX_CSV_BYTES:
        raise ConfigurationError([Problem(file, None, f"is larger than {_MAX_CSV_BYTES} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigurationError([Problem(file, line, "is not UTF-8 text: save it as CSV UTF-8")]) from error
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    columns: list[str] = []
    start = 1
    try:
        for cells in reader:
            if not columns:
                columns = _columns(cells, file)
            elif any(cell.strip() for cell in cells):
                pairs = zip(columns, map(str.strip, cells), strict=False)
                yield start, {name: cell for name, cell in pairs if cell} if len(cells) == len(columns) else None
            start = reader.line_num + 1
    except csv.Error as error:
        raise ConfigurationError([Problem(file, start, f"is not valid CSV: {error}")]) from error
    if not columns:
        raise ConfigurationError([Problem(file, 1, f"expected a header: {','.join(COLUMNS)}")])


def _columns(cells: list[str], file: Path) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    unknown = [column for column in columns if column not in COLUMNS]
    missing = [column for column in COLUMNS[:4] if column not in columns]
    if unknown or missing or len(set(columns)) < len(columns):
        raise ConfigurationError([Problem(file, 1, f"expected a header with these columns: {','.join(COLUMNS)}")])
    return columns
