"""Time is injected, stored as UTC microseconds and reasoned about in Europe/Stockholm where the law does."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Anything that tells the time as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until moved: for tests and for replaying history."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> None:
        self._now += step


def swedish_day(instant: datetime) -> date:
    """The day that it is in Sweden at an aware instant."""
    return instant.astimezone(STOCKHOLM).date()


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC. The instant must carry an offset."""
    if instant.tzinfo is None:
        raise ValueError("an instant without offset has no place on the time line")
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=micros)
