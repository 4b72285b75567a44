"""What needs a person now, since when, and what to type next; and the health of each endpoint.

It is read from the deliveries and endpoints as they are, so that it cannot differ from them; standing alarms add what
is not to be seen there. Deliveries of protected persons are told of without saying where they go.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, case, cast, func, null, select

from adapter.delivery import breaker, outbox
from adapter.discharge.events import EVENTS
from adapter.exchange import sender_alarms, visibility
from adapter.exchange.alerts import planning
from adapter.exchange.feeds import views as feed_views
from adapter.exchange.plans import views as plan_views
from adapter.exchange.records import Attention, EndpointRow
from adapter.security.principals import Principal
from adapter.store import alarms, tables
from adapter.support import alarm_kinds
from adapter.support.clock import from_micros, to_micros

SILENT_AFTER = timedelta(minutes=1)
"""A worker that has not polled for this long is not at work: it polls every few seconds."""

_URGENT, _SOON = "urgent", "soon"
WORKER_SILENT = "worker-silent"
"""Kind of the alarm that messages are due and no worker is at work; its subject is `worker`."""

_SEEN_IN_TABLES = frozenset(
    {outbox.DEAD_LETTER, outbox.SET_ASIDE, breaker.OPEN, breaker.TRIPPED, sender_alarms.LATE, WORKER_SILENT}
)
"""Kinds of alarm whose cause is shown from the tables themselves."""
_MANY_OF_A_KIND = 5
_UNTOLD_AFTER = timedelta(minutes=5)

_message, _delivery, _attempt = tables.message.c, tables.delivery.c, tables.attempt.c
_state, _heartbeat = tables.endpoint_state.c, tables.worker_heartbeat.c


def needed(connection: Connection, principal: Principal, now: datetime, late_after: timedelta) -> list[Attention]:
    """Everything that needs a person: first where a duty by law is at stake, then what else is urgent; of these the
    oldest first. A party is told of its own messages.

    What has waited for `late_after` is told of, though it will still be tried.
    """
    found = [
        *_held(connection, principal),
        *_dead(connection, principal),
        *_late(connection, principal, now - late_after),
    ]
    if principal.sees_all:
        found += [
            *_endpoints(connection),
            *_silent_worker(connection, now),
            *_replays(connection),
            *_alarms(connection),
            *_untold(connection, now),
        ]
        found += feed_views.attention(connection, now)
        found += plan_views.attention(connection)
    return sorted(found, key=lambda each: (not each.statutory, each.severity != _URGENT, each.since))


def overview(connection: Connection, principal: Principal, names: Iterable[str]) -> list[EndpointRow]:
    """The named endpoints and those with traffic of the principal's, by name; protected traffic last, unnamed."""
    counts = _open_counts(connection, principal)
    states = {row.endpoint: row for row in connection.execute(select(tables.endpoint_state))}
    shown = {*names, *(name for name in counts if name is not None)} | (set(states) if principal.sees_all else set())
    rows = [_endpoint_row(name, states.get(name), counts.get(name, {})) for name in sorted(shown)]
    if None in counts:
        rows.append(EndpointRow(None, "protected", None, **counts[None]))
    return rows


def _where() -> ColumnElement[str | None]:
    """The endpoint of a delivery joined with its message; NULL for a protected person."""
    return case((visibility.protected(), cast(null(), String)), else_=_delivery.endpoint)


def _open_counts(connection: Connection, principal: Principal) -> dict[str | None, dict[str, Any]]:
    where = _where().label("place")
    query = (
        select(where, _delivery.status, func.count().label("number"), func.min(_delivery.created_at).label("oldest"))
        .join_from(tables.delivery, tables.message)
        .where(_delivery.status.in_(("waiting", "running", "held", "dead")), visibility.delivery(principal))
        .group_by(where, _delivery.status)
    )
    counts: dict[str | None, dict[str, Any]] = {}
    for row in connection.execute(query):
        place = counts.setdefault(row.place, {})
        kind = "waiting" if row.status == "running" else row.status
        place[kind] = place.get(kind, 0) + row.number
        if kind == "waiting":
            oldest = from_micros(row.oldest)
            place["oldest_waiting_at"] = min(oldest, place.get("oldest_waiting_at", oldest))
    return counts


def _endpoint_row(name: str, state: Any, counts: dict[str, Any]) -> EndpointRow:
    if state is None:
        return EndpointRow(name, "closed", None, **counts)
    instants = ("last_success_at", "last_failure_at", "next_probe_at")
    known: dict[str, Any] = {key: None if (at := getattr(state, key)) is None else from_micros(at) for key in instants}
    return EndpointRow(name, state.state, from_micros(state.since), reason=state.reason, **known, **counts)


@dataclass(frozen=True)
class _Group:
    """The deliveries of a kind at one place that the principal answers for. `events`: how many of each event, those by
    law first."""

    place: str | None
    first: int
    since: int
    events: Mapping[str, int]
    statutory: frozenset[str]

    @property
    def number(self) -> int:
        return sum(self.events.values())


def _groups(
    connection: Connection, principal: Principal, since: ColumnElement[int], *conditions: ColumnElement[bool]
) -> Iterator[_Group]:
    """One for each place: what is at fault there is at fault for every event."""
    query = (
        select(
            _where().label("place"),
            _delivery.event,
            _delivery.statutory,
            func.count().label("number"),
            func.min(_delivery.id).label("first"),
            func.min(since).label("since"),
        )
        .join_from(tables.delivery, tables.message)
        .where(visibility.own_delivery(principal), *conditions)
        .group_by("place", _delivery.event, _delivery.statutory)
    )
    places: dict[str | None, list[Any]] = {}
    for row in connection.execute(query):
        places.setdefault(row.place, []).append(row)
    for place, rows in places.items():
        events: Counter[str] = Counter()
        for row in sorted(rows, key=lambda row: (not row.statutory, row.event)):
            events[row.event] += row.number
        yield _Group(
            place,
            min(row.first for row in rows),
            min(row.since for row in rows),
            events,
            frozenset(row.event for row in rows if row.statutory),
        )


def _held(connection: Connection, principal: Principal) -> Iterator[Attention]:
    lacking = func.coalesce(_delivery.held_reason, "") == outbox.CONSENT
    for kind, which in (("held", ~lacking), ("held-consent", lacking)):
        for group in _groups(connection, principal, _delivery.created_at, _delivery.status == "held", which):
            hidden = group.place is None
            why = "for the protection of a person" if hidden else f"to {group.place}"
            if kind == "held-consent":
                why = "for want of consent" if hidden else f"for want of consent, to {group.place}"
            one = f'adapter deliveries release {group.first} --reason "…"'
            named = "held-protected" if hidden and kind == "held" else kind
            yield _of_group(group, named, f"held {why}: release with a reason, or cancel", one)


def _dead(connection: Connection, principal: Principal) -> Iterator[Attention]:
    ended = select(func.max(_attempt.ended_at)).where(_attempt.delivery_id == _delivery.id).scalar_subquery()
    since = func.coalesce(ended, _delivery.created_at)
    for group in _groups(connection, principal, since, _delivery.status == "dead"):
        where = "" if group.place is None else f" to {group.place}"
        yield _of_group(group, "dead-letter", f"not delivered{where}", f"adapter deliveries show {group.first}")


def _late(connection: Connection, principal: Principal, before: datetime) -> Iterator[Attention]:
    waiting = _delivery.status.in_(("waiting", "running"))
    late = _delivery.created_at < to_micros(before)
    for group in _groups(connection, principal, _delivery.created_at, waiting, late):
        where = "" if group.place is None else f" to {group.place}"
        what = f"still waiting{where}, longer than it should"
        yield _of_group(group, "late", what, f"adapter deliveries show {group.first}")


def _of_group(group: _Group, kind: str, what: str, command_for_one: str) -> Attention:
    status = {"dead-letter": "dead", "late": "waiting"}.get(kind, "held")
    event = next(iter(group.events)) if len(group.events) == 1 else None
    of = "" if event is None else f" --event {event}"
    place = "" if group.place is None else f" --endpoint {group.place}"
    number = "1 delivery" if group.number == 1 else f"{group.number} deliveries"
    return Attention(
        kind=kind,
        subject=f"delivery {group.first}" if group.number == 1 else number,
        what=f"{number}{_of_events(group)} {what}",
        since=from_micros(group.since),
        next_command=command_for_one if group.number == 1 else f"adapter deliveries list --status {status}{of}{place}",
        severity=_URGENT if group.statutory else _SOON,
        statutory=bool(group.statutory),
        count=group.number,
        event=event,
        events=group.events,
        endpoint=group.place,
        delivery_id=group.first if group.number == 1 else None,
    )


def _of_events(group: _Group) -> str:
    if len(group.events) == 1:
        return "".join(f" of {event}{_statutory_note(event, group)}" for event in group.events)
    named = [f"{number} of {event}{_statutory_note(event, group)}" for event, number in group.events.items()]
    return f", {', '.join(named[:-1])} and {named[-1]},"


def _statutory_note(event: str, group: _Group) -> str:
    ground = EVENTS[event].ground if event in EVENTS else ""
    return f" (a notice by law, {ground})" if event in group.statutory and ground else ""


def _endpoints(connection: Connection) -> Iterator[Attention]:
    words = {
        "open": "does not answer as it should; it is probed and resumes by itself",
        "tripped": "did not let us in or was the wrong door; it is probed and resumes by itself",
        "paused": "is paused by a person; everything to it waits",
    }
    for row in connection.execute(select(tables.endpoint_state).where(_state.state.in_(tuple(words)))):
        seen = "" if row.state == "paused" else "seen last: "
        cause = f" ({seen}{row.reason})" if row.reason else ""
        act = "resume" if row.state == "paused" else "show"
        yield Attention(
            kind=f"endpoint-{row.state}",
            subject=f"endpoint {row.endpoint}",
            what=f"endpoint {row.endpoint} {words[row.state]}{cause}",
            since=from_micros(row.since),
            next_command=f"adapter endpoints {act} {row.endpoint}",
            severity=_URGENT if row.state == "tripped" else _SOON,
            endpoint=row.endpoint,
        )


def silent_since(connection: Connection, now: datetime) -> datetime | None:
    """Since when work has been due and no worker has polled: nothing moves. None where one is at work."""
    limit = to_micros(now - SILENT_AFTER)
    due = select(func.min(_delivery.next_attempt_at)).where(
        _delivery.status == "waiting", _delivery.next_attempt_at < limit
    )
    oldest = connection.execute(due).scalar_one()
    polled = connection.execute(select(func.max(_heartbeat.polled_at))).scalar_one()
    if oldest is None or (polled is not None and polled >= limit):
        return None
    return from_micros(oldest if polled is None else max(polled, oldest))


def _silent_worker(connection: Connection, now: datetime) -> Iterator[Attention]:
    since = silent_since(connection, now)
    if since is not None:
        yield Attention(
            kind=WORKER_SILENT,
            subject="worker",
            what="messages are due and no worker is at work",
            since=since,
            next_command="adapter serve",
            severity=_URGENT,
        )


def _untold(connection: Connection, now: datetime) -> Iterator[Attention]:
    """Alerts are due, and no process has tried to send them."""
    since = planning.untried_since(connection)
    if since is not None and since < to_micros(now - _UNTOLD_AFTER):
        yield Attention(
            kind=planning.UNSENT,
            subject="alerts",
            what="people are not told of alarms: no process is at work",
            since=from_micros(since),
            next_command="adapter serve",
            severity=_URGENT,
        )


def _replays(connection: Connection) -> Iterator[Attention]:
    """A replay that somebody has paused stands still until somebody goes on with it."""
    replay = tables.replay.c
    query = select(replay.id, replay.created_at, replay.total, replay.done, replay.refused)
    for row in connection.execute(query.where(replay.status == "paused").order_by(replay.id)):
        yield Attention(
            kind="replay-paused",
            subject=f"replay {row.id}",
            what=f"replay {row.id} is paused at {row.done + row.refused} of {row.total}",
            since=from_micros(row.created_at),
            next_command=f"adapter replays resume {row.id}",
            severity=_SOON,
        )


def _alarms(connection: Connection) -> Iterator[Attention]:
    """The standing alarms, one by one; of a kind that many are standing of, the oldest about a duty by law, else the
    oldest, with how many there are."""
    kinds: dict[str, list[alarms.Alarm]] = {}
    for alarm in alarms.standing(connection):
        if alarm.kind not in _SEEN_IN_TABLES:
            kinds.setdefault(alarm.kind, []).append(alarm)
    for kind, standing in kinds.items():
        several = len(standing) > _MANY_OF_A_KIND
        standing.sort(key=lambda alarm: not alarm.statutory)
        for alarm in standing[:1] if several else standing:
            others = f" (and {len(standing) - 1} more of {kind})" if several else ""
            statutory = any(each.statutory for each in standing) if several else alarm.statutory
            yield Attention(
                kind=kind,
                subject=alarm.subject,
                what=alarm.reason + others,
                since=from_micros(alarm.raised_at),
                next_command=alarm.command,
                severity=_URGENT if statutory or alarm_kinds.default_class(kind) == "wake" else _SOON,
                statutory=statutory,
                count=len(standing) if several else 1,
            )
