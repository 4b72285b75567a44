"""Endpoints as who claims sees them: those that may be sent to now, and how many more deliveries each may get, by its
state, its limit and its pace.

A door is locked until the transaction ends. One that another worker has locked is passed over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, select, update

from adapter.delivery import breaker, heads
from adapter.delivery.pace import Pace
from adapter.store import tables
from adapter.store.statements import Row, Statement

_MICROS = 1_000_000
_endpoint = tables.endpoint_state.c

_LOCKED = Statement(
    select(tables.endpoint_state)
    .where(_endpoint.endpoint.in_(bindparam("names", expanding=True)))
    .with_for_update(skip_locked=True)
)
_NOTE = Statement(update(tables.endpoint_state).where(_endpoint.endpoint == bindparam("this")))


@dataclass(frozen=True)
class Terms:
    """How leases are taken: by whom, when (UTC microseconds) and for how many seconds. `limit` says how many
    deliveries may run at once to an endpoint, `rate` how many may be sent to it in a second (None: any number); where
    nobody is sent to, because the receiver comes, there is no `rate`. An endpoint that is down is probed
    `probe_seconds` apart. Those in `leave` are not claimed for."""

    owner: str
    at: int
    seconds: float
    limit: Callable[[str], int]
    probe_seconds: float
    rate: Callable[[str], float | None] | None = None
    leave: frozenset[str] = frozenset()

    @property
    def expires_at(self) -> int:
        return self.at + round(self.seconds * _MICROS)


@dataclass
class Door:
    """An endpoint that gets at most `room` more, of which `taken` are; a `probe` finds out whether it is back. `uptime`
    is its own clock, `pace` its `rate_at` after each of them."""

    row: Row
    room: int
    probe: bool
    uptime: int
    pace: list[int]
    taken: int = 0

    @property
    def endpoint(self) -> str:
        return str(self.row.endpoint)


def unlocked(connection: Connection, endpoints: Sequence[str], terms: Terms, wanted: int) -> list[Door]:
    """Those of the endpoints that may get more now, in the order given, with room for no more than are wanted."""
    known = {row.endpoint: row for row in _LOCKED.rows(connection, {"names": list(endpoints)})}
    may = [known[name] for name in endpoints if name in known and _may_be_sent_to(known[name], terms.at)]
    if not may:
        return []
    busy = heads.busy(connection, [row.endpoint for row in may], terms.at)
    doors = [_door(row, busy.get(row.endpoint, 0), terms, wanted) for row in may]
    return [door for door in doors if door.room > 0]


def note(connection: Connection, doors: Sequence[Door], terms: Terms) -> None:
    """Write down what was taken: whose turn it was, the pace, and when an endpoint that is down is probed next."""
    _NOTE.run_each(connection, [_noted(door, terms) for door in doors if door.taken])


def _may_be_sent_to(row: Row, at: int) -> bool:
    if row.state in ("closed", "paused"):
        return bool(row.state == "closed")
    return row.next_probe_at is not None and row.next_probe_at <= at


def _door(row: Row, busy: int, terms: Terms, wanted: int) -> Door:
    probe = row.state != "closed"
    room = min(wanted, (1 if probe else max(1, terms.limit(row.endpoint))) - busy)
    uptime = breaker.uptime(row, terms.at)
    if probe or terms.rate is None:
        return Door(row, room, probe, uptime, [])
    pace = _paced(Pace(terms.rate(row.endpoint), row.recovered_at, row.rate_at), terms.at, room)
    return Door(row, len(pace), probe, uptime, pace)


def _paced(pace: Pace, at: int, most: int) -> list[int]:
    """`rate_at` after each one that may be sent now."""
    steps: list[int] = []
    while len(steps) < most and (following := pace.next(at)) is not None:
        steps.append(following)
        pace = replace(pace, rate_at=following)
    return steps


def _noted(door: Door, terms: Terms) -> dict[str, object]:
    probed = terms.at + round(terms.probe_seconds * _MICROS) if door.probe else door.row.next_probe_at
    paced = door.pace[door.taken - 1] if door.pace else door.row.rate_at
    return {"this": door.endpoint, "last_claim_at": terms.at, "next_probe_at": probed, "rate_at": paced}
