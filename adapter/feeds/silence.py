"""How long a source that should send has been silent, in the hours in which it is expected to send."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from adapter.feeds.model import Feed, Silence

_DAY = timedelta(days=1)


def is_silent(feed: Feed, last: datetime, now: datetime, working: Callable[[date], bool]) -> bool:
    """Whether a feed has been silent for as long as its file says, since it was last heard. `working` says whether a
    day counts where only weekdays do. False for a feed that says nothing of silence."""
    said = feed.silent
    if said is None:
        return False
    quiet, day, today = timedelta(0), last.astimezone(feed.zone).date(), now.astimezone(feed.zone).date()
    while day <= today and quiet < said.after:
        if said.days == "all" or working(day):
            begin, end = _hours(feed, said, day)
            quiet += max(min(end, now) - max(begin, last), timedelta(0))
        day += _DAY
    return quiet >= said.after


def _hours(feed: Feed, said: Silence, day: date) -> tuple[datetime, datetime]:
    """When the hours of a day begin and end, in UTC: on some days they have an hour less or more."""
    begin, end = said.hours.split("-")
    return _at(feed, day, begin), _at(feed, day + _DAY, "00:00") if end == "24:00" else _at(feed, day, end)


def _at(feed: Feed, day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), feed.zone).astimezone(UTC)
