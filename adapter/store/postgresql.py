"""What PostgreSQL needs: its engine, its isolation levels, and what its errors mean.

Sessions are set up once (lock_timeout and the like): a pooler between must keep them, as PgBouncer's session mode does.
"""

import time
from collections.abc import Callable
from typing import Any

from psycopg import RawCursor, RawServerCursor
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from adapter.support import plain_json
from adapter.support.errors import UnavailableError
from adapter.support.secrets import SecretError

ASKS: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
READS: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""A snapshot that neither waits for writers nor is ever undone by them."""

_WAIT_FOR_CONNECTION = 10
_RESTED_SECONDS = 1.0
_SINCE = "rests since"
_SETUP = (
    # a server set to lose the last commits in a crash would make "accepted" untrue; a stronger setting stays
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    "SET lock_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = '2min'",
    "SET client_min_messages = 'warning'",
)
_DEFAULTS = {"connect_timeout": 10, "application_name": "discharge-adapter", "keepalives_idle": 30}

_DEADLOCK, _SERIALIZATION, _UNIQUE = "40P01", "40001", "23505"
_READ_ONLY, _IDLE_TOO_LONG, _TRANSACTION_TIMEOUT = "25006", "25P03", "25P04"


def engine(url: str, password: Callable[[], str] | None, connections: int) -> Engine:
    """An engine with at most so many connections, each looked at before it is used anew after a rest."""
    made = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_WAIT_FOR_CONNECTION,
        pool_use_lifo=True,
        paramstyle="numeric_dollar",  # as PostgreSQL reads them: the driver need not look for them each time
        connect_args={"cursor_factory": RawCursor, "client_encoding": "utf8"},  # JSON is written in it
        isolation_level="READ COMMITTED",  # of who writes; to choose it each time would take as long as a statement
        json_serializer=plain_json.text,
        hide_parameters=True,  # bound values are personal data: none may stand in an exception
    )

    def connect(_dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
        for name, value in _DEFAULTS.items():
            parameters.setdefault(name, value)
        if password is not None:
            try:
                parameters["password"] = password()
            except SecretError as error:
                raise UnavailableError(f"the database cannot be opened: {error}") from error

    event.listen(made, "do_connect", connect)
    event.listen(made, "connect", _prepare)
    event.listen(made, "checkin", _rests)
    event.listen(made, "checkout", lambda *given: _look(made, *given))
    return made


def came_between(error: DBAPIError) -> bool:
    """Whether the transaction may well succeed when it is begun anew: it met another's."""
    return state(error) in (_DEADLOCK, _SERIALIZATION, _UNIQUE)


def is_away(error: DBAPIError) -> bool:
    """Whether the database does not answer, is full, busy for too long or has become a standby; of either database."""
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return True
    return state(error) in (_READ_ONLY, _IDLE_TOO_LONG, _TRANSACTION_TIMEOUT)


def state(error: DBAPIError) -> str | None:
    """The SQLSTATE of an error of PostgreSQL."""
    found: str | None = getattr(error.orig, "sqlstate", None)
    return found


def _rests(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_SINCE] = time.monotonic()


def _look(engine: Engine, connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Make all connections anew where this one, which has rested, is dead. To ask each time would be one round trip
    more for every transaction; what is cut while it is in use fails its transaction either way."""
    since = record.info.get(_SINCE)
    if since is None or time.monotonic() - since < _RESTED_SECONDS:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _prepare(connection: Any, _record: object) -> None:
    connection.server_cursor_factory = RawServerCursor  # what is read in parts has the same notation
    was, connection.autocommit = connection.autocommit, True
    with connection.cursor() as cursor:
        for statement in _SETUP:
            cursor.execute(statement)
    connection.autocommit = was
