"""Local time as HL7 v2 writes it, to instants with offset. Where an hour happens twice, nothing is guessed."""

import re
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Choice = Literal["earlier", "later", "gap"]

_TIMESTAMP = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d\d)(?:(?P<day>\d\d)(?:(?P<hour>\d\d)(?P<minute>\d\d)"
    r"(?:(?P<second>\d\d)(?:\.\d{1,4})?)?)?)?)?(?P<offset>[+-]\d{4})?",
    re.ASCII,
)


class TimeError(Exception):
    """The text is no point in time; the words say why, without the text."""


class AmbiguousError(Exception):
    """The local time happened twice, the night that summer time ended."""


def instant(text: str, zone: ZoneInfo, ambiguous: Choice = "gap") -> str:
    """An HL7 v2 timestamp (YYYYMMDDHHMM[SS[.S]][+/-ZZZZ]) as an instant with offset, to the second.

    Without an offset it is local time in the zone. Raises TimeError, or AmbiguousError where the local time happened
    twice and `ambiguous` does not say which one is meant.
    """
    found = _parts(text)
    if found["minute"] is None:
        raise TimeError("has no time of day: expected YYYYMMDDHHMMSS")
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone comes next
        if found["offset"]:
            return datetime.fromisoformat(f"{local.isoformat()}{found['offset']}").isoformat()
    except ValueError:
        raise TimeError("is no date and time of the calendar") from None
    return _placed(local, zone, ambiguous).isoformat()


def moment_or_day(text: str, zone: ZoneInfo, ambiguous: Choice = "gap") -> str:
    """As `instant`, or a date (YYYY-MM-DD) where the text has no time of day."""
    found = _parts(text)
    if found["minute"] is not None:
        return instant(text, zone, ambiguous)
    if found["day"] is None:
        raise TimeError("is less than a day: expected YYYYMMDD, with the time of day where it is known")
    try:
        return date.fromisoformat(f"{found['year']}-{found['month']}-{found['day']}").isoformat()
    except ValueError:
        raise TimeError("is no date of the calendar") from None


def utc(text: str, zone: ZoneInfo) -> datetime:
    """The moment as aware UTC, for order alone: of an hour that happens twice the first is taken."""
    return datetime.fromisoformat(instant(text, zone, "earlier")).astimezone(UTC)


def _parts(text: str) -> dict[str, str | None]:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise TimeError("is not of the form YYYYMMDDHHMMSS+ZZZZ")
    return found.groupdict()


def _placed(local: datetime, zone: ZoneInfo, ambiguous: Choice) -> datetime:
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise TimeError("is a time that the clocks left out when summer time began")
    if ambiguous == "gap":
        raise AmbiguousError
    return first if ambiguous == "earlier" else second
