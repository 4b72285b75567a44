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
        needed = [*context.views.status(context.principal), *_suppressions(context)]
        overview = context.views.overview(context.principal)
        if as_json:
            output.print_json({"needs_person": bool(needed), "attention": needed, "endpoints": overview})
        else:
            _print(context, needed)
            output.print_line("")
            endpoints.print_overview(context, overview)
    if needed:
        raise typer.Exit(1)


def _suppressions(context: "Context") -> "list[Attention]":
    """The suppressions that have ended or end soon; or that their file cannot be used."""
    from adapter.cli.check import ending_suppressions
    from adapter.exchange.records import Attention
    from adapter.support.errors import ConfigurationError

    try:
        told = ending_suppressions(context.settings)
    except ConfigurationError as error:
        told = error.problems
    return [
        Attention(
            kind="suppression",
            subject=f"suppression on line {problem.line}",
            what=problem.reason,
            since=context.clock.now(),
            next_command="adapter check",
            severity="soon",
        )
        for problem in told
    ]


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
