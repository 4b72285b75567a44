"""`adapter fixtures`: the journeys and invalid messages that ship, to look at, take along and send."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapter.cli.editions import At, HowMoved, Json, Seed, renewal_of
from adapter.cli.generate import generate
from adapter.cli.output import print_fields, print_json, print_line, print_table, progress
from adapter.cli.send import send
from adapter.sandbox.formats import Format
from adapter.sandbox.times import Times
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.sandbox.editions import Renewal

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command("list")
def list_fixtures(as_json: Json = False) -> None:
    """The journeys and the invalid messages, with what each shows."""
    from adapter.sandbox import catalogue
    from adapter.sandbox.authoring import scenario
    from adapter.sandbox.authoring.folder import PLAN

    with progress("reading the fixtures"):
        plans = {name: scenario.read(folder / PLAN) for name, folder in catalogue.journey_folders().items()}
        invalid = [catalogue.Invalid.load(file) for file in catalogue.invalid_files().values()]
    journeys = [
        {"name": name, "shows": plan.shows, "events": [step.event for step in plan.arrivals]}
        for name, plan in plans.items()
    ]
    refused = [
        {"name": each.name, "shows": each.shows, "http_status": each.words.http_status, "rules": list(each.rules)}
        for each in invalid
    ]
    if as_json:
        print_json({"journeys": journeys, "invalid": refused})
        return
    rows = [(each["name"], each["shows"], ", ".join(dict.fromkeys(map(str, each["events"])))) for each in journeys]
    print_table(("journey", "shows", "events"), rows, "no journeys")
    print_line("")
    wrong = [(each.name, each.words.http_status or "", ", ".join(each.rules), each.shows) for each in invalid]
    print_table(("invalid", "status", "rules", "shows"), wrong, "no invalid messages")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A journey or an invalid message.")],
    message: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE]", help="Of a journey: print this message.")
    ] = None,
    content: Annotated[bool, typer.Option("--content", help="Of an invalid message: print what is sent.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="Of what is printed.")] = Format.JSON,
    as_json: Json = False,
) -> None:
    """A journey with its steps and what must come of them, an invalid message, or what either sends."""
    from adapter.sandbox import catalogue

    if name in catalogue.journey_folders():
        _show_journey(name, message, format_, as_json)
    else:
        file = catalogue.chosen(catalogue.invalid_files(), [name])[name]
        _show_invalid(catalogue.Invalid.load(file), content, format_, as_json)


def _show_journey(name: str, message: str | None, format_: Format, as_json: bool) -> None:
    from adapter.sandbox import catalogue
    from adapter.sandbox.authoring import scenario
    from adapter.sandbox.authoring.folder import PLAN

    folder = catalogue.journey_folders()[name]
    plan = scenario.read(folder / PLAN)
    if message is not None:
        files = {step.file: step.repeats or step.file for step in plan.steps}
        if message not in files:
            raise AdapterError(f"{name} has no message '{message}', only {', '.join(files)}")
        _print_bytes((folder / f"{files[message]}.{format_}").read_bytes())
        return
    told = catalogue.expectations(plan)
    if as_json:
        print_json({"name": name} | told)
        return
    print_fields([("journey", name), ("title", plan.title), ("shows", plan.shows)])
    rows = [
        (step.file, step.at, step.sender, ", ".join(step.receivers), _expected(step.expect)) for step in plan.arrivals
    ]
    print_table(("message", "sent", "from", "to", "answer"), rows, "no messages")
    print_fields((key, _plain(value)) for key, value in told["outcome"].items())


def _show_invalid(fixture: Any, content: bool, format_: Format, as_json: bool) -> None:
    told = fixture.expectations()
    if content:
        _print_bytes(fixture.body(format_).read_bytes())
    elif as_json:
        print_json({"name": fixture.name} | told)
    else:
        print_fields([("invalid", fixture.name), *((key, _plain(value)) for key, value in told.items())])


def _expected(expect: Any) -> str:
    words = [str(expect.http_status), expect.acknowledgement or "", *(each.rule for each in expect.findings)]
    return ", ".join(word for word in words if word)


def _plain(value: object) -> str:
    """A nested value in words."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(map(_plain, value)) if value and isinstance(value[0], dict) else ", ".join(map(_plain, value))
    return str(value)


def _print_bytes(content: bytes) -> None:
    out = typer.get_binary_stream("stdout")
    out.write(content if content.endswith(b"\n") else content + b"\n")


@app.command()
def export(
    names: Annotated[list[str] | None, typer.Argument(metavar="[JOURNEY]...", help="These; else all.")] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="A new folder to write to.")] = None,
    archive: Annotated[
        Path | None, typer.Option("--archive", metavar="FILE", help="A .zip or .tgz to write instead.")
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--all", help="The whole kit as it ships: all fixtures, expectations, FHIR package and XSD, with a README."
        ),
    ] = False,
    formats: Annotated[list[Format] | None, typer.Option("--format", help="Else both.")] = None,
    seed: Seed = None,
    at: At = None,
    times: HowMoved = Times.NOW,
    as_json: Json = False,
) -> None:
    """Write journeys with new identifiers and with their times moved, or the whole kit, to a folder or an archive."""
    from adapter.sandbox import archives, kit

    if (to is None) is (archive is None):
        raise AdapterError("name either --to DIR or --archive FILE")
    if whole and (names or seed or at or formats or times is not Times.NOW):
        raise AdapterError("--all is the kit as it ships: it takes no journeys, --seed, --at, --times or --format")
    target = to or archive or Path()
    write = archives.write_folder if to else archives.write_archive
    renewal = None if whole else renewal_of(seed, at, times)
    with progress(str(target)):
        files = kit.files() if renewal is None else _edition(renewal, names or (), formats or Format)
        count = write(target, files)
    if as_json:
        made = {} if renewal is None else {"seed": renewal.seed, "at": renewal.now}
        print_json({"written": str(target), "files": count} | made)
    else:
        print_line(f"{count} files in {target}")
        if renewal is not None:
            print_line(f"the same again: --seed {renewal.seed} --at {renewal.now.isoformat()} --times {times}")


def _edition(renewal: "Renewal", names: Iterable[str], formats: Iterable[Format]) -> Iterator[tuple[str, bytes]]:
    from adapter.sandbox import catalogue
    from adapter.sandbox.editions import Journey

    for folder in catalogue.chosen(catalogue.journey_folders(), names).values():
        yield from Journey(folder, renewal).files(tuple(dict.fromkeys(formats)))


app.command()(send)
app.command()(generate)
