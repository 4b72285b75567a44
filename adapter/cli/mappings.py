"""`adapter mappings`: is a mapping right, what do the samples show of it, and what does a change of it change?"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.check import listed, mapping_problems, shown
from adapter.cli.context import Json
from adapter.cli.mapping_files import folders, shown_by, tries
from adapter.support.errors import Problem

if TYPE_CHECKING:
    from adapter.mapping.coverage import Coverage
    from adapter.mapping.differences import Change, Effect

app = typer.Typer(no_args_is_help=True, help="Mappings: checks, coverage, differences.")
System = Annotated[str | None, typer.Option(metavar="NAME", help="The mapping's folder name; all if left out.")]
Folders = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of mapping folders.")]

_NAMED = 10
_ENTRY = re.compile(r"Bundle\.entry\.resource\.ofType\((\w+)\)")
_POSITION = re.compile(r"\[\d+\]")
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


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


@app.command("coverage")
def coverage(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Messages and records; the shipped ones if left out."),
    ] = None,
    system: System = None,
    mappings: Folders = None,
    least: Annotated[
        float, typer.Option(metavar="PERCENT", min=0, max=100, help="Status 1 where less is exercised.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Which rules do something for messages and records, there and back. Status 0; 1: less than --least, or one of the
    files cannot be mapped; 2: could not be run."""
    from adapter.mapping import Mapping
    from adapter.mapping.coverage import measure

    told, enough = {}, True
    for folder in folders(mappings, system):
        mapping = Mapping.load(folder)
        with output.progress("mapping"):
            found = measure(mapping, tries(files or shown_by(folder)))
        enough = enough and found.percent >= least and not (files and found.refused)
        told[folder.name] = found
    if as_json:
        output.print_json({name: _covered(found) for name, found in told.items()})
    else:
        for name, found in told.items():
            _show_coverage(name, found)
    if not enough:
        raise typer.Exit(1)


def _line(text: str) -> None:
    typer.echo(output.printable(_ENTRY.sub(r"\1", text)))


def _covered(found: "Coverage") -> dict[str, object]:
    return {
        "tried": found.tried,
        "refused": [{"name": name, "reason": reason} for name, reason in found.refused],
        "percent": round(found.percent, 1),
        "directions": {
            side: {"rules": len(rules), "used": len(rules & found.used[side]), "unused": found.unused(side)}
            for side, rules in found.rules.items()
        },
    }


def _show_coverage(name: str, found: "Coverage") -> None:
    for side, rules in found.rules.items():
        _line(f"{name} to {side}: {len(rules & found.used[side])} of {len(rules)} rules did something")
        for label in found.unused(side):
            _line(f"  {label} did nothing")
    for source, reason in found.refused:
        _line(f"  {source} cannot be mapped: {reason}")
    _line(f"{name}: {found.percent:.1f} % with {found.tried} messages and records")


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A mapping folder.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same after a change.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Messages and records to try; the shipped ones if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """What a change of a mapping changes: rules, and what comes out for messages and records. Status 0: nothing;
    1: something; 2: could not be run."""
    from adapter.mapping import Mapping, differences
    from adapter.mapping import folder as mapping_folder

    before, after = mapping_folder.load(old), mapping_folder.load(new)
    found = differences.changes(before, after)
    with output.progress("mapping"):
        effect = differences.effect(Mapping(before), Mapping(after), tries(files or shown_by(new, old)))
    if as_json:
        output.print_json({"changes": found, "effect": _effect(effect)})
    else:
        _show_changes(found)
        _show_effect(effect)
    if found or effect.different or effect.refused or effect.accepted:
        raise typer.Exit(1)


def _effect(found: "Effect") -> dict[str, object]:
    return {
        "tried": found.tried,
        "different": found.different,
        "refused": [{"name": name, "reason": reason} for name, reason in found.refused],
        "accepted": [{"name": name, "reason": reason} for name, reason in found.accepted],
        "nodes": [
            {"path": path, "old": old, "new": new, "messages": count}
            for (path, old, new), count in sorted(found.nodes.items())
        ],
    }


def _show_changes(changes: "list[Change]") -> None:
    for change in changes:
        _line(f"{_SIGNS[change.kind]} {change.place}  {change.words}")
    if not changes:
        _line("the files say the same")


def _show_effect(found: "Effect") -> None:
    for (path, old, new), count in sorted(found.nodes.items()):
        _line(f"{path}: {old} becomes {new}, in {count} of {found.tried}")
    for name in found.different[:_NAMED]:
        _line(f"another result: {name}")
    if len(found.different) > _NAMED:
        _line(f"another result: {len(found.different) - _NAMED} more, which --json names")
    _show_reasons("refused now", found.refused)
    _show_reasons("accepted now; refused before", found.accepted)
    _line(
        f"of {found.tried} messages and records: {len(found.different)} come out otherwise, "
        f"{len(found.refused)} are refused now, {len(found.accepted)} are accepted now"
    )


def _show_reasons(words: str, named: list[tuple[str, str]]) -> None:
    """Each reason once, with the first message that it is given for."""
    first: dict[str, list[str]] = {}
    for name, reason in named:
        first.setdefault(_POSITION.sub("", reason), []).append(name)
    for reason, names in first.items():
        more = f", and {len(names) - 1} more" if len(names) > 1 else ""
        _line(f"{words}: {names[0]}{more}: {reason}")
