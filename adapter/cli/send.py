"""`adapter fixtures send`: what does a system answer to the fixtures?"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli.editions import At, HowMoved, Json, Seed, renewal_of
from adapter.cli.output import print_json, print_line, print_table, progress
from adapter.sandbox.formats import Format
from adapter.sandbox.times import Times
from adapter.support.errors import AdapterError, UnavailableError

if TYPE_CHECKING:
    from adapter.sandbox.authoring.scenario import Role
    from adapter.sandbox.editions import Renewal
    from adapter.sandbox.sending import Result, Sending

_EVERY = "all"


def send(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="A FHIR base, or its $process-message.")],
    journeys: Annotated[
        list[str] | None, typer.Option("--journey", metavar="NAME", help="These; may be repeated.")
    ] = None,
    invalid: Annotated[
        list[str] | None,
        typer.Option("--invalid", metavar="NAME", help="These invalid messages, or `all`; may be repeated."),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="ROLE", help="Only what this role sends, such as ehr; may be repeated."),
    ] = None,
    token_files: Annotated[
        list[str] | None,
        typer.Option(
            "--token-file",
            metavar="[ROLE=]FILE",
            help="Holds the bearer token, of one role where it is named; may be repeated.",
        ),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="Of the messages.")] = Format.JSON,
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", metavar="FILE", help="Whom to trust for TLS, instead of the system's.")
    ] = None,
    seed: Seed = None,
    at: At = None,
    times: HowMoved = Times.NOW,
    as_json: Json = False,
) -> None:
    """Send fixtures and hold each answer against what is expected. All journeys, where neither --journey nor --invalid
    is given. Exit status: 0 every answer is as expected, 1 one is not, 2 nobody answers."""
    from adapter.sandbox.sending import Sending

    renewal = renewal_of(seed, at, times)
    chosen = _chosen(journeys or [], invalid or [])
    sending = Sending(to, _tokens(token_files or ()), format_, roles or (), ca_file)
    try:
        results, unavailable = _sent(sending, to, renewal, *chosen)
    finally:
        sending.close()
    if results or unavailable is None:
        _print_results(results, renewal.seed, as_json)
    if unavailable is not None:
        raise unavailable
    if not results:
        raise AdapterError("there was nothing to send: no message is of a role that --as names")
    if not all(result.ok for result in results):
        raise typer.Exit(1)


def _chosen(journeys: list[str], invalid: list[str]) -> tuple[list[Path], list[Path]]:
    """The folders of the journeys and the files of the invalid messages to send."""
    from adapter.sandbox import catalogue

    folders = catalogue.chosen(catalogue.journey_folders(), journeys) if journeys or not invalid else {}
    names = [] if _EVERY in invalid else invalid
    files = catalogue.chosen(catalogue.invalid_files(), names) if invalid else {}
    return list(folders.values()), list(files.values())


def _sent(
    sending: "Sending", to: str, renewal: "Renewal", folders: list[Path], files: list[Path]
) -> "tuple[list[Result], UnavailableError | None]":
    """The results, as far as somebody answered; with what it was where nobody did."""
    results: list[Result] = []
    with progress(to) as advance:
        try:
            for number, found in enumerate(_answers(sending, renewal, folders, files), start=1):
                results += found
                advance(number, len(folders) + len(files))
        except UnavailableError as error:
            return results, error
    return results, None


def _answers(
    sending: "Sending", renewal: "Renewal", folders: list[Path], files: list[Path]
) -> "Iterator[Iterator[Result]]":
    """The results of each fixture, told as they come."""
    from adapter.sandbox.catalogue import Invalid
    from adapter.sandbox.editions import Journey

    for folder in folders:
        yield sending.journey(Journey(folder, renewal))
    for file in files:
        yield sending.invalid(Invalid.load(file), renewal.identifiers)


def _tokens(words: Iterable[str]) -> "dict[Role, str]":
    tokens = {}
    for each in words:
        role, given, file = each.rpartition("=")
        path = Path(file if given else each)
        try:
            tokens[role] = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AdapterError(f"the token file {path} cannot be read: {error}") from error
    return tokens


def _print_results(results: "list[Result]", seed: str, as_json: bool) -> None:
    if as_json:
        print_json({"seed": seed, "ok": all(each.ok for each in results), "results": results})
        return
    rows = [
        (each.fixture, each.step, each.sender, each.expected, each.got, "" if each.ok else f"differs: {each.reason}")
        for each in results
    ]
    print_table(("fixture", "step", "from", "expected", "got", ""), rows, "nothing was answered")
    differing = sum(not each.ok for each in results)
    print_line(f"{len(results)} sent, {differing} answered otherwise than expected; --seed {seed}")
