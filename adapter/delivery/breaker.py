"""The state of each endpoint, shared by all workers through the database.

`closed` all is well; `open` it failed too often; `tripped` it is the wrong door or will not let us in; `paused` a
person said so. Open and tripped endpoints are probed by one delivery at a time and resume by themselves.
Time in these states counts against no delivery: the endpoint's own clock, `uptime`, stands still meanwhile.
"""

from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from adapter.delivery import window
from adapter.delivery.streams import status_is
from adapter.store import tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.batch import Batch
from adapter.store.insert import insert_if_absent
from adapter.store.statements import Row, Statement
from adapter.support.errors import NotFoundError

OPEN = "endpoint-open"
TRIPPED = "endpoint-tripped"
"""Kinds of alarm; the subject is `endpoint/<id>`."""

_MICROS = 1_000_000
_state = tables.endpoint_state.c

_this = _state.endpoint == bindparam("this")
_STATE = Statement(select(_state.state).where(_this))
_LOCKED = Statement(select(tables.endpoint_state).where(_this).with_for_update())
_change = update(tables.endpoint_state).where(_this)
_SET = Statement(_change)
_SPOKEN = Statement(_change.returning(*(_state[name] for name in ("endpoint", "state", "since", "down_total"))))


def register(connection: Connection, endpoint: str, at: int) -> None:
    """Know the endpoint: closed, where it is new."""
    insert_if_absent(connection, tables.endpoint_state, endpoint=endpoint, state="closed", since=at)


def state(connection: Connection, endpoint: str) -> str:
    """closed, open, tripped or paused; closed where nothing was ever sent to it."""
    return _STATE.value(connection, {"this": endpoint}) or "closed"


def uptime(row: Any, at: int) -> int:
    """The endpoint's own clock, in microseconds: it runs while the endpoint is closed. `row` has state, since and
    down_total."""
    down: int = row.down_total + (0 if row.state == "closed" else max(0, at - row.since))
    return at - down


def uptime_of(connection: Connection, endpoint: str, at: int) -> int:
    """The clock of an endpoint that something was queued to."""
    columns = (_state.state, _state.since, _state.down_total)
    return uptime(connection.execute(select(*columns).where(_state.endpoint == endpoint)).one(), at)


def succeeded(connection: Connection, endpoint: str, at: int, times: int = 1) -> bool:
    """The receiver spoke in its own voice. True where that closes the breaker; then all waiting heads are due."""
    spoken = {"this": endpoint, "consecutive_failures": 0, "last_success_at": at}
    batch = Batch(connection)
    told = batch.add(_SPOKEN, spoken)
    noted = window.add_note(batch, endpoint, at, failed=0, tried=times)
    batch.run()
    if told.row is not None and told.row.state in ("open", "tripped"):
        _close(connection, told.row, at)
        return True
    if told.row is not None and noted.row is None:
        window.begin(connection, endpoint, at, failed=0, tried=times)
    return False


def failed(
    connection: Connection, endpoint: str, at: int, *, cause: str, open_after: int, probe_seconds: float
) -> bool:
    """A transient failure. True where it opens the breaker: `open_after` in a row, or 70 % of ten or more tries in
    five minutes."""
    was = _locked(connection, endpoint)
    if was is None:
        return False
    failures = was.consecutive_failures + 1
    why = {"reason": cause} if was.state in ("open", "tripped") else {}
    _set(connection, endpoint, consecutive_failures=failures, last_failure_at=at, **why)
    if was.state != "closed":
        return False
    window.note(connection, endpoint, at, failed=1)
    share = window.fails(connection, endpoint, at)
    if failures >= open_after:
        words = f"{failures} failures in a row"
    elif share is not None:
        words = f"{share[0]} of {share[1]} tries failed within five minutes"
    else:
        return False
    _enter(connection, was, at, "open", next_probe_at=_later(at, probe_seconds), reason=cause)
    _alarm(connection, OPEN, endpoint, f"{words}, the last: {cause}", at)
    return True


def trip(connection: Connection, endpoint: str, at: int, *, cause: str, probe_seconds: float) -> bool:
    """Hold everything to the endpoint. True where it was not tripped before; a pause stays a pause."""
    was = _locked(connection, endpoint)
    _set(connection, endpoint, last_failure_at=at)
    if was is None or was.state == "paused":
        return False
    if was.state == "tripped":
        _set(connection, endpoint, reason=cause)
        return False
    _enter(connection, was, at, "tripped", reason=cause, next_probe_at=_later(at, probe_seconds))
    clear_alarm(connection, kind=OPEN, subject=_subject(endpoint), at=at)
    _alarm(connection, TRIPPED, endpoint, cause, at)
    return True


def pause(connection: Connection, endpoint: str, at: int, reason: str) -> None:
    """Send nothing until resumed. Raises NotFoundError where nothing was ever queued to the endpoint."""
    was = _known(connection, endpoint)
    _clear_alarms(connection, endpoint, at)
    _enter(connection, was, at, "paused", next_probe_at=None, reason=reason)


def resume(connection: Connection, endpoint: str, at: int) -> None:
    """Send again, all waiting heads now. Raises as `pause`."""
    _close(connection, _known(connection, endpoint), at)


def _close(connection: Connection, was: Row, at: int) -> None:
    """All waiting heads are due now; `recovered_at` says to those who claim that they are to begin gently."""
    endpoint = was.endpoint
    gently = {} if was.state == "closed" else {"recovered_at": at, "rate_at": None}
    _enter(connection, was, at, "closed", consecutive_failures=0, next_probe_at=None, reason=None, **gently)
    window.forget(connection, endpoint)
    delivery = tables.delivery.c
    connection.execute(
        update(tables.delivery)
        .where(delivery.endpoint == endpoint, status_is("waiting"), delivery.next_attempt_at > at)
        .values(next_attempt_at=at)
    )
    _clear_alarms(connection, endpoint, at)


def _enter(connection: Connection, was: Row, at: int, state: str, **values: object) -> None:
    """Change the state; how long a state in which nothing is sent has lasted is added up."""
    down = 0 if was.state == "closed" else max(0, at - was.since)
    _set(connection, was.endpoint, state=state, since=at, down_total=was.down_total + down, **values)


def _locked(connection: Connection, endpoint: str) -> Row | None:
    return _LOCKED.row(connection, {"this": endpoint})


def _known(connection: Connection, endpoint: str) -> Row:
    found = _locked(connection, endpoint)
    if found is None:
        raise NotFoundError(f"nothing has been queued to an endpoint '{endpoint}'")
    return found


def _set(connection: Connection, endpoint: str, **values: object) -> None:
    _SET.run(connection, {"this": endpoint} | values)


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
