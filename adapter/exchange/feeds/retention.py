"""The end of what feeds sent: what is about a person goes, and what is needed to recognise a repeated message stays.

A stay goes as a whole, once nothing has come of it for long and nothing is left to do: its events are one picture, and
half of it would tell something else. What comes of it afterwards is a gap.
"""

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from adapter.store import tables

_event, _stay, _gap, _message = tables.feed_event.c, tables.feed_stay.c, tables.feed_gap.c, tables.feed_message.c


def expunge(connection: Connection, before: int, at: int, limit: int = 500) -> int:
    """Expunge the bytes of events that came before an instant, with what was written of their stays: at most `limit`
    stays, and as many events without one; returns how many events. To be called until that is 0. Instants are in UTC
    microseconds, `at` is now.

    A stay is left while its messages are still to be written, while a gap of it is open, and while any event of it
    is younger.
    """
    stays = _ended_stays(connection, before, limit)
    alone = (
        select(_event.id)
        .where(_event.stay_id.is_(None), _event.received_at < before, _event.expunged_at.is_(None))
        .order_by(_event.id)
        .limit(limit)
    )
    loose = list(connection.execute(alone).scalars())
    if not stays and not loose:
        return 0
    which = or_(_event.id.in_(loose), and_(_event.stay_id.in_(stays), _event.expunged_at.is_(None)))
    gone = connection.execute(
        update(tables.feed_event).where(which, _event.received_at < before).values(bytes=b"", expunged_at=at)
    )
    connection.execute(update(tables.feed_message).where(_message.stay_id.in_(stays)).values(bytes=None, said={}))
    connection.execute(update(tables.feed_gap).where(_gap.stay_id.in_(stays)).values(detail=None))
    return gone.rowcount


def _ended_stays(connection: Connection, before: int, limit: int) -> list[int]:
    here: ColumnElement[bool] = _event.stay_id == _stay.id
    newest = select(func.max(_event.received_at)).where(here).scalar_subquery()
    kept = select(_event.id).where(here, _event.expunged_at.is_(None)).exists()
    open_gap = select(_gap.id).where(_gap.stay_id == _stay.id, _gap.ended_at.is_(None)).exists()
    query = select(_stay.id).where(_stay.created_at < before, ~_stay.pending, kept, newest < before, ~open_gap)
    return list(connection.execute(query.order_by(_stay.id).limit(limit)).scalars())
