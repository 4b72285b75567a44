"""Options of the commands that make fixtures anew: identifiers from a seed, times from an instant."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.sandbox.times import Times
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.sandbox.editions import Renewal

Json = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
Seed = Annotated[
    str | None, typer.Option("--seed", metavar="TEXT", help="The same identifiers again; without it, new ones.")
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="INSTANT", help="What counts as now, such as 2026-03-09T10:12:00+01:00."),
]
HowMoved = Annotated[
    Times,
    typer.Option("--times", help="Where a journey is moved: its end to now, by whole weeks, or nowhere."),
]


def renewal_of(seed: str | None, at: str | None, times: Times) -> "Renewal":
    from adapter.sandbox.editions import Renewal
    from adapter.sandbox.identifiers import new_seed
    from adapter.support.clock import SystemClock

    return Renewal(seed or new_seed(), _instant(at) if at else SystemClock().now().replace(microsecond=0), times)


def _instant(words: str) -> datetime:
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise AdapterError(f"--at '{words}' is no instant with offset, such as 2026-03-09T10:12:00+01:00")
    return found
