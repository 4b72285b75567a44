"""`adapter fixtures generate`: as many messages as wanted."""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli.output import progress
from adapter.sandbox.formats import Format
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.sandbox.volume.generator import Message


def generate(
    patients: Annotated[int, typer.Option("--patients", min=1, metavar="N", help="How many patients.")],
    seed: Annotated[str, typer.Option("--seed", metavar="TEXT", help="The same messages again.")],
    format_: Annotated[Format, typer.Option("--format", help="Of the messages.")] = Format.JSON,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="A new folder, one message a file.")] = None,
    lines: Annotated[
        Path | None, typer.Option("--ndjson", metavar="FILE", help="One message a line; else standard output.")
    ] = None,
    numbers: Annotated[
        list[Path] | None,
        typer.Option("--numbers", metavar="FILE", help="Test numbers, one of 12 digits a line; may be repeated."),
    ] = None,
    units: Annotated[
        Path | None, typer.Option("--units", metavar="FILE", help="A directory.yaml; else an invented region.")
    ] = None,
    journeys: Annotated[
        list[str] | None, typer.Option("--journey", metavar="NAME", help="Only these shapes; may be repeated.")
    ] = None,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day.")] = "2026-01-01",
    per_year: Annotated[
        int, typer.Option("--per-year", min=1, metavar="N", help="How many come within a year; the others in the next.")
    ] = 20_000,
) -> None:
    """Write the messages of invented patients, in the order of their times: patient k is the same for any N."""
    from adapter.sandbox import catalogue
    from adapter.sandbox.volume import people, region, shapes
    from adapter.sandbox.volume.generator import Generator

    if to is not None and lines is not None:
        raise AdapterError("name --to DIR or --ndjson FILE, not both")
    if lines is not None and format_ is Format.XML:
        raise AdapterError("--ndjson holds JSON: write XML to a folder with --to, or to standard output")
    day = _day(first)
    taken = tuple(dict.fromkeys(number for file in numbers or () for number in people.read(file)))
    place = region.read(units)
    catalogue.chosen(catalogue.journey_folders(), journeys or ())
    with progress("writing") as bar:
        patterns = shapes.shapes(catalogue.root() / "journeys", place, journeys or ())
        stream = Generator(seed, place, patterns, taken, day, per_year).stream(patients)
        count = _write(stream, to, lines, format_, lambda done: bar(done, None))
    print(f"{count} messages of {patients} patients", file=sys.stderr)  # noqa: T201 - standard output is the messages'


def _write(
    stream: "Iterator[Message]", to: Path | None, lines: Path | None, format_: Format, advance: Callable[[int], None]
) -> int:
    from adapter.sandbox.volume import output

    if to is not None:
        return output.to_folder(stream, to, format_, advance)
    if lines is None:
        return output.to_lines(stream, typer.get_binary_stream("stdout"), format_, advance)
    try:
        with lines.open("wb") as file:
            return output.to_lines(stream, file, format_, advance)
    except OSError as error:
        raise AdapterError(f"{lines} cannot be written: {error.strerror}") from error


def _day(words: str) -> date:
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise AdapterError(f"--from '{words}' is no day such as 2026-01-01") from error
