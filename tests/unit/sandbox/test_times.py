from datetime import UTC, datetime, timedelta

import pytest

from adapter.sandbox.times import Timeline

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 9, 10, tzinfo=UTC)
PLAYED = datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.fixture
def timeline() -> Timeline:
    """Two messages that were a day apart go out two seconds apart."""
    timeline = Timeline()
    timeline.sent(FIRST, PLAYED)
    timeline.sent(FIRST + DAY, PLAYED + timedelta(seconds=2))
    return timeline


@pytest.mark.parametrize(
    ("written", "played"),
    [
        (FIRST, PLAYED),
        (FIRST + DAY, PLAYED + timedelta(seconds=2)),
        (FIRST + DAY / 2, PLAYED + timedelta(seconds=1)),
        (FIRST - DAY, PLAYED - DAY),
        (FIRST + 4 * DAY, PLAYED + 4 * DAY),
    ],
)
def test_where_an_instant_goes(timeline: Timeline, written: datetime, played: datetime) -> None:
    assert timeline.moved(written) == played


def test_what_lies_ahead_is_the_same_instant_in_every_message(timeline: Timeline) -> None:
    before = timeline.moved(FIRST + 4 * DAY)
    timeline.sent(FIRST + 2 * DAY, PLAYED + timedelta(seconds=4))
    assert timeline.moved(FIRST + 4 * DAY) == before


def test_order_is_kept_where_the_play_takes_longer_than_the_paper() -> None:
    timeline = Timeline()
    timeline.sent(FIRST, PLAYED)
    timeline.sent(FIRST + timedelta(seconds=1), PLAYED + timedelta(seconds=30))
    assert timeline.moved(FIRST + timedelta(seconds=2)) > PLAYED + timedelta(seconds=30)


def test_texts_are_moved_in_swedish_local_time(timeline: Timeline) -> None:
    assert timeline.move({"timestamp": "2026-03-09T11:00:00+01:00", "birthDate": "1941-08-10", "n": [1]}) == {
        "timestamp": "2026-07-01T10:00:00.000+02:00",
        "birthDate": "1941-08-10",
        "n": [1],
    }
    assert timeline.move(["2026-03-13", "2026-03", "den 2026-03-13", "194108109168"]) == [
        "2026-07-05",
        "2026-03",
        "den 2026-03-13",
        "194108109168",
    ]


def test_messages_are_sent_in_order(timeline: Timeline) -> None:
    with pytest.raises(ValueError, match="order"):
        timeline.sent(FIRST, PLAYED + DAY)
    with pytest.raises(ValueError, match="order"):
        timeline.sent(FIRST + 2 * DAY, PLAYED)
