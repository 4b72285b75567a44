"""`adapter where`: did it reach them, when, who acknowledged, what is next."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Before, Config, Json, Limit, Reason, installation, operator
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.exchange.whereabouts import Whereabout

_LONGEST = 255


def where(
    patient: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="- : the person's number is read from standard input; or a file that holds it"
        ),
    ],
    reason: Reason,
    system: Annotated[
        str, typer.Option(help="the number's system: personnummer, samordningsnummer, or a URI")
    ] = "personnummer",
    before: Before = None,
    limit: Limit = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Say where the messages about a person are: did they arrive, when, who acknowledged, what is next. The number
    itself is never written on the command line: others see it. Exit status 1 where there is none."""
    from adapter.fhir import canonical, identifiers

    systems = {"personnummer": canonical.PERSONNUMMER, "samordningsnummer": canonical.SAMORDNINGSNUMMER}
    person = identifiers.normalised(systems.get(system, system), _number(patient))
    with installation(config) as adapter:
        found = adapter.where.find(operator(), person, reason, before=before, limit=limit)
    if as_json:
        output.print_json(found)
    elif not found.rows:
        known = (
            "No message about this person is on its way or has been."
            if found.known
            else "No message names this person."
        )
        output.print_line(known)
    else:
        for row in found.rows:
            _print(row)
        output.print_next(found.next_before)
    if not found.rows:
        raise typer.Exit(1)


def _number(source: Path) -> str:
    """The number from standard input, a prompt on a terminal, or a file."""
    if str(source) == "-":
        if sys.stdin.isatty():
            return str(typer.prompt("The person's number", hide_input=True, err=True)).strip()
        written = sys.stdin.readline(_LONGEST + 1)
    else:
        try:
            with source.open(encoding="utf-8") as file:
                written = file.readline(_LONGEST + 1)
        except (OSError, UnicodeDecodeError) as error:
            # the words do not repeat it: it may be a number that was written in the wrong place
            raise AdapterError("--patient: expected - or a file that can be read, not the number itself") from error
    if not written.strip():
        raise AdapterError("there is no number to look for")
    return written.strip()


def _print(row: "Whereabout") -> None:
    to = output.PROTECTED if row.protected else row.receiver
    mark = {"done": "green", "dead": "red", "held": "yellow"}.get(row.status, "")
    output.print_line(f"{row.event} to {to}: {_STATES.get(row.status, row.status)}", f"bold {mark}".strip())
    arrived = (
        f"{output.local(row.delivered_at)}, acknowledged: {row.acknowledgement or 'yes'}" if row.delivered_at else None
    )
    output.print_fields(
        (
            ("  sent", output.local(row.sent_at)),
            ("  accepted", output.local(row.accepted_at)),
            ("  arrived", arrived),
            *(
                ("  answered", f"{output.local(each.at)} {each.event} by {each.by or output.PROTECTED}")
                for each in row.answers
            ),
            ("  next", _next(row)),
            ("  command", row.command),
            ("  delivery", f"{row.delivery_id} of message {row.message_id}, {row.attempts} attempts"),
        )
    )


_STATES = {"done": "arrived", "dead": "not delivered", "waiting": "on its way", "running": "being sent"}


def _next(row: "Whereabout") -> str:
    due = output.local(row.next_attempt_at)
    return row.next.replace("at next_attempt_at", f"at {due}")
