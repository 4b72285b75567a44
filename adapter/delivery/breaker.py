"""The state of each endpoint, shared by all workers through the database.

`closed` all is well; `open` it failed too often in a row; `tripped` it is the wrong door or will not let us in;
`paused` a person said so. Open and tripped endpoints are probed by one delivery at a time and resume by themselves.
Time in these states counts against no delivery.
"""

from sqlalchemy import Connection, select, update

from adapter.delivery.streams import status_is
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.insert import insert_if_absent
from adapter.support.errors import NotFoundError

OPEN = "endpoint-open"
TRIPPED = "endpoint-tripped"
"""Kinds of alarm; the subject is `endpoint/<id>`."""

_MICROS = 1_000_000
_state = tables.endpoint_state.c


def register(connection: Connection, endpoint: str, at: int) -> None:
    """Know the endpoint: closed, where it is new."""
    insert_if_absent(connection, tables.endpoint_state, endpoint=endpoint, state="closed", since=at)


def state(connection: Connection, endpoint: str) -> str:
    """closed, open, tripped or paused; closed where nothing was ever sent to it."""
    found = connection.execute(select(_state.state).where(_state.endpoint == endpoint)).scalar_one_or_none()
    return found or "closed"


def succeeded(connection: Connection, endpoint: str, at: int) -> bool:
    """The receiver spoke in its own voice. True where that closes the breaker; then all waiting heads are due."""
    _set(connection, endpoint, consecutive_failures=0, last_success_at=at)
    if _locked_state(connection, endpoint) not in ("open", "tripped"):
        return False
    _close(connection, endpoint, at)
    return True


def failed(
    connection: Connection, endpoint: str, at: int, *, cause: str, open_after: int, probe_seconds: float
) -> bool:
    """A transient failure. True where it opens the breaker: `open_after` failures in a row."""
    was = _locked_state(connection, endpoint)
    failures: int = connection.execute(
        update(tables.endpoint_state)
        .where(_state.endpoint == endpoint)
        .values(consecutive_failures=_state.consecutive_failures + 1, last_failure_at=at)
        .returning(_state.consecutive_failures)
    ).scalar_one()
    if was in ("open", "tripped"):
        _set(connection, endpoint, next_probe_at=_later(at, probe_seconds))
    if was != "closed" or failures < open_after:
        return False
    _set(connection, endpoint, state="open", since=at, next_probe_at=_later(at, probe_seconds), reason=cause)
    _alarm(connection, OPEN, endpoint, f"{failures} failures in a row, the last: {cause}", at)
    return True


def trip(connection: Connection, endpoint: str, at: int, *, cause: str, probe_seconds: float) -> bool:
    """Hold everything to the endpoint. True where it was not tripped before; a pause stays a pause."""
    was = _locked_state(connection, endpoint)
    _set(connection, endpoint, last_failure_at=at)
    if was == "paused":
        return False
    _set(connection, endpoint, reason=cause, next_probe_at=_later(at, probe_seconds))
    if was == "tripped":
        return False
    _set(connection, endpoint, state="tripped", since=at)
    clear_alarm(connection, kind=OPEN, subject=_subject(endpoint), at=at)
    _alarm(connection, TRIPPED, endpoint, cause, at)
    return True


def pause(connection: Connection, endpoint: str, at: int, reason: str) -> None:
    """Send nothing until resumed. Raises NotFoundError where nothing was ever queued to the endpoint."""
    if _locked_state(connection, endpoint) is None:
        raise NotFoundError(f"nothing has been queued to an endpoint '{endpoint}'")
    _clear_alarms(connection, endpoint, at)
    _set(connection, endpoint, state="paused", since=at, next_probe_at=None, reason=reason)


def resume(connection: Connection, endpoint: str, at: int) -> None:
    """Send again, all waiting heads now. Raises as `pause`."""
    if _locked_state(connection, endpoint) is None:
        raise NotFoundError(f"nothing has been queued to an endpoint '{endpoint}'")
    _close(connection, endpoint, at)


def _close(connection: Connection, endpoint: str, at: int) -> None:
    _set(connection, endpoint, state="closed", since=at, consecutive_failures=0, next_probe_at=None, reason=None)
    delivery = tables.delivery.c
    connection.execute(
        update(tables.delivery)
        .where(delivery.endpoint == endpoint, status_is("waiting"), delivery.next_attempt_at > at)
        .values(next_attempt_at=at)
    )
    _clear_alarms(connection, endpoint, at)


def _locked_state(connection: Connection, endpoint: str) -> str | None:
    return connection.execute(
        select(_state.state).where(_state.endpoint == endpoint).with_for_update()
    ).scalar_one_or_none()


def _set(connection: Connection, endpoint: str, **values: object) -> None:
    connection.execute(update(tables.endpoint_state).where(_state.endpoint == endpoint).values(**values))


def _alarm(connection: Connection, kind: str, endpoint: str, reason: str, at: int) -> None:
    command = f"adapter endpoints show {endpoint}"
    raise_alarm(connection, kind=kind, subject=_subject(endpoint), reason=reason, command=command, at=at)


def _clear_alarms(connection: Connection, endpoint: str, at: int) -> None:
    for kind in (OPEN, TRIPPED):
        clear_alarm(connection, kind=kind, subject=_subject(endpoint), at=at)


def _subject(endpoint: str) -> str:
    return f"endpoint/{endpoint}"


def _later(at: int, seconds: float) -> int:
    return at + round(seconds * _MICROS)
