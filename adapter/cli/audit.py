"""`adapter audit`: who saw or did what, and why."""

from typing import Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, LARGEST_ID, Config, Json, opened

app = typer.Typer(no_args_is_help=True, help="See the audit.")


@app.callback()
def group() -> None:
    """See the audit: every view of content and every action, with who and why."""


@app.command("list")
def list_entries(
    action: Annotated[str | None, typer.Option(help="an action, such as content-view or delivery-retry")] = None,
    before: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_ID, help="only entries with a lower number: the next page")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="how many")] = 50,
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
    if page.next_before is not None:
        output.print_line(f"More: --before {page.next_before}", "dim")
