"""`adapter tokens`: who may call this installation."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, opened, operator
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.cli.context import Context
    from adapter.security.tokens import TokenRow, Tokens

app = typer.Typer(no_args_is_help=True, help="Issue, list and revoke tokens.")


@app.callback()
def group() -> None:
    """Issue, list and revoke the tokens that callers of this installation show."""


@app.command()
def issue(
    party: Annotated[str, typer.Option(help="the party that the caller speaks for, as the directory names it")],
    right: Annotated[list[str], typer.Option(help="what it may do; once for each right")],
    days: Annotated[int, typer.Option(min=1, max=400, help="how long it is valid")],
    label: Annotated[str, typer.Option(help="names the caller in the audit, such as 'EHR production'")],
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Issue a token and print it: this once, it cannot be shown again."""
    with _tokens(config) as (context, tokens):
        _check_party(context, party)
        expires_at = context.clock.now() + timedelta(days=days)
        clear = tokens.issue(party, right, expires_at, label, by=operator())
    if as_json:
        output.print_json({"token": clear, "party": party, "rights": sorted(set(right)), "expires_at": expires_at})
    else:
        typer.echo(clear)


@app.command("list")
def list_tokens(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List all tokens, without their secrets."""
    with _tokens(config) as (context, tokens):
        found, now = tokens.list(), context.clock.now()
    if as_json:
        output.print_json([_fields(row) | {"valid": row.valid(now)} for row in found])
        return
    rows = (
        (
            row.id,
            row.label,
            row.party,
            ", ".join(sorted(row.rights)),
            output.local(row.expires_at),
            "revoked" if row.revoked_at else "valid" if row.valid(now) else "expired",
        )
        for row in found
    )
    output.print_table(("TOKEN", "LABEL", "PARTY", "RIGHTS", "EXPIRES", "STATE"), rows, "There are no tokens.")


@app.command()
def revoke(
    token: Annotated[int, typer.Argument(help="the number of the token in the list")], config: Config = DEFAULT_CONFIG
) -> None:
    """Revoke a token: whoever shows it is turned away from now on."""
    with _tokens(config) as (_, tokens):
        tokens.revoke(token, by=operator())
    output.print_line(f"token {token} is revoked")


@contextmanager
def _tokens(config: Config) -> "Iterator[tuple[Context, Tokens]]":
    from adapter.security.tokens import Tokens

    with opened(config) as context:
        yield context, Tokens(context.database, context.clock)


def _check_party(context: "Context", party: str) -> None:
    from adapter.directory import Directory
    from adapter.discharge.events import EVENTS

    settings = context.settings
    directory = Directory.load(settings.directory.folder, mappings=settings.mappings.folder, events=EVENTS)
    if party not in directory.parties:
        known = ", ".join(sorted(directory.parties))
        raise AdapterError(f"the directory has no such party: expected one of {known}")


def _fields(row: "TokenRow") -> dict[str, object]:
    return {
        "id": row.id,
        "label": row.label,
        "party": row.party,
        "rights": sorted(row.rights),
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }
