"""A mailbox: the receiver fetches what a worker would have sent, under the same leases.

Heads only, one try on record for each hand-out; what is not confirmed before its lease runs out is handed out again.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, exists, func, or_, select, update

from adapter.delivery import breaker, leases
from adapter.delivery.doors import Terms
from adapter.delivery.leases import Claim
from adapter.delivery.streams import status_is
from adapter.store import marks, tables
from adapter.store.alarms import clear_alarm, raise_alarm
from adapter.store.content import Content, ContentStore
from adapter.support.clock import from_micros

SILENT = "mailbox-silent"
"""Kind of the alarm that nobody empties a mailbox; its subject is `endpoint/<id>`."""

_MICROS = 1_000_000
_attempt, _delivery, _state = tables.attempt.c, tables.delivery.c, tables.endpoint_state.c


def hand_out(
    connection: Connection,
    contents: ContentStore,
    endpoint: str,
    terms: Terms,
    *,
    count: int,
    size: int,
    after: int | None = None,
) -> list[tuple[Claim, Content | None]]:
    """Claim up to `count` heads with up to `size` bytes together, and one at least; None where there are no bytes.
    Nothing while the database has been put back from a copy and nobody has resumed.

    `after` is the last try that the receiver knows of: what was handed out later did not reach it, and goes again now.
    """
    if marks.sending_is_off(connection):
        return []
    if after is not None:  # before the endpoint is locked: who records a try locks the delivery first
        leases.end_after(connection, endpoint, after, terms.at)
    _visited(connection, endpoint, terms.at)
    handed: list[tuple[Claim, Content | None]] = []
    room = size
    while len(handed) < count and (claim := leases.claim_at(connection, endpoint, terms)) is not None:
        content = contents.of_delivery(connection, claim.delivery_id, "mapped")
        room -= 0 if content is None else len(content.body)
        if room < 0 and handed:
            leases.give_back(connection, claim, terms.at)
            break
        handed.append((claim, content))
    return handed


def newest(connection: Connection, endpoint: str) -> int:
    """The newest try of what is handed out now; 0 where nothing is."""
    query = select(func.max(_attempt.id)).join(tables.delivery, _delivery.id == _attempt.delivery_id)
    return connection.execute(query.where(_delivery.endpoint == endpoint, status_is("running"))).scalar_one() or 0


def watch(connection: Connection, pulled: Mapping[str, float], at: int) -> None:
    """Raise an alarm for each mailbox in which something has been due, and to which nobody has come, for as many
    seconds as it says; clear it where that is no longer so. `at` in UTC microseconds."""
    for endpoint, seconds in pulled.items():
        if (reason := _silence(connection, endpoint, at - round(seconds * _MICROS))) is None:
            clear_alarm(connection, kind=SILENT, subject=_subject(endpoint), at=at)
        else:
            command = f"adapter endpoints show {endpoint}"
            subject = _subject(endpoint)
            raise_alarm(connection, kind=SILENT, subject=subject, reason=reason, command=command, at=at)


def _visited(connection: Connection, endpoint: str, at: int) -> None:
    """The receiver is here: whatever its endpoint was before it became a mailbox, it is not down."""
    breaker.register(connection, endpoint, at)
    if breaker.state(connection, endpoint) in ("open", "tripped"):
        breaker.resume(connection, endpoint, at)
    connection.execute(update(tables.endpoint_state).where(_state.endpoint == endpoint).values(last_claim_at=at))
    clear_alarm(connection, kind=SILENT, subject=_subject(endpoint), at=at)


def _silence(connection: Connection, endpoint: str, limit: int) -> str | None:
    here = _delivery.endpoint == _state.endpoint
    head = (here, status_is("waiting"), _delivery.next_attempt_at.is_not(None))
    due = exists().where(*head, _delivery.next_attempt_at <= limit)
    not_confirmed = exists().where(here, status_is("running"), _delivery.lease_expires_at <= limit)
    visited = select(_state.last_claim_at).where(
        _state.endpoint == endpoint, _state.state != "paused", or_(due, not_confirmed)
    )
    found = connection.execute(visited).one_or_none()
    if found is None or (found.last_claim_at is not None and found.last_claim_at > limit):
        return None
    last = found.last_claim_at
    since = "yet" if last is None else f"since {from_micros(last):%Y-%m-%d %H:%M} UTC"
    return f"messages wait in the mailbox {endpoint}, and nobody has come for them {since}"


def _subject(endpoint: str) -> str:
    return f"endpoint/{endpoint}"
