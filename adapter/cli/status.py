"""`adapter status`: what needs a person, since when, and what to type next."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, opened

if TYPE_CHECKING:
    from adapter.cli.context import Context
    from adapter.exchange.records import Attention


def status(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Say what needs a person. Exit status 0: nothing does; 1: something does."""
    from adapter.cli import endpoints

    with opened(config) as context:
        needed = context.views.status(context.principal)
        overview = context.views.overview(context.principal)
        if as_json:
            output.print_json({"needs_person": bool(needed), "attention": needed, "endpoints": overview})
        else:
            _print(context, needed)
            output.print_line("")
            endpoints.print_overview(context, overview)
    if needed:
        raise typer.Exit(1)


def _print(context: "Context", needed: "Sequence[Attention]") -> None:
    if not needed:
        output.print_line("Nothing needs a person.", "bold green")
        return
    now = context.clock.now()
    for attention in needed:
        urgent = attention.severity == "urgent"
        output.print_line(f"{'! ' if urgent else '- '}{attention.what}", "bold red" if urgent else "bold")
        output.print_line(f"    since {output.local(attention.since)} ({output.ago(attention.since, now)})")
        output.print_line(f"    next: {attention.next_command}")
