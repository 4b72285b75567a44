"""What came to whom, and when: the log by which a party reads resources, and by which its subscribers are notified.

A version comes to the party that sent its message, when that is accepted, and to a receiver when the message has
arrived. Only what is news to the party is in the log. Whether it may still be shown is asked anew at each reading: a
label or a spärr that came later covers it too.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, or_, select, update

from adapter.delivery.recording import Finished
from adapter.exchange import blocks, visibility
from adapter.exchange.resource_ledger import TYPES
from adapter.fhir.canonical import BY_ADAPTER
from adapter.security.principals import Principal
from adapter.store import tables
from adapter.store.insert import insert_if_absent

TASK = "Task"
Watchers = Callable[[str], Collection[str]]
"""The parties whose subscriptions are about what comes to a party: itself, and those that run a system for it."""

_message, _delivery, _disclosed = tables.message.c, tables.delivery.c, tables.disclosed.c
_task, _task_version = tables.task.c, tables.task_version.c
_resource, _version = tables.resource.c, tables.resource_version.c
_subscription = tables.subscription.c

# made once: to make a statement takes longer than to run it
_ENDED = select(_delivery.receiver_party, _delivery.event).where(_delivery.id == bindparam("this"))
_TASKS = (
    select(_task.id, _task_version.version, _task_version.status)
    .join_from(tables.task_version, tables.task)
    .where(
        _task_version.message_id == bindparam("message"),
        or_(_task.owner_party == bindparam("to"), _task.requester_party == bindparam("to")),
    )
)
_RESOURCES = (
    select(_resource.id, _resource.type, _version.version, _version.status, _version.digest, _version.happened_at)
    .add_columns(tables.patient.c.protected)
    .join_from(tables.resource_version, tables.resource)
    .join(tables.patient, tables.patient.c.id == _resource.patient_id)
    .where(_version.message_id == bindparam("message"))
)
_KNOWN = (
    select(_version.digest)
    .join(
        tables.disclosed,
        and_(
            _disclosed.type.in_(TYPES),
            _disclosed.resource_id == _version.resource_id,
            _disclosed.version == _version.version,
        ),
    )
    .where(
        _disclosed.party == bindparam("to"),
        _version.resource_id == bindparam("this"),
        _version.happened_at <= bindparam("at"),
    )
    .order_by(_version.happened_at.desc(), _version.version.desc())
    .limit(1)
)
_WATCHING = (
    select(_subscription.id, _subscription.statuses)
    .where(
        _subscription.party.in_(bindparam("parties", expanding=True)),
        _subscription.topic == bindparam("about"),
        _subscription.status != "off",
    )
    .order_by(_subscription.id)
    .with_for_update()
)


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
    _log(connection, message_id, sender, watchers, at)


def arrived(connection: Connection, finished: Finished, watchers: Watchers) -> None:
    """A delivery has ended: where it is done, what its message tells has come to the receiver. What the adapter itself
    writes about a message tells of no resource."""
    row = connection.execute(_ENDED, {"this": finished.delivery_id}).one()
    if finished.status == "done" and row.event not in BY_ADAPTER:
        party = row.receiver_party
        _log(connection, finished.message_id, party, watchers(party), finished.at)


def _log(connection: Connection, message_id: int, party: str, watchers: Collection[str], at: int) -> None:
    for news in sorted(_told(connection, message_id, party), key=lambda each: (each.type, each.resource_id)):
        row = {"party": party, "type": news.type, "resource_id": news.resource_id, "version": news.version}
        if insert_if_absent(connection, tables.disclosed, **row, message_id=message_id, at=at):
            _notify(connection, news, message_id, watchers, at)


def _told(connection: Connection, message_id: int, party: str) -> Iterator[_News]:
    """What a message tells a party: Tasks in which it has a part, and stays and plans where it is news to it."""
    for row in connection.execute(_TASKS, {"message": message_id, "to": party}):
        yield _News(TASK, row.id, row.version, row.status)
    for told in connection.execute(_RESOURCES, {"message": message_id}).all():
        if told.protected or _known(connection, party, told.id, told.happened_at) != told.digest:
            yield _News(told.type, told.id, told.version, told.status)


def _known(connection: Connection, party: str, resource_id: int, at: int) -> str | None:
    """What the party knew of a resource, as it was at a time."""
    found: str | None = connection.execute(_KNOWN, {"to": party, "this": resource_id, "at": at}).scalar_one_or_none()
    return found


def _notify(connection: Connection, news: _News, message_id: int, watchers: Collection[str], at: int) -> None:
    """Give the news the next number of every subscription that is about it, under the lock of its row: numbers are
    given in the order of commits, and none is left out."""
    for row in connection.execute(_WATCHING, {"parties": sorted(watchers), "about": news.type}).all():
        if row.statuses is None or news.status in row.statuses:
            _number(connection, row.id, news, message_id, at)


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
