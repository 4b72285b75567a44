"""Moves the times of a journey: as a whole, or into the minutes in which it is played.

For a play, the order of all instants is kept: what lies between two messages in the file lies between them in the
play, what came before the first message keeps its distance to it, and what is still ahead when a message is sent (the
estimated discharge, the meeting) keeps its distance to the first message, so that every message names the same instant.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from adapter.support.clock import STOCKHOLM

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NOON = time(12)
_WEEK = timedelta(weeks=1)


class Timeline:
    """Pairs of (instant in the file, instant of the play), in order of sending. Instants are aware."""

    def __init__(self) -> None:
        self._written: list[datetime] = []
        self._played: list[datetime] = []

    def sent(self, written: datetime, played: datetime) -> None:
        """A message with the timestamp `written` goes out at `played`: not before the one ahead of it."""
        if self._written and (written <= self._written[-1] or played <= self._played[-1]):
            raise ValueError("messages of a journey are sent in the order of their timestamps")
        self._written.append(written)
        self._played.append(played)

    def moved(self, instant: datetime) -> datetime:
        """Where an instant of the file lies in the play, seen from the message sent last."""
        after = [index for index, written in enumerate(self._written) if written <= instant]
        first_written, first_played = self._written[0], self._played[0]
        if not after:
            return first_played - (first_written - instant)
        nearest = after[-1]
        distance = instant - self._written[nearest]
        if nearest == len(self._written) - 1:
            if not distance:
                return self._played[nearest]
            return max(first_played + (instant - first_written), self._played[nearest] + timedelta(milliseconds=1))
        room = self._played[nearest + 1] - self._played[nearest]
        length = self._written[nearest + 1] - self._written[nearest]
        return self._played[nearest] + room * (distance / length)

    def move(self, value: Any) -> Any:
        """The JSON value with its instants and dates moved, in Swedish local time with offset."""
        return move(value, self.moved, "milliseconds")


def move(value: Any, moved: Callable[[datetime], datetime], timespec: str = "auto") -> Any:
    """The JSON value with its instants and dates where `moved` puts them, in Swedish local time with offset; dates of
    birth stay. `timespec` is that of `datetime.isoformat`."""
    if isinstance(value, str):
        return _move_text(value, moved, timespec)
    if isinstance(value, dict):
        return {key: member if key == "birthDate" else move(member, moved, timespec) for key, member in value.items()}
    if isinstance(value, list):
        return [move(item, moved, timespec) for item in value]
    return value


def _move_text(text: str, moved: Callable[[datetime], datetime], timespec: str) -> str:
    if _INSTANT.fullmatch(text):
        return moved(datetime.fromisoformat(text)).astimezone(STOCKHOLM).isoformat(timespec=timespec)
    if _DATE.fullmatch(text):
        noon = datetime.combine(date.fromisoformat(text), _NOON, STOCKHOLM)
        return moved(noon).astimezone(STOCKHOLM).date().isoformat()
    return text


class Times(StrEnum):
    """How a whole journey is moved: by one distance, so that what lies between its instants stays."""

    NOW = "now"
    """its last message is sent now"""
    WEEKS = "weeks"
    """by whole weeks, into the week that ends now: its last message keeps weekday and time of day"""
    WRITTEN = "written"
    """not at all"""


def distance(last: datetime, now: datetime, times: Times) -> timedelta:
    """How far to move a journey whose last message is written at `last`. Instants are aware."""
    if times is Times.WRITTEN:
        return timedelta()
    exact = now.astimezone(UTC).replace(microsecond=0) - last.replace(microsecond=0)
    if times is Times.NOW:
        return exact
    weeks = exact // _WEEK
    local = last.astimezone(STOCKHOLM)
    moved = _whole_weeks(local, weeks)
    return (moved if moved <= now else _whole_weeks(local, weeks - 1)) - last


def _whole_weeks(local: datetime, weeks: int) -> datetime:
    """The same time of day, on the same weekday."""
    return (local + weeks * _WEEK).astimezone(UTC)
