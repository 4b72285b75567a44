"""`adapter cutover sample`: an invented export, to try a cut-over with."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, installation
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.directory import Directory
    from adapter.sandbox.exports import Units


def sample(
    target: Annotated[Path, typer.Argument(metavar="EXPORT", help="An .xml file, or a folder for CSV files.")],
    cases: Annotated[int, typer.Option("--cases", min=1, max=100_000, metavar="N", help="How many.")] = 20,
    seed: Annotated[str, typer.Option(metavar="TEXT", help="The same cases again.")] = "sample",
    source: Annotated[str, typer.Option("--from", metavar="SYSTEM", help="Whose export it is.")] = "prator",
    numbers: Annotated[
        list[Path] | None,
        typer.Option("--numbers", metavar="FILE", help="Test numbers, one of 12 digits a line; may be repeated."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write an invented export for the units of this installation's directory."""
    from adapter.sandbox import exports
    from adapter.sandbox.volume import people
    from adapter.support.clock import swedish_day

    with installation(config) as adapter:
        now = adapter.clock.now().replace(microsecond=0)
        units = _units(adapter.directory, swedish_day(now))
    taken = tuple(dict.fromkeys(number for file in numbers or () for number in people.read(file)))
    rows = exports.Generator(seed, units, taken, _hour(now)).rows(cases)
    write = exports.write_xml if target.suffix == ".xml" else exports.write_csv
    write(target, rows, source, _hour(now))
    output.print_line(f"{target}: {len(rows)} cases")


def _hour(now: datetime) -> datetime:
    """The same export again within the hour."""
    return now.replace(minute=0, second=0)


def _units(directory: "Directory", on: date) -> "Units":
    from adapter.directory.model import UnitKind
    from adapter.sandbox.exports import Units

    found: dict[UnitKind, list[str]] = {}
    receiving: dict[str, str] = {}
    for party in directory.parties.values():
        for hsa in sorted(directory.units_of(party.id, on)):
            unit = directory.unit(hsa, on)
            if unit is None or unit.party != party.id:
                continue
            found.setdefault(unit.kind, []).append(hsa)
            if unit.kind is UnitKind.MUNICIPAL_RECEIVING and party.kommunkod:
                receiving.setdefault(party.kommunkod, hsa)
    try:
        return Units(found[UnitKind.INPATIENT][0], found[UnitKind.OPEN_CARE][0], receiving)
    except KeyError as error:
        raise AdapterError(f"the directory has no unit of kind {error.args[0]}: an export needs one") from None
