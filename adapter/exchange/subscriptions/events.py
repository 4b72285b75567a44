"""The events of a subscription as its subscriber may be told of them now."""

from sqlalchemy import Connection, and_, select

from adapter.exchange import disclosures
from adapter.exchange.subscriptions.forms import Event
from adapter.security.principals import Principal
from adapter.store import tables

_event, _message = tables.subscription_event.c, tables.message.c


def between(
    connection: Connection, subscriber: Principal, subscription_id: int, since: int, until: int, most: int
) -> list[Event]:
    """Events by number, both ends included, at most so many. One that a label or a spärr covers now keeps its number
    and says nothing else: no hole is left, and nobody is pointed to what is not to be seen."""
    seen = disclosures.visible(subscriber).label("seen")
    query = (
        select(_event.number, _event.at, _event.type, _event.resource_id, seen)
        .join_from(tables.subscription_event, tables.message, _message.id == _event.message_id)
        .where(and_(_event.subscription_id == subscription_id, _event.number >= since, _event.number <= until))
        .order_by(_event.number)
        .limit(most)
    )
    return [
        Event(row.number, row.at, f"{row.type}/{row.resource_id}" if row.seen else None)
        for row in connection.execute(query)
    ]
