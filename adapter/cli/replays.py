"""`adapter replays`: send many deliveries again, as a task: count first, start what was counted, follow it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, LARGEST_ID, Before, Config, Json, Limit, Reason, installation, operator
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.exchange.replays import ReplayRow
    from adapter.exchange.selection import Filter

app = typer.Typer(no_args_is_help=True, help="Send many deliveries again, as a task.")

Number = Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="REPLAY", help="the replay's number")]
Status = Annotated[str, typer.Option(help="dead, waiting or done")]
Endpoint = Annotated[str | None, typer.Option(help="an endpoint")]
Party = Annotated[str | None, typer.Option(help="a receiving party")]
Event = Annotated[str | None, typer.Option(help="an event, such as admission-notice")]
Since = Annotated[str | None, typer.Option(help="accepted at or after: 2026-03-02, or 2026-03-02T09:00 (Swedish time)")]
Until = Annotated[str | None, typer.Option(help="accepted before")]
Signature = Annotated[str | None, typer.Option(help="what went wrong, as `adapter deliveries errors` shows it")]
Anew = Annotated[bool, typer.Option("--anew", help="map anew, as things are configured now; else the bytes of then")]
_EXPLAINED = "Those of protected persons are left out: a person looks at each."


@app.command()
def count(
    status: Status = "dead",
    endpoint: Endpoint = None,
    party: Party = None,
    event: Event = None,
    since: Since = None,
    until: Until = None,
    signature: Signature = None,
    anew: Anew = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Say what a replay would take, and the digest with which to start it. Exit status 1 where it is nothing."""
    wanted = _filter(status, endpoint, party, event, since, until, signature)
    with installation(config) as adapter:
        found = adapter.replays.count(operator(), wanted, _content(anew))
    if as_json:
        output.print_json(found)
    else:
        numbers = ", ".join(map(str, found.first)) + (", …" if found.count > len(found.first) else "")
        output.print_line(f"{found.count} deliveries" + (f": {numbers}" if numbers else ""), "bold")
        output.print_line(_EXPLAINED, "dim")
        if found.expunged:
            output.print_line(f"{found.expunged} more were expunged and cannot be sent again.")
        if found.count:
            output.print_line(f'start them: the same with `start --digest {found.digest} --reason "…"`')
    if not found.count:
        raise typer.Exit(1)


@app.command()
def start(
    digest: Annotated[str, typer.Option(help="what `count` printed: one starts what one saw")],
    reason: Reason,
    status: Status = "dead",
    endpoint: Endpoint = None,
    party: Party = None,
    event: Event = None,
    since: Since = None,
    until: Until = None,
    signature: Signature = None,
    anew: Anew = False,
    per_minute: Annotated[int, typer.Option(min=1, max=6000, help="at most so many")] = 600,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Start what was counted. The server, or a worker, carries it out."""
    wanted = _filter(status, endpoint, party, event, since, until, signature)
    with installation(config) as adapter:
        chosen: dict[str, Any] = {"content": _content(anew), "per_minute": per_minute}
        number = adapter.replays.start(operator(), wanted, digest, reason, **chosen)
    if as_json:
        output.print_json({"replay": number})
    else:
        output.print_line(f"replay {number} is started; follow it with: adapter replays show {number}")


@app.command("list")
def list_replays(
    before: Before = None,
    limit: Limit = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List replays, newest first."""
    with installation(config) as adapter:
        page = adapter.replays.list(operator(), before=before, limit=limit)
    if as_json:
        output.print_json({"replays": page.rows, "next_before": page.next_before})
        return
    columns = ("REPLAY", "STARTED", "BY", "STATUS", "DONE", "REFUSED", "OF", "REASON")
    output.print_table(columns, map(_cells, page.rows), "There are no replays.")
    output.print_next(page.next_before)


@app.command()
def show(
    replay: Number,
    refused: Annotated[bool, typer.Option("--refused", help="only the deliveries that could not be sent")] = False,
    after: Annotated[int, typer.Option(min=0, max=LARGEST_ID, help="the next page")] = 0,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show a replay, how far it has come, and its deliveries."""
    with installation(config) as adapter:
        row = adapter.replays.one(operator(), replay)
        items, following = adapter.replays.items(operator(), replay, after=after, refused=refused)
    if as_json:
        output.print_json({"replay": row, "items": items, "next_after": following})
        return
    wanted = ", ".join(f"{name} {value}" for name, value in row.filter.items())
    output.print_fields(
        (
            ("replay", row.id),
            ("status", row.status),
            ("progress", f"{row.done + row.refused} of {row.total}, {row.refused} refused"),
            ("deliveries", wanted),
            ("content", "mapped anew" if row.content == "mapped" else "as it was sent then"),
            ("pace", f"{row.per_minute} a minute"),
            ("started", f"{output.local(row.created_at)} by {row.principal}"),
            ("ended", output.local(row.ended_at)),
            ("reason", row.reason),
        )
    )
    output.print_line("")
    rest = "not sent" if row.status == "cancelled" else "not yet"
    cells = (
        (item.delivery_id, item.outcome or rest, item.new_delivery_id, output.local(item.at), item.words)
        for item in items
    )
    output.print_table(("DELIVERY", "OUTCOME", "SENT AS", "AT", "WHY NOT"), cells, "There are no such deliveries.")
    if following is not None:
        output.print_line(f"More: --after {following}", "dim")


@app.command()
def pause(replay: Number, reason: Reason = "", config: Config = DEFAULT_CONFIG) -> None:
    """Take no further delivery until it is resumed."""
    with installation(config) as adapter:
        adapter.replays.pause(operator(), replay, reason)
    output.print_line(f"replay {replay} is paused; resume it with: adapter replays resume {replay}")


@app.command()
def resume(replay: Number, reason: Reason = "", config: Config = DEFAULT_CONFIG) -> None:
    """Go on."""
    with installation(config) as adapter:
        adapter.replays.resume(operator(), replay, reason)
    output.print_line(f"replay {replay} goes on")


@app.command()
def cancel(
    replay: Number,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """End it. What has been sent again stays so."""
    with installation(config) as adapter:
        adapter.replays.cancel(operator(), replay, reason)
    output.print_line(f"replay {replay} is cancelled")


def _filter(
    status: str,
    endpoint: str | None,
    party: str | None,
    event: str | None,
    since: str | None,
    until: str | None,
    signature: str | None,
) -> "Filter":
    from adapter.exchange.selection import Filter

    return Filter(status, endpoint, party, event, _instant(since), _instant(until), signature)


def _instant(written: str | None) -> datetime | None:
    """An instant; without an offset it is Swedish time, without a time the start of the day."""
    from adapter.support.clock import STOCKHOLM

    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise AdapterError(
            f"'{written}' is no date or time: expected such as 2026-03-02 or 2026-03-02T09:00"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=STOCKHOLM)


def _content(anew: bool) -> str:
    return "mapped" if anew else "stored"


def _cells(row: "ReplayRow") -> tuple[object, ...]:
    return (
        row.id,
        output.local(row.created_at),
        row.principal,
        row.status,
        row.done,
        row.refused,
        row.total,
        row.reason,
    )
