"""What came to whom, and when: the log by which a party reads resources, and by which its subscribers are notified.

A version comes to the party that sent its message, when that is accepted, and to a receiver when the message has
arrived. Only what is news to the party is in the log. Whether it may still be shown is asked anew at each reading: a
label or a spärr that came later covers it too.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)

from adapter.delivery.recording import Finished
from adapter.exchange import blocks, visibility
from adapter.exchange.resource_ledger import TYPES
from adapter.fhir.canonical import BY_ADAPTER
from adapter.security.principals import Principal
from adapter.store import tables
from adapter.store.insert import insert_if_absent, insert_selected_absent
from adapter.store.statements import Row, Statement

TASK = "Task"
Watchers = Callable[[str], Collection[str]]
"""The parties whose subscriptions are about what comes to a party: itself, and those that run a system for it."""

_message, _delivery, _disclosed = tables.message.c, tables.delivery.c, tables.disclosed.c
_task, _task_version = tables.task.c, tables.task_version.c
_resource, _version = tables.resource.c, tables.resource_version.c
_subscription = tables.subscription.c

_TOPICS = (TASK, *TYPES)


def _telling(message: ColumnElement[Any], to: ColumnElement[Any], *where: ColumnElement[bool]) -> Any:
    """What a message tells a party: Tasks in which it has a part; stays and plans, with what it `knew` of each as it
    was at that time. `always`: it is news whatever the party knew."""
    about = (message.label("message_id"), to.label("party"))
    tasks = (
        select(literal_column(f"'{TASK}'").label("type"), _task.id, _task_version.version)
        .add_columns(null().label("digest"), null().label("knew"), true().label("always"), *about)
        .join_from(tables.task_version, tables.task)
        .where(_task_version.message_id == message, or_(_task.owner_party == to, _task.requester_party == to), *where)
    )
    earlier = tables.resource_version.alias("earlier")
    was_disclosed = and_(
        or_(*(_disclosed.type == each for each in TYPES)),
        _disclosed.resource_id == earlier.c.resource_id,
        _disclosed.version == earlier.c.version,
    )
    knew = (
        select(earlier.c.digest)
        .join_from(earlier, tables.disclosed, was_disclosed)
        .where(
            _disclosed.party == to,
            earlier.c.resource_id == _version.resource_id,
            earlier.c.happened_at <= _version.happened_at,
        )
        .order_by(earlier.c.happened_at.desc(), earlier.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    resources = (
        select(_resource.type, _resource.id, _version.version)
        .add_columns(_version.digest, knew.label("knew"), tables.patient.c.protected.label("always"), *about)
        .join_from(tables.resource_version, tables.resource)
        .join(tables.patient, tables.patient.c.id == _resource.patient_id)
        .where(_version.message_id == message, *where)
    )
    return union_all(tasks, resources)


def _news(told: Any) -> Select[Any]:
    """What of it is news to the party, as rows of the log."""
    told = told.subquery()
    now = bindparam("now", type_=_disclosed.at.type).label("at")
    return (
        select(told.c.party, told.c.type, told.c.id.label("resource_id"), told.c.version, told.c.message_id, now)
        .where(told.c.party.is_not(None), or_(told.c.always, told.c.knew.is_distinct_from(told.c.digest)))
        .order_by(told.c.message_id, told.c.type, told.c.id)
    )


_message_id: BindParameter[int] = bindparam("message", type_=_disclosed.message_id.type)
_TOLD = _news(_telling(_message_id, bindparam("to", type_=String)))
_CAME = _news(
    _telling(
        _delivery.message_id,
        _delivery.receiver_party,
        _delivery.id.in_(bindparam("these", expanding=True)),
        # that the adapter itself wrote about a message tells nobody of a resource
        *(_delivery.event != each for each in sorted(BY_ADAPTER)),
    )
)
_LOGGED = (
    *(_disclosed[name] for name in ("party", "type", "resource_id", "version", "message_id")),
    exists().where(_subscription.status != "off").label("watched"),
)
_MESSAGE_AND_PARTY = attrgetter("message_id", "party")
_STATUS = Statement(
    union_all(
        select(literal_column(f"'{TASK}'").label("type"), _task_version.task_id.label("resource_id"))
        .add_columns(_task_version.status)
        .where(_task_version.message_id == bindparam("message")),
        select(_resource.type, _version.resource_id, _version.status)
        .join_from(tables.resource_version, tables.resource)
        .where(_version.message_id == bindparam("message")),
    )
)
_WATCHING = Statement(
    select(_subscription.id, _subscription.topic, _subscription.statuses)
    .where(
        _subscription.party.in_(bindparam("parties", expanding=True)),
        or_(*(_subscription.topic == bindparam(f"topic_{place}") for place, _ in enumerate(_TOPICS))),
        _subscription.status != "off",
    )
    .order_by(_subscription.id)
    .with_for_update()
)

_LOCK = Statement(
    select(_subscription.id)
    .where(_subscription.party.in_(bindparam("parties", expanding=True)))
    .order_by(_subscription.id)
    .with_for_update()
)
"""For several messages at once: in one order, as for one."""


@dataclass(frozen=True)
class _News:
    """A version that came to a party."""

    type: str
    resource_id: int
    version: int
    status: str | None


def visible(principal: Principal) -> ColumnElement[bool]:
    """Of a message: the principal's party sent it, or it arrived there and may still be shown."""
    reached = exists(select(1).where(_delivery.message_id == _message.id, visibility.arrived(principal)))
    return or_(_message.sender_party.in_(principal.parties), and_(reached, blocks.clear_of(principal)))


def accepted(connection: Connection, message_id: int, sender: str, watchers: Collection[str], at: int) -> None:
    """What a message tells has come to its own sender. `at` in UTC microseconds."""
    values = {"message": message_id, "to": sender, "now": at}
    news = insert_selected_absent(connection, tables.disclosed, _TOLD, _LOGGED, values)
    _notify(connection, news, message_id, watchers, at)


def arrived(connection: Connection, finished: Sequence[Finished], watchers: Watchers) -> None:
    """Deliveries have ended, at one time: where they are done, what their messages tell has come to the receivers."""
    done = sorted((each for each in finished if each.status == "done"), key=attrgetter("message_id"))
    come = sorted((row for some in _apart(done) for row in _log_arrived(connection, some)), key=_MESSAGE_AND_PARTY)
    watched = {row.party for row in come if row.watched}
    if len(done) > 1 and watched and connection.dialect.name != "sqlite":  # where a writer is alone anyhow
        _LOCK.run(connection, {"parties": sorted({one for party in watched for one in watchers(party)})})
    for (message_id, party), news in groupby(come, key=_MESSAGE_AND_PARTY):
        _notify(connection, list(news), message_id, watchers(party), done[0].at)


def _apart(done: Sequence[Finished]) -> list[list[Finished]]:
    """In their order, which is one for all, so that no two wait for each other, and no person twice in one part: what
    is news in one message depends on what the one before it told."""
    parts: list[list[Finished]] = []
    for each in done:
        if not parts or any(each.patient_id == other.patient_id for other in parts[-1]):
            parts.append([])
        parts[-1].append(each)
    return parts


def _log_arrived(connection: Connection, some: Sequence[Finished]) -> list[Row]:
    values = {"these": [each.delivery_id for each in some], "now": some[0].at}
    return insert_selected_absent(connection, tables.disclosed, _CAME, _LOGGED, values)


def _notify(connection: Connection, logged: Sequence[Row], message_id: int, watchers: Collection[str], at: int) -> None:
    """Give each row of the log the next number of every subscription that is about it, under the lock of its row:
    numbers are given in the order of commits, and none is left out. The rows are locked in the order of their ids."""
    if not any(each.watched for each in logged):
        return
    news = _with_status(connection, logged, message_id)
    told = {each.type for each in news}
    topics = {f"topic_{place}": each if each in told else None for place, each in enumerate(_TOPICS)}
    about = {"parties": sorted(watchers), **topics}
    for row in _WATCHING.rows(connection, about):
        for each in news:
            if each.type == row.topic and (row.statuses is None or each.status in row.statuses):
                _number(connection, row.id, each, message_id, at)


def _with_status(connection: Connection, logged: Sequence[Row], message_id: int) -> list[_News]:
    said = {(row.type, row.resource_id): row.status for row in _STATUS.rows(connection, {"message": message_id})}
    rows = sorted(logged, key=lambda row: (row.type, row.resource_id))
    return [_News(row.type, row.resource_id, row.version, said[row.type, row.resource_id]) for row in rows]


def _number(connection: Connection, subscription_id: int, news: _News, message_id: int, at: int) -> None:
    event = tables.subscription_event.c
    same = (event.type == news.type, event.resource_id == news.resource_id, event.version == news.version)
    if connection.execute(select(1).where(event.subscription_id == subscription_id, *same)).first() is not None:
        return  # it came to another party that this one runs a system for
    ready = and_(_subscription.status == "active", _subscription.step == 0)
    number = connection.execute(
        update(tables.subscription)
        .where(_subscription.id == subscription_id)
        .values(last_event=_subscription.last_event + 1, next_at=case((ready, at), else_=_subscription.next_at))
        .returning(_subscription.last_event)
    ).scalar_one()
    insert_if_absent(
        connection,
        tables.subscription_event,
        subscription_id=subscription_id,
        number=number,
        type=news.type,
        resource_id=news.resource_id,
        version=news.version,
        message_id=message_id,
        at=at,
    )
