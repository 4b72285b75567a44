"""Points in time as FHIR writes them. What has no offset is no point in time, and none is guessed."""

import re
from datetime import UTC, datetime

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)


def parse(value: object) -> datetime | None:
    """The UTC datetime of an `instant`, or of a `dateTime` that has time and offset; None for anything else.

    A leap second (`:60`) is not accepted: it has no place in UTC microseconds. Digits past the microsecond are cut.
    """
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
