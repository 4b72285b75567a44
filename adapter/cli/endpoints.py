"""`adapter endpoints`: the health of each receiver's door; pause and resume."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, Reason, acting, installation, opened, operator
from adapter.support.errors import ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from adapter.cli.context import Context
    from adapter.exchange.records import EndpointRow

app = typer.Typer(no_args_is_help=True, help="See endpoints; pause, resume and test them.")

_STATES = {"closed": "working", "open": "not answering", "tripped": "refused us"}
"""A breaker's words mean the opposite to most people."""

Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="the endpoint's id in the directory")]


@app.command("list")
def list_endpoints(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the endpoints of the directory and all that have traffic."""
    with opened(config) as context:
        rows = context.views.overview(context.principal, _configured(context))
        if as_json:
            output.print_json({"endpoints": rows})
        else:
            print_overview(context, rows)


@app.command()
def show(endpoint: Endpoint, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show one endpoint."""
    with opened(config) as context:
        rows = context.views.overview(context.principal, _configured(context))
    row = next((row for row in rows if row.endpoint == endpoint), None)
    if row is None:
        raise NotFoundError(f"there is no endpoint '{endpoint}' in the directory, and nothing was ever queued to one")
    if as_json:
        output.print_json(row)
        return
    output.print_fields(
        (
            ("endpoint", row.endpoint),
            ("state", _STATES.get(row.state, row.state)),
            ("since", output.local(row.since)),
            ("reason" if row.state == "paused" else "seen last", row.reason),
            ("next probe", output.local(row.next_probe_at)),
            ("last success", output.local(row.last_success_at)),
            ("last failure", output.local(row.last_failure_at)),
            ("waiting", row.waiting),
            ("held", row.held),
            ("dead", row.dead),
            ("oldest waiting", output.local(row.oldest_waiting_at)),
        )
    )


@app.command()
def pause(
    endpoint: Endpoint,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Send nothing to an endpoint until it is resumed. What waits is kept."""
    with acting(config) as (operations, principal):
        operations.pause(principal, endpoint, reason)
    output.print_line(f"endpoint {endpoint} is paused; resume it with: adapter endpoints resume {endpoint}")


@app.command()
def resume(
    endpoint: Endpoint,
    reason: Reason = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Send to an endpoint again, everything that waits for it now."""
    with acting(config) as (operations, principal):
        operations.resume(principal, endpoint, reason)
    output.print_line(f"endpoint {endpoint} is resumed")


@app.command("test")
def try_out(endpoint: Endpoint, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Call an endpoint without sending a message. Exit status 1 where it does not answer as it should."""
    with installation(config) as adapter:
        found = adapter.test_endpoint(operator(), endpoint)
    if as_json:
        output.print_json(found)
    else:
        output.print_line(f"{endpoint}: {'in order' if found.ok else found.reason}", "bold" if found.ok else "bold red")
        for words, lines in (("proven", found.proves), ("not known", found.leaves_open)):
            for line in lines:
                output.print_line(f"    {words}: {line}")
    if not found.ok:
        raise typer.Exit(1)


def print_overview(context: "Context", rows: "Sequence[EndpointRow]") -> None:
    """A table of endpoints; what goes to protected persons is counted in a line without a name."""
    now = context.clock.now()
    columns = ("ENDPOINT", "STATE", "WAITING", "HELD", "DEAD", "OLDEST WAITING", "LAST SUCCESS")
    cells = (
        (
            row.endpoint or "(protected persons)",
            "" if row.endpoint is None else _STATES.get(row.state, row.state),
            row.waiting,
            row.held,
            row.dead,
            "" if row.oldest_waiting_at is None else output.ago(row.oldest_waiting_at, now),
            output.local(row.last_success_at),
        )
        for row in rows
    )
    output.print_table(columns, cells, "No endpoint has had traffic.")


def _configured(context: "Context") -> list[str]:
    """The endpoints of the directory; none where it is broken, which must not keep a person from looking."""
    from adapter.directory import Directory

    try:
        found = Directory.load(context.settings.directory.folder)
    except ConfigurationError as error:
        typer.echo(f"adapter: the directory cannot be read, only endpoints with traffic are shown:\n{error}", err=True)
        return []
    return list(found.endpoints)
