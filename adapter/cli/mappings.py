"""`adapter mappings`: is a mapping right, what do the samples show of it, and what does a change of it change?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from adapter.cli import output
from adapter.cli.check import listed, mapping_problems, shown
from adapter.cli.context import Json
from adapter.support.errors import AdapterError, Problem

app = typer.Typer(no_args_is_help=True, help="Mappings: checks, coverage, differences.")
System = Annotated[str | None, typer.Option(metavar="NAME", help="The mapping's folder name; all if left out.")]
Folders = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of mapping folders.")]


@app.callback()
def _group() -> None:
    """Mappings: checks, coverage, differences."""


@app.command("check")
def check(
    system: System = None,
    mappings: Folders = None,
    package: Annotated[
        list[str] | None,
        typer.Option(metavar="ID#VERSION", help="A package to load beside our own; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check mappings against the XSD and the profiles. Status 0: all is well; 1: problems; 2: could not be run."""
    from adapter.definitions import load
    from adapter.support.settings import OWN_PACKAGE

    found: list[Problem] = []
    with output.progress("checking mappings"):
        definitions = load([OWN_PACKAGE, *(package or ())])
        for folder in folders(mappings, system):
            found += mapping_problems(folder, definitions)
    if as_json:
        output.print_json({"ok": not found, "problems": listed(found)})
    else:
        for problem in found:
            typer.echo(output.printable(shown(problem)))
        typer.echo(f"{len(found)} problem{'' if len(found) == 1 else 's'}" if found else "all is well")
    if found:
        raise typer.Exit(1)


def folders(mappings: Path | None, system: str | None) -> Iterator[Path]:
    """The mapping folders that are meant. Raises AdapterError where there is none."""
    from adapter.support.paths import shipped

    parent = mappings or shipped("mappings")
    known = sorted(file.parent.name for file in parent.glob("*/mapping.yaml"))
    if not known or (system is not None and system not in known):
        named = f"no mapping '{system}'" if system is not None else "no mapping"
        raise AdapterError(f"{parent} has {named}: expected {' or '.join(known) or 'a folder with one'}")
    return (parent / name for name in ([system] if system is not None else known))
