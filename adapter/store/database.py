"""One engine for SQLite and PostgreSQL: `read()` and `write()` transactions, and what each database needs set."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapter.store import postgresql
from adapter.store.statements import run_text
from adapter.store.together import Together
from adapter.support import plain_json
from adapter.support.errors import UnavailableError
from adapter.support.stores import Database as DatabaseSettings

_BUSY_TIMEOUT_MS = 10_000
_INCREMENTAL = 2
"""SQLite's number for auto_vacuum = incremental."""
_CHECKPOINT_PAGES = 4_000
"""As many are in the log, some 16 MB, before they are written where they belong. A message changes 60 to 70 pages, many
of them those of the message before: they are written there once for 60 messages, by its own bound once for 15."""
_TRIES = 5
_APART_SECONDS = 0.05

_Result = TypeVar("_Result")


class Database:
    """A handle on the store.

    A write transaction takes SQLite's one write lock at its start (BEGIN IMMEDIATE), so that a reader is never
    asked to become a writer half-way. On PostgreSQL it sees what others have committed when each of its statements
    begins (READ COMMITTED): what must not change meanwhile it locks. A commit is on disk when it returns.
    `password` is asked for at each new connection; `connections` is the most that are open, on PostgreSQL.
    """

    def __init__(self, url: str, password: Callable[[], str] | None = None, connections: int = 20) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            _create_private(Path(self.url.database))
        self.engine = _sqlite(url) if self.is_sqlite else postgresql.engine(url, password, connections)
        self._writing = self.engine.execution_options(writes=True)
        self._together = Together(self._writing.begin, _BUSY_TIMEOUT_MS / 1000) if self.is_sqlite else None
        self._asking = self.engine.execution_options(**({} if self.is_sqlite else postgresql.ASKS))
        self._reading = self.engine.execution_options(**({} if self.is_sqlite else postgresql.READS))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; commits at the end, rolls back on error.

        Raises UnavailableError where the database does not answer, is locked for too long or is full.
        """
        begin = self._writing.begin if self._together is None else self._together.alone
        with _unavailable(), begin() as connection:
            yield connection

    def transact(self, work: Callable[[Connection], _Result]) -> _Result:
        """What `work` returns from a write transaction that is begun anew, a few times, where another transaction came
        between: a deadlock, or a row that the other has made first. It must do nothing that a rollback does not undo.
        On SQLite it may be done in another thread, and be committed with those of others (`Together`).

        Raises as `write`.
        """
        with _unavailable():
            if self._together is not None:
                return self._together.transact(work)
            for number in range(1, _TRIES):
                try:
                    with self._writing.begin() as connection:
                        return work(connection)
                except DBAPIError as error:
                    if not postgresql.came_between(error):
                        raise
                time.sleep(number * random.uniform(0, _APART_SECONDS))  # noqa: S311 - so that they do not meet again
            with self._writing.begin() as connection:
                return work(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent snapshot to read from. Raises UnavailableError where the database does not answer."""
        with _unavailable(), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """To read by one statement, or several that need not agree: each sees what is committed when it begins, without
        the round trips of a transaction. Raises as `read`."""
        with _unavailable(), self._asking.connect() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_database(settings: DatabaseSettings) -> Database:
    """The database that the settings name. Nothing is connected to yet."""
    return Database(settings.url, settings.password, settings.connections)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not postgresql.is_away(error):
            raise
        raise UnavailableError(f"the database does not answer ({type(error.orig).__name__})") from error
    except PoolTimeoutError as error:
        raise UnavailableError("the database has no connection free") from error


def _create_private(path: Path) -> None:
    """The file holds personal data: only its owner may read it, from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _sqlite(url: str) -> Engine:
    # bound values are personal data: none may stand in an exception; who wrote last has the pages that are wanted next
    made = create_engine(
        url,
        pool_size=20,
        max_overflow=20,
        pool_use_lifo=True,
        json_serializer=plain_json.text,
        hide_parameters=True,
    )
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    if cursor.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
        # only in a new file: to set it again takes the write lock, and a reader would wait for whoever writes
        cursor.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
    checkpoint = f"wal_autocheckpoint = {_CHECKPOINT_PAGES}"
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on", checkpoint):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    run_text(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")
