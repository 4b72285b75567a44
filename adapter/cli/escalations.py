"""`adapter escalations`: the steps of the escalation ladder that were due, and who has seen to them."""

from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, installation, operator

if TYPE_CHECKING:
    from adapter.exchange.ladder import Escalation

app = typer.Typer(no_args_is_help=True, help="The steps of the escalation ladder that were due.")


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="also those that are acknowledged or over")] = False,
    before: Annotated[int | None, typer.Option(help="older than this number")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List the steps that nobody has seen to, newest first. Exit status 1 where there is one."""
    with installation(config) as adapter:
        found = adapter.escalations.listed(operator(), open_only=not everything, before=before, limit=limit)
    if as_json:
        output.print_json(found)
    else:
        columns = ("number", "state", "trigger", "about", "unit", "since", "step", "tell", "case")
        output.print_table(columns, map(_row, found), "No escalation.")
    if any(each.is_open for each in found):
        raise typer.Exit(1)


@app.command()
def acknowledge(
    number: Annotated[int, typer.Argument(help="as `adapter escalations list` gives it")],
    note: Annotated[str, typer.Option(help="what is done about it; it goes into the audit")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Note that somebody has seen to it."""
    with installation(config) as adapter:
        found = adapter.escalations.acknowledge(operator(), number, note)
    if as_json:
        output.print_json(found)
    else:
        output.print_line(f"escalation {number} is acknowledged")


def _row(each: "Escalation") -> tuple[object, ...]:
    state = "open" if each.is_open else "acknowledged" if each.acknowledged else "over"
    unit, to = (output.PROTECTED, output.PROTECTED) if each.protected else (each.unit, each.to)
    return each.id, state, each.trigger, each.rule, unit, output.local(each.since), each.step + 1, to, each.case
