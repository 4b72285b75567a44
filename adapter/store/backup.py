"""A copy of a SQLite database while it is in use, whole and checked, that knows that it is a copy.

PostgreSQL has its own ways (pg_basebackup with the log, pg_dump), which no program of ours does better.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from adapter.store.database import Database
from adapter.support.errors import AdapterError

_PAGES = 2_000
_CHECKED = ("message", "content", "delivery", "fact", "audit")

Told = Callable[[int, int], None]


class BackupError(AdapterError):
    """No backup was made. Says why, and what to do."""


@dataclass(frozen=True)
class Backup:
    """A copy that was read again. `size` in bytes; `rows` of the tables that matter most."""

    file: Path
    size: int
    rows: dict[str, int]


def backup(database: Database, file: Path, at: int, told: Told = lambda *_: None) -> Backup:
    """Copy the database to a new file, as it is at this moment. `at` is now, in UTC microseconds; `told` hears pages
    done and in all. Raises BackupError, and leaves no file behind then."""
    if not database.is_sqlite or not database.url.database:
        raise BackupError("this makes copies of SQLite; PostgreSQL has pg_basebackup and pg_dump: see the guide")
    if file.exists():
        raise BackupError(f"{file} is there already: name a new file")
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("xb") as made:
            os.fchmod(made.fileno(), 0o600)
        rows = _copy(Path(database.url.database), part, told)
        _mark(part, at)
        _check(part, rows)
        _flush(part)
        part.rename(file)
        _flush(file.absolute().parent)
    except FileExistsError:
        raise BackupError(f"{part} is there: another backup is under way, or was ended; remove it then") from None
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise BackupError(f"the backup could not be made: {error}") from error
    except BackupError:
        part.unlink(missing_ok=True)
        raise
    return Backup(file, file.stat().st_size, rows)


def _copy(source: Path, part: Path, told: Told) -> dict[str, int]:
    """One snapshot: a transaction that reads is open all the while, so that those who write do not begin it anew."""
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as here, closing(sqlite3.connect(part)) as there:
        here.execute("BEGIN")
        rows = _count(here)
        here.backup(there, pages=_PAGES, progress=lambda _, left, total: told(total - left, total))
        here.execute("COMMIT")
        there.execute("PRAGMA journal_mode = delete")  # all in the one file
    return rows


def _mark(part: Path, at: int) -> None:
    """Whoever opens the copy as a database has put it back."""
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        values = ("copy", at, at)
        copy.execute("INSERT OR IGNORE INTO restoration (cause, found_at, gap_from) VALUES (?, ?, ?)", values)


def _check(part: Path, rows: dict[str, int]) -> None:
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = delete")
        if (found := copy.execute("PRAGMA integrity_check(1)").fetchone()) != ("ok",):
            raise BackupError(f"the copy is damaged ({found[0]}), and so may the database be: run `adapter db verify`")
        if copy.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise BackupError("rows of the copy name rows that are not there: run `adapter db verify`")
        if _count(copy) != rows:
            raise BackupError("the copy does not hold what the database holds: nothing was kept")


def _count(connection: sqlite3.Connection) -> dict[str, int]:
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _CHECKED}  # noqa: S608 - names of ours


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
