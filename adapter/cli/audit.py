"""`adapter audit`: who saw or did what, and why."""

from typing import Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Before, Config, Json, Limit, opened

app = typer.Typer(no_args_is_help=True, help="See the audit.")


@app.callback()
def group() -> None:
    """See the audit: every view of content and every action, with who and why."""


@app.command("list")
def list_entries(
    action: Annotated[str | None, typer.Option(help="an action, such as content-view or delivery-retry")] = None,
    before: Before = None,
    limit: Limit = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List audit entries, newest first."""
    with opened(config) as context:
        page = context.views.audit(context.principal, action=action, before=before, limit=limit)
    if as_json:
        output.print_json({"entries": page.rows, "next_before": page.next_before})
        return
    rows = (
        (row.id, output.local(row.at), row.principal or output.PROTECTED, row.action, row.object, row.reason)
        for row in page.rows
    )
    output.print_table(("ENTRY", "TIME", "WHO", "ACTION", "OBJECT", "REASON"), rows, "There are no such entries.")
    output.print_next(page.next_before)
