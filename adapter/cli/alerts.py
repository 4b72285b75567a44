"""`adapter alerts`: try the ways by which people are told of alarms, and see what was sent."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, installation, opened, operator

if TYPE_CHECKING:
    from adapter.exchange.alerts.trying import Tried

app = typer.Typer(no_args_is_help=True, help="Who is told of alarms, and whether it reaches them.")

_LEAVES = "whether anybody reads it; an e-mail may also still be refused further on, or be taken for spam"


@app.command("test")
def try_recipients(
    recipient: Annotated[str, typer.Option(help="only this one")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Send a test alert to every recipient, and say what that proves. Exit status 1: one could not be told."""
    from adapter.exchange.alerts.trying import Trying
    from adapter.support.errors import AdapterError

    with installation(config) as adapter:
        trying = Trying(adapter.database, adapter.alerting, adapter.settings, adapter.clock)
        tried = trying.all(operator(), recipient or None)
    if not tried:
        raise AdapterError("alerts.recipients names nobody: nobody is told of alarms")
    if as_json:
        output.print_json({"ok": all(each.ok for each in tried), "recipients": tried, "leaves_open": _LEAVES})
    else:
        _print(tried)
    if not all(each.ok for each in tried):
        raise typer.Exit(1)


@app.command("list")
def list_messages(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="how many")] = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List the messages about alarms, newest first: to whom, about what, and whether they were sent."""
    from adapter.exchange.alerts.trying import recent

    with opened(config) as context:
        rows = recent(context.database, context.principal, limit)
    if as_json:
        output.print_json({"messages": rows})
        return
    columns = ("id", "recipient", "about", "written", "status", "tries", "sent", "error")
    output.print_table(columns, (_row(each) for each in rows), "Nobody was told of anything.")


def _row(each: "dict[str, Any]") -> tuple[object, ...]:
    about = ", ".join(each["kinds"])
    instants = (output.local(each["created_at"]), output.local(each["sent_at"]))
    return (
        each["id"],
        each["recipient"],
        about,
        instants[0],
        each["status"],
        each["attempts"],
        instants[1],
        each["error"] or "",
    )


def _print(tried: "list[Tried]") -> None:
    for each in tried:
        words, style = ("ok", "bold green") if each.ok else ("FAILED", "bold red")
        output.print_line(f"{each.recipient} ({each.way}): {words}", style)
        output.print_line(f"    {'this proves: ' if each.ok else ''}{each.words}")
    output.print_line(f"It does not prove {_LEAVES}.")
