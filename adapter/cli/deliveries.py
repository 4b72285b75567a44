"""`adapter deliveries`: what is on its way to whom, and what a person may do about it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import (
    DEFAULT_CONFIG,
    LARGEST_ID,
    Before,
    Config,
    Json,
    Limit,
    Reason,
    acting,
    installation,
    opened,
    operator,
)
from adapter.cli.repair import repair
from adapter.cli.undelivered import undelivered

if TYPE_CHECKING:
    from adapter.exchange.operations import Operations
    from adapter.exchange.records import DeliveryDetail, DeliveryRow
    from adapter.security.principals import Principal

app = typer.Typer(no_args_is_help=True, help="See deliveries; retry, hold, cancel, release, repair or redirect them.")
app.command()(repair)
app.command()(undelivered)

Number = Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="DELIVERY", help="the delivery's number")]
Numbers = Annotated[
    list[int], typer.Argument(min=1, max=LARGEST_ID, metavar="DELIVERY...", help="one or more deliveries")
]
_WITHHELD = "withheld; the content tells, where it is opened with a reason: adapter messages show {}"


@app.command("list")
def list_deliveries(
    status: Annotated[str | None, typer.Option(help="waiting, running, held, done, dead or cancelled")] = None,
    endpoint: Annotated[str | None, typer.Option(help="an endpoint; leaves out protected persons")] = None,
    event: Annotated[str | None, typer.Option(help="an event, such as admission-notice")] = None,
    before: Before = None,
    limit: Limit = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List deliveries, newest first."""
    with opened(config) as context:
        page = context.views.deliveries(
            context.principal, status=status, endpoint=endpoint, event=event, before=before, limit=limit
        )
    if as_json:
        output.print_json({"deliveries": page.rows, "next_before": page.next_before})
        return
    columns = ("DELIVERY", "MESSAGE", "EVENT", "ENDPOINT", "RECEIVER", "STATUS", "ATTEMPTS", "CREATED", "NEXT")
    output.print_table(columns, map(_cells, page.rows), "There are no such deliveries.")
    output.print_next(page.next_before)


@app.command()
def show(delivery_id: Number, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show one delivery with its attempts and the receiver's words."""
    with opened(config) as context:
        found = context.views.delivery(context.principal, delivery_id)
    if as_json:
        output.print_json(found)
    else:
        _print(found)


@app.command()
def retry(
    deliveries: Numbers,
    reason: Reason = "",
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="map dead letters anew, by this mapping folder: of now, or of an earlier version", metavar="FOLDER"
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Send dead letters again, or waiting deliveries now. Exit status 1 where one cannot be."""

    def act(operations: "Operations", by: "Principal", number: int) -> None:
        operations.retry(by, number, reason, mapping)

    _act(deliveries, config, as_json, "retried", act)


@app.command()
def cancel(
    deliveries: Numbers,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Never send them; those that wait behind them go on. Exit status 1 where one cannot be."""
    _act(deliveries, config, as_json, "cancelled", lambda operations, by, number: operations.cancel(by, number, reason))


@app.command()
def release(
    deliveries: Numbers,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Let held deliveries go to their receivers. Exit status 1 where one cannot be."""
    _act(deliveries, config, as_json, "released", lambda operations, by, number: operations.release(by, number, reason))


@app.command()
def hold(
    deliveries: Numbers,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Keep waiting deliveries, and those behind them, until they are released. Exit status 1 where one cannot be."""
    _act(deliveries, config, as_json, "held", lambda operations, by, number: operations.hold(by, number, reason))


@app.command()
def redirect(
    delivery_id: Number,
    endpoint: Annotated[str, typer.Option(help="an endpoint of the same receiver, or of who has taken over from it")],
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Send a dead letter, or one that waits, by another endpoint, mapped for that. Exit status 1 where it cannot be."""
    from adapter.delivery.outbox import DeliveryStateError
    from adapter.exchange.acts import ConflictError
    from adapter.support.errors import ForbiddenError, MappingError

    with installation(config) as adapter:
        try:
            new = adapter.redirects.redirect(operator(), delivery_id, endpoint, reason)
        except (ConflictError, DeliveryStateError, ForbiddenError, MappingError) as error:
            output.print_line(str(error))
            raise typer.Exit(1) from error
        is_held = adapter.views.delivery(operator(), new).row.status == "held"
    if as_json:
        output.print_json({"delivery": new})
    elif is_held:
        output.print_line(f"delivery {delivery_id} is delivery {new} now, held: adapter deliveries release {new}")
    else:
        output.print_line(f"delivery {delivery_id} is sent by {endpoint} as delivery {new}")


@app.command()
def errors(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show the dead letters by what went wrong, the largest group first; those of protected persons are in none."""
    with installation(config) as adapter:
        found = adapter.replays.groups(operator())
    if as_json:
        output.print_json({"errors": found})
        return
    columns = ("DEAD", "SIGNATURE", "EVENT", "ENDPOINT", "OLDEST", "NEWEST", "SUCH AS")
    cells = (
        (
            row.count,
            row.signature,
            row.event,
            row.endpoint,
            output.local(row.oldest),
            output.local(row.newest),
            row.first,
        )
        for row in found
    )
    output.print_table(columns, cells, "There are no dead letters.")


def _act(
    numbers: list[int],
    config: Path,
    as_json: bool,
    done: str,
    on: "Callable[[Operations, Principal, int], None]",
) -> None:
    """Act on each delivery and say what became of it; one that is refused or not there does not stop the others."""
    from adapter.delivery.outbox import DeliveryStateError
    from adapter.exchange.acts import ConflictError
    from adapter.support.errors import MappingError, NotFoundError

    answers: list[dict[str, object]] = []
    try:
        with acting(config) as (operations, principal):
            for number in numbers:
                try:
                    on(operations, principal, number)
                except (ConflictError, DeliveryStateError, MappingError, NotFoundError) as error:
                    answers.append({"delivery": number, "done": False, "text": str(error)})
                else:
                    answers.append({"delivery": number, "done": True, "text": f"delivery {number} is {done}"})
    finally:  # whatever stops it: what has been done is told
        _print_answers(answers, as_json)
    if not all(answer["done"] for answer in answers):
        raise typer.Exit(1)


def _print_answers(answers: list[dict[str, object]], as_json: bool) -> None:
    if as_json and answers:
        output.print_json({"deliveries": answers})
    elif not as_json:
        for answer in answers:
            output.print_line(str(answer["text"]))


def _cells(row: "DeliveryRow") -> tuple[object, ...]:
    endpoint, receiver = (output.PROTECTED,) * 2 if row.protected else (row.endpoint, row.receiver_unit)
    times = output.local(row.created_at), output.local(row.delivered_at or row.next_attempt_at)
    return row.id, row.message_id, row.event, endpoint, receiver, row.status, row.attempts, *times


def _print(found: "DeliveryDetail") -> None:
    row = found.row
    output.print_fields(
        (
            ("delivery", row.id),
            ("message", row.message_id),
            ("event", row.event),
            ("status", row.status),
            ("held for", row.held_reason),
            ("receiver", output.PROTECTED if row.protected else f"{row.receiver_unit} ({row.receiver_party})"),
            ("endpoint", output.PROTECTED if row.protected else row.endpoint),
            ("acknowledgement", row.acknowledgement),
            ("created", output.local(row.created_at)),
            ("released", output.local(row.released_at) if row.held_reason else None),
            ("next attempt", output.local(row.next_attempt_at)),
            ("made of", found.made_of and f"delivery {found.made_of.delivery_id} ({found.made_of.kind})"),
            ("became", ", ".join(f"delivery {each.delivery_id} ({each.kind})" for each in found.became)),
            ("waits behind", found.behind and f"delivery {found.behind}"),
            ("delivered", output.local(row.delivered_at)),
            ("reason", _WITHHELD.format(row.message_id) if found.words_withheld else found.words),
            ("next command", f"adapter deliveries show {found.behind}" if found.behind else _next(row)),
        )
    )
    rows = (
        (item.number, output.local(item.started_at), item.outcome, item.http_status, item.words)
        for item in found.attempts
    )
    output.print_table(("ATTEMPT", "TIME", "OUTCOME", "HTTP", "WORDS"), rows, "No attempt was made.")


def _next(row: "DeliveryRow") -> str | None:
    commands = {
        "dead": f"adapter deliveries retry {row.id}",
        "held": f'adapter deliveries release {row.id} --reason "…"',
    }
    return commands.get(row.status)
