"""`adapter plans`: plans in the forms of others, read as FHIR."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, installation, operator

if TYPE_CHECKING:
    from adapter.plans.reading import Reading

app = typer.Typer(no_args_is_help=True, help="Read plans of other contracts as FHIR.")


@app.callback()
def group() -> None:
    """Read plans of other contracts as FHIR. Nothing is stored or sent on."""


@app.command()
def read(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="what the other answered")],
    source: Annotated[
        str, typer.Option("--from", metavar="riv|cosmic-link", help="GetCarePlans' answer (SOAP), or a FHIR Bundle")
    ],
    consent_handled: Annotated[
        str | None,
        typer.Option(help="cosmic-link: on what ground plans may be copied, the consent being handled outside"),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="SIP|SPLPTLRV", help="cosmic-link: what the plans are, for they do not say")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what was not said or is not carried, not the result.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --explain: print the account as JSON.")] = False,
) -> None:
    """Read plans. Exit status: 0 read, 1 they may or can not be, 2 the file could not be read."""
    from adapter.support.errors import ForbiddenError, MappingError

    if source not in ("riv", "cosmic-link"):
        raise typer.BadParameter("expected riv or cosmic-link", param_hint="--from")
    if kind not in (None, "SIP", "SPLPTLRV"):
        raise typer.BadParameter("expected SIP or SPLPTLRV", param_hint="--kind")
    content = _bytes(file)
    try:
        found = _riv(content) if source == "riv" else _cosmic_link(content, consent_handled, kind)
    except (ForbiddenError, MappingError) as error:
        typer.echo(f"adapter: {error}", err=True)
        raise typer.Exit(1) from error
    _print(found, explain, as_json)


@app.command()
def fetch(
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what was not said or is not carried, not the result.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="With --explain: print the account as JSON.")] = False,
) -> None:
    """Fetch a patient's plans from COSMIC Link, as the settings say. The patient's FHIR id there is read from standard
    input. Exit status: 0 fetched, 1 they may or can not be, 2 the server does not answer."""
    from adapter.support.errors import ForbiddenError, MappingError

    subject = sys.stdin.readline().strip()
    try:
        with installation(config) as adapter, adapter.link_plans() as plans:
            found = plans.fetch(operator(), subject)
    except (ForbiddenError, MappingError) as error:
        typer.echo(f"adapter: {error}", err=True)
        raise typer.Exit(1) from error
    _print(found, explain, as_json)


def _print(found: "list[Reading]", explain: bool, as_json: bool) -> None:
    from adapter.fhir import json as fhir_json
    from adapter.plans import reading

    notes = [(number, note) for number, one in enumerate(found, start=1) for note in one.notes]
    if explain and as_json:
        output.print_json({"notes": [{"plan": number} | asdict(note) for number, note in notes]})
    elif explain:
        rows = ((number, note.outcome, note.path, note.reason) for number, note in notes)
        output.print_table(("PLAN", "OUTCOME", "PATH", "REASON"), rows, "Everything is carried.")
    else:
        typer.echo(fhir_json.serialize(reading.bundle(found)).decode())


def _bytes(file: Path) -> bytes:
    from adapter.support.errors import AdapterError

    try:
        return file.read_bytes()
    except OSError as error:
        raise AdapterError(f"{file} cannot be read: {error.strerror}") from error


def _riv(content: bytes) -> "list[Reading]":
    from adapter.plans.riv import reading, soap, wire
    from adapter.support.errors import MappingError, ParseError

    try:
        answer = wire.read_answer(soap.read_answer(content))
    except soap.Fault as fault:
        raise ParseError(f"SOAP Fault {fault.code}: {fault.text}") from fault
    if answer.code == "ERROR":
        raise MappingError("the answer says ERROR: it holds no plans")
    return [reading.read(plan) for plan in answer.plans]


def _cosmic_link(content: bytes, consent_handled: str | None, kind: str | None) -> "list[Reading]":
    from adapter.fhir import json as fhir_json
    from adapter.fhir import xml as fhir_xml
    from adapter.plans import cosmic_link

    parse = fhir_xml.parse if content.lstrip().startswith(b"<") else fhir_json.parse
    return cosmic_link.read(parse(content), consent_handled, kind)
