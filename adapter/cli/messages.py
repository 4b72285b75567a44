"""`adapter messages`: what came in, and what became of it."""

import sys
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
    installation,
    opened,
    operator,
)
from adapter.support.errors import AdapterError, NotFoundError

if TYPE_CHECKING:
    from adapter.cli.context import Context
    from adapter.exchange.records import MessageDetail, MessageRow, Step

app = typer.Typer(no_args_is_help=True, help="See messages, accepted and rejected; remove the content of one.")


@app.command("list")
def list_messages(
    status: Annotated[str | None, typer.Option(help="accepted or rejected")] = None,
    event: Annotated[str | None, typer.Option(help="an event, such as admission-notice")] = None,
    case: Annotated[str | None, typer.Option(help="a case")] = None,
    before: Before = None,
    limit: Limit = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List messages, newest first."""
    with opened(config) as context:
        page = context.views.messages(
            context.principal, status=status, event=event, case=case, before=before, limit=limit
        )
    if as_json:
        output.print_json({"messages": page.rows, "next_before": page.next_before})
        return
    columns = ("MESSAGE", "RECEIVED", "EVENT", "SENDER", "RECEIVERS", "STATUS", "DELIVERIES", "ANSWER")
    output.print_table(columns, map(_cells, page.rows), "There are no such messages.")
    output.print_next(page.next_before)


@app.command()
def show(
    message_id: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="MESSAGE", help="the message's number")],
    content: Annotated[
        str | None, typer.Option(metavar="STAGE", help="print the content of a stage: received, mapped, response, …")
    ] = None,
    delivery: Annotated[int | None, typer.Option(help="the delivery whose content is meant")] = None,
    reason: Annotated[str, typer.Option(help="why the content is opened; it goes into the audit")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show one message with its deliveries and timeline, or, with --content and --reason, its content."""
    with opened(config) as context:
        found = context.views.message(context.principal, message_id)
        if content is not None:
            _print_content(context, found, content, delivery, reason)
        elif as_json:
            output.print_json(found)
        else:
            _print(found)


@app.command()
def expunge(
    message_id: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, metavar="MESSAGE", help="the message's number")],
    reason: Reason = "",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Remove the content of one message for good. Ids, deliveries, facts and the audit stay; sent again, it is still
    known."""
    with installation(config) as adapter:
        found = adapter.expunging.message(operator(), message_id, reason)
    if as_json:
        output.print_json(found)
    else:
        output.print_line(f"the content of message {found.message_id} is gone: {found.contents} contents")


def _cells(row: "MessageRow") -> tuple[object, ...]:
    who = output.PROTECTED if row.protected else row.sender_unit or row.sender_party
    to = output.PROTECTED if row.protected else ", ".join(row.receivers)
    state = row.status if row.status == "accepted" else f"{row.status} {row.http_status}"
    answers = ", ".join(f"{answer.event} {' '.join(answer.statuses)}".strip() for answer in row.answers)
    return row.id, output.local(row.received_at), row.event, who, to, state, output.counted(row.deliveries), answers


def _print(found: "MessageDetail") -> None:
    row = found.row
    marks = [name for name in ("protected", "confidential", "statutory") if getattr(row, name)]
    output.print_fields(
        (
            ("message", row.id),
            ("status", f"{row.status} ({row.http_status})"),
            ("marks", ", ".join(marks)),
            ("event", row.event),
            ("case", row.case_id),
            ("sender", " ".join(filter(None, (row.sender_party, row.sender_unit)))),
            ("message id", found.header_id),
            ("previous", found.previous_header_id),
            ("answers", found.answers_header_id),
            ("request id", found.request_id),
            ("size", f"{found.size} bytes"),
        )
    )
    for issue in found.issues:
        place = ", ".join(issue.get("expression", ()))
        output.print_line(f"{issue['severity']} {issue['rule']}: {issue.get('message', '')} {place}".rstrip(), "red")
    for item in found.deliveries:
        to = output.PROTECTED if item.row.protected else f"{item.row.receiver_unit} by {item.row.endpoint}"
        output.print_line(f"\ndelivery {item.row.id} to {to}: {item.row.status}", "bold")
        if item.words:
            output.print_line(f"    {item.words}")
    output.print_line("\ntimeline", "bold")
    output.print_table(("TIME", "WHAT", "DELIVERY", ""), map(_step, found.timeline), "")
    if found.expunged_at is not None:
        output.print_line(f"\nthe content was expunged, {output.local(found.expunged_at)}", "bold")
        if not found.contents:
            return
    output.print_line("\ncontent (open one with --content STAGE --reason WHY)", "bold")
    rows = ((item.stage, item.delivery_id, item.media_type, item.size, item.sha256[:12]) for item in found.contents)
    output.print_table(("STAGE", "DELIVERY", "MEDIA TYPE", "BYTES", "SHA-256"), rows, "There is no content.")


def _step(step: "Step") -> tuple[object, ...]:
    what = step.kind if step.attempt is None else f"attempt {step.attempt}"
    told = [step.event, step.outcome, f"message {step.message_id}" if step.message_id else None]
    return output.local(step.at), what, step.delivery_id, " ".join(filter(None, told))


def _print_content(context: "Context", found: "MessageDetail", stage: str, delivery: int | None, reason: str) -> None:
    """The newest bytes of the stage, as they are; on a terminal without what could steer it."""
    fitting = [row for row in found.contents if row.stage == stage and delivery in (None, row.delivery_id)]
    deliveries = {row.delivery_id for row in fitting}
    if not fitting:
        stages = ", ".join(sorted({row.stage for row in found.contents})) or "none"
        raise NotFoundError(f"message {found.row.id} has no such content '{stage}': it has {stages}")
    if len(deliveries) > 1:
        numbers = ", ".join(str(number) for number in sorted(filter(None, deliveries)))
        raise AdapterError(f"several deliveries have content '{stage}': name one with --delivery, of {numbers}")
    body = context.views.content(context.principal, fitting[-1].id, reason).body
    if sys.stdout.isatty():
        output.print_line(body.decode("utf-8", "replace"))
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
