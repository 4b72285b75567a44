"""`adapter follow-up`: what the follow-up of an agreement counts, compared, frozen, and as files for others."""

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, Reason, installation, operator
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.exchange.follow_ups import FrozenMonth, Period, Report
    from adapter.wiring import Adapter

app = typer.Typer(no_args_is_help=True, help="The follow-up of agreements: figures, compared, and frozen by month.")


class By(StrEnum):
    """What the figures are broken down by."""

    MUNICIPALITY = "municipality"
    SENDER = "sender"


class Form(StrEnum):
    """How figures are written to a file."""

    CSV = "csv"
    FHIR = "fhir"
    HTML = "html"


First = Annotated[datetime, typer.Argument(metavar="FIRST", formats=["%Y-%m"], help="the first month, such as 2026-01")]
Last = Annotated[
    datetime | None, typer.Argument(metavar="[LAST]", formats=["%Y-%m"], help="the last month; FIRST where not given")
]
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="as it was known then, such as 2026-05-01T00:00:00+0200"),
]
Measure = Annotated[str, typer.Option(help="only this measure")]
ByOption = Annotated[By, typer.Option("--by", help="the units")]
Output = Annotated[
    Form | None, typer.Option("--output", help="print a file instead: csv, fhir (MeasureReports) or html")
]


@app.command()
def report(
    first: First,
    last: Last = None,
    by: ByOption = By.MUNICIPALITY,
    measure: Measure = "",
    until: Until = None,
    form: Output = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show the figures of the stays that ended in some months, by unit and month. Numbers below the threshold are
    hidden, and what they could be computed from."""
    with installation(config) as adapter:
        found = adapter.follow_ups.report(operator(), _period(first, last), by.value, until)
        _print(adapter, found, measure, form, as_json=as_json)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="months, such as 2025-01..2025-06")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="months that do not meet the first ones")],
    by: ByOption = By.MUNICIPALITY,
    measure: Measure = "",
    until: Until = None,
    form: Output = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show two periods side by side, as before and after a trial."""
    from adapter.exchange.follow_ups import Period

    periods = Period.read(before), Period.read(after)
    with installation(config) as adapter:
        found = adapter.follow_ups.compare(operator(), *periods, by.value, until)
        _print(adapter, found, measure, form, as_json=as_json)


@app.command()
def freeze(
    month: First,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Make the figures of a month final, once its re-admissions are known. They are never changed afterwards."""
    with installation(config) as adapter:
        found = adapter.follow_ups.freeze(operator(), month.date(), reason)
    _print_frozen(found, as_json=as_json)


@app.command()
def frozen(month: First, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show a month as it was frozen, and which figures differ now."""
    with installation(config) as adapter:
        found = adapter.follow_ups.frozen(operator(), month.date())
    _print_frozen(found, as_json=as_json)


@app.command("import-experience")
def import_experience(
    file: Annotated[Path, typer.Argument(help="a .csv file, or a QuestionnaireResponse or Bundle of such as .json")],
    kommunkod: Annotated[str, typer.Option(help="of the answers in a .json file")] = "",
    unit: Annotated[str, typer.Option(help="HSA-id of the unit that discharged, for a .json file")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Take in answers of the questionnaire own-experience. Neither the person nor the words are kept; answers that were
    taken before are not taken again."""
    from adapter.exchange import experiences

    raw = _read(file, experiences.MOST_BYTES)
    if file.suffix.lower() == ".json":
        given = experiences.read_fhir(raw, kommunkod, unit)
    elif kommunkod or unit:
        raise AdapterError("a .csv file says the municipality and unit of each line itself")
    else:
        given = experiences.read_csv(raw)
    with installation(config) as adapter:
        found = adapter.experiences.take(operator(), given)
    if as_json:
        output.print_json(found)
    else:
        output.print_line(f"{found.taken} sets of answers taken, {found.known} were there before.")


def _read(file: Path, most: int) -> bytes:
    try:
        if file.stat().st_size > most:
            raise AdapterError(f"{file} has more than {most} bytes")
        return file.read_bytes()
    except OSError as error:
        raise AdapterError(f"cannot read {file}: {error.strerror}") from error


def _period(first: datetime, last: datetime | None) -> "Period":
    from adapter.exchange.follow_ups import Period

    return Period(first.date(), (last or first).date())


def _print(adapter: "Adapter", found: "Report", measure: str, form: Form | None, *, as_json: bool) -> None:
    from dataclasses import replace

    from adapter.discharge.measures import BY_CODE
    from adapter.exchange.follow_up_figures import changes, written

    if measure and measure not in BY_CODE:
        raise AdapterError(f"no measure is named {measure!r}; known here: {', '.join(BY_CODE)}")
    if measure and form is Form.FHIR:
        raise AdapterError("a MeasureReport has every measure of its Measure: leave out --measure")
    kept = tuple(each for each in found.figures if not measure or each.measure == measure)
    found = replace(found, figures=kept)
    if form is not None:
        sys.stdout.write(_file(adapter, found, form))
    elif as_json:
        told = {
            name: getattr(found, name) for name in ("by", "columns", "until", "threshold", "agreements", "directory")
        }
        output.print_json(
            told
            | {"figures": [written(each) for each in found.figures], "changes": changes(found.figures, found.columns)}
        )
    else:
        columns = ("measure", "code", "unit", "column", "of", "count", "share", "mean", "median", "p90")
        rows = ([_cell(told, name) for name in columns] for told in map(written, found.figures))
        output.print_table(columns, rows, "No stay ended in these months.")
        for each in changes(found.figures, found.columns):
            words = [f"{name} {each[name]}" for name in ("share", "mean", "median") if each[name] is not None]
            if words:
                place = " ".join(filter(None, (each["measure"], each["code"], each["unit"] or "all")))
                output.print_line(f"change in {place}: {', '.join(words)}")


def _cell(told: dict[str, object], name: str) -> object:
    if name in ("unit", "column"):
        return told[name] or "all"
    return "hidden" if told["hidden"] and name == "of" else told[name]


def _file(adapter: "Adapter", found: "Report", form: Form) -> str:
    from adapter.exchange.follow_up_forms import as_csv, measure_reports

    if form is Form.CSV:
        return as_csv(found)
    if form is Form.FHIR:
        from adapter.fhir import json

        return json.serialize(measure_reports(found)).decode() + "\n"
    from adapter.web.console.follow_up import document, unit_names

    return document(found, unit_names(adapter.directory), adapter.settings.console.language)


def _print_frozen(found: "FrozenMonth", *, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    output.print_fields(
        [("month", found.month), ("frozen", output.local(found.at)), ("by", found.by), ("sha256", found.sha256)]
    )
    columns = ("measure", "code", "unit", "of", "count", "share", "mean", "median", "p90")
    rows = ([_cell(told, name) for name in columns] for told in found.content["municipality"] if not told["column"])
    output.print_table(columns, rows, "No stay ended in the month.")
    for each in found.since:
        if not each["column"]:
            words = "by few stays" if each["small"] else "see --json"
            place = " ".join(filter(None, (each["measure"], each["code"], each["unit"] or "all")))
            output.print_line(f"since it was frozen: {place} changed, {words}", "yellow")
