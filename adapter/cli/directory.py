"""`adapter directory`: the units of the directory, taken in from a list."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import context, output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json
from adapter.support.clock import STOCKHOLM, SystemClock
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.directory.importing import Change, Plan

app = typer.Typer(no_args_is_help=True, help="Parties, units and routes.")
_SIGNS = {"added": "+", "changed": "~", "ended": "-"}


@app.callback()
def _group() -> None:
    """Parties, units and routes."""


@app.command("import")
def import_units(
    source: Annotated[Path, typer.Argument(help="CSV: hsa,name,kind,party,parent,valid_from,valid_to", metavar="FILE")],
    config: Config = DEFAULT_CONFIG,
    apply: Annotated[bool, typer.Option("--apply", help="Write units.csv; else only show.")] = False,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Units missing from the list end the day before.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a list of units would change, and change it with --apply.

    The list is the whole truth about each party that it names; other parties are left alone.
    """
    from adapter.directory import importing

    settings = context.settings(config)
    today = on.date() if on else SystemClock().now().astimezone(STOCKHOLM).date()
    try:
        plan = importing.plan(settings.directory.folder, source, today)
        if apply and plan.alters:
            plan.apply()
    except OSError as error:
        raise AdapterError(f"{error.filename} cannot be read or written: {error.strerror}") from error
    if as_json:
        output.print_json(_listed(plan, applied=apply))
    else:
        _show(plan, applied=apply)


def _show(plan: "Plan", *, applied: bool) -> None:
    for change in plan.changes:
        if change.kind != "unchanged":
            line = f"{_SIGNS[change.kind]} {change.unit.hsa}  {change.unit.name}  ({_words(change)})"
            typer.echo(output.printable(line))
    count = {kind: sum(change.kind == kind for change in plan.changes) for kind in (*_SIGNS, "unchanged")}
    typer.echo(", ".join(f"{number} {kind}" for kind, number in count.items()))
    if not plan.alters:
        typer.echo("nothing to change")
    elif applied:
        typer.echo(f"written to {plan.file}")
    else:
        typer.echo("nothing was written: add --apply")


def _words(change: "Change") -> str:
    if change.kind == "added":
        return f"{change.unit.kind}, {change.unit.party}"
    return ", ".join(f"{name}: {old or 'none'} -> {new or 'none'}" for name, old, new in change.fields)


def _listed(plan: "Plan", *, applied: bool) -> dict[str, object]:
    changes = [
        {
            "change": change.kind,
            "hsa": change.unit.hsa,
            "party": change.unit.party,
            "fields": [{"name": name, "old": old, "new": new} for name, old, new in change.fields],
        }
        for change in plan.changes
        if change.kind != "unchanged"
    ]
    unchanged = sum(change.kind == "unchanged" for change in plan.changes)
    return {"changes": changes, "unchanged": unchanged, "applied": applied and plan.alters, "file": str(plan.file)}
