"""A source that normally sends and does not."""

from datetime import UTC, date, datetime, timedelta

import pytest

from adapter.exchange.feeds import silence
from adapter.feeds.model import Feed
from adapter.feeds.silence import is_silent
from adapter.store import alarms, tables

FRIDAY_16 = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)


def feed(**silent):
    said = {"silent": silent} if silent else {}
    return Feed(id="vas", party="region", system="VAS", format="flat", protocol="http", **said)


def weekday(day: date) -> bool:
    return day.weekday() < 5


@pytest.mark.parametrize(
    ("said", "now", "silent"),
    [
        ({"after": "2h"}, datetime(2026, 3, 6, 16, 59, tzinfo=UTC), False),
        ({"after": "2h"}, datetime(2026, 3, 6, 17, 0, tzinfo=UTC), True),
        ({}, datetime(2027, 3, 6, 17, 0, tzinfo=UTC), False),
        ({"after": "2h", "hours": "07:00-17:00"}, datetime(2026, 3, 7, 6, 59, tzinfo=UTC), False),
        ({"after": "2h", "hours": "07:00-17:00"}, datetime(2026, 3, 7, 7, 0, tzinfo=UTC), True),
        ({"after": "2h", "hours": "07:00-17:00", "days": "weekdays"}, datetime(2026, 3, 9, 6, 59, tzinfo=UTC), False),
        ({"after": "2h", "hours": "07:00-17:00", "days": "weekdays"}, datetime(2026, 3, 9, 7, 0, tzinfo=UTC), True),
        ({"after": "1h", "hours": "20:00-24:00"}, datetime(2026, 3, 6, 20, 0, tzinfo=UTC), True),
    ],
)
def test_silence_is_counted_in_the_hours_in_which_the_source_sends(said, now, silent):
    assert is_silent(feed(**said), FRIDAY_16, now, weekday) is silent


def test_the_night_in_which_summer_time_begins_has_an_hour_less():
    at = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)  # midnight in Sweden
    morning = feed(after="4h", hours="00:00-06:00")
    assert not is_silent(morning, at, datetime(2026, 3, 29, 2, 59, tzinfo=UTC), weekday)
    assert is_silent(morning, at, datetime(2026, 3, 29, 3, 0, tzinfo=UTC), weekday)
    assert not is_silent(feed(after="5.5h", hours="00:00-06:00"), at, datetime(2026, 3, 29, 12, tzinfo=UTC), weekday)


@pytest.mark.parametrize("hours", ["17:00-07:00", "07:00-07:00", "7-17", "00:00-24:01"])
def test_hours_end_after_they_begin(hours):
    with pytest.raises(ValueError, match="hours"):
        feed(after="1h", hours=hours)


def test_an_alarm_is_raised_once_and_cleared_by_the_next_event(stored, clock):
    feeds = {"vas": feed(after="1h")}

    def standing():
        silence.watch(stored.database, feeds, clock.now())
        with stored.database.read() as connection:
            return [(each.kind, each.subject) for each in alarms.standing(connection)]

    def event():
        plain = {"feed": "vas", "status": "refused", "principal": "t", "media_type": "x", "key_id": "plain"}
        stored.insert(tables.feed_event, **plain, received_at=stored.now, bytes=b"", sha256="0" * 64)

    assert standing() == []  # it has never sent
    event()
    clock.advance(timedelta(minutes=59))
    assert standing() == []
    clock.advance(timedelta(minutes=1))
    assert standing() == [(silence.SILENT, "feed/vas")] == standing()
    [row] = stored.rows(tables.alarm)
    assert "since 2026-03-02 09:00 UTC" in row["reason"]
    event()
    assert standing() == []
    clock.advance(timedelta(hours=1))
    assert standing()
    feeds.clear()
    assert standing() == []
