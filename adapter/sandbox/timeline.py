"""Shows a play as it happens, and the closing table. On a terminal in colour, elsewhere as plain lines."""

import threading
import time
from collections.abc import Iterable

from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapter.exchange.records import AttemptRow
from adapter.sandbox.authoring.scenario import Role
from adapter.sandbox.legs import Leg

ADAPTER = "adapter"
NAMES: dict[Role, str] = {"ehr": "EHR", "open-care": "Open care", "municipality": "Lifecare"}
_BUSINESS = {"read-receipt": "read", "sip": "own part of plan"}
_COLUMNS = ("event", "sender", "receiver", "attempts", "technical acknowledgement", "business answer", "time")
_PLAIN_WIDTH = 160
_BOXED_WIDTH = 110
_LONGEST_WORDS = 70


class Timeline:
    """Prints one line for each thing that happens. Safe for threads."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = _PLAIN_WIDTH
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._shown: set[tuple[int, int]] = set()

    def start(self) -> None:
        """Count the seconds from now on."""
        self._start = time.monotonic()

    @property
    def interactive(self) -> bool:
        """Whether a person is at a terminal."""
        return self._console.is_terminal

    def say(self, words: str, style: str = "") -> None:
        """A line of its own."""
        with self._lock:
            self._console.print(Text(words, style=style), soft_wrap=True)

    def moved(self, event: str, sender: str, receiver: str, what: str, style: str = "") -> None:
        """A message, attempt or answer on its way."""
        elapsed = time.monotonic() - self._start
        self.say(f"{elapsed:6.2f} s  {event:<21} {sender:>9} → {receiver:<9}  {what}", style)

    def attempts(self, legs: Iterable[Leg]) -> None:
        """The ended attempts of the legs that were not shown before, in the order they were made."""
        fresh = [
            (attempt, leg)
            for leg in legs
            for attempt in leg.attempts
            if attempt.ended_at is not None and (leg.delivery_id, attempt.number) not in self._shown
        ]
        for attempt, leg in sorted(fresh, key=lambda pair: pair[0].started_at):
            self._shown.add((leg.delivery_id, attempt.number))
            done = attempt.outcome == "done"
            what = f"attempt {attempt.number}: {'delivered' if done else _failure(attempt)}"
            self.moved(leg.event, ADAPTER, NAMES[leg.receiver], what, "green" if done else "yellow")

    def table(self, legs: Iterable[Leg]) -> None:
        """The closing table: one row for each message and receiver."""
        box = HEAVY_HEAD if self._console.width >= _BOXED_WIDTH else None
        table = Table(box=box, header_style="bold", pad_edge=box is not None)
        for column in _COLUMNS:
            table.add_column(column, overflow="fold", no_wrap=column == "event")
        for leg in legs:
            table.add_row(*row(leg), style="" if leg.arrived else "red")
        with self._lock:
            self._console.print(table)


def row(leg: Leg) -> tuple[str, ...]:
    """The cells of the closing table."""
    taken = "" if leg.delivered_at is None else f"{(leg.delivered_at - leg.received_at).total_seconds():.2f} s"
    return (
        leg.event,
        NAMES[leg.sender],
        NAMES[leg.receiver],
        str(len(leg.attempts)),
        leg.acknowledgement or leg.status,
        ", ".join(_answer(event, statuses) for event, statuses in leg.business),
        taken,
    )


def _answer(event: str, statuses: tuple[str, ...]) -> str:
    return _BUSINESS.get(event) or ", ".join(statuses) or event


def _failure(attempt: AttemptRow) -> str:
    words = attempt.words or ("no answer" if attempt.http_status is None else f"HTTP {attempt.http_status}")
    return words if len(words) <= _LONGEST_WORDS else f"{words[: _LONGEST_WORDS - 1]}…"
