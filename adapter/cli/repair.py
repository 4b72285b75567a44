"""`adapter deliveries repair`: edit what a dead letter says, and send it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, LARGEST_ID, Config, Json, Reason, installation, operator
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.web.console.reading import Line


def repair(
    delivery_id: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="DELIVERY", help="a dead letter")],
    reason: Reason,
    edited: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="the edited text, whole; without it, print what is to be edited"),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="only show the difference and whether it could be sent")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Edit a dead letter: without --edited print its text, with it show the difference, check it, keep it beside the
    original and send it. Exit status 1 where it cannot be sent."""
    from adapter.delivery.outbox import DeliveryStateError
    from adapter.exchange.acts import ConflictError
    from adapter.support.errors import MappingError

    with installation(config) as adapter:
        try:
            if edited is None:
                _print_original(adapter.repairs.original(operator(), delivery_id, reason).body)
                return
            text = _read(edited, adapter.settings.server.max_message_bytes)
            found = adapter.repairs.check(operator(), delivery_id, text, reason)
            sent = not check and not found.problems
            if sent:
                adapter.repairs.repair(operator(), delivery_id, text, reason)
        except (ConflictError, DeliveryStateError, MappingError) as error:
            output.print_line(str(error))
            raise typer.Exit(1) from error
    from adapter.web.console.reading import compared

    lines = compared(found.before.body, text, found.before.media_type)
    if as_json:
        output.print_json({"delivery": delivery_id, "sent": sent, "problems": found.problems})
    else:
        _print(lines, found.problems)
        output.print_line(f"delivery {delivery_id} is sent as edited" if sent else "nothing is sent", "bold")
    if found.problems:
        raise typer.Exit(1)


def _read(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            text = opened.read(most + 1)
    except OSError as error:
        raise AdapterError(f"cannot read {file}: {error.strerror}") from error
    if len(text) > most:
        raise AdapterError(f"{file} has more than the {most} bytes that a message may have")
    return text


def _print_original(body: bytes) -> None:
    if sys.stdout.isatty():
        output.print_line(body.decode("utf-8", "replace"))
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


def _print(lines: "list[Line]", problems: tuple[str, ...]) -> None:
    """The difference as people know it: - before, + after."""
    for line in lines:
        if line.kind == "gap":
            output.print_line("  …", "dim")
            continue
        if line.before is not None:
            sign = "  " if line.kind == "same" else "- "
            output.print_line(sign + line.before, "" if line.kind == "same" else "red")
        if line.after is not None and line.kind != "same":
            output.print_line("+ " + line.after, "green")
    for problem in problems:
        output.print_line(f"cannot be sent: {problem}", "bold red")
