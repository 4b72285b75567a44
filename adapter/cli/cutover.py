"""`adapter cutover`: move ongoing cases from one planning system to another, in waves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, Reason, installation, operator
from adapter.cli.cutover_sample import sample
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.cutover.desk import Desk
    from adapter.cutover.export import Export
    from adapter.cutover.plan import Plan
    from adapter.cutover.report import CaseRow, Report
    from adapter.cutover.runner import Runner, Verdict
    from adapter.delivery.channels.base import Check
    from adapter.directory import Endpoint
    from adapter.wiring import Adapter

app = typer.Typer(no_args_is_help=True, help="Move ongoing cases from one system to another.")
app.command()(sample)

From = Annotated[str | None, typer.Option("--from", metavar="SYSTEM", help="The system that is left, as a check.")]
To = Annotated[str | None, typer.Option("--to", metavar="SYSTEM", help="The new system's id, as a check.")]
File = Annotated[Path, typer.Option("--plan", metavar="FILE", help="The plan.", show_default=True)]
Source = Annotated[Path, typer.Argument(metavar="EXPORT", help="An XML file, or a folder of CSV files.")]
DEFAULT_PLAN = Path("cutover.yaml")
_WHY = "WHY, AND WHAT STAYS BEHIND"


@dataclass(frozen=True)
class _Opened:
    """A plan on an opened installation."""

    adapter: "Adapter"
    plan: "Plan"

    def desk(self) -> "Desk":
        from adapter.cutover.carrier import Carrier
        from adapter.cutover.desk import Desk

        adapter, who = self.adapter, operator()
        store, directory = adapter.database, adapter.directory
        carrier = Carrier(self.plan, store, adapter.exchange, directory, adapter.clock, who, adapter.fhir_address)
        return Desk(self.plan, carrier, store, directory, adapter.pseudonyms, adapter.clock, who)

    def runner(self) -> "Runner":
        from adapter.cutover.runner import Runner

        return Runner(self.desk())

    def report(self) -> "Report":
        from adapter.cutover import report

        with self.adapter.database.read() as connection:
            return report.read(connection, self.plan)


@contextmanager
def _opened(config: Path, plan: Path, source: str | None, target: str | None) -> Iterator[_Opened]:
    """The plan on the installation. Raises AdapterError where it is not for the systems that were named."""
    from adapter.cutover import plan as plans

    with installation(config) as adapter:
        found = plans.load(plan, adapter.directory)
        for option, named, meant in (("--from", source, found.source), ("--to", target, found.target)):
            if named is not None and named != meant:
                raise AdapterError(f"{option} {named}: {plan} is for {meant}")
        yield _Opened(adapter, found)


def _read(place: Path) -> "Export":
    from adapter.cutover import export

    with output.progress("reading"):
        return export.read(place)


@app.command("plan")
def plan_(
    source: Source,
    plan: File = DEFAULT_PLAN,
    from_: From = None,
    to: To = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Say what would become of every case, and write nothing. Exit status 1 where one would be refused."""
    with _opened(config, plan, from_, to) as opened:
        export = _read(source)
        with output.progress("looking") as advance:
            verdicts = opened.runner().preview(export, advance=advance)
    if as_json:
        output.print_json({"export": _header(export), "cases": [_hidden(each) for each in verdicts]})
    else:
        _print_verdicts(verdicts)
    if any(each.status == "refused" for each in verdicts):
        raise typer.Exit(1)


@app.command()
def readiness(
    source: Source,
    plan: File = DEFAULT_PLAN,
    from_: From = None,
    to: To = None,
    send_test: Annotated[
        bool, typer.Option("--send-test", help="Send each endpoint a document that is no message, to be refused.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Say whether each municipality is ready for its day. Exit status 1 where one is not."""
    from adapter.cutover import readiness as module

    with _opened(config, plan, from_, to) as opened:
        export = _read(source)
        with output.progress("looking") as advance:
            verdicts = opened.runner().preview(export, advance=advance)
        adapter = opened.adapter
        reach = _Reach(adapter, send_test)
        found = module.assess(opened.plan, adapter.directory, adapter.mappings, verdicts, reach)
        nameless = [each for each in verdicts if each.protected]
    if as_json:
        rows = [vars(each) | {"ready": each.ready} for each in found]
        output.print_json({"municipalities": rows, "protected": _counts(nameless), "tests": reach.tests})
    else:
        rows_ = (
            (each.wave, each.start, each.kommunkod, each.name, each.units, output.counted(each.cases), _yes(each.ready))
            for each in found
        )
        columns = ("WAVE", "START", "CODE", "MUNICIPALITY", "UNITS", "CASES", "READY")
        output.print_table(columns, rows_, "The plan has no municipality.")
        for each in found:
            for problem in each.problems:
                output.print_line(f"{each.kommunkod}: {problem}")
            for reason, count in each.refused.items():
                output.print_line(f"{each.kommunkod}: {count} would be refused: {reason}")
        for name, test in reach.tests.items():
            said = "; ".join((*test.proves, *(f"not shown: {each}" for each in test.leaves_open)))
            output.print_line(f"endpoint {name}, test send: {said}" if test.ok else f"endpoint {name}: {test.reason}")
        if nameless:
            output.print_line(f"protected persons, of any municipality: {output.counted(_counts(nameless))}")
    if not all(each.ready for each in found):
        raise typer.Exit(1)


class _Reach:
    """Says why an endpoint cannot be reached; with `send_test` by a test send too, whose outcome it keeps."""

    def __init__(self, adapter: "Adapter", send_test: bool) -> None:
        self._adapter = adapter
        self._send_test = send_test
        self.tests: dict[str, Check] = {}

    def __call__(self, endpoint: "Endpoint") -> str | None:
        from adapter.cutover import probing, readiness

        reason = readiness.knock(endpoint)
        channel = self._adapter.open_channel(endpoint.id) if self._send_test and reason is None else None
        if channel is None:
            return reason
        try:
            test = probing.probe(endpoint, channel)
        finally:
            channel.close()
        if test is None:
            return None
        self.tests[endpoint.id] = test
        return None if test.ok else test.reason


@app.command()
def run(
    source: Source,
    wave: Annotated[str | None, typer.Option(help="One wave; else all that have begun.")] = None,
    plan: File = DEFAULT_PLAN,
    from_: From = None,
    to: To = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Carry the cases of waves that have begun; with a later export, what has changed since. May be run again at any
    time: nothing happens twice. Exit status 1 where a case was refused, or could not be brought up to date."""
    with _opened(config, plan, from_, to) as opened:
        export = _read(source)
        with output.progress("carrying") as advance:
            opened.runner().run(export, wave, advance)
        found = opened.report()
    _show(found, as_json, every=False)
    if found.total.get("refused") or found.behind or not found.reconciles:
        raise typer.Exit(1)


@app.command()
def rollback(
    source: Source,
    wave: Annotated[str, typer.Option(help="The wave to take back.")],
    reason: Reason,
    plan: File = DEFAULT_PLAN,
    from_: From = None,
    to: To = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Take back what was carried of a wave. Exit status 1 where something has to be removed by hand."""
    from adapter.cutover.rollback import roll_back

    with _opened(config, plan, from_, to) as opened:
        export = _read(source)
        with output.progress("taking back") as advance:
            roll_back(opened.desk(), wave, export, reason, advance)
        found = opened.report()
    _show(found, as_json, every=False)
    if found.total.get("to-remove"):
        raise typer.Exit(1)


@app.command()
def report(
    cases: Annotated[bool, typer.Option("--cases", help="List every case, not only those that need a person.")] = False,
    plan: File = DEFAULT_PLAN,
    from_: From = None,
    to: To = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """The reconciliation: every case in, and what became of it. Exit status 1 where the sums differ, or a run was
    interrupted."""
    with _opened(config, plan, from_, to) as opened:
        found = opened.report()
    _show(found, as_json, every=cases)
    if found.latest is not None and not found.reconciles:
        raise typer.Exit(1)


@app.command()
def worklist(
    source: Source,
    to_folder: Annotated[Path, typer.Option("--output", metavar="DIR", help="Where the list is written.")],
    wave: Annotated[list[str] | None, typer.Option(help="Only this wave; may be repeated.")] = None,
    plan: File = DEFAULT_PLAN,
    from_: From = None,
    to: To = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Write what has to be done by hand, a page a case, into files that only you may read. It is audited."""
    from adapter.cutover import worklist as module
    from adapter.cutover.decide import weigh
    from adapter.support.clock import swedish_day

    with _opened(config, plan, from_, to) as opened:
        export, adapter = _read(source), opened.adapter
        today = swedish_day(adapter.clock.now())

        def name(hsa: str) -> str:
            unit = adapter.directory.unit(hsa, today)
            return f"{unit.name} ({hsa})" if unit else hsa

        cases = {each.key: each.case for each in weigh(export, opened.plan, adapter.directory, today) if each.case}
        files = module.write(
            to_folder,
            opened.plan,
            export,
            adapter.database,
            adapter.pseudonyms,
            operator(),
            adapter.clock,
            name,
            cases,
            wave or (),
        )
    if as_json:
        output.print_json({"files": {str(file): count for file, count in files.items()}})
    for file, count in files.items() if not as_json else ():
        output.print_line(f"{file}: {count} cases")
    if not files and not as_json:
        output.print_line("There is nothing to do by hand.")


@app.command()
def tick(
    keys: Annotated[list[str], typer.Argument(metavar="CASE...", help="The cases' keys, as on the list.")],
    by: Annotated[str, typer.Option(help="Who did it.")],
    undo: Annotated[bool, typer.Option("--undo", help="Take the tick back.")] = False,
    plan: File = DEFAULT_PLAN,
    from_: From = None,
    to: To = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Tick off cases that were entered, closed or removed by hand."""
    from adapter.cutover import worklist as module

    with _opened(config, plan, from_, to) as opened:
        adapter = opened.adapter
        found = module.tick(keys, by, opened.plan, adapter.database, operator(), adapter.clock, undo=undo)
    if as_json:
        output.print_json({"cases": found})
    else:
        for key, status in found.items():
            output.print_line(f"{key}: {status}")


def _header(export: "Export") -> dict[str, object]:
    return {"system": export.system, "taken": export.taken, "whole": export.whole, "sha256": export.sha256}


def _hidden(verdict: "Verdict") -> dict[str, object]:
    """A verdict for a list: of a protected person neither wave nor municipality."""
    hidden = {"wave": output.PROTECTED, "municipality": output.PROTECTED} if verdict.protected else {}
    return vars(verdict) | hidden


def _counts(verdicts: "list[Verdict]") -> dict[str, int]:
    found: dict[str, int] = {}
    for each in verdicts:
        found[each.status] = found.get(each.status, 0) + 1
    return found


def _print_verdicts(verdicts: "list[Verdict]") -> None:
    told = [each for each in verdicts if each.reasons or each.gaps]
    rows = (
        (
            each.key,
            each.place,
            output.PROTECTED if each.protected else each.wave,
            each.status,
            _words(each.reasons, each.gaps),
        )
        for each in told
    )
    output.print_table(
        ("CASE", "PLACE", "WAVE", "WOULD BE", "WHY, AND WHAT STAYS BEHIND"), rows, "Nothing stays behind."
    )
    output.print_line(f"{len(verdicts)} cases: {output.counted(_counts(verdicts))}")
    output.print_line(f"{sum(each.messages for each in verdicts)} messages")


def _show(found: "Report", as_json: bool, *, every: bool) -> None:
    from adapter.cutover.report import STATUSES

    if as_json:
        output.print_json(vars(found) | {"reconciles": found.reconciles})
        return
    columns = [status for status in STATUSES if found.total.get(status)]
    sums = [
        (wave, sum(counts.values()), *(counts.get(status, 0) for status in columns))
        for wave, counts in found.by_wave.items()
    ]
    total = ("total", sum(found.total.values()), *(found.total[status] for status in columns))
    table = [*sums, total] if sums else []
    output.print_table(("WAVE", "CASES", *(status.upper() for status in columns)), table, "Nothing was run.")
    for status in columns:
        output.print_line(f"{status}: {STATUSES[status]}", "dim")
    if found.latest is not None:
        yes = "reconciles" if found.reconciles else "DOES NOT RECONCILE"
        output.print_line(f"export of {found.taken}: {found.latest} in, {found.accounted} accounted for: {yes}")
    if found.interrupted:
        output.print_line("the last run did not come to its end: run it again")
    if found.behind:
        output.print_line(f"{found.behind} carried cases could not be brought up to date: mend them by hand")
    if found.deliveries:
        output.print_line(f"deliveries: {output.counted(found.deliveries)}")
    rows = [row for row in found.cases if every or row.reasons]
    if rows:
        output.print_table(
            ("CASE", "WAVE", "STATUS", "DELIVERIES", "WHY, AND WHAT STAYS BEHIND"), map(_cells, rows), ""
        )


def _cells(row: "CaseRow") -> tuple[object, ...]:
    return row.key, row.wave, row.status, output.counted(row.deliveries), _words(row.reasons, row.gaps)


def _words(reasons: tuple[str, ...], gaps: tuple[str, ...]) -> str:
    return "\n".join((*reasons, *(f"stays behind: {gap}" for gap in gaps)))


def _yes(ready: bool) -> str:
    return "yes" if ready else "no"
