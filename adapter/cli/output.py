"""How commands print: tables for people, JSON for machines.

Times are local Swedish time for people, UTC in ISO 8601 for machines. JSON field names are those of the records that
the views return, and lasting.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import typer

from adapter.support.clock import STOCKHOLM
from adapter.support.plain import plain

if TYPE_CHECKING:
    from rich.console import Console

PROTECTED = "protected"
"""Stands in people's tables for what is not told of a protected person."""
_WIDE = 200
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def console() -> "Console":
    """Standard output. Where it is no terminal a table keeps its full width, for the reader may be grep."""
    from rich.console import Console  # here, as below: most commands print nothing with it

    found = Console(highlight=False, soft_wrap=False)
    if not found.is_terminal:
        found.width = _WIDE
    return found


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """Shows on a terminal, on standard error, that something is under way; silence elsewhere. What is yielded may be
    told how much is done, and of how much."""
    from rich.console import Console
    from rich.progress import Progress

    err = Console(stderr=True)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(printable(label), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def printable(value: object) -> str:
    """A value as text that cannot steer a terminal: what came from outside may hold control characters."""
    text = "" if value is None else str(value)
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A table; `empty` is said where there is no row."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row))
    out = console()
    out.print(table) if table.row_count else out.print(Text(empty))


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line; those without a value are left out."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        if value not in (None, "", ()):
            table.add_row(name, value if isinstance(value, Text) else Text(printable(value)))
    console().print(table)


def print_line(text: str, style: str = "") -> None:
    from rich.text import Text

    console().print(Text(printable(text), style=style))


def print_next(before: int | None) -> None:
    """How the next page is asked for, where there is one."""
    if before is not None:
        print_line(f"More: --before {before}", "dim")


def print_json(data: object) -> None:
    """Data as JSON: dataclasses become objects, instants UTC with `Z`."""
    typer.echo(json.dumps(plain(data), ensure_ascii=False, indent=2))


def local(instant: datetime | None) -> str:
    """Local Swedish date and time to the second; empty for None."""
    return "" if instant is None else instant.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M:%S")


def ago(instant: datetime, now: datetime) -> str:
    """How long ago, in one unit: `3 h ago`. What lies ahead is `in 3 h`."""
    distance = now - instant
    ahead = distance < timedelta(0)
    seconds = int(abs(distance).total_seconds())
    number, unit = next(((seconds // size, name) for size, name in _UNITS if seconds >= size), (0, "s"))
    return f"in {number} {unit}" if ahead else f"{number} {unit} ago"


def counted(counts: dict[str, int]) -> str:
    """`2 done, 1 dead`; empty for no counts."""
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
