"""The `adapter` command. Exit status: 0 done, 1 the answer is "no", 2 could not be run."""

import sys

import typer

from adapter.cli import (
    alerts,
    audit,
    blocks,
    cases,
    cutover,
    db,
    deliveries,
    directory,
    endpoints,
    escalations,
    feeds,
    fixtures,
    follow_up,
    mappings,
    messages,
    packages,
    plans,
    replays,
    sandbox,
    tokens,
)
from adapter.cli.cases import case
from adapter.cli.check import check
from adapter.cli.demo import demo
from adapter.cli.map import map_
from adapter.cli.serve import serve, work
from adapter.cli.status import status
from adapter.cli.validate import validate
from adapter.cli.where import where
from adapter.support.errors import AdapterError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command()(demo)
app.command()(serve)
app.command("worker")(work)
app.command()(status)
app.command()(where)
app.command()(case)
app.command()(check)
app.command()(validate)
app.command("map")(map_)
app.add_typer(mappings.app, name="mappings")
app.add_typer(messages.app, name="messages")
app.add_typer(cases.app, name="payment")
app.add_typer(follow_up.app, name="follow-up")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(replays.app, name="replays")
app.add_typer(endpoints.app, name="endpoints")
app.add_typer(escalations.app, name="escalations")
app.add_typer(feeds.app, name="feeds")
app.add_typer(alerts.app, name="alerts")
app.add_typer(audit.app, name="audit")
app.add_typer(blocks.app, name="blocks")
app.add_typer(cutover.app, name="cutover")
app.add_typer(db.app, name="db")
app.add_typer(directory.app, name="directory")
app.add_typer(packages.app, name="packages")
app.add_typer(fixtures.app, name="fixtures")
app.add_typer(plans.app, name="plans")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(tokens.app, name="tokens")


def main() -> None:
    """Run the command line; an error of ours becomes words on stderr and status 2, never a traceback."""
    try:
        app()
    except AdapterError as error:
        print(f"adapter: {error}", file=sys.stderr)  # noqa: T201 - the command's own words
        sys.exit(2)
