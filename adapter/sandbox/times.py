"""Moves a journey that took days on paper into the minutes in which it is played.

The order of all instants is kept: what lies between two messages in the file lies between them in the play, what came
before the first message keeps its distance to it, and what is still ahead when a message is sent (the estimated
discharge, the meeting) keeps its distance to the first message, so that every message names the same instant.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from adapter.support.clock import STOCKHOLM

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NOON = time(12)


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
        if isinstance(value, str):
            return self._move_text(value)
        if isinstance(value, dict):
            return {key: member if key == "birthDate" else self.move(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.move(item) for item in value]
        return value

    def _move_text(self, text: str) -> str:
        if _INSTANT.fullmatch(text):
            moved = self.moved(datetime.fromisoformat(text)).astimezone(STOCKHOLM)
            return moved.isoformat(timespec="milliseconds")
        if _DATE.fullmatch(text):
            noon = datetime.combine(date.fromisoformat(text), _NOON, STOCKHOLM)
            return self.moved(noon).astimezone(STOCKHOLM).date().isoformat()
        return text
