"""`adapter map`: one message through a mapping, either way, to look at the result or at what became of each node."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapter.cli.mapping_files import content_of, folders, for_destination, is_record, resource_of
from adapter.cli.output import print_json, print_line, print_table

_ENTRY = re.compile(r"Bundle\.entry(\[\d+\])\.resource\.ofType\((\w+)\)")

if TYPE_CHECKING:
    from adapter.mapping import Mapping, Report


def map_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A message: FHIR JSON or XML, or a record.")],
    system: Annotated[str, typer.Option(metavar="NAME", help="The mapping's folder name.")],
    to: Annotated[
        str | None, typer.Option(metavar="record|fhir", help="What to write; told by the file's content if left out.")
    ] = None,
    destination: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Which destination the record is for, from 1.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what became of every node, not the result.")
    ] = False,
    mappings: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of mapping folders.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --explain: print the report as JSON.")] = False,
) -> None:
    """Map a message. Exit status: 0 mapped, 1 it cannot be mapped, 2 it could not be read."""
    from adapter.fhir import json as fhir_json
    from adapter.mapping import Mapping, NotCarriedError
    from adapter.support.errors import MappingError

    if to not in (None, "record", "fhir"):
        raise typer.BadParameter("expected record or fhir", param_hint="--to")
    mapping = Mapping.load(folders(mappings, system)[0])
    content = content_of(file)
    try:
        if to == "fhir" or (to is None and is_record(content)):
            read = mapping.to_fhir(content)
            result, report = fhir_json.serialize(read.bundle), read.report
        else:
            written = mapping.to_record(_one_destination(resource_of(content), destination))
            result, report = written.content, written.report
    except NotCarriedError as error:
        if explain:
            _print(error.report, mapping, as_json)
        typer.echo(f"adapter: {error}", err=True)
        raise typer.Exit(1) from error
    except MappingError as error:
        typer.echo(f"adapter: {error}", err=True)
        raise typer.Exit(1) from error
    if explain:
        _print(report, mapping, as_json)
    else:
        typer.echo(result.decode(), nl=not result.endswith(b"\n"))


def _one_destination(bundle: dict[str, Any], number: int | None) -> dict[str, Any]:
    """The message as it reads for one of its destinations."""
    from adapter.fhir.bundles import MessageBundle
    from adapter.support.errors import AdapterError

    message = MessageBundle(bundle)
    count = len(message.destinations)
    if number is None and count > 1:
        raise AdapterError(
            f"the message has {count} destinations, and a record has one: say which with --destination N"
        )
    if number is not None and number > count:
        raise AdapterError(f"the message has {count} destinations, not {number}")
    return for_destination(bundle, (number or 1) - 1) if count else bundle


def _print(report: "Report", mapping: "Mapping", as_json: bool) -> None:
    if as_json:
        print_json(report.to_dict())
        return
    rows = [(line.outcome.value, _ENTRY.sub(r"\1 \2", line.path), line.rule, line.reason) for line in report.lines]
    print_table(("outcome", "node", "rule", "reason"), rows, empty="the source has no node")
    counts = ", ".join(f"{count} {name}" for name, count in report.to_dict()["counts"].items())
    print_line(f"{mapping.name} {mapping.version}, {report.message} to {report.direction}: {counts}", style="dim")
