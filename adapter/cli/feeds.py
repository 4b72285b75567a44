"""`adapter feeds`: journal systems without FHIR messages: what they sent, and what could not be told of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, LARGEST_ID, Config, Json, Limit, Reason, opened

if TYPE_CHECKING:
    from adapter.exchange.feeds.views import FeedViews, GapRow
    from adapter.security.principals import Principal

app = typer.Typer(
    no_args_is_help=True, help="See what journal systems without FHIR messages sent, and what is missing."
)

Name = Annotated[str | None, typer.Option("--feed", help="one feed; all where not given")]


@contextmanager
def _views(config: Config) -> "Iterator[tuple[FeedViews, Principal]]":
    from adapter.exchange.feeds.views import FeedViews
    from adapter.store.content import Plain

    with opened(config) as context:
        yield FeedViews(context.database, Plain(), context.clock), context.principal


@app.command("list")
def list_feeds(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the configured feeds, what came of them, and what their messages never say."""
    from adapter import wiring
    from adapter.cli.context import settings

    adapter = wiring.build(settings(config))
    try:
        feeds = adapter.feeds
    finally:
        adapter.close()
    with _views(config) as (views, principal):
        rows = views.feeds(principal, feeds)
    if as_json:
        output.print_json({"feeds": rows})
        return
    columns = ("FEED", "PARTY", "FORMAT", "BY", "TAKEN", "LEFT OUT", "REFUSED", "GAPS", "LAST", "NOT CARRIED")
    cells = (
        (
            *(row.id, row.party, row.format, row.protocol, row.taken, row.left_out, row.refused, row.gaps),
            output.local(row.last_received_at),
            ", ".join(row.not_carried) or "–",
        )
        for row in rows
    )
    output.print_table(columns, cells, "There are no feeds: settings feeds.folder.")


@app.command()
def gaps(feed: Name = None, limit: Limit = 50, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Say what could not be told, what is missing, and what to do. Exit status 0: nothing; 1: something."""
    with _views(config) as (views, principal):
        rows = views.gaps(principal, feed, limit)
    if as_json:
        output.print_json({"gaps": rows})
    elif not rows:
        output.print_line("Everything that came in could be told.", "bold green")
    else:
        for row in rows:
            _print_gap(row)
    if rows:
        raise typer.Exit(1)


@app.command()
def gap(
    number: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="GAP", help="the gap's number")],
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show a gap with feed and stay, also of a protected person."""
    with _views(config) as (views, principal):
        row = views.open_gap(principal, number, reason)
    if as_json:
        output.print_json(row)
    else:
        _print_gap(row)


def _print_gap(row: "GapRow") -> None:
    where = f"feed {row.feed}, stay {row.stay_id}" if row.feed else "of a protected person"
    output.print_line(f"gap {row.id}: {where}: {row.reason}", "bold")
    if row.detail:
        output.print_line(f"    {row.detail}")
    output.print_line(f"    since {output.local(row.since)}")
    output.print_line(f"    next: {row.to_do}")


@app.command()
def settle(
    gap: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="GAP", help="the gap's number")],
    reason: Annotated[str, typer.Option(help="what was done instead; it goes into the audit")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say that a person has seen to a gap by another way."""
    with _views(config) as (views, principal):
        views.settle(principal, gap, reason)
    output.print_line(f"Gap {gap} is settled.")


@app.command()
def events(
    feed: Name = None,
    status: Annotated[str | None, typer.Option(help="taken, left-out or refused")] = None,
    limit: Limit = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List what feeds sent, newest first, without content."""
    with _views(config) as (views, principal):
        rows = views.events(principal, feed, status, limit)
    if as_json:
        output.print_json({"events": rows})
        return
    columns = ("EVENT", "FEED", "ID", "STAY", "STATUS", "RECEIVED", "BYTES", "WHY")
    cells = (
        (
            *(row.id, row.feed, row.control_id or "–", row.stay_id or "–", row.status),
            *(output.local(row.received_at), row.size, row.reason or ""),
        )
        for row in rows
    )
    output.print_table(columns, cells, "There are no such events.")


@app.command()
def show(
    event: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="EVENT", help="the event's number")],
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write what was received, byte for byte, to standard output."""
    with _views(config) as (views, principal):
        body = views.content(principal, event, reason)
    sys.stdout.buffer.write(body)
