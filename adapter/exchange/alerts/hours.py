"""Office hours and quiet hours, by the Swedish clock and calendar."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from adapter.discharge import calendar
from adapter.support.clock import STOCKHOLM

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class OfficeHours:
    """Hours of weekdays: no Saturday, Sunday, public holiday, midsommarafton, julafton or nyårsafton. `said` is such as
    07:30-16:30 in local time."""

    said: str

    def next(self, at: datetime) -> datetime:
        """The instant itself (aware) within office hours, else the one when they next begin, in UTC."""
        day = calendar.weekday_for_act(calendar.local_date(at))
        if at >= self._bounds(day)[1]:
            day = calendar.weekday_for_act(day + _DAY)
        return max(at, self._bounds(day)[0])

    def _bounds(self, day: date) -> tuple[datetime, datetime]:
        begin, end = self.said.split("-")
        return _at(day, begin), calendar.end_of(day) if end == "24:00" else _at(day, end)


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), STOCKHOLM).astimezone(UTC)
