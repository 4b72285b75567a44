"""Reads an export of ongoing cases: one XML file, or a folder of CSV files with the same content.

A case that cannot be read does not stop the others: it is told with its place and reason, and counted. What breaks the
export as a whole (no XML, no header, a row that belongs to no case) stops it. No value of a case is repeated in words.
"""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from adapter.cutover import convert
from adapter.cutover.case import Case
from adapter.cutover.schema import CASE, schema
from adapter.fhir import instants, markup
from adapter.support.errors import ConfigurationError, ParseError, Problem

MAX_BYTES = 64 * 1024 * 1024
HEADER, CASES = "export.csv", "arenden.csv"
TABLES = {
    ("begaran",): "begaran.csv",
    ("vardkontakt",): "vardkontakter.csv",
    ("underlag", "avsnitt"): "avsnitt.csv",
    ("kallelse", "kallad"): "kallade.csv",
    ("samtycke",): "samtycken.csv",
    ("plan", "mal"): "mal.csv",
    ("plan", "insats"): "insatser.csv",
}
"""What may repeat in a case, by its path → the file with a row for each."""
SEPARATOR = "|"
"""Between the values of one cell."""
_FIELDS = ("version", "system", "uttagen", "omfattning")


@dataclass(frozen=True)
class Entry:
    """One case of an export, or why it cannot be read: `fault`. `place` is file and line. A key that could not be read
    is the entry's place, so that the case is still counted."""

    place: str
    key: str
    case: Case | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Export:
    """An export as read. `taken` is the instant, with offset, at which it was taken; `whole` says that it holds every
    ongoing case; `sha256` is of its bytes."""

    file: Path
    system: str
    taken: str
    whole: bool
    sha256: str
    entries: tuple[Entry, ...]


def read(place: Path) -> Export:
    """The export in an XML file or a folder of CSV files. Raises ConfigurationError with file and line where it is no
    such thing, AdapterError where it cannot be read."""
    return _read_csv(place) if place.is_dir() else _read_xml(place)


def _read_xml(file: Path) -> Export:
    raw = _bytes(file)
    try:
        markup.decode(raw)
        root = markup.root(raw, bounded=False)
    except ParseError as error:
        raise _broken(file, error.line, error.reason) from None
    if root.tag != schema().tag("export"):
        raise _broken(file, None, f"expected the element export in the namespace {schema().namespace}")
    shell = etree.Element(root.tag)
    shell.extend(deepcopy(child) for child in root if child.tag != schema().tag(CASE))
    shell.sourceline = root.sourceline
    header = _header(shell, file, None)
    cases = ((f"{file.name}:{element.sourceline}", deepcopy(element)) for element in root.iter(schema().tag(CASE)))
    return _export(file, header, hashlib.sha256(raw).hexdigest(), cases)


def _read_csv(folder: Path) -> Export:
    contents = {name: _bytes(folder / name) for name in (HEADER, CASES)}
    contents |= {name: _bytes(folder / name) for name in TABLES.values() if (folder / name).exists()}
    if sum(map(len, contents.values())) > MAX_BYTES:
        raise _broken(folder, None, f"is larger than {MAX_BYTES} bytes")
    shell = etree.Element(schema().tag("export"))
    rows = list(_rows(folder / HEADER, contents[HEADER], dict.fromkeys(_FIELDS, False)))
    if len(rows) != 1:
        raise _broken(folder / HEADER, 1, f"has {len(rows)} rows; expected one")
    _put(shell, rows[0][1], dict.fromkeys(_FIELDS, False))
    header = _header(shell, folder / HEADER, rows[0][0])
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name}\0{len(contents[name])}\0".encode() + contents[name])
    return _export(folder, header, digest.hexdigest(), _csv_cases(folder, contents))


def _csv_cases(folder: Path, contents: dict[str, bytes]) -> Iterator[tuple[str, Any]]:
    """Each row of the cases' file with what the other files say of it."""
    kinds, columns = _known_tables(), _known_columns("arendeTyp")
    parts: dict[str, list[tuple[tuple[str, ...], dict[str, str]]]] = defaultdict(list)
    first: dict[str, Problem] = {}
    for path, name in TABLES.items():
        inner = _known_columns(kinds[path])
        for line, row in _rows(folder / name, contents.get(name, b""), {"nyckel": False} | inner):
            key = row.pop("nyckel", "")
            parts[key].append((path, row))
            words = "belongs to no case of arenden.csv; expected its nyckel"
            first.setdefault(key, Problem(folder / name, line, words))
    rows = list(_rows(folder / CASES, contents[CASES], columns))
    keys = {row.get("nyckel") for _, row in rows}
    stray = [problem for key, problem in first.items() if key not in keys]
    if stray:
        raise ConfigurationError(stray)
    for line, row in rows:
        yield f"{CASES}:{line}", assemble(row, parts.get(row.get("nyckel", ""), ()))


def assemble(row: Mapping[str, str], parts: Iterable[tuple[tuple[str, ...], Mapping[str, str]]]) -> Any:
    """A case element from the cells of its row, and of the rows of its parts by their paths."""
    element = etree.Element(schema().tag(CASE), nsmap={None: schema().namespace})  # type: ignore[dict-item] # stubs: no default namespace
    _put(element, row, _known_columns("arendeTyp"))
    for path, values in parts:
        parent = _opened(element, path[:-1])
        _put(etree.SubElement(parent, schema().tag(path[-1])), values, _known_columns(_known_tables()[path]))
    _sort(element, "arendeTyp")
    return element


@cache
def _known_columns(kind: str) -> dict[str, bool]:
    return schema().columns(kind)


@cache
def _known_tables() -> dict[tuple[str, ...], str]:
    return schema().tables("arendeTyp")


def _put(element: Any, values: Mapping[str, str], columns: dict[str, bool]) -> None:
    """The cells of a row as children, each in its place."""
    for column, many in columns.items():
        if column not in values:
            continue
        *path, name = column.split(".")
        parent = _opened(element, tuple(path))
        for value in values[column].split(SEPARATOR) if many else [values[column]]:
            etree.SubElement(parent, schema().tag(name)).text = value


def _opened(element: Any, path: tuple[str, ...]) -> Any:
    """The element at a path, made where it is not there."""
    for name in path:
        found = element.find(schema().tag(name))
        element = etree.SubElement(element, schema().tag(name)) if found is None else found
    return element


def _sort(element: Any, kind: str) -> None:
    """Children in the schema's order: rows of several files come in any."""
    children = schema().types[kind].children
    order = {schema().tag(name): place for place, name in enumerate(children)}
    element[:] = sorted(element, key=lambda child: order[child.tag])
    for child in element:
        _sort(child, children[etree.QName(child).localname].type)


def _header(shell: Any, file: Path, line: int | None) -> tuple[str, str, bool]:
    fault = schema().fault(shell)
    if fault is not None:
        raise _broken(file, line or fault[0], fault[1])
    system, taken, scope = (shell.findtext(schema().tag(name)) for name in _FIELDS[1:])
    if instants.parse(taken) is None:
        raise _broken(file, line, "export/uttagen: names a day or time that is not in the calendar")
    return system, taken, scope == "alla"


def _export(file: Path, header: tuple[str, str, bool], sha256: str, cases: Iterator[tuple[str, Any]]) -> Export:
    seen: dict[str, str] = {}
    entries = tuple(_entry(place, element, seen) for place, element in cases)
    return Export(file, *header, sha256, entries)


def _entry(place: str, element: Any, seen: dict[str, str]) -> Entry:
    key = element.findtext(schema().tag("nyckel")) or ""
    fault = schema().fault(element)
    if fault is not None:
        line, words = fault
        named = key if key and "nyckel" not in words and key not in seen else place
        seen.setdefault(named, place)
        return Entry(place, named, fault=words if line is None else f"{words} (line {line})")
    if key in seen:
        return Entry(place, place, fault=f"nyckel: the same key stands at {seen[key]}; expected each once")
    seen[key] = place
    try:
        return Entry(place, key, convert.case(element))
    except ValueError as error:
        return Entry(place, key, fault=str(error))


def _rows(file: Path, raw: bytes, columns: dict[str, bool]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row under the header with the line on which it begins; empty cells are left out. Comma or semicolon, as the
    header has it."""
    if not raw:
        return
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _broken(file, line, "is not UTF-8 text: save it as CSV UTF-8") from None
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header, start = list[str](), 1
    try:
        for cells in reader:
            if not header:
                header = _columns(cells, columns, file)
            elif any(cell.strip() for cell in cells):
                if len(cells) != len(header):
                    raise _broken(file, start, f"has {len(cells)} cells; expected {len(header)} as in the header")
                yield start, {name: cell for name, cell in zip(header, cells, strict=True) if cell}
            start = reader.line_num + 1
    except csv.Error as error:
        raise _broken(file, start, f"is not valid CSV: {error}") from None
    if not header:
        raise _broken(file, 1, f"expected a header: {','.join(columns)}")


def _columns(cells: list[str], known: dict[str, bool], file: Path) -> list[str]:
    header = [cell.strip() for cell in cells]
    unknown = [name for name in header if name not in known]
    if unknown or len(set(header)) < len(header):
        words = f"the column '{unknown[0]}' is not known" if unknown else "a column stands twice"
        raise _broken(file, 1, f"{words}; expected some of {','.join(known)}")
    return header


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _broken(file, None, f"cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise _broken(file, None, f"is larger than {MAX_BYTES} bytes")
    return raw


def _broken(file: Path, line: int | None, reason: str) -> ConfigurationError:
    return ConfigurationError([Problem(file, line, reason)])
