"""`adapter plans`: plans in the forms of others, read as FHIR."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, LARGEST_ID, Config, Json, Limit, installation, opened, operator

if TYPE_CHECKING:
    from adapter.cli.context import Context
    from adapter.exchange.plans.views import PlanViews
    from adapter.plans.reading import Reading

app = typer.Typer(no_args_is_help=True, help="Read plans of others, and see what became of those that are fetched.")


@app.callback()
def group() -> None:
    """Read plans of others as FHIR, and see what became of those that the adapter fetches by itself."""


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
    source: Annotated[
        str | None, typer.Option(metavar="ID", help="one of plans.sources; the server of cosmic_link where not given")
    ] = None,
    into_case: Annotated[
        bool, typer.Option("--into-case", help="With --source: put the plans into the person's open case.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="why; it goes into the audit; needed with --into-case")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what was not said or is not carried, not the result.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --explain or --into-case: print JSON, for machines.")
    ] = False,
) -> None:
    """Fetch a person's plans. From standard input is read: with --source the person's number (12 digits), else the
    patient's FHIR id at COSMIC Link. Exit status: 0 fetched, 1 they may or can not be, 2 the source does not answer."""
    from adapter.support.errors import ForbiddenError, MappingError, ParseError

    if into_case and (source is None or reason is None):
        raise typer.BadParameter("needs --source and --reason", param_hint="--into-case")
    said = sys.stdin.readline().strip()
    try:
        if source is None:
            with installation(config) as adapter, adapter.link_plans() as plans:
                found = plans.fetch(operator(), said)
        else:
            found = _from_source(config, source, said, reason if into_case else None, as_json)
    except (ForbiddenError, MappingError, ParseError) as error:
        typer.echo(f"adapter: {error}", err=True)
        raise typer.Exit(1) from error
    if not into_case:
        _print(found, explain, as_json)


def _from_source(config: Path, source: str, number: str, reason: str | None, as_json: bool) -> "list[Reading]":
    """The plans; with a reason they are put into the case, and what came of it is printed."""
    with installation(config) as adapter:
        person = _person(number)
        fetching = adapter.plan_fetching(source)
        if reason is None:
            return [each.reading for each in fetching.fetch(operator(), person)]
        carried = fetching.into_case(operator(), person, reason)
    if as_json:
        output.print_json(carried)
    else:
        output.print_line(f"{carried.sent} messages sent into the case; {carried.known} were there before.")
        if carried.waiting:
            output.print_line(f"{carried.waiting} not taken in now: the server tries again within the hour.")
    if carried.gaps:
        if not as_json:
            output.print_line(f"{len(carried.gaps)} not carried: adapter plans gaps")
        raise typer.Exit(1)
    return []


def _person(number: str) -> tuple[str, str]:
    from adapter.fhir import identifiers
    from adapter.fhir.canonical import PERSONNUMMER, SAMORDNINGSNUMMER
    from adapter.support.errors import AdapterError

    system = SAMORDNINGSNUMMER if identifiers.is_samordningsnummer(number) else PERSONNUMMER
    if system == PERSONNUMMER and not identifiers.is_personnummer(number):
        raise AdapterError("expected a personnummer or samordningsnummer of 12 digits on standard input")
    return system, number


@app.command()
def sources(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the systems whose plans are fetched, how each answers, and what came of it."""
    with _views(config) as (views, context):
        rows = views.sources(context.principal, context.settings.plans.sources)
    if as_json:
        output.print_json({"sources": rows})
        return
    columns = ("SOURCE", "CONTRACT", "ENDPOINT", "STATE", "LAST ANSWER", "CASES", "CARRIED", "GAPS", "WHY")
    cells = (
        (
            *(row.id, row.contract, row.endpoint, row.state, output.local(row.last_answer_at)),
            *(row.cases, row.carried, row.gaps, row.reason or ""),
        )
        for row in rows
    )
    output.print_table(columns, cells, "There are no sources: settings plans.sources.")


@app.command()
def gaps(
    source: Annotated[str | None, typer.Option(help="one source; all where not given")] = None,
    limit: Limit = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Say which plans were not carried into their case, why, and what to do. Exit status 0: none; 1: some."""
    with _views(config) as (views, context):
        rows = views.gaps(context.principal, source, limit)
    if as_json:
        output.print_json({"gaps": rows})
    elif not rows:
        output.print_line("Every plan that was fetched is in its case.", "bold green")
    else:
        for row in rows:
            where = "a protected person" if row.source is None else f"source {row.source}, case {row.case_id}"
            output.print_line(f"gap {row.id}: {where}: {row.reason}", "bold")
            output.print_line(f"    since {output.local(row.since)}")
            output.print_line(f"    next: {row.to_do}")
    if rows:
        raise typer.Exit(1)


@app.command()
def settle(
    gap: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="GAP", help="the gap's number")],
    reason: Annotated[str, typer.Option(help="what was done instead; it goes into the audit")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say that a person has seen to a gap by another way."""
    with _views(config) as (views, context):
        views.settle(context.principal, gap, reason)
    output.print_line(f"Gap {gap} is settled.")


@contextmanager
def _views(config: Path) -> "Iterator[tuple[PlanViews, Context]]":
    from adapter.exchange.plans.views import PlanViews

    with opened(config) as context:
        yield PlanViews(context.database, context.clock), context


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
