"""Durations as people write them in settings: "5s", "2min", "6h"."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_FORM = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|min|h|d)")
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "min": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_LONGEST = timedelta(days=3660)


def parse(text: Any) -> timedelta:
    """The duration that the text names. Raises ValueError where it names none, or one over ten years."""
    if isinstance(text, timedelta):
        return text
    match = _FORM.fullmatch(text) if isinstance(text, str) and len(text) <= 20 else None
    if match is None:
        raise ValueError('expected a duration in quotes, such as "500ms", "5s", "2min", "6h" or "3d"')
    number, unit = float(match[1]), _UNITS[match[2]]
    if number > _LONGEST / unit:
        raise ValueError("is longer than ten years")
    return number * unit


def write(duration: timedelta) -> str:
    """The shortest text that `parse` reads as this duration."""
    for unit, size in _UNITS.items():
        if duration >= size and duration % size == timedelta(0):
            return f"{duration // size}{unit}"
    return f"{duration / _UNITS['s']:g}s"


Duration = Annotated[timedelta, BeforeValidator(parse), PlainSerializer(write, when_used="json")]
