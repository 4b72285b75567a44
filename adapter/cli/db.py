"""`adapter db`: the database's schema, and a copy of it in another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import keeping, output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, store

if TYPE_CHECKING:
    from adapter.support.stores import Database as DatabaseSettings

app = typer.Typer(no_args_is_help=True, help="Upgrade, copy, back up, verify and keep the database.")


@app.command()
def upgrade(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Bring the database to the schema of this version, making it where there is none. Take a backup first: there is
    no way down."""
    from adapter.store import migrate

    with store(config) as (_, database):
        applied = migrate.upgrade(database)
    if as_json:
        output.print_json({"applied": applied})
    else:
        output.print_line(f"applied {', '.join(applied)}" if applied else "nothing to do: the schema is up to date")


@app.command()
def status(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Say which schema the database has. Exit status 1 where an upgrade is needed."""
    from adapter.store import migrate

    with store(config) as (_, database):
        current, pending = migrate.current(database), migrate.pending(database)
    if as_json:
        output.print_json({"current": current, "pending": pending})
    else:
        output.print_fields((("schema", current or "none"), ("pending", ", ".join(pending) or "nothing")))
    if pending:
        raise typer.Exit(1)


@app.command()
def copy(
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="An empty database: postgresql://… or sqlite:///file.")
    ],
    password_file: Annotated[Path | None, typer.Option(help="The file with its password, where it takes one.")] = None,
    password_env: Annotated[str | None, typer.Option(help="The environment variable with its password.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Copy everything to another database, row by row, and check that it reads the same there. Every `adapter serve`
    and `adapter worker` must have been stopped; the database that is copied stays as it was."""
    from adapter.store.copying import copy as copy_all
    from adapter.store.database import open_database
    from adapter.support.clock import SystemClock, to_micros

    with store(config) as (_, database), output.progress("copying") as advance:
        target = open_database(_named(to, password_file, password_env))
        try:
            at = to_micros(SystemClock().now())
            copied = copy_all(database, target, at, lambda _, done, total: advance(done, total))
        finally:
            target.close()
    if as_json:
        output.print_json({"copied": copied})
        return
    rows = ((one.table, one.rows, one.sha256[:16]) for one in copied)
    output.print_table(("table", "rows", "sha256"), rows, "")
    output.print_line("everything reads the same in the target: name it in database.url, then start again")


def _named(url: str, password_file: Path | None, password_env: str | None) -> "DatabaseSettings":
    """A database as the settings would name it; paths are seen from here."""
    from pydantic import ValidationError

    from adapter.support.errors import AdapterError
    from adapter.support.stores import Database as DatabaseSettings

    try:
        return DatabaseSettings(url=url, password_file=password_file, password_env=password_env)
    except ValidationError as error:
        raise AdapterError(
            f"--to: {'; '.join(each['msg'].removeprefix('Value error, ') for each in error.errors())}"
        ) from None


keeping.add(app)
