"""`adapter blocks`: a person's spärr against the reading of what a party has documented."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, LARGEST_ID, Config, Json, Reason, installation, operator

if TYPE_CHECKING:
    from adapter.exchange.blocks import Block

app = typer.Typer(no_args_is_help=True, help="Set, lift and list spärrar.")


@app.callback()
def group() -> None:
    """A person's spärr: what one party has documented is not shown to others who pull it. Sending is not stopped."""


@app.command("set")
def set_block(
    party: Annotated[str, typer.Option(help="whose documentation: a party of the directory")],
    reason: Reason,
    unit: Annotated[str | None, typer.Option(help="HSA-id: only what this unit of the party has documented")] = None,
    system: Annotated[
        str, typer.Option(help="the number's system: personnummer, samordningsnummer, or a URI")
    ] = "personnummer",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Block. The person's number (12 digits) is read from standard input: command lines are seen by others."""
    from adapter.fhir import canonical, identifiers

    systems = {"personnummer": canonical.PERSONNUMMER, "samordningsnummer": canonical.SAMORDNINGSNUMMER}
    number = _typed()
    person = identifiers.normalised(systems.get(system, system), number)
    if (person[0] == systems["personnummer"] and not identifiers.is_personnummer(person[1])) or (
        person[0] == systems["samordningsnummer"] and not identifiers.is_samordningsnummer(person[1])
    ):
        raise typer.BadParameter(f"that is no {system} of 12 digits with a right check digit")
    with installation(config) as adapter:
        found = adapter.blocks.set(operator(), person, party, unit, reason)
    if as_json:
        output.print_json({"block": found})
    else:
        output.print_line(f"block {found} stands")


@app.command()
def lift(
    block: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="BLOCK", help="the block's number")],
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """End a block."""
    with installation(config) as adapter:
        adapter.blocks.lift(operator(), block, reason)
    if as_json:
        output.print_json({"block": block})
    else:
        output.print_line(f"block {block} is lifted")


@app.command("list")
def list_blocks(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List blocks, newest first. Of a protected person neither party nor unit is shown."""
    with installation(config) as adapter:
        found = adapter.blocks.list(operator())
    if as_json:
        output.print_json({"blocks": found})
    else:
        output.print_table(("BLOCK", "PARTY", "UNIT", "SINCE", "LIFTED"), map(_cells, found), "There are no blocks.")


def _typed() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("The person's number", hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()


def _cells(block: "Block") -> tuple[object, ...]:
    party, unit = (output.PROTECTED,) * 2 if block.protected else (block.party, block.unit)
    return block.id, party, unit, output.local(block.created_at), output.local(block.lifted_at)
