"""One engine for SQLite and PostgreSQL: `read()` and `write()` transactions, and what each database needs set."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapter.support.errors import UnavailableError

_BUSY_TIMEOUT_MS = 10_000
_INCREMENTAL = 2
"""SQLite's number for auto_vacuum = incremental."""


class Database:
    """A handle on the store.

    A write transaction takes SQLite's one write lock at its start (BEGIN IMMEDIATE), so that a reader is never
    asked to become a writer half-way. A commit on SQLite is on disk when it returns (synchronous FULL).
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            _create_private(Path(self.url.database))
        self.engine = create_engine(
            self.url,
            pool_size=20,
            max_overflow=20,
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,  # bound values are personal data: none may stand in an exception
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; commits at the end, rolls back on error.

        Raises UnavailableError where the database does not answer, is locked for too long or is full.
        """
        with _unavailable(), self.engine.execution_options(writes=True).begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent snapshot to read from. Raises UnavailableError where the database does not answer."""
        with _unavailable(), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise UnavailableError(f"the database does not answer ({type(error.orig).__name__})") from error
    except PoolTimeoutError as error:
        raise UnavailableError("the database has no connection free") from error


def _create_private(path: Path) -> None:
    """The file holds personal data: only its owner may read it, from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    if cursor.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
        # only in a new file: to set it again takes the write lock, and a reader would wait for whoever writes
        cursor.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.execute(text("BEGIN IMMEDIATE" if writes else "BEGIN"))
