"""What feeds sent is not kept for ever, and what has gone leads to no wrong message."""

import pytest

from adapter.exchange.feeds.retention import expunge
from adapter.exchange.feeds.views import FeedViews
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.support.clock import to_micros
from adapter.support.errors import NotFoundError

from .conftest import adt

OPERATOR = Principal("test", "operations", frozenset(), frozenset(Right))


def gone(world, *, ahead: int = 1):
    """Expunge what came until now."""
    at = to_micros(world.adapter.clock.now()) + ahead
    with world.adapter.database.write() as connection:
        return expunge(connection, at, at)


def kept(world):
    return {row.control_id: bool(row.bytes) for row in world.rows(tables.feed_event)}


def test_a_stay_that_is_told_goes_with_all_that_is_about_the_person(world):
    world.take("vas", adt("A01", 1))
    world.take("vas", adt("A01", 2, person="196111202988"))
    assert gone(world, ahead=-3_600_000_000) == 0
    assert kept(world) == {"C1": True, "C2": True}
    assert gone(world) == 2
    assert gone(world) == 0
    assert kept(world) == {"C1": False, "C2": False}
    assert [(row.said, row.bytes) for row in world.rows(tables.feed_message)] == [({}, None)]
    [first, _] = world.rows(tables.feed_event)
    with pytest.raises(NotFoundError, match="no longer kept"):
        FeedViews(world.adapter.database, world.adapter.contents.cipher, world.adapter.clock).content(
            OPERATOR, first.id, "asked by the ward"
        )


def test_what_comes_of_it_later_is_a_gap_and_a_repeated_event_is_still_known(world):
    world.take("vas", adt("A01", 1))
    gone(world)
    assert world.take("vas", adt("A01", 1)) == "repeated"
    assert world.take("vas", adt("A03", 2, left="20260310120000")) == "accepted"
    assert [event for event, _ in world.told()] == ["admission-notice"]
    assert world.gaps() == {"expunged"}


def test_a_stay_with_an_open_gap_or_work_to_do_stays(world):
    world.take("vas", adt("A01", 1, kommunkod="9999"))
    assert gone(world) == 0
    views = FeedViews(world.adapter.database, world.adapter.contents.cipher, world.adapter.clock)
    [gap] = views.gaps(OPERATOR)
    views.settle(OPERATOR, gap.id, "told by telephone")
    with world.adapter.database.write() as connection:
        connection.execute(tables.feed_stay.update().values(pending=True))
    assert gone(world) == 0
    with world.adapter.database.write() as connection:
        connection.execute(tables.feed_stay.update().values(pending=False))
    assert gone(world) == 1
    assert {row.detail for row in world.rows(tables.feed_gap)} == {None}
